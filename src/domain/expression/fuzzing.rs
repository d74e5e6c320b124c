//! What an expression may do: little, whatever it and the claims are, and never tell a claim when it fails.

use serde_json::{Map, Value};

use super::{EvaluationError, Expression, ProviderVariable, Variables};
use crate::domain::idp_user::IdpUser;

/// The most steps and bytes that an evaluation may take.
const MOST: (u32, u32) = (150_000, 4 * 1024 * 1024);

/// The first line is the claims, as JSON; the rest is an expression. Accepted: it gives something.
pub fn expression(data: &[u8]) -> bool {
    let Some((claims, source)) = str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return false };
    let Ok(claims) = serde_json::from_str::<Map<String, Value>>(claims) else { return false };
    keeps_the_rules(&claims, source)
}

/// Whether it gives something; panics where a rule is broken.
pub(super) fn keeps_the_rules(claims: &Map<String, Value>, source: &str) -> bool {
    let Ok(expression) = Expression::compile(source) else { return false };
    assert_eq!(Expression::compile(expression.source()).as_ref(), Ok(&expression), "it is the same when read again");
    let groups = claims.get("groups").and_then(Value::as_array).into_iter().flatten();
    let person = IdpUser {
        external_id: "42".into(),
        user_name: "ada".into(),
        groups: groups.filter_map(|group| group.as_str().map(ToOwned::to_owned)).collect(),
        ..IdpUser::default()
    };
    let provider = ProviderVariable { key: "azure", issuer: "https://op.example" };
    let variables = Variables::new(claims, Some(&person), provider);
    let outcome = expression.evaluate(&variables);
    assert_eq!(expression.evaluate(&variables), outcome, "it says the same every time");
    let (steps, bytes) = expression.cost(&variables);
    assert!(steps <= MOST.0 && bytes <= MOST.1, "it took {steps} steps and {bytes} bytes");
    match &outcome {
        Ok(result) => {
            assert!(steps < MOST.0 && bytes < MOST.1, "an answer of a spent budget");
            assert!(values(result) <= 10_001, "{} values", values(result));
        }
        Err(error) => tells_nothing(error, claims, source),
    }
    outcome.is_ok()
}

/// How many there are; no text of them is too long.
fn values(result: &Value) -> usize {
    match result {
        Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values).sum::<usize>(),
        Value::String(text) => {
            assert!(text.len() <= 4096, "text of {} bytes", text.len());
            1
        }
        _ => 1,
    }
}

/// What is told stands in the expression, or is ours. A text that is short may be part of it by chance.
fn tells_nothing(error: &EvaluationError, claims: &Map<String, Value>, source: &str) {
    let told = format!("{error} {error:?}");
    let ours = "it took more time or memory than an expression may hold read";
    for (name, value) in claims {
        for text in [Some(name.as_str()), value.as_str()].into_iter().flatten() {
            let by_chance = text.len() < 8 || source.contains(text) || ours.contains(text);
            assert!(by_chance || !told.contains(text), "{told} tells a claim");
        }
    }
}
