//! Ends sessions on a provider's word: at once here, and in the store as soon as it answers.

use std::error::Error;

use super::Sessions;
use crate::{
    domain::provider_session::ProviderLogout,
    store::{LogoutMark, StoreError},
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
    /// Ends the sessions that a logout token says are over, whose `mark` counts once: at once here, and in the store as soon
    /// as it answers, also those that only the store knows.
    pub async fn end_by_token(&self, logout: &ProviderLogout, mark: &LogoutMark) -> Heard {
        if let Err(refused) = self.hold(logout, mark) {
            return refused;
        }
        self.forget(|session| session.ends_by(logout));
        match self.store.end_sessions_at_provider(logout, Some(mark)).await {
            Ok(ended) => {
                self.release(mark);
                ended.map_or(Heard::UsedBefore, Heard::Ended)
            }
            Err(error) => {
                log(&error);
                Heard::Held
            }
        }
    }

    /// Ends the sessions that a browser says are over. Anybody can say so of a session that there never was, which must cost
    /// no look at all that are in memory, and leave nothing behind: the store is asked first. With the `mark`, a login that
    /// is under way begins none.
    pub async fn end_by_browser(&self, logout: &ProviderLogout, mark: &LogoutMark) -> Heard {
        let ended = self.store.end_sessions_at_provider(logout, None).await;
        if matches!(ended, Ok(Some(0) | None)) {
            return Heard::Ended(0);
        }
        let here = self.those(|session| session.ends_by(logout));
        match ended {
            Ok(ended) => {
                self.note_change(|_| ());
                here.iter().for_each(|id| self.sessions.invalidate(id));
                self.end_by_token(logout, mark).await;
                Heard::Ended(ended.unwrap_or_default())
            }
            Err(error) => {
                log(&error);
                here.iter().for_each(|id| self.end_here(id));
                Heard::Held
            }
        }
    }

    /// Tells the store of the logouts that it has not taken yet.
    pub(super) async fn write_logouts(&self) {
        let waiting = self.lock().logouts.clone();
        for (logout, mark) in waiting {
            if self.store.end_sessions_at_provider(&logout, Some(&mark)).await.is_ok() {
                self.release(&mark);
            }
        }
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
    fn release(&self, mark: &LogoutMark) {
        self.note_change(|ledger| ledger.logouts.retain(|(_, held)| held.id_hash != mark.id_hash));
    }
}

fn log(error: &StoreError) {
    let error = error as &dyn Error;
    tracing::warn!(error, "the store did not hear of a provider's logout; trying again");
}
