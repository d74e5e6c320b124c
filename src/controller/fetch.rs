//! Asks providers for their metadata, keys and pictures, beside the reconciliations: a provider that hangs delays none,
//! and a picture delays neither metadata nor keys.

mod questions;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::questions::{Fetch, Questions, handled_before, requested};
use super::provider::{self, Question, Wish};
use crate::{
    api::{IdentityProvider, ResourceMeta, object_ref},
    domain::{
        icon::Icon,
        metadata::{Fetched, ICON_INTERVAL},
    },
    oidc::{Freshness, IconRequest, Remote},
};

/// So many providers are asked at once.
const CONCURRENCY: usize = 64;
/// And so many pictures are fetched beside.
const ICON_CONCURRENCY: usize = 16;
/// Providers of one issuer share a failure that is not older.
const SHARED_FAILURE: Duration = Duration::from_millis(500);

/// What is known of a provider, and since when more is being asked.
pub struct Known {
    pub remote: provider::Remote,
    /// The picture is not waited for.
    pub pending_since: Option<Timestamp>,
    pub rotation: provider::Rotated,
    /// The last value of the annotation that asks for a reconciliation and that has been answered.
    pub handled: Option<String>,
}

/// What was fetched, and what is being fetched.
pub struct Fetches {
    remote: Arc<Remote>,
    providers: Questions<Question>,
    icons: Questions<IconRequest>,
}

/// The questions that wait to be asked.
pub struct FetchQueue {
    providers: mpsc::UnboundedReceiver<Fetch<Question>>,
    icons: mpsc::UnboundedReceiver<Fetch<IconRequest>>,
}

impl Fetches {
    pub fn new(remote: Arc<Remote>) -> (Self, FetchQueue) {
        let (providers, provider_queue) = Questions::new();
        let (icons, icon_queue) = Questions::new();
        (Self { remote, providers, icons }, FetchQueue { providers: provider_queue, icons: icon_queue })
    }

    /// What is known now, without waiting. What is due is asked for beside; its answer brings the provider to
    /// the reconciler again.
    pub fn known(&self, idp: &IdentityProvider, wish: Option<&Wish>, now: Timestamp) -> Known {
        let Some(wish) = wish else {
            // There is nobody to ask.
            return Known {
                remote: provider::Remote::default(),
                pending_since: None,
                rotation: provider::Rotated::default(),
                handled: requested(idp).or_else(|| handled_before(idp)),
            };
        };
        let handled = self.providers.handled(idp);
        let unanswered = self.providers.is_requested(idp);
        let question = wish.question.clone();
        let remote = provider::Remote { icon: self.icon(idp, wish, now), ..cached(&self.remote, &question) };
        let metadata_due = question.metadata.is_some() && remote.metadata.is_due(wish.interval, now);
        let keys_due = remote.keys.is_due(wish.interval, now);
        let keys_known = question.keys(remote.metadata.good.as_ref().map(|(metadata, _)| &**metadata)).is_some();
        let due = unanswered || metadata_due || (keys_due && keys_known);
        let max_age = if unanswered { Duration::ZERO } else { wish.interval };
        let pending_since = due.then(|| self.providers.ask(idp, Fetch { question, max_age }, now));
        Known { remote, pending_since, rotation: self.rotation(idp, wish), handled }
    }

    fn rotation(&self, idp: &IdentityProvider, wish: &Wish) -> provider::Rotated {
        let rotations = self.remote.rotations();
        match wish.client.as_ref().and_then(|client| client.rotation(idp)) {
            None => provider::Rotated::default(),
            Some(rotation) => {
                let met_in = rotations.met_in(&rotation, idp.generation_number());
                provider::Rotated { accepted: rotations.seen(&rotation), met_in }
            }
        }
    }

