//! The questions of one kind that are being asked, and who waits for each answer. Asks nothing by itself.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use kube::{ResourceExt, runtime::reflector::ObjectRef};
use tokio::sync::mpsc;

use crate::{
    api::{IdentityProvider, RECONCILE_ANNOTATION, ResourceMeta},
    controller::publish::path,
};

/// A longer value of the annotation that asks for a reconciliation is cut.
const MAX_TOKEN: usize = 256;

/// One question, for all who wait for its answer.
pub struct Fetch<Q> {
    pub question: Q,
    /// What was fetched is good for so long.
    pub max_age: Duration,
}

/// Who waits for an answer, and since when it is being asked for.
struct Pending {
    since: Timestamp,
    /// And the value of the annotation by which each asked.
    waiting: HashMap<ObjectRef<IdentityProvider>, Option<String>>,
}

/// Questions that are equal are asked once.
pub struct Questions<Q> {
    pending: Mutex<HashMap<Q, Pending>>,
    /// By `namespace/name`: the value of the annotation that was answered last.
    answered: Mutex<HashMap<String, String>>,
    wanted: mpsc::UnboundedSender<Fetch<Q>>,
}

impl<Q: Clone + Eq + Hash> Questions<Q> {
    /// And the queue of those that wait to be asked.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Fetch<Q>>) {
        let (wanted, receiver) = mpsc::unbounded_channel();
        (Self { pending: Mutex::default(), answered: Mutex::default(), wanted }, receiver)
    }

    /// The last value of the annotation that asks for a reconciliation and that has been answered: what the status says,
    /// unless another one has been since.
    pub fn handled(&self, idp: &IdentityProvider) -> Option<String> {
        lock(&self.answered).get(&idp.path()).cloned().or_else(|| handled_before(idp))
    }

    /// Whether the annotation asks for an answer that has not come yet.
    pub fn is_requested(&self, idp: &IdentityProvider) -> bool {
        requested(idp).is_some_and(|requested| self.handled(idp) != Some(requested))
    }

    /// Has a question asked for a provider, unless it is being asked; since when it is.
    pub fn ask(&self, idp: &IdentityProvider, fetch: Fetch<Q>, now: Timestamp) -> Timestamp {
        let who = ObjectRef::from_obj(idp);
        let mut pending = lock(&self.pending);
        if let Some(asked) = pending.get_mut(&fetch.question) {
            // What is asked already may have been asked for before: it answers no request that came since.
            asked.waiting.entry(who).or_insert(None);
            return asked.since;
        }
        let waiting = HashMap::from([(who, requested(idp))]);
        pending.insert(fetch.question.clone(), Pending { since: now, waiting });
        // Nobody asks any more only while the process is ending.
        let _ = self.wanted.send(fetch);
        now
    }

    /// A question has been answered. Returns who waited.
    pub fn answered(&self, question: &Q) -> Vec<ObjectRef<IdentityProvider>> {
        let waiting = lock(&self.pending).remove(question).map(|pending| pending.waiting).unwrap_or_default();
        let mut answered = lock(&self.answered);
        for (idp, requested) in &waiting {
            if let Some(requested) = requested {
                answered.insert(path(idp), requested.clone());
            }
        }
        waiting.into_keys().collect()
    }

    /// A provider is gone.
    pub fn forget(&self, path: &str) {
        lock(&self.answered).remove(path);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The value of the annotation that asks for a reconciliation, no longer than a status may be.
pub fn requested(idp: &IdentityProvider) -> Option<String> {
    idp.annotations().get(RECONCILE_ANNOTATION).map(|token| token.chars().take(MAX_TOKEN).collect())
}

/// What the status says was handled last.
pub fn handled_before(idp: &IdentityProvider) -> Option<String> {
    idp.status.as_ref().and_then(|status| status.last_handled_reconcile_at.clone())
}
