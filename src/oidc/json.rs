//! JSON that security rests on: one object, no member twice, not nested deeply.

use std::{cell::Cell, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may be nested.
const MAX_DEPTH: usize = 32;

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
}

/// Reads one JSON object and nothing after it.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let fault = Cell::new(JsonError::Syntax);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, fault: &fault }.deserialize(&mut deserializer).map_err(|_| fault.get())?;
    deserializer.end().map_err(|_| JsonError::Syntax)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

/// Builds a value and remembers which rule it broke; serde's own errors are text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    fault: &'a Cell<JsonError>,
}

impl Strict<'_> {
    fn refuse<E: de::Error>(&self, fault: JsonError) -> E {
        self.fault.set(fault);
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
        let mut object = Map::new();
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
