//! Identity providers: observe, decide, apply.

mod accept;
mod decide;
mod relation;
mod wish;

pub use accept::{Identity, key_of, organization_of};
pub use decide::{Decision, Observed, Remote, decide, retry_after};
pub use wish::{Local, Wish, wish};
