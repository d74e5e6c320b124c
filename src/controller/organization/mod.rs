//! Organizations: observe, decide, apply.

mod decide;
mod reconcile;

pub use decide::{DEFAULT_NAME, Observed, accept, decide, id_of};
pub use reconcile::{reconcile, remove};
