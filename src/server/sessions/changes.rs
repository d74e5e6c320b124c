//! What has changed in the store, by whichever replica: memory forgets it.

use tokio::sync::broadcast;

use super::Sessions;
use crate::{
    domain::user::{Session, SessionId},
    store::StoreChange,
};

impl Sessions {
    /// Until the store is gone.
    pub(super) async fn hear_changes(&self) {
        let mut changes = self.store.changes();
        loop {
            match changes.recv().await {
                Ok(change) => self.hear(&change),
                Err(broadcast::error::RecvError::Lagged(_)) => self.forget_everything(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    pub(super) fn hear(&self, change: &StoreChange) {
        self.note_change(|_| ());
        match change {
            StoreChange::SessionEnded(id) => self.sessions.invalidate(id),
            StoreChange::UserChanged(user) => self.people.invalidate(user),
            StoreChange::SessionsEndedAtProvider(logout) => self.forget(|session| session.ends_by(logout)),
            StoreChange::SessionsOfProviderEnded(uid) => self.forget(|session| *session.provider_uid == **uid),
            StoreChange::SessionsOfUserEnded(user) => {
                self.people.invalidate(user);
                self.forget(|session| session.user == *user);
            }
            StoreChange::SessionsOfPeopleEnded { provider_uid, users } => {
                users.iter().for_each(|user| self.people.invalidate(user));
                self.forget(|session| session.provider_uid == *provider_uid && users.contains(&session.user));
            }
            StoreChange::Anything => self.forget_everything(),
        }
    }

    /// Takes sessions out of memory.
    pub(super) fn forget(&self, which: impl Fn(&Session) -> bool) {
        self.those(which).iter().for_each(|id| self.sessions.invalidate(id));
    }

    /// The sessions in memory that are so; looks at all of them.
    pub(super) fn those(&self, are_so: impl Fn(&Session) -> bool) -> Vec<SessionId> {
        self.sessions.iter().filter(|(_, held)| are_so(&held.session)).map(|(id, _)| (*id).clone()).collect()
    }

    fn forget_everything(&self) {
        self.note_change(|_| ());
        self.sessions.invalidate_all();
        self.people.invalidate_all();
    }
}
