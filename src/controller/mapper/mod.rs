//! Mappers: observe, decide, apply.

mod decide;
mod observe;
mod prove;
mod reconcile;
mod rule;

pub use decide::{Observed, decide};
pub use observe::{siblings, targets};
pub use reconcile::{reconcile, remove};
