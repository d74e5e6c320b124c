//! Mappers: observe, decide, apply.

mod decide;
mod reconcile;

pub use decide::resolve;
pub use reconcile::{reconcile, remove, targets};
