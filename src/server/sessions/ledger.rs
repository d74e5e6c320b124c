//! What the store has not taken yet, and what tells a read from before a change from one after it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::{
    domain::{
        provider_session::ProviderLogout,
        user::{Session, SessionId},
    },
    store::LogoutMark,
};

#[derive(Default)]
pub struct Ledger {
    /// Counts the changes heard of, so that a read that overlaps one is not kept.
    pub changes: u64,
    /// What the store has not taken yet.
    pub used: HashMap<SessionId, Timestamp>,
    pub ended: HashSet<SessionId>,
    pub logouts: Vec<(ProviderLogout, LogoutMark)>,
}

impl Ledger {
    /// Whether a provider has ended a session, and the store may not know yet.
    pub fn knows_ended(&self, session: &Session) -> bool {
        self.logouts.iter().any(|(logout, _)| session.ends_by(logout))
    }
}
