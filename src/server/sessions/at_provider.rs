//! Ends sessions on a provider's word: at once here, and in the store as soon as it answers.

use std::error::Error;

use super::Sessions;
use crate::{
    domain::{provider_session::ProviderLogout, user::SessionId},
    store::LogoutMark,
};

/// So many logouts of providers wait for the store at most.
const MOST_WAITING: usize = 10_000;

/// What became of a provider's logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// So many sessions ended in the store.
    Ended(u64),
    /// Those in memory ended; the store will hear of it.
    Held,
    /// The logout token was used before.
    UsedBefore,
    /// Too many others wait for the store.
    TooMany,
}

impl Sessions {
    /// Ends the sessions that a provider says are over. With the `mark` of a logout token, which counts once, those that
    /// only the store knows end too, whenever it answers.
    pub async fn end_at_provider(&self, logout: &ProviderLogout, mark: Option<&LogoutMark>) -> Heard {
        if let Some(mark) = mark
            && let Err(refused) = self.hold(logout, mark)
        {
            return refused;
        }
        let here = self.forget_those_of(logout);
        if mark.is_none() {
            self.note_change(|ledger| ledger.ended.extend(here.iter().cloned()));
        }
        match self.store.end_sessions_at_provider(logout, mark).await {
            Ok(ended) => {
                self.release(mark, &here);
                ended.map_or(Heard::UsedBefore, Heard::Ended)
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(error, "the store did not hear of a provider's logout; trying again");
                Heard::Held
            }
        }
    }

    /// Tells the store of the logouts that it has not taken yet.
    pub(super) async fn write_logouts(&self) {
        let waiting = self.lock().logouts.clone();
        for (logout, mark) in waiting {
            if self.store.end_sessions_at_provider(&logout, Some(&mark)).await.is_ok() {
                self.release(Some(&mark), &[]);
            }
        }
    }

    /// Takes the sessions out of memory, and says which they were.
    pub(super) fn forget_those_of(&self, logout: &ProviderLogout) -> Vec<SessionId> {
        let is_over = |held: &super::Held| {
            let session = &held.session;
            session.at_provider.as_ref().is_some_and(|at_provider| logout.ends(&session.provider_uid, at_provider))
        };
        let over = self.sessions.iter().filter(|(_, held)| is_over(held)).map(|(id, _)| (*id).clone());
        let over: Vec<SessionId> = over.collect();
        over.iter().for_each(|id| self.sessions.invalidate(id));
        over
    }

    fn hold(&self, logout: &ProviderLogout, mark: &LogoutMark) -> Result<(), Heard> {
        let mut ledger = self.lock();
        if ledger.logouts.iter().any(|(_, held)| held.id_hash == mark.id_hash) {
            return Err(Heard::UsedBefore);
        }
        if ledger.logouts.len() >= MOST_WAITING {
            return Err(Heard::TooMany);
        }
        ledger.changes += 1;
        ledger.logouts.push((logout.clone(), mark.clone()));
        Ok(())
    }

    /// What was read before the store knew must not be kept either.
    fn release(&self, mark: Option<&LogoutMark>, here: &[SessionId]) {
        self.note_change(|ledger| match mark {
            Some(mark) => ledger.logouts.retain(|(_, held)| held.id_hash != mark.id_hash),
            None => here.iter().for_each(|id| _ = ledger.ended.remove(id)),
        });
    }
}
