//! Where statuses are written to. The source's side of the reconciler, as a trait.

use async_trait::async_trait;

use crate::source::Object;

/// Writes the status that an object carries.
#[async_trait]
pub trait StatusSink: Send + Sync {
    /// Writes the object's status, and nothing else of it.
    async fn write(&self, object: Object) -> Result<(), StatusError>;
}

/// A status could not be written; it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("the status could not be written")]
pub struct StatusError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
