//! The structural part of a schema: types, required and unknown fields, bounds, patterns, lists. Words its
//! findings as the API server does, but never shows a value that could be a secret.

use std::collections::{HashMap, HashSet};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;

use super::{
    finding::{Position, Problem, did_you_mean},
    format,
    yaml::{Entry, Node, Value},
};

/// Gathers what is wrong with one object.
pub struct Structure<'a> {
    patterns: &'a HashMap<String, Regex>,
    problems: Vec<Problem>,
}

/// Where in the object the judge stands.
struct Place<'a> {
    path: &'a str,
    /// The key that holds the value, or the value itself.
    at: Position,
}

impl<'a> Structure<'a> {
    pub fn new(patterns: &'a HashMap<String, Regex>) -> Self {
        Self { patterns, problems: Vec::new() }
    }

    /// Everything that is wrong with the shape of an object, in the order of the file.
    pub fn judge(mut self, schema: &JSONSchemaProps, object: &Node) -> Vec<Problem> {
        self.value(schema, object, &Place { path: "", at: object.at });
        self.problems.sort_by_key(|problem| problem.at);
        self.problems
    }

    fn value(&mut self, schema: &JSONSchemaProps, node: &Node, place: &Place<'_>) {
        if matches!(node.value, Value::Null) && schema.nullable == Some(true)
            || schema.x_kubernetes_preserve_unknown_fields == Some(true)
        {
            return;
        }
        if let Some(expected) = schema.type_.as_deref().filter(|expected| !has_type(node, expected)) {
            return self.wrong_type(expected, node, place);
        }
        match &node.value {
            Value::Mapping(entries) => self.mapping(schema, entries, place),
            Value::Sequence(nodes) => self.sequence(schema, nodes, place),
            Value::String(text) => self.string(schema, text, node.at, place),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn wrong_type(&mut self, expected: &str, node: &Node, place: &Place<'_>) {
        let (path, actual) = (place.path, type_name(node));
        let at = if matches!(node.value, Value::Null) { place.at } else { node.at };
        let message =
            format!("{path}: Invalid value: \"{actual}\": {path} in body must be of type {expected}: \"{actual}\"");
        let problem = Problem::new(at, "schema/type", message);
        let hint = match (expected, actual) {
            ("string", "boolean" | "integer" | "number") => "write it in quotes",
            ("array", _) => "write a list: each item on a line of its own, after a dash",
            ("object", "string") => "write its fields below it, indented",
            (_, "null") => "write a value, or remove the field",
            _ => return self.problems.push(problem),
        };
        self.problems.push(problem.hint(hint));
    }

    fn mapping(&mut self, schema: &JSONSchemaProps, entries: &[Entry], place: &Place<'_>) {
        for name in schema.required.iter().flatten() {
            if !entries.iter().any(|entry| entry.key == *name) {
                let message = format!("{}: Required value", join(place.path, name));
                self.problems.push(Problem::new(place.at, "schema/required", message));
            }
        }
        for entry in entries {
            let path = join(place.path, &entry.key);
            let known = schema.properties.as_ref().and_then(|properties| properties.get(&entry.key));
            let of = known.or(match &schema.additional_properties {
                Some(JSONSchemaPropsOrBool::Schema(of)) => Some(of),
                _ => None,
            });
            match of {
                Some(of) => self.value(of, &entry.node, &Place { path: &path, at: entry.key_at }),
                None => self.unknown(schema, &path, entry),
            }
        }
    }

    fn unknown(&mut self, schema: &JSONSchemaProps, path: &str, entry: &Entry) {
        let known = schema.properties.iter().flat_map(|properties| properties.keys()).map(String::as_str);
        let mut problem = Problem::new(entry.key_at, "schema/unknown-field", format!("unknown field {path:?}"));
        problem.hint = did_you_mean(&entry.key, known);
        self.problems.push(problem);
    }

    fn string(&mut self, schema: &JSONSchemaProps, text: &str, at: Position, place: &Place<'_>) {
        let path = place.path;
        let mut report = |rule, message: String, hint| {
            let mut problem = Problem::new(at, rule, format!("{path}: {message}"));
            problem.hint = hint;
            self.problems.push(problem);
        };
        if let Some(allowed) = &schema.enum_ {
            let allowed: Vec<&str> = allowed.iter().filter_map(|value| value.0.as_str()).collect();
            if !allowed.contains(&text) {
                let listed = allowed.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
                let message = format!("Unsupported value: {}: supported values: {listed}", shown(text));
                return report("schema/enum", message, did_you_mean(text, allowed));
            }
        }
        let length = text.chars().count() as i64;
        if let Some(max) = schema.max_length.filter(|max| length > *max) {
            return report("schema/length", format!("Too long: may not be more than {max} bytes"), None);
        }
        if let Some(min) = schema.min_length.filter(|min| length < *min) {
            let message = format!("Invalid value: {}: {path} in body should be at least {min} chars long", shown(text));
            return report("schema/length", message, None);
        }
        if let Some(pattern) = &schema.pattern
            && self.patterns.get(pattern).is_some_and(|regex| !regex.is_match(text))
        {
            let message = format!("Invalid value: {}: {path} in body should match '{pattern}'", shown(text));
            return report("schema/pattern", message, None);
        }
        if let Some(fault) = schema.format.as_deref().and_then(|format| format::fault(format, text)) {
            report("schema/format", format!("Invalid value: {fault}"), None);
        }
    }

    fn sequence(&mut self, schema: &JSONSchemaProps, nodes: &[Node], place: &Place<'_>) {
        let (path, length) = (place.path, nodes.len() as i64);
        if let Some(max) = schema.max_items.filter(|max| length > *max) {
            let message = format!("{path}: Too many: {length}: must have at most {max} items");
            return self.problems.push(Problem::new(place.at, "schema/items", message));
        }
        if let Some(min) = schema.min_items.filter(|min| length < *min) {
            let message = format!("{path}: Invalid value: {length}: {path} in body should have at least {min} items");
            self.problems.push(Problem::new(place.at, "schema/items", message));
        }
        let before = self.problems.len();
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
            for (index, node) in nodes.iter().enumerate() {
                self.value(items, node, &Place { path: &format!("{path}[{index}]"), at: node.at });
            }
        }
        if self.problems.len() == before {
            self.duplicates(schema, nodes, path);
        }
    }

    fn duplicates(&mut self, schema: &JSONSchemaProps, nodes: &[Node], path: &str) {
        let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
        let identity = |node: &Node| -> Option<serde_json::Value> {
            match schema.x_kubernetes_list_type.as_deref()? {
                "set" => Some(node.to_json()),
                "map" => Some(keys.iter().filter_map(|key| Some((key.clone(), node.get(key)?.to_json()))).collect()),
                _ => None,
            }
        };
        let mut seen = HashSet::new();
        for (index, node) in nodes.iter().enumerate() {
            let Some(identity) = identity(node).map(|identity| identity.to_string()) else { continue };
            if !seen.insert(identity.clone()) {
                let message = format!("{path}[{index}]: Duplicate value: {identity}");
                self.problems.push(Problem::new(node.at, "schema/duplicate", message));
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A value as messages may show it: a URL can hold a password, and a log line must not be flooded.
fn shown(text: &str) -> String {
    if text.contains('@') {
        "(not shown, it may hold a password)".to_owned()
    } else if text.chars().count() > 100 {
        format!("{:?}", text.chars().take(100).chain("...".chars()).collect::<String>())
    } else {
        format!("{text:?}")
    }
}

fn type_name(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Sequence(_) => "array",
        Value::Mapping(_) => "object",
    }
}

fn has_type(node: &Node, expected: &str) -> bool {
    let actual = type_name(node);
    actual == expected || (actual == "integer" && expected == "number")
}
