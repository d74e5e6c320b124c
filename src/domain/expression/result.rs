//! What comes out of an evaluation: JSON of a limited size, or why there is none.

use cel::{ExecutionError, common::value::CowVal};
use serde_json::Value;

use super::{budget::Budget, error::EvaluationError, value::View};

/// The longest text in a result, in bytes.
const LONGEST_TEXT: usize = 4 * 1024;
/// The most values in a result.
const MOST_VALUES: usize = 10_000;

/// # Errors
/// It is too large, or JSON has nothing like it.
pub(super) fn to_json(result: &CowVal<'_, '_>, budget: &Budget) -> Result<Value, EvaluationError> {
    let view = View::of(&**result).ok_or(EvaluationError::ResultType { what: "of a type" })?;
    json(view, &mut Rest { values: MOST_VALUES + 1, budget })
}

struct Rest<'x> {
    values: usize,
    budget: &'x Budget,
}

impl Rest<'_> {
    fn value(&mut self) -> Result<(), EvaluationError> {
        self.values = self.values.checked_sub(1).ok_or(EvaluationError::ResultTooLarge)?;
        Ok(())
    }

    fn text(&self, text: &str) -> Result<String, EvaluationError> {
        if text.len() > LONGEST_TEXT {
            return Err(EvaluationError::ResultTooLarge);
        }
        self.budget.make(text.len()).map_err(|_| EvaluationError::Budget)?;
        Ok(text.into())
    }
}

fn json(view: View<'_>, rest: &mut Rest<'_>) -> Result<Value, EvaluationError> {
    rest.value()?;
    Ok(match view {
        View::Null => Value::Null,
        View::Bool(value) => value.into(),
        View::Int(value) => value.into(),
        View::UInt(value) => value.into(),
        View::Double(value) => match serde_json::Number::from_f64(value) {
            Some(number) => number.into(),
            None => return Err(EvaluationError::ResultType { what: "no number or infinite" }),
        },
        View::Text(text) => rest.text(text)?.into(),
        View::List(items) => items.iter().map(|item| json(item.view(), rest)).collect::<Result<Vec<_>, _>>()?.into(),
        View::Map(entries) => {
            let mut object = serde_json::Map::new();
            for (name, value) in entries {
                object.insert(rest.text(name.as_str())?, json(value.view(), rest)?);
            }
            object.into()
        }
    })
}

/// The interpreter's errors hold values: what is told of them is their kind, and what stands in the expression.
pub(super) fn failure(error: &ExecutionError) -> EvaluationError {
    let what = match error {
        ExecutionError::FunctionError { message, .. } => message.clone(),
        ExecutionError::NoSuchKey(name) => format!("there is no `{name}`: ask with has() first"),
        ExecutionError::NoSuchOverload(overload) => {
            format!("`{}` cannot take {}", operator(overload.function()), overload.argument_types().join(" and "))
        }
        ExecutionError::UnexpectedType { got, want } => format!("{got} stands where {want} is needed"),
        ExecutionError::UnsupportedBinaryOperator(..) => "an operator needs two numbers of the same type".into(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".into(),
        ExecutionError::Overflow(..) => "a number does not fit into 64 bits".into(),
        _ => "it cannot be evaluated".into(),
    };
    EvaluationError::Failed { what }
}

/// `_&&_` is how the interpreter calls `&&`.
fn operator(name: &str) -> &str {
    match name {
        "_._" => ".",
        name => name.trim_matches('_'),
    }
}
