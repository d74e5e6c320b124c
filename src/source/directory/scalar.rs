//! What a scalar means: YAML 1.1 as Kubernetes reads it.

use saphyr_parser::{ScalarStyle, Tag};
use serde_json::Number;

use super::{
    finding::{Position, Problem},
    yaml::Value,
};

const CORE_TAGS: &str = "tag:yaml.org,2002:";

/// Refuses any tag on a sequence or mapping but its own.
pub fn collection_tag(tag: Option<&Tag>, expected: &str, at: Position) -> Result<(), Problem> {
    match tag {
        Some(tag) if tag.handle != CORE_TAGS || tag.suffix != expected => Err(unknown_tag(at)),
        _ => Ok(()),
    }
}

fn unknown_tag(at: Position) -> Problem {
    Problem::new(at, "yaml/tag", "this tag has no meaning in a manifest").hint("remove it")
}

/// What a scalar means.
pub fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Value, Problem> {
    let resolved = |expected: fn(&Value) -> bool| {
        Some(resolve(text))
            .filter(expected)
            .ok_or_else(|| Problem::new(at, "yaml/tag", "the value does not fit its tag"))
    };
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { resolve(text) } else { Value::String(text.to_owned()) });
    };
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        (CORE_TAGS, "str") | ("" | "!", "" | "!") => Ok(Value::String(text.to_owned())),
        (CORE_TAGS, "bool") => resolved(|value| matches!(value, Value::Bool(_))),
        (CORE_TAGS, "int" | "float") => resolved(|value| matches!(value, Value::Number(_))),
        (CORE_TAGS, "null") => resolved(|value| matches!(value, Value::Null)),
        _ => Err(unknown_tag(at)),
    }
}

/// What an unquoted scalar means to Kubernetes: YAML 1.1, without base 60 numbers, and dates are text.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'0'..=b'7', ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    let unsigned = !digits.starts_with(['+', '-']);
    if let Some(integer) = i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().filter(|_| unsigned) {
        return Some(integer.into());
    }
    let is_float = plain.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    plain.parse().ok().filter(|_| is_float).and_then(as_go_writes_it)
}

/// Kubernetes takes manifests as JSON that Go has written, where 1.0 is 1.
fn as_go_writes_it(number: f64) -> Option<Number> {
    const WRITTEN_WITHOUT_EXPONENT: f64 = 1e21;
    let is_whole = number.fract() == 0.0 && number.abs() < WRITTEN_WITHOUT_EXPONENT;
    // There is no -0 there.
    let whole = || (number + 0.0).to_string().parse().ok();
    if is_whole { whole() } else { Number::from_f64(number) }
}
