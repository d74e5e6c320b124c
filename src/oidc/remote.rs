//! What is known of the providers: metadata and keys, shared by the controller and the login endpoints.
//! Asks each place once for all who want to know, and lets none that hangs delay another.

use std::{hash::Hash, sync::Arc, time::Duration};

use jiff::Timestamp;
use moka::sync::Cache;
use url::Url;

use super::{
    ask::Asking,
    authorize::{LoginParameters, authorization_url, parameters},
    discovery::{DiscoveryError, MetadataRequest, fetch_metadata},
    exchange::{self, ExchangeError, Grant, TokenResponse},
    flight::{Entry, Failure, Freshness},
    http::Outbound,
    icon::{IconError, IconRequest, fetch_icon},
    keys::{KeySet, KeysError, KeysRequest, fetch_keys},
    push::{PushError, push},
    rotation::Rotations,
};
use crate::{
    api::Reason,
    domain::{
        icon::Icon,
        metadata::{Fetched, Metadata},
        relation::Relation,
    },
};

/// What nobody has asked about for so long is forgotten. Longer than the controller ever leaves a provider alone, so
/// that nothing of a provider that is configured is.
const IDLE: Duration = Duration::from_secs(4 * 60 * 60);
/// Keys are fetched out of turn at most so often (reliability: a token can name any `kid`).
const REFRESH_COOLDOWN: Duration = Duration::from_secs(30);

/// The providers as last heard of. Clones share what they know.
#[derive(Clone)]
pub struct Remote {
    asking: Asking,
    metadata: Entries<MetadataRequest, Metadata>,
    keys: Entries<KeysRequest, KeySet>,
    icons: Entries<IconRequest, Icon>,
}

type Entries<K, T> = Cache<K, Arc<Entry<T>>>;

fn entries<K: Hash + Eq + Send + Sync + 'static, T: Send + Sync + 'static>() -> Entries<K, T> {
    Cache::builder().time_to_idle(IDLE).build()
}

impl Remote {
    /// Knows nothing yet.
    pub fn new(outbound: Outbound) -> Self {
        Self { asking: Asking::new(outbound), metadata: entries(), keys: entries(), icons: entries() }
    }

    /// The client that everything is fetched with.
    pub fn outbound(&self) -> &Outbound {
        &self.asking.outbound
    }

    /// Where to send the browser for a login; asks the provider first if requests are pushed there.
    pub async fn begin_login(&self, relation: &Relation, login: &LoginParameters<'_>) -> Result<Url, PushError> {
        let parameters = parameters(relation, login);
        let by_browser = || authorization_url(relation, &parameters);
        let Some(pushing) = &relation.pushing else { return Ok(by_browser()) };
        match push(&self.asking, relation, &pushing.endpoint, &parameters).await {
            Err(error) if !pushing.demanded && error.leaves_it_to_the_browser() => {
                let (issuer, error) = (&relation.authority.issuer, &error as &dyn std::error::Error);
                tracing::warn!(issuer, error, "a request could not be pushed, so the browser carries it");
                Ok(by_browser())
            }
            pushed => pushed,
        }
    }

    /// Exchanges a code for tokens.
    pub async fn exchange(&self, relation: &Relation, grant: Grant<'_>) -> Result<TokenResponse, ExchangeError> {
        exchange::exchange(&self.asking, relation, grant).await
    }

    /// What logins have shown of client secrets that rotate.
    pub fn rotations(&self) -> &Rotations {
        &self.asking.rotations
    }

    /// A provider's metadata, fetched if it is due. `now` becomes the time of what is fetched.
    pub async fn metadata(&self, request: &MetadataRequest, freshness: Freshness, now: Timestamp) -> Fetched<Metadata> {
        let fetch = || {
            let (outbound, request) = (self.asking.outbound.clone(), request.clone());
            async move { fetch_metadata(&outbound, &request).await }
        };
        entry(&self.metadata, request).fetch_if_due(freshness, now, fetch).await
    }

    /// A provider's keys, fetched if they are due. `now` becomes the time of what is fetched.
    pub async fn keys(&self, request: &KeysRequest, freshness: Freshness, now: Timestamp) -> Fetched<KeySet> {
        entry(&self.keys, request).fetch_if_due(freshness, now, || self.fetch_keys(request)).await
    }

    /// A provider's keys, fetched out of turn because a token names one that is not among them; at most once in
    /// 30 seconds, and without waiting for those to pass.
    pub async fn refresh_keys(&self, request: &KeysRequest, now: Timestamp) -> Fetched<KeySet> {
        entry(&self.keys, request).refresh(REFRESH_COOLDOWN, now, || self.fetch_keys(request)).await
    }

    /// What is known of a provider's metadata. Never touches the network.
    pub fn cached_metadata(&self, request: &MetadataRequest) -> Fetched<Metadata> {
        self.metadata.get(request).map_or_else(Fetched::default, |entry| entry.known())
    }

    /// What is known of a provider's keys. Never touches the network.
    pub fn cached_keys(&self, request: &KeysRequest) -> Fetched<KeySet> {
        self.keys.get(request).map_or_else(Fetched::default, |entry| entry.known())
    }

    /// The picture of a provider, fetched if it is due. `now` becomes the time of what is fetched.
    pub async fn icon(&self, request: &IconRequest, freshness: Freshness, now: Timestamp) -> Fetched<Icon> {
        let fetch = || {
            let (outbound, request) = (self.asking.outbound.clone(), request.clone());
            async move { fetch_icon(&outbound, &request).await }
        };
        entry(&self.icons, request).fetch_if_due(freshness, now, fetch).await
    }

    /// What is known of the picture of a provider. Never touches the network.
    pub fn cached_icon(&self, request: &IconRequest) -> Fetched<Icon> {
        self.icons.get(request).map_or_else(Fetched::default, |entry| entry.known())
    }

    fn fetch_keys(
        &self,
        request: &KeysRequest,
    ) -> impl Future<Output = Result<KeySet, KeysError>> + Send + 'static + use<> {
        let (outbound, request) = (self.asking.outbound.clone(), request.clone());
        async move { fetch_keys(&outbound, &request).await }
    }
}

fn entry<K, T>(entries: &Entries<K, T>, request: &K) -> Arc<Entry<T>>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    entries.get_with_by_ref(request, Arc::default)
}

impl Failure for DiscoveryError {
    fn reason(&self) -> Reason {
        self.reason()
    }
}

impl Failure for KeysError {
    fn reason(&self) -> Reason {
        self.reason()
    }
}

impl Failure for IconError {
    fn reason(&self) -> Reason {
        self.reason()
    }
}

#[cfg(test)]
mod tests;
