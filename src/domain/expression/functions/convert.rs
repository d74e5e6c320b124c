//! Conversions between types.

use super::{
    super::{
        budget::Budget,
        value::{Datum, View},
    },
    ITEM, Outcome, failed,
};

pub(super) fn string(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let text = match *arguments {
        [View::Text(text)] => {
            budget.make(ITEM + text.len())?;
            text.to_owned()
        }
        [View::Bool(value)] => value.to_string(),
        [View::Int(value)] => value.to_string(),
        [View::UInt(value)] => value.to_string(),
        [View::Double(value)] => value.to_string(),
        _ => return Ok(None),
    };
    budget.make(ITEM + text.len())?;
    Ok(Some(Datum::text(&text)))
}

/// Of a number with a fraction, what is before the point.
pub(super) fn int(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    let value = match *arguments {
        [View::Int(value)] => Some(value),
        [View::UInt(value)] => i64::try_from(value).ok(),
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        [View::Double(value)] => (value.abs() < 9.2e18).then_some(value as i64),
        [View::Text(text)] => {
            budget.read(text.len())?;
            text.parse().ok()
        }
        _ => return Ok(None),
    };
    value.map(|value| Some(value.into())).ok_or_else(|| failed("`int` needs a whole number of 64 bits"))
}

pub(super) fn double(budget: &Budget, arguments: &[View<'_>]) -> Outcome {
    #[expect(clippy::cast_precision_loss, reason = "as CEL has it")]
    let value = match *arguments {
        [View::Double(value)] => Some(value),
        [View::Int(value)] => Some(value as f64),
        [View::UInt(value)] => Some(value as f64),
        [View::Text(text)] => {
            budget.read(text.len())?;
            text.parse().ok()
        }
        _ => return Ok(None),
    };
    value.map(|value: f64| Some(value.into())).ok_or_else(|| failed("`double` needs a number"))
}

pub(super) fn bool(_: &Budget, arguments: &[View<'_>]) -> Outcome {
    match *arguments {
        [View::Bool(value)] => Ok(Some(value.into())),
        [View::Text("true" | "True" | "TRUE" | "t" | "1")] => Ok(Some(true.into())),
        [View::Text("false" | "False" | "FALSE" | "f" | "0")] => Ok(Some(false.into())),
        [View::Text(_)] => Err(failed("`bool` needs \"true\" or \"false\"")),
        _ => Ok(None),
    }
}
