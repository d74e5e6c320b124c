//! Asks providers for their metadata and keys, beside the reconciliations: a provider that hangs delays none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use kube::{ResourceExt, runtime::reflector::ObjectRef};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    provider::{self, Question, Wish},
    publish::path,
};
use crate::{
    api::{IdentityProvider, RECONCILE_ANNOTATION, ResourceMeta, object_ref},
    oidc::{Freshness, Remote},
};

/// So many providers are asked at once.
const CONCURRENCY: usize = 64;
/// A longer value of the annotation that asks for a reconciliation is cut.
const MAX_TOKEN: usize = 256;
/// Providers of one issuer share a failure that is not older.
const SHARED_FAILURE: Duration = Duration::from_millis(500);

/// One question to a provider, for all who wait for its answer.
struct Fetch {
    question: Question,
    /// What was fetched is good for so long.
    max_age: Duration,
}

/// Who waits for an answer, and since when it is being asked for.
struct Pending {
    since: Timestamp,
    /// And the value of the annotation by which each asked.
    waiting: HashMap<ObjectRef<IdentityProvider>, Option<String>>,
}

/// What is known of a provider, and since when more is being asked.
pub struct Known {
    pub remote: provider::Remote,
    pub pending_since: Option<Timestamp>,
    pub rotation: provider::Rotated,
    /// The last value of the annotation that asks for a reconciliation and that has been answered.
    pub handled: Option<String>,
}

/// What was fetched, and what is being fetched.
pub struct Fetches {
    remote: Arc<Remote>,
    pending: Mutex<HashMap<Question, Pending>>,
    /// By `namespace/name`: the value of the annotation that was answered last.
    answered: Mutex<HashMap<String, String>>,
    wanted: mpsc::UnboundedSender<Fetch>,
}

/// The questions that wait to be asked.
pub struct FetchQueue(mpsc::UnboundedReceiver<Fetch>);

impl Fetches {
    pub fn new(remote: Arc<Remote>) -> (Self, FetchQueue) {
        let (wanted, receiver) = mpsc::unbounded_channel();
        (Self { remote, pending: Mutex::default(), answered: Mutex::default(), wanted }, FetchQueue(receiver))
    }

    /// What is known now, without waiting. What is due is asked for beside; its answer brings the provider to
    /// the reconciler again.
    pub fn known(&self, idp: &IdentityProvider, wish: Option<&Wish>, now: Timestamp) -> Known {
        let requested = requested(idp);
        let Some(wish) = wish else {
            // There is nobody to ask.
            let handled = handled(idp, requested.as_ref());
            return Known {
                remote: provider::Remote::default(),
                pending_since: None,
                rotation: provider::Rotated::default(),
                handled,
            };
        };
        let handled = handled(idp, lock(&self.answered).get(&idp.path()));
        let unanswered = requested.is_some() && requested != handled;
        let question = wish.question.clone();
        let remote = self.cached(&question);
        let metadata_due = question.metadata.is_some() && remote.metadata.is_due(wish.interval, now);
        let keys_due = remote.keys.is_due(wish.interval, now);
        let keys_known = question.keys(remote.metadata.good.as_ref().map(|(metadata, _)| &**metadata)).is_some();
        let due = unanswered || metadata_due || (keys_due && keys_known);
        let max_age = if unanswered { Duration::ZERO } else { wish.interval };
        let pending_since = due.then(|| {
            let who = (ObjectRef::from_obj(idp), requested);
            self.ask(who, Fetch { question, max_age }, now)
        });
        Known { remote, pending_since, rotation: self.rotation(idp, wish), handled }
    }

    fn rotation(&self, idp: &IdentityProvider, wish: &Wish) -> provider::Rotated {
        let rotations = self.remote.rotations();
        match wish.client.rotation(idp) {
            None => provider::Rotated::default(),
            Some(rotation) => {
                let met_in = rotations.met_in(&rotation, idp.generation_number());
                provider::Rotated { accepted: rotations.seen(&rotation), met_in }
            }
        }
    }

