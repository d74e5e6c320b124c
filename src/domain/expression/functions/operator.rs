//! The operators that read or make more than a number.

use std::cmp::Ordering;

use cel::ExecutionError;

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    ITEM, Outcome, failed,
};

pub(super) fn add(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let sum = match *arguments {
        [View::Int(a), View::Int(b)] => a.checked_add(b).map(Datum::from),
        [View::UInt(a), View::UInt(b)] => a.checked_add(b).map(|sum| Datum::UInt(sum.into())),
        [View::Double(a), View::Double(b)] => Some((a + b).into()),
        [View::Text(a), View::Text(b)] => {
            budget.make(ITEM + 2 * (a.len() + b.len()))?;
            Some(Datum::text(&[a, b].concat()))
        }
        [View::List(a), View::List(b)] => {
            budget.steps(a.len() + b.len())?;
            budget.make(ITEM * (1 + a.len() + b.len()))?;
            Some(Datum::list([a, b].concat()))
        }
        _ => return Ok(None),
    };
    sum.map(Some).ok_or_else(|| failed("the sum does not fit into 64 bits"))
}

pub(super) fn equals(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [a, b] = *arguments else { return Ok(None) };
    Ok(Some(are_equal(budget, a, b)?.into()))
}

pub(super) fn differs(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let [a, b] = *arguments else { return Ok(None) };
    Ok(Some((!are_equal(budget, a, b)?).into()))
}

/// Values of different types differ, but numbers are compared as numbers.
pub(super) fn are_equal(budget: &Budget, a: View<'_>, b: View<'_>) -> Result<bool, ExecutionError> {
    Ok(match (a, b) {
        (View::Null, View::Null) => true,
        (View::Bool(a), View::Bool(b)) => a == b,
        (View::Text(a), View::Text(b)) => {
            budget.read(a.len().min(b.len()))?;
            a == b
        }
        (View::List(a), View::List(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                budget.steps(1)?;
                if !are_equal(budget, a.view(), b.view())? {
                    return Ok(false);
                }
            }
            true
        }
        (View::Map(a), View::Map(b)) if a.len() == b.len() => {
            for ((a_key, a), (b_key, b)) in a.iter().zip(b) {
                budget.steps(2)?;
                if !(are_equal(budget, a_key.view(), b_key.view())? && are_equal(budget, a.view(), b.view())?) {
                    return Ok(false);
                }
            }
            true
        }
        (a, b) => compare_numbers(a, b) == Some(Ordering::Equal),
    })
}

pub(super) fn less(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    ordered(budget, arguments, Ordering::is_lt)
}

pub(super) fn at_most(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    ordered(budget, arguments, Ordering::is_le)
}

pub(super) fn greater(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    ordered(budget, arguments, Ordering::is_gt)
}

pub(super) fn at_least(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    ordered(budget, arguments, Ordering::is_ge)
}

fn ordered(budget: &Budget, arguments: &[View<'_>], holds: fn(Ordering) -> bool) -> Outcome {
    let ordering = match *arguments {
        [View::Text(a), View::Text(b)] => {
            budget.read(a.len().min(b.len()))?;
            Some(a.cmp(b))
        }
        [View::Bool(a), View::Bool(b)] => Some(a.cmp(&b)),
        [a, b] => compare_numbers(a, b),
        _ => None,
    };
    Ok(ordering.map(|ordering| holds(ordering).into()))
}

/// None: they are no numbers, or cannot be ordered.
fn compare_numbers(a: View<'_>, b: View<'_>) -> Option<Ordering> {
    match (a, b) {
        (View::Double(a), View::Double(b)) => a.partial_cmp(&b),
        (View::Double(a), b) => compare_whole(whole(b)?, a).map(Ordering::reverse),
        (a, View::Double(b)) => compare_whole(whole(a)?, b),
        (a, b) => Some(whole(a)?.cmp(&whole(b)?)),
    }
}

fn whole(number: View<'_>) -> Option<i128> {
    match number {
        View::Int(number) => Some(number.into()),
        View::UInt(number) => Some(number.into()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "what is lost is compared next")]
fn compare_whole(whole: i128, double: f64) -> Option<Ordering> {
    match (whole as f64).partial_cmp(&double)? {
        Ordering::Equal => Some(whole.cmp(&(double as i128))),
        different => Some(different),
    }
}
