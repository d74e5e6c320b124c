//! Where statuses are written to. The source's side of the reconciler, as a trait.

use async_trait::async_trait;

use crate::{api::Turn, source::Object};

/// Writes the status that an object carries.
#[async_trait]
pub trait StatusSink: Send + Sync {
    /// Writes the object's status, and nothing else of it; then tells of the turn that things have taken with it.
    async fn write(&self, object: Object, turn: Option<Turn>) -> Result<(), StatusError>;
}

/// A status could not be written; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The object has changed since it was looked at.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// This replica leads no longer.
    #[error("the status was not written while this replica led")]
    TooLate,
    #[error("the status could not be written")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
