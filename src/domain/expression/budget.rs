//! How much an evaluation may do. What is spent stays spent, whatever an expression makes of the error.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use super::pattern::Pattern;
use cel::{
    ExecutionError,
    common::{
        types::{CelNull, NULL_TYPE, Type},
        value::{StaticVal, Val},
    },
};

/// The steps of an evaluation. One is what the interpreter takes for a name, a literal or a call.
pub(super) const STEPS: u32 = 150_000;
/// The steps of all evaluations by the same variables: enough for a hundred loops over ten thousand groups.
pub(super) const STEPS_OF_ALL: u32 = 60 * STEPS;
/// The bytes that an evaluation makes in all, whether it still needs them or not.
pub(super) const BYTES: u32 = 4 * 1024 * 1024;
/// How many bytes of text are read or written in the time of a step.
const BYTES_A_STEP: usize = 32;

/// What an evaluation has left, and the patterns of the expression; functions get it as their first argument.
#[derive(Debug)]
pub(super) struct Budget {
    steps: AtomicU32,
    bytes: AtomicU32,
    patterns: Arc<[Pattern]>,
}

impl Budget {
    pub(super) fn new(patterns: Arc<[Pattern]>) -> Self {
        Self { steps: STEPS.into(), bytes: BYTES.into(), patterns }
    }

    /// The pattern with this number.
    pub(super) fn pattern(&self, number: i64) -> Option<&Pattern> {
        self.patterns.get(usize::try_from(number).ok()?)
    }

    /// # Errors
    /// The budget is spent.
    pub(super) fn steps(&self, steps: usize) -> Result<(), ExecutionError> {
        spend(&self.steps, steps)
    }

    /// For reading so many bytes.
    ///
    /// # Errors
    /// The budget is spent.
    pub(super) fn read(&self, bytes: usize) -> Result<(), ExecutionError> {
        self.steps(bytes / BYTES_A_STEP)
    }

    /// For making so many bytes, before they are made.
    ///
    /// # Errors
    /// The budget is spent.
    pub(super) fn make(&self, bytes: usize) -> Result<(), ExecutionError> {
        self.read(bytes)?;
        spend(&self.bytes, bytes)
    }

    pub(super) fn is_spent(&self) -> bool {
        self.steps.load(Relaxed) == 0 || self.bytes.load(Relaxed) == 0
    }

    /// The steps and bytes that are gone.
    pub(super) fn used(&self) -> (u32, u32) {
        (STEPS - self.steps.load(Relaxed), BYTES - self.bytes.load(Relaxed))
    }
}

/// Nothing left means spent: the last step is never given out.
fn spend(left: &AtomicU32, amount: usize) -> Result<(), ExecutionError> {
    let rest = u32::try_from(amount).ok().and_then(|amount| left.load(Relaxed).checked_sub(amount)).unwrap_or(0);
    left.store(rest, Relaxed);
    if rest == 0 { Err(ExecutionError::function_error("budget", "spent")) } else { Ok(()) }
}

impl StaticVal for Budget {}

/// A value, so that functions can be given it. An expression cannot name it.
impl Val for Budget {
    fn get_type(&self) -> &Type {
        &NULL_TYPE
    }

    fn cel_type() -> &'static Type {
        &NULL_TYPE
    }

    /// A budget is not copied: a copy would be another one.
    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(CelNull)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}
