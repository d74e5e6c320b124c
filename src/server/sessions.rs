//! Who is signed in: from memory, with one read of the store for a session that was not seen yet.

mod at_provider;
mod changes;
mod ledger;
mod of_user;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use moka::sync::Cache;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

pub use at_provider::Heard;

use self::ledger::Ledger;
use super::identity::Identity;
use crate::{
    domain::{
        grant::Granted,
        organization::Organization,
        session::is_good,
        table::LoginTable,
        user::{Session, SessionId, User, UserId},
    },
    store::{Store, StoreError},
};

/// So many sessions, and people, are kept in memory.
const CAPACITY: u64 = 200_000;
/// Uses are written to the store so often, together.
const WRITE_INTERVAL: Duration = Duration::from_secs(5);
/// A use is worth a write when the last one is so old, or a tenth of the idle timeout.
const USE_GRAIN: Duration = Duration::from_secs(60);

/// The sessions of this replica.
pub struct Sessions {
    store: Arc<dyn Store>,
    sessions: Cache<SessionId, Arc<Held>>,
    people: Cache<UserId, Arc<Person>>,
    ledger: Mutex<Ledger>,
}

struct Held {
    session: Session,
    last_used: AtomicI64,
    last_noted: AtomicI64,
    identity: ArcSwapOption<Prepared>,
}

/// An identity, and what it was made of.
struct Prepared {
    person: Arc<Person>,
    organization: Arc<Organization>,
    identity: Arc<Identity>,
}

/// A person, as far as sessions show them.
#[derive(Debug)]
pub struct Person {
    pub user: User,
    pub grants: Vec<Granted>,
}

/// Somebody who is signed in.
pub struct Current {
    held: Arc<Held>,
    pub person: Arc<Person>,
}

impl Current {
    pub fn session(&self) -> &Session {
        &self.held.session
    }

    /// The identity for forward auth: the one made before, unless the person or the organization has changed.
    pub fn identity(&self, organization: &Arc<Organization>, make: impl FnOnce() -> Identity) -> Arc<Identity> {
        if let Some(made) = &*self.held.identity.load()
            && Arc::ptr_eq(&made.person, &self.person)
            && Arc::ptr_eq(&made.organization, organization)
        {
            return made.identity.clone();
        }
        let identity = Arc::new(make());
        let (person, organization) = (self.person.clone(), organization.clone());
        self.held.identity.store(Some(Arc::new(Prepared { person, organization, identity: identity.clone() })));
        identity
    }
}

