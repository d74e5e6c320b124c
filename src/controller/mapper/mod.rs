//! Mappers: observe, decide, apply.

mod decide;

pub use decide::{Decision, Observed, Target, decide};
