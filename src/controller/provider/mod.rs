//! Identity providers: observe, decide, apply.

mod accept;
mod decide;
mod observe;
mod reconcile;
mod relation;
mod wish;

pub use accept::Identity;
pub use decide::{Observed, Remote, decide};
pub use observe::{accepted_organization, local};
pub use reconcile::{reconcile, remove};
pub use wish::{Local, Wish};