    fn cached(&self, question: &Question) -> provider::Remote {
        let metadata = question.metadata.as_ref().map(|request| self.remote.cached_metadata(request));
        let metadata = metadata.unwrap_or_default();
        let keys = question.keys(metadata.good.as_ref().map(|(metadata, _)| &**metadata));
        let keys = keys.map(|request| {
            self.remote.cached_keys(&request).map(|keys| keys.keys().iter().map(|key| key.summary().clone()).collect())
        });
        provider::Remote { keys: keys.unwrap_or_default(), metadata }
    }

    fn ask(
        &self,
        (idp, requested): (ObjectRef<IdentityProvider>, Option<String>),
        fetch: Fetch,
        now: Timestamp,
    ) -> Timestamp {
        let mut pending = lock(&self.pending);
        if let Some(asked) = pending.get_mut(&fetch.question) {
            // What is asked already may have been asked for before: it answers no request that came since.
            asked.waiting.entry(idp).or_insert(None);
            return asked.since;
        }
        pending.insert(fetch.question.clone(), Pending { since: now, waiting: HashMap::from([(idp, requested)]) });
        // Nobody asks any more only while the process is ending.
        let _ = self.wanted.send(fetch);
        now
    }

    /// A provider is gone.
    pub fn forget(&self, path: &str) {
        lock(&self.answered).remove(path);
    }

    /// Asks, and says who waited for the answer.
    async fn fetch(&self, fetch: &Fetch) -> Vec<ObjectRef<IdentityProvider>> {
        let freshness = Freshness { max_age: fetch.max_age, retry_after: SHARED_FAILURE };
        let metadata = match &fetch.question.metadata {
            Some(request) => self.remote.metadata(request, freshness, Timestamp::now()).await.good,
            None => None,
        };
        if let Some(keys) = fetch.question.keys(metadata.as_ref().map(|(metadata, _)| &**metadata)) {
            self.remote.keys(&keys, freshness, Timestamp::now()).await;
        }
        let waiting = lock(&self.pending).remove(&fetch.question).map(|pending| pending.waiting).unwrap_or_default();
        let mut answered = lock(&self.answered);
        for (idp, requested) in &waiting {
            if let Some(requested) = requested {
                answered.insert(path(idp), requested.clone());
            }
        }
        waiting.into_keys().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value of the annotation that asks for a reconciliation, no longer than a status may be.
fn requested(idp: &IdentityProvider) -> Option<String> {
    idp.annotations().get(RECONCILE_ANNOTATION).map(|token| token.chars().take(MAX_TOKEN).collect())
}

/// What the status says was handled last, unless another value has been answered since.
fn handled(idp: &IdentityProvider, answered: Option<&String>) -> Option<String> {
    let before = idp.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref());
    answered.or(before).cloned()
}

/// Asks what is wanted until shutdown; tells `answered` which provider has been asked, or was seen to accept another
/// client secret than before.
pub async fn run(
    context: Arc<super::Context>,
    mut wanted: FetchQueue,
    answered: mpsc::UnboundedSender<ObjectRef<IdentityProvider>>,
    shutdown: CancellationToken,
) {
    let mut running = JoinSet::new();
    let mut turns = context.fetches.remote.rotations().turns();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Ok(turned) = turns.recv() => {
                object_ref(&turned.provider).into_iter().for_each(|provider| _ = answered.send(provider));
            }
            Some(fetch) = wanted.0.recv(), if running.len() < CONCURRENCY => {
                let context = context.clone();
                running.spawn(async move { context.fetches.fetch(&fetch).await });
            }
            Some(finished) = running.join_next(), if !running.is_empty() => match finished {
                Ok(waiting) => waiting.into_iter().for_each(|provider| _ = answered.send(provider)),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
        }
    }
    running.shutdown().await;
}
