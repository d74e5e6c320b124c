//! Organizations: observe, decide, apply.

mod decide;

pub use decide::{Decision, Observed, accept, decide, id_of, key_of};
