//! Ends sessions of one user: those in memory at once, also while the store does not answer, and all in the store.

use super::Sessions;
use crate::{
    domain::user::{SessionHandle, SessionId, UserId},
    store::StoreError,
};

impl Sessions {
    /// Ends one session of a user; false when the user has none of this handle.
    ///
    /// # Errors
    /// The store did not answer: what was in memory has ended, and the store hears of it later.
    pub async fn end_one_of(&self, user: UserId, handle: &SessionHandle) -> Result<bool, StoreError> {
        let here = self.end_of_user_here(user, |id| SessionHandle::of(id) == *handle);
        let ended = self.store.end_session_of_user(user, handle).await?;
        self.written(&here);
        Ok(ended)
    }

    /// Ends the sessions of a user but for one.
    ///
    /// # Errors
    /// As `end_one_of`.
    pub async fn end_others_of(&self, user: UserId, but: &SessionId) -> Result<(), StoreError> {
        let here = self.end_of_user_here(user, |id| id != but);
        self.store.end_sessions_of_user(user, Some(&SessionHandle::of(but))).await?;
        self.written(&here);
        Ok(())
    }

    /// Ends all sessions of a user, one of them last.
    ///
    /// # Errors
    /// As `end_one_of`; and the last one goes on, for who has it to try again.
    pub async fn end_all_of(&self, user: UserId, last: &SessionId) -> Result<(), StoreError> {
        let mut here = self.end_of_user_here(user, |id| id != last);
        self.store.end_sessions_of_user(user, None).await?;
        self.end_here(last);
        here.push(last.clone());
        self.written(&here);
        Ok(())
    }

    fn end_of_user_here(&self, user: UserId, which: impl Fn(&SessionId) -> bool) -> Vec<SessionId> {
        let ended = self.those(|session| session.user == user && which(&session.id));
        self.note_change(|ledger| ledger.ended.extend(ended.iter().cloned()));
        ended.iter().for_each(|id| self.sessions.invalidate(id));
        ended
    }

    /// The store knows that these have ended.
    fn written(&self, ended: &[SessionId]) {
        let mut ledger = self.lock();
        ended.iter().for_each(|id| _ = ledger.ended.remove(id));
    }
}