impl Sessions {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, sessions: Cache::new(CAPACITY), people: Cache::new(CAPACITY), ledger: Mutex::default() }
    }

    /// The person whom a session signs in to an organization now, if it does; counts as a use.
    ///
    /// # Errors
    /// When the session is not in memory and the store does not answer.
    pub async fn current(
        &self,
        id: &SessionId,
        organization: &Organization,
        table: &LoginTable,
        now: Timestamp,
    ) -> Result<Option<Current>, StoreError> {
        let in_memory = self.sessions.get(id).and_then(|held| {
            let person = self.people.get(&held.session.user)?;
            Some(Current { held, person })
        });
        let current = match in_memory {
            Some(current) => current,
            None => match self.read(id).await? {
                Some(current) => current,
                None => return Ok(None),
            },
        };
        let last_used = millis(current.held.last_used.load(Ordering::Relaxed));
        if !is_good(&current.held.session, last_used, organization, table, now) {
            return Ok(None);
        }
        self.note_use(&current.held, organization, now);
        Ok(Some(current))
    }

    /// Ends a session here at once; the store is told by and by, or by `end`.
    pub fn end_here(&self, id: &SessionId) {
        self.note_change(|ledger| _ = ledger.ended.insert(id.clone()));
        self.sessions.invalidate(id);
    }

    /// Ends a session: at once here, and in the store as soon as it answers.
    pub async fn end(&self, id: &SessionId) {
        self.end_here(id);
        if self.store.end_session(id).await.is_ok() {
            self.lock().ended.remove(id);
        }
    }

    /// Hears of changes, and writes uses and ends that the store has not taken yet, until shutdown.
    pub async fn run(&self, shutdown: CancellationToken) {
        // Side by side: a store that is slow to write must not delay what it has announced.
        tokio::select! {
            () = self.hear_changes() => {}
            () = self.write_regularly(&shutdown) => {}
        }
        // What could not be written has been logged, and there is no other time.
        let _ = self.write().await;
    }

    async fn write_regularly(&self, shutdown: &CancellationToken) {
        let mut writes = interval(WRITE_INTERVAL);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = writes.tick() => {}
            }
            // What could not be written has been logged, and is tried again.
            let _ = self.write().await;
        }
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Current>, StoreError> {
        let before = {
            let ledger = self.lock();
            if ledger.ended.contains(id) {
                return Ok(None);
            }
            ledger.changes
        };
        let Some(found) = self.store.session(id).await? else { return Ok(None) };
        let stored = found.session.last_used_at.as_millisecond();
        let known = self.sessions.get(id).map(|held| held.last_used.load(Ordering::Relaxed));
        let held = Arc::new(Held {
            session: found.session,
            last_used: AtomicI64::new(known.map_or(stored, |known| known.max(stored))),
            last_noted: AtomicI64::new(stored),
            identity: ArcSwapOption::empty(),
        });
        let person = Arc::new(Person { user: found.user, grants: found.grants });
        let ledger = self.lock();
        if ledger.knows_ended(&held.session) {
            return Ok(None);
        }
        // What was read may be older than a change, or an end, that came meanwhile. Nobody else may get it.
        if ledger.changes == before {
            self.sessions.insert(id.clone(), held.clone());
            self.people.insert(person.user.id, person.clone());
        }
        drop(ledger);
        Ok(Some(Current { held, person }))
    }

    fn note_use(&self, held: &Held, organization: &Organization, now: Timestamp) {
        let now_millis = now.as_millisecond();
        held.last_used.fetch_max(now_millis, Ordering::Relaxed);
        let noted = held.last_noted.load(Ordering::Relaxed);
        if u128::try_from(now_millis - noted).is_ok_and(|age| age >= grain(organization).as_millis()) {
            held.last_noted.store(now_millis, Ordering::Relaxed);
            self.lock().used.insert(held.session.id.clone(), now);
        }
    }

    /// Removes from the store what has ended by itself, unless it can't be told what is in use.
    pub async fn remove_expired(&self, table: &LoginTable, now: Timestamp) -> Result<(), StoreError> {
        self.write().await?;
        for organization in table.organizations() {
            let before = |span| now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH);
            let limits = organization.session;
            let idle = limits.idle_timeout + heard_late(organization);
            self.store.remove_expired_sessions(&organization.key, before(idle), before(limits.lifetime)).await?;
        }
        Ok(())
    }

    async fn write(&self) -> Result<(), StoreError> {
        let (used, ended) = {
            let mut ledger = self.lock();
            (std::mem::take(&mut ledger.used), ledger.ended.iter().cloned().collect::<Vec<_>>())
        };
        for id in ended {
            if self.store.end_session(&id).await.is_ok() {
                self.lock().ended.remove(&id);
            }
        }
        self.write_logouts().await;
        let used: Vec<_> = used.into_iter().collect();
        if used.is_empty() {
            return Ok(());
        }
        let written = self.store.touch_sessions(&used).await;
        if let Err(error) = &written {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the last uses of sessions could not be written; trying again"
            );
            let mut ledger = self.lock();
            for (id, at) in used {
                ledger.used.entry(id).or_insert(at);
            }
        }
        written
    }

    /// To be called before memory forgets what has changed.
    fn note_change(&self, note: impl FnOnce(&mut Ledger)) {
        let mut ledger = self.lock();
        ledger.changes += 1;
        note(&mut ledger);
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How old the last use that was noted is before another is.
fn grain(organization: &Organization) -> Duration {
    USE_GRAIN.min(organization.session.idle_timeout / 10)
}

/// So much later than it was, at most, the store hears of a use.
pub fn heard_late(organization: &Organization) -> Duration {
    grain(organization) + 2 * WRITE_INTERVAL
}

fn millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
