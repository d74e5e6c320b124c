//! The structural part of a schema: types, required and unknown fields, bounds, lists. Words its findings as the
//! API server does, but never shows a value that could be a secret.

use std::collections::HashSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

use super::{
    finding::{Position, Problem, did_you_mean, shown, shown_json},
    format,
    yaml::{Entry, Node, Value},
};

/// What is wrong with the shape of one object.
#[derive(Default)]
pub struct Structure {
    pub problems: Vec<Problem>,
    /// Rules would stumble over it: a part is missing, of another type, or larger than what rules may be asked about.
    pub misshapen: bool,
}

/// What the value would be told next: in quotes, it may still not be what is wanted.
fn first_rule(schema: &JSONSchemaProps) -> String {
    let mut rules = schema.x_kubernetes_validations.iter().flatten();
    rules.find_map(|rule| rule.message.as_ref()).map_or_else(String::new, |message| format!(", and {message}"))
}

fn fields(schema: &JSONSchemaProps) -> String {
    let names: Vec<_> = schema.properties.iter().flat_map(|properties| properties.keys().map(String::as_str)).collect();
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

/// Where in the object the judge stands.
struct Place<'a> {
    path: &'a str,
    /// The key that holds the value, or the value itself.
    at: Position,
}

impl Structure {
    /// Everything that is wrong with the shape of an object.
    pub fn judge(schema: &JSONSchemaProps, object: &Node) -> Self {
        let mut structure = Self::default();
        structure.value(schema, object, &Place { path: "", at: object.at });
        structure
    }

    fn misshapen(&mut self, problem: Problem) {
        self.misshapen = true;
        self.problems.push(problem);
    }

    fn value(&mut self, schema: &JSONSchemaProps, node: &Node, place: &Place<'_>) {
        if let Some(expected) = schema.type_.as_deref().filter(|expected| !has_type(node, expected)) {
            self.wrong_type(schema, expected, node, place);
            self.outside_enum(schema, node, place);
            return;
        }
        if schema.x_kubernetes_preserve_unknown_fields == Some(true) {
            return;
        }
        if self.outside_enum(schema, node, place) {
            return;
        }
        match &node.value {
            Value::Mapping(entries) => self.mapping(schema, entries, place),
            Value::Sequence(nodes) => self.sequence(schema, nodes, place),
            Value::String(text) => self.string(schema, text, node.at, place),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn wrong_type(&mut self, schema: &JSONSchemaProps, expected: &str, node: &Node, place: &Place<'_>) {
        let (path, actual) = (place.path, type_name(node));
        let message =
            format!("{path}: Invalid value: \"{actual}\": {path} in body must be of type {expected}: \"{actual}\"");
        let problem = Problem::new(node.at, "schema/type", message);
        let hint = match (expected, actual) {
            // What may be written there is said beside it.
            _ if schema.enum_.is_some() => return self.misshapen(problem),
            ("string", "boolean" | "integer" | "number") => format!("write it in quotes{}", first_rule(schema)),
            ("array", _) => "write a list: each item on a line of its own, after a dash".to_owned(),
            ("object", "string" | "boolean") => format!("write its fields below it, indented{}", fields(schema)),
            (_, "null") => "write a value, or remove the field".to_owned(),
            _ => return self.misshapen(problem),
        };
        self.misshapen(problem.hint(hint));
    }

    fn mapping(&mut self, schema: &JSONSchemaProps, entries: &[Entry], place: &Place<'_>) {
        for name in schema.required.iter().flatten() {
            if !entries.iter().any(|entry| entry.key == *name && !is_null(&entry.node)) {
                let message = format!("{}: Required value", join(place.path, name));
                self.misshapen(Problem::new(place.at, "schema/required", message));
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
                // A null is as good as no entry.
                Some(_) if is_null(&entry.node) => {}
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

    /// Also of a value of another type, as the API server has it. True: it is outside.
    fn outside_enum(&mut self, schema: &JSONSchemaProps, node: &Node, place: &Place<'_>) -> bool {
        let Some(allowed) = &schema.enum_ else { return false };
        let allowed: Vec<&str> = allowed.iter().filter_map(|value| value.0.as_str()).collect();
        let text = node.as_str();
        if text.is_some_and(|text| allowed.contains(&text)) {
            return false;
        }
        let value = text.map_or_else(|| shown_json(&node.to_json()), shown);
        let listed = allowed.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        let message = format!("{}: Unsupported value: {value}: supported values: {listed}", place.path);
        let hint = text.and_then(|text| did_you_mean(text, allowed));
        self.misshapen(Problem { hint, ..Problem::new(node.at, "schema/enum", message) });
        true
    }

    fn string(&mut self, schema: &JSONSchemaProps, text: &str, at: Position, place: &Place<'_>) {
        let path = place.path;
        let problem = |rule, message: String| Problem::new(at, rule, format!("{path}: {message}"));
        let length = text.chars().count() as i64;
        if let Some(max) = schema.max_length.filter(|max| length > *max) {
            let message = format!("Too long: may not be more than {max} bytes");
            return self.misshapen(problem("schema/length", message));
        }
        if let Some(min) = schema.min_length.filter(|min| length < *min) {
            let message = format!("Invalid value: {}: {path} in body should be at least {min} chars long", shown(text));
            return self.problems.push(problem("schema/length", message));
        }
        if let Some(fault) = schema.format.as_deref().and_then(|format| format::fault(format, text)) {
            self.problems.push(problem("schema/format", format!("Invalid value: {fault}")));
        }
    }

    fn sequence(&mut self, schema: &JSONSchemaProps, nodes: &[Node], place: &Place<'_>) {
        let (path, length) = (place.path, nodes.len() as i64);
        if let Some(max) = schema.max_items.filter(|max| length > *max) {
            let message = format!("{path}: Too many: {length}: must have at most {max} items");
            return self.misshapen(Problem::new(place.at, "schema/items", message));
        }
        if let Some(min) = schema.min_items.filter(|min| length < *min) {
            let message = format!("{path}: Invalid value: {length}: {path} in body should have at least {min} items");
            self.problems.push(Problem::new(place.at, "schema/items", message));
        }
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
            for (index, node) in nodes.iter().enumerate() {
                self.value(items, node, &Place { path: &format!("{path}[{index}]"), at: node.at });
            }
        }
        self.duplicates(schema, nodes, path);
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

fn is_null(node: &Node) -> bool {
    matches!(node.value, Value::Null)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
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
