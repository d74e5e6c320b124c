//! What every endpoint works with.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use super::{
    limit::{Guesses, Limits},
    seal::Sealer,
    sessions::Sessions,
    signing::SigningKeys,
};
use crate::{
    domain::table::Published,
    mail::Mailer,
    oidc::Remote,
    store::{Store, StoreError},
};

/// What every endpoint works with.
pub struct Server {
    pub(super) table: Arc<Published>,
    pub(super) store: Arc<dyn Store>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) signing: SigningKeys,
    pub(super) remote: Arc<Remote>,
    /// None: mails are not set up.
    pub(super) mailer: Option<Mailer>,
    pub(super) limits: Limits,
    pub(super) guesses: Guesses,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) https: bool,
}

impl Server {
    /// `trusted_proxies`: who may say, by `X-Forwarded-*`, whom a request came from and what it asked for. `https`:
    /// whether browsers reach us by it.
    pub fn new(
        table: Arc<Published>,
        store: Arc<dyn Store>,
        sealer: Arc<Sealer>,
        remote: Arc<Remote>,
        mailer: Option<Mailer>,
        trusted_proxies: Vec<IpNet>,
        https: bool,
    ) -> Self {
        let sessions = Arc::new(Sessions::new(store.clone()));
        let (limits, guesses, signing) = (Limits::default(), Guesses::default(), SigningKeys::default());
        Self { table, store, sessions, sealer, signing, remote, mailer, limits, guesses, trusted_proxies, https }
    }

    /// Loads the keys that access tokens are signed with: they go on while the store does not answer.
    pub async fn load_signing_keys(&self, now: Timestamp) -> Result<(), StoreError> {
        self.signing.rotate(&*self.store, now).await
    }

    /// Forgets what need not be remembered any longer, here and in the store, and rotates the keys; to be called
    /// every now and then.
    pub async fn keep_house(&self, now: Timestamp) -> Result<(), StoreError> {
        self.limits.sweep();
        self.sealer.rotate(&*self.store, now).await?;
        self.signing.rotate(&*self.store, now).await?;
        self.store.remove_expired_uses(now).await?;
        self.store.remove_expired_announcements(now).await?;
        self.store.remove_expired_logouts(now).await?;
        self.store.remove_expired_verifications(now).await?;
        self.sessions.remove_expired(&self.table.load(), now).await
    }

    /// The sessions, whose task has to be run beside the server.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }
}
