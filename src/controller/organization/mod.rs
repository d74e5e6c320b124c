//! Organizations: observe, decide, apply.

mod decide;
mod reconcile;

pub use decide::{Observed, accept, decide};
pub use reconcile::{reconcile, remove};
