//! Asks providers for their metadata and keys, beside the reconciliations: a provider that hangs delays none.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::provider::{self, Wish};
use crate::{
    api::IdentityProvider,
    domain::provider::Metadata,
    oidc::{Freshness, KeysRequest, MetadataRequest, Remote},
};

/// So many providers are asked at once.
const CONCURRENCY: usize = 64;
/// Providers of one issuer share a failure that is not older.
const SHARED_FAILURE: Duration = Duration::from_millis(500);

/// One question to a provider, for all who wait for its answer.
struct Fetch {
    request: MetadataRequest,
    interval: Duration,
}

/// Who waits for an answer, and since when it is being asked for.
struct Pending {
    since: Timestamp,
    waiting: HashSet<ObjectRef<IdentityProvider>>,
}

/// What is known of a provider, and since when more is being asked.
pub struct Known {
    pub remote: provider::Remote,
    pub pending_since: Option<Timestamp>,
}

/// What was fetched, and what is being fetched.
pub struct Fetches {
    remote: Arc<Remote>,
    pending: Mutex<HashMap<MetadataRequest, Pending>>,
    wanted: mpsc::UnboundedSender<Fetch>,
}

/// The questions that wait to be asked.
pub struct FetchQueue(mpsc::UnboundedReceiver<Fetch>);

impl Fetches {
    pub fn new(remote: Arc<Remote>) -> (Self, FetchQueue) {
        let (wanted, receiver) = mpsc::unbounded_channel();
        (Self { remote, pending: Mutex::default(), wanted }, FetchQueue(receiver))
    }

    /// What is known now, without waiting. What is due is asked for beside; its answer brings the provider to
    /// the reconciler again.
    pub fn known(&self, idp: &IdentityProvider, wish: Option<&Wish>, now: Timestamp) -> Known {
        let Some(wish) = wish else { return Known { remote: provider::Remote::default(), pending_since: None } };
        let request = wish.metadata.clone();
        let remote = self.cached(&request);
        let metadata_due = remote.metadata.due_at(wish.interval).is_none_or(|due| due <= now);
        let keys_due = remote.keys.due_at(wish.interval).is_none_or(|due| due <= now);
        let due = metadata_due || (keys_due && remote.metadata.good.is_some());
        let pending_since = due.then(|| self.ask(ObjectRef::from_obj(idp), request, wish.interval, now));
        Known { remote, pending_since }
    }

    fn cached(&self, request: &MetadataRequest) -> provider::Remote {
        let metadata = self.remote.cached_metadata(request);
        let keys =
            metadata.good.as_ref().map(|(metadata, _)| self.remote.cached_keys(&keys_request(metadata, request)));
        provider::Remote { keys: keys.map(|keys| keys.map(|keys| keys.summaries())).unwrap_or_default(), metadata }
    }

    fn ask(
        &self,
        idp: ObjectRef<IdentityProvider>,
        request: MetadataRequest,
        interval: Duration,
        now: Timestamp,
    ) -> Timestamp {
        let mut pending = self.lock();
        if let Some(asked) = pending.get_mut(&request) {
            asked.waiting.insert(idp);
            return asked.since;
        }
        pending.insert(request.clone(), Pending { since: now, waiting: HashSet::from([idp]) });
        // Nobody asks any more only while the process is ending.
        let _ = self.wanted.send(Fetch { request, interval });
        now
    }

    /// Asks, and says who waited for the answer.
    async fn fetch(&self, fetch: &Fetch) -> HashSet<ObjectRef<IdentityProvider>> {
        let freshness = Freshness { max_age: fetch.interval, retry_after: SHARED_FAILURE };
        let metadata = self.remote.metadata(&fetch.request, freshness, Timestamp::now()).await;
        if let Some((metadata, _)) = metadata.good {
            let request = keys_request(&metadata, &fetch.request);
            self.remote.keys(&request, freshness, Timestamp::now()).await;
        }
        self.lock().remove(&fetch.request).map(|pending| pending.waiting).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MetadataRequest, Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys_request(metadata: &Metadata, request: &MetadataRequest) -> KeysRequest {
    KeysRequest { jwks_uri: metadata.jwks_uri.clone(), roots: request.roots.clone() }
}

/// Asks what is wanted until shutdown; tells `answered` which provider has been asked.
pub async fn run(
    context: Arc<super::Context>,
    mut wanted: FetchQueue,
    answered: mpsc::UnboundedSender<ObjectRef<IdentityProvider>>,
    shutdown: CancellationToken,
) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
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
