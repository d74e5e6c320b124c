//! What every endpoint works with.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use super::{limit::Limits, seal::Sealer, sessions::Sessions};
use crate::{
    domain::table::Published,
    oidc::Remote,
    store::{Store, StoreError},
};

/// What every endpoint works with.
pub struct Server {
    pub(super) table: Arc<Published>,
    pub(super) store: Arc<dyn Store>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) remote: Arc<Remote>,
    pub(super) limits: Limits,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) https: bool,
    can_send_mail: bool,
}

impl Server {
    /// `trusted_proxies`: who may say, by `X-Forwarded-*`, whom a request came from and what it asked for. `https`:
    /// whether browsers reach us by it.
    pub fn new(
        table: Arc<Published>,
        store: Arc<dyn Store>,
        sealer: Arc<Sealer>,
        remote: Arc<Remote>,
        trusted_proxies: Vec<IpNet>,
        https: bool,
    ) -> Self {
        let sessions = Arc::new(Sessions::new(store.clone()));
        let can_send_mail = false;
        Self {
            table,
            store,
            sessions,
            sealer,
            remote,
            limits: Limits::default(),
            trusted_proxies,
            https,
            can_send_mail,
        }
    }

    /// Whether people can be sent a mail that verifies their address.
    pub(super) fn can_send_mail(&self) -> bool {
        self.can_send_mail
    }

    /// Forgets what need not be remembered any longer, here and in the store, and rotates the keys; to be called
    /// every now and then.
    pub async fn keep_house(&self, now: Timestamp) -> Result<(), StoreError> {
        self.limits.sweep();
        self.sealer.rotate(&*self.store, now).await?;
        self.store.remove_expired_attempts(now).await?;
        self.store.remove_expired_announcements(now).await?;
        self.store.remove_expired_logouts(now).await?;
        self.sessions.remove_expired(&self.table.load(), now).await
    }

    /// The sessions, whose task has to be run beside the server.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }
}
