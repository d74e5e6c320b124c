//! Organizations: observe, decide, apply.

mod applications;
mod decide;
mod observe;
mod reconcile;

pub use decide::{Observed, accept, decide};
pub use observe::{contenders, referents};
pub use reconcile::{reconcile, remove};
