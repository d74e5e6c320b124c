//! What every reconciliation works with.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Fetches, Publisher, Settings, StatusSink};
use crate::source::Stores;

/// What every reconciliation works with.
pub struct Context {
    pub stores: Stores,
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub fetches: Fetches,
    pub statuses: Arc<dyn StatusSink>,
}

impl Context {
    /// The time of this reconciliation.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
