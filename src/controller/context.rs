//! What every reconciliation works with.

use std::sync::Arc;

use jiff::Timestamp;
use kube::runtime::controller::Action;
use tokio::time::{Instant, timeout_at};

use super::{Fetches, Leadership, Publisher, Rests, Settings, StatusError, StatusSink, publish::Name};
use crate::{
    api::Turn,
    source::{Object, Stores},
};

/// What every reconciliation works with.
pub struct Context {
    pub stores: Stores,
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub fetches: Fetches,
    pub statuses: Arc<dyn StatusSink>,
    pub leadership: Leadership,
    pub rests: Rests,
}

impl Context {
    /// The time of this reconciliation.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Writes the status of `changed`, which carries a new one, and tells of the turn, once that has rested and if it
    /// is this replica's to write. `otherwise`: when to look at the object again, if nothing else calls for it.
    ///
    /// # Errors
    /// Nothing was written, or nobody knows.
    pub async fn report(
        &self,
        name: Name,
        changed: Option<(Object, Option<Turn>)>,
        otherwise: Action,
    ) -> Result<Action, StatusError> {
        if let Some((object, turn)) = changed {
            if let Some(rest) = self.rests.remaining(&name, Instant::now()) {
                return Ok(Action::requeue(rest));
            }
            // Once this replica begins to lead, everything is looked at again.
            if let Some(deadline) = self.leadership.deadline() {
                timeout_at(deadline, self.statuses.write(object, turn)).await.unwrap_or(Err(StatusError::TooLate))?;
            }
        }
        self.rests.end(&name);
        Ok(otherwise)
    }
}