    /// The picture as it is known; asked for beside if that is due.
    fn icon(&self, idp: &IdentityProvider, wish: &Wish, now: Timestamp) -> Fetched<Icon> {
        let Some(request) = &wish.icon else { return Fetched::default() };
        let icon = self.remote.cached_icon(request);
        let unanswered = self.icons.is_requested(idp);
        if unanswered || icon.is_due(ICON_INTERVAL, now) {
            let max_age = if unanswered { Duration::ZERO } else { ICON_INTERVAL };
            self.icons.ask(idp, Fetch { question: request.clone(), max_age }, now);
        }
        icon
    }

    /// A provider is gone.
    pub fn forget(&self, path: &str) {
        self.providers.forget(path);
        self.icons.forget(path);
    }

    /// Asks a provider, and says who waited for the answer.
    async fn fetch(&self, fetch: &Fetch<Question>) -> Vec<ObjectRef<IdentityProvider>> {
        let freshness = Freshness { max_age: fetch.max_age, retry_after: SHARED_FAILURE };
        ask(&self.remote, &fetch.question, freshness).await;
        self.providers.answered(&fetch.question)
    }

    /// Fetches a picture, and says who waited for it.
    async fn fetch_icon(&self, fetch: &Fetch<IconRequest>) -> Vec<ObjectRef<IdentityProvider>> {
        let freshness = Freshness { max_age: fetch.max_age, retry_after: SHARED_FAILURE };
        self.remote.icon(&fetch.question, freshness, Timestamp::now()).await;
        self.icons.answered(&fetch.question)
    }
}

/// Asks a provider for its metadata and its keys; the answers are in `remote` then.
pub async fn ask(remote: &Remote, question: &Question, freshness: Freshness) {
    let metadata = match &question.metadata {
        Some(request) => remote.metadata(request, freshness, Timestamp::now()).await.good,
        None => None,
    };
    if let Some(keys) = question.keys(metadata.as_ref().map(|(metadata, _)| &**metadata)) {
        remote.keys(&keys, freshness, Timestamp::now()).await;
    }
}

/// What is known of a provider, without its picture. Never touches the network.
pub fn cached(remote: &Remote, question: &Question) -> provider::Remote {
    let metadata = question.metadata.as_ref().map(|request| remote.cached_metadata(request)).unwrap_or_default();
    let keys = question.keys(metadata.good.as_ref().map(|(metadata, _)| &**metadata));
    let keys = keys.map(|request| {
        remote.cached_keys(&request).map(|keys| keys.keys().iter().map(|key| key.summary().clone()).collect())
    });
    provider::Remote { keys: keys.unwrap_or_default(), metadata, icon: Fetched::default() }
}

/// Asks what is wanted until shutdown; tells `answered` which provider has been asked, or was seen to accept another
/// client secret than before.
pub async fn run(
    context: Arc<super::Context>,
    mut wanted: FetchQueue,
    answered: mpsc::UnboundedSender<ObjectRef<IdentityProvider>>,
    shutdown: CancellationToken,
) {
    // Apart, so that pictures take no provider's place.
    let (mut running, mut icons) = (JoinSet::new(), JoinSet::new());
    let mut turns = context.fetches.remote.rotations().turns();
    loop {
        let finished = tokio::select! {
            () = shutdown.cancelled() => break,
            Ok(turned) = turns.recv() => {
                object_ref(&turned.provider).into_iter().for_each(|provider| _ = answered.send(provider));
                continue;
            }
            Some(fetch) = wanted.providers.recv(), if running.len() < CONCURRENCY => {
                let context = context.clone();
                running.spawn(async move { context.fetches.fetch(&fetch).await });
                continue;
            }
            Some(fetch) = wanted.icons.recv(), if icons.len() < ICON_CONCURRENCY => {
                let context = context.clone();
                icons.spawn(async move { context.fetches.fetch_icon(&fetch).await });
                continue;
            }
            Some(finished) = running.join_next() => finished,
            Some(finished) = icons.join_next() => finished,
        };
        match finished {
            Ok(waiting) => waiting.into_iter().for_each(|provider| _ = answered.send(provider)),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    running.shutdown().await;
    icons.shutdown().await;
}
