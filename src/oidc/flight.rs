//! One remote value: its last good answer, what fails since, and at most one fetch under way.
//! A bad answer never takes a good one's place.

use std::{
    error::Error,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared},
};
use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::Reason,
    domain::metadata::{FetchFailure, Fetched},
};

/// When to fetch again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// A good answer is good for so long. Zero: ask now.
    pub max_age: Duration,
    /// A failed fetch is not tried again for so long. Zero: try now.
    pub retry_after: Duration,
}

type Flight<T> = BoxFuture<'static, Fetched<T>>;

/// What is known of one remote value.
pub(super) struct Entry<T>(Mutex<State<T>>);

struct State<T> {
    fetched: Fetched<T>,
    /// When the newest failed fetch began.
    failed_at: Option<Timestamp>,
    /// When the newest refresh out of turn began.
    refreshed_at: Option<Timestamp>,
    flight: Option<WeakShared<Flight<T>>>,
    /// Keeps the fetch going when those who asked for it go away, so that nobody can use up a turn without an answer.
    /// Ends with the entry.
    driver: Option<AbortOnDropHandle<()>>,
}

/// What a fetch's error must tell.
pub(super) trait Failure: Error + Send + Sync + 'static {
    fn reason(&self) -> Reason;
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            fetched: Fetched::default(),
            failed_at: None,
            refreshed_at: None,
            flight: None,
            driver: None,
        }))
    }
}

impl<T: Send + Sync + 'static> Entry<T> {
    /// What is known now.
    pub(super) fn known(&self) -> Fetched<T> {
        self.state().fetched.clone()
    }

    /// What is known after a fetch, if one is due. Joins a fetch that is under way.
    pub(super) async fn fetch_if_due<F, E>(
        self: &Arc<Self>,
        freshness: Freshness,
        now: Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Fetched<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Failure,
    {
        let flight = {
            let mut state = self.state();
            if !state.is_due(freshness, now) {
                return state.fetched.clone();
            }
            state.joined().unwrap_or_else(|| self.launch(&mut state, now, fetch()))
        };
        flight.await
    }

    /// What is known after a fetch out of turn, unless there was one within the cooldown. Nobody waits for the
    /// cooldown to end.
    pub(super) async fn refresh<F, E>(
        self: &Arc<Self>,
        cooldown: Duration,
        now: Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Fetched<T>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Failure,
    {
        let flight = {
            let mut state = self.state();
            match state.joined() {
                Some(flight) => flight,
                None if state.refreshed_at.is_some_and(|at| !is_past(at, cooldown, now)) => {
                    return state.fetched.clone();
                }
                None => {
                    state.refreshed_at = Some(now);
                    self.launch(&mut state, now, fetch())
                }
            }
        };
        flight.await
    }

    fn launch<F, E>(self: &Arc<Self>, state: &mut State<T>, now: Timestamp, fetch: F) -> Shared<Flight<T>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Failure,
    {
        let entry = Arc::downgrade(self);
        let flight = async move {
            let answer = fetch.await;
            entry.upgrade().map(|entry| entry.state().record(answer, now)).unwrap_or_default()
        };
        let shared = flight.boxed().shared();
        state.flight = shared.downgrade();
        state.driver = Some(AbortOnDropHandle::new(tokio::spawn(shared.clone().map(|_| ()))));
        shared
    }

    /// A panic while the lock is held cannot leave the state half written, so poisoning says nothing.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn is_due(&self, freshness: Freshness, now: Timestamp) -> bool {
        match (self.failed_at, &self.fetched.good) {
            (Some(failed_at), _) => is_past(failed_at, freshness.retry_after, now),
            (None, Some((_, fetched_at))) => is_past(*fetched_at, freshness.max_age, now),
            (None, None) => true,
        }
    }

    fn joined(&self) -> Option<Shared<Flight<T>>> {
        // One that has ended is no longer joined: it answers what was known then.
        self.flight.as_ref()?.upgrade().filter(|flight| flight.peek().is_none())
    }

    fn record<E: Failure>(&mut self, answer: Result<T, E>, now: Timestamp) -> Fetched<T> {
        self.flight = None;
        match answer {
            Ok(value) => {
                self.fetched = Fetched { good: Some((Arc::new(value), now)), failure: None, attempted_at: Some(now) };
                self.failed_at = None;
            }
            Err(error) => {
                let since = self.fetched.failure.as_ref().map_or(now, |failure| failure.since);
                let failure = FetchFailure { reason: error.reason(), message: error.to_string(), since };
                if self.fetched.failure.as_ref() != Some(&failure) {
                    // Once for every new way of failing; a condition has no room for the causes.
                    tracing::warn!(error = error.source(), "{}", failure.message);
                }
                self.fetched.failure = Some(failure);
                self.fetched.attempted_at = Some(now);
                self.failed_at = Some(now);
            }
        }
        self.fetched.clone()
    }
}

/// Either way: callers' clock readings overlap a little, and a clock that was set back must not stop anything.
fn is_past(then: Timestamp, span: Duration, now: Timestamp) -> bool {
    now.duration_since(then).unsigned_abs() >= span
}
