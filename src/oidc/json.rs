//! JSON that security rests on: one object, no member twice, not nested deeply, not of too many pieces.

use std::{cell::Cell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may be nested.
const MAX_DEPTH: usize = 32;
/// How many values there may be, of any kind and at any depth: one takes two octets to write, and dozens in memory. Six
/// times what a person with 10,000 groups needs.
const MAX_VALUES: usize = 65_536;

/// For how many members there is room from the start, in the object that is read: an ID token's claims fit, and need not be
/// moved while they are read.
const MEMBERS: usize = 32;

/// Why some bytes are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("it is not JSON")]
    Syntax,
    #[error("it is not a JSON object")]
    NotAnObject,
    /// Readers disagree on which one counts (RFC 8259, section 4).
    #[error("it has a member twice")]
    Duplicate,
    #[error("it is nested too deeply")]
    TooDeep,
    #[error("it holds more values than any right one needs")]
    TooMany,
}

/// Reads one JSON object and nothing after it.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    parse_small_object(bytes, MAX_VALUES)
}

/// Likewise, with so many values at the most, itself included.
pub(super) fn parse_small_object(bytes: &[u8], values: usize) -> Result<Map<String, Value>, JsonError> {
    let progress = Progress { values_left: Cell::new(values), fault: Cell::new(JsonError::Syntax) };
    // Checked as a whole, which is cheaper than string by string.
    let text = str::from_utf8(bytes).map_err(|_| JsonError::Syntax)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let strict = Strict { depth: 0, progress: &progress };
    let value = strict.deserialize(&mut deserializer).map_err(|_| progress.fault.get())?;
    deserializer.end().map_err(|_| JsonError::Syntax)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

/// What is known of the document so far.
struct Progress {
    values_left: Cell<usize>,
    /// Which rule it broke; serde's own errors are text.
    fault: Cell<JsonError>,
}

/// Builds a value.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    progress: &'a Progress,
}

impl Strict<'_> {
    fn refuse<E: de::Error>(&self, fault: JsonError) -> E {
        self.progress.fault.set(fault);
        E::custom("refused")
    }

    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(JsonError::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(left) = self.progress.values_left.get().checked_sub(1) else {
            return Err(self.refuse(JsonError::TooMany));
        };
        self.progress.values_left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = if self.depth == 0 { Map::with_capacity(MEMBERS) } else { Map::new() };
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(self.refuse(JsonError::Duplicate));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,1.5,true,null,"ü\n"],"b":{"c":{}},"big":18446744073709551615}"#;
        let expected: Map<String, Value> = serde_json::from_str(text).expect("JSON");
        assert_eq!(parse_object(text.as_bytes()), Ok(expected));
    }

    /// An object that holds an array of so many numbers: two values more.
    fn array_of(numbers: usize) -> String {
        format!(r#"{{"a":[0{}]}}"#, ",0".repeat(numbers - 1))
    }

    #[test]
    fn as_many_values_are_read_as_there_may_be() {
        let read = parse_object(array_of(MAX_VALUES - 2).as_bytes()).expect("an object");
        assert_eq!(read["a"].as_array().map(Vec::len), Some(MAX_VALUES - 2));
    }

    #[test]
    fn a_document_takes_a_bounded_multiple_of_its_size_in_memory() {
        let most = 18 * 1024 * 1024;
        for piece in ["0", "{}", "[0]", "[[[[0]]]]", "[0,0]", r#"{"":0}"#, r#"{"":[0]}"#] {
            for octets in [16 * 1024, 64 * 1024, 1024 * 1024] {
                let text =
                    format!(r#"{{"a":[{piece}{}]}}"#, format!(",{piece}").repeat(octets / (piece.len() + 1) - 1));
                let took = allocation_counter::measure(|| drop(parse_object(text.as_bytes()))).bytes_max;
                assert!(took <= most.min(128 * text.len() as u64), "{octets} octets of {piece} take {took}");
            }
        }
    }

    #[test]
    fn what_readers_could_disagree_on_is_refused() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        let cases = [
            (r#"{"a":1,"a":1}"#, JsonError::Duplicate),
            (r#"{"a":{"b":1,"b":2}}"#, JsonError::Duplicate),
            (r#"{"a":[{"b":1,"\u0062":2}]}"#, JsonError::Duplicate),
            (&deep, JsonError::TooDeep),
            (&"[".repeat(100_000), JsonError::TooDeep),
            ("[]", JsonError::NotAnObject),
            ("null", JsonError::NotAnObject),
            ("", JsonError::Syntax),
            ("{", JsonError::Syntax),
            (&array_of(MAX_VALUES - 1), JsonError::TooMany),
            (r#"{"a":1} {"b":2}"#, JsonError::Syntax),
            (r#"{"a":1e999}"#, JsonError::Syntax),
            (r#"{"a":NaN}"#, JsonError::Syntax),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_object(text.as_bytes()), Err(expected), "{}", text.chars().take(40).collect::<String>());
        }
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}"), Err(JsonError::Syntax));
    }
}
