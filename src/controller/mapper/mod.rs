//! Mappers: observe, decide, apply.

mod decide;
mod reconcile;

pub use decide::{Observed, decide, is_servable};
pub use reconcile::{reconcile, remove, targets};
