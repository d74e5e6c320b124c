//! Organizations: observe, decide, apply.

mod decide;
mod observe;
mod reconcile;

pub use decide::{Observed, accept, decide};
pub use observe::contenders;
pub use reconcile::{reconcile, remove};
