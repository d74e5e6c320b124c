//! The schemas of the kinds that a directory may hold: our CRDs' own, and what Kubernetes says of Secrets,
//! ConfigMaps and metadata.

use std::collections::HashMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};
use kube::core::cel::{CompiledSchema, ValidationError, Validator, compile_schema};
use serde_json::{Value, json};

use super::{
    finding::{Position, Problem, shown},
    metadata,
    structure::Structure,
    yaml::{Entry, Node, Value as Located},
};
use crate::api::crds;

/// Judges objects as an API server with strict field validation does.
pub struct Schemas {
    kinds: HashMap<String, KindSchema>,
    validator: Validator,
}

struct KindSchema {
    structure: JSONSchemaProps,
    rules: CompiledSchema,
}

impl Default for Schemas {
    fn default() -> Self {
        Self::new()
    }
}

impl Schemas {
    /// The schemas of every kind that a directory may hold.
    pub fn new() -> Self {
        let mut kinds: HashMap<String, Value> =
            ["Secret", "ConfigMap"].map(|kind| (kind.to_owned(), core_schema(kind))).into();
        for crd in crds() {
            let schema = crd.spec.versions.into_iter().next().and_then(|version| version.schema);
            let schema = schema.and_then(|schema| schema.open_api_v3_schema).unwrap_or_default();
            let schema = serde_json::to_value(schema).unwrap_or_default();
            kinds.insert(crd.spec.names.kind, with_type_and_metadata(schema));
        }
        let kinds: HashMap<_, _> = kinds
            .into_iter()
            .map(|(kind, schema)| {
                let rules = compile_schema(&schema);
                (kind, KindSchema { structure: serde_json::from_value(schema).unwrap_or_default(), rules })
            })
            .collect();
        Self { kinds, validator: Validator::new() }
    }

    /// Everything that is wrong with an object of a kind, in the order of the file. As in the API server, rules are
    /// tried only when every part has the right shape, and those that compare with an earlier state are not: what is
    /// immutable is the set's concern.
    pub fn judge(&self, kind: &str, object: &Node) -> Vec<Problem> {
        let Some(schema) = self.kinds.get(kind) else { return Vec::new() };
        let Structure { mut problems, misshapen } = Structure::judge(&schema.structure, object);
        problems.extend(metadata::judge(object));
        if !misshapen && !problems.iter().any(|problem| problem.rule == metadata::REQUIRED) {
            problems.extend(self.broken_rules(schema, object));
        }
        problems.sort_by_key(|problem| problem.at);
        problems
    }

    /// An object of a kind as JSON.
    pub fn json(&self, kind: &str, object: &Node) -> Value {
        self.kinds.get(kind).map_or_else(|| object.to_json(), |schema| json(&schema.structure, object))
    }

    fn broken_rules(&self, schema: &KindSchema, object: &Node) -> Vec<Problem> {
        let errors = self.validator.validate_compiled(&schema.rules, &object.to_json(), None).err();
        errors.into_iter().flatten().map(|error| broken_rule(&schema.structure, object, &error)).collect()
    }
}

/// A member that is null counts as absent, but not where anything may stand: claims can be null.
fn json(schema: &JSONSchemaProps, node: &Node) -> Value {
    if schema.x_kubernetes_preserve_unknown_fields == Some(true) {
        return node.to_json_with_nulls();
    }
    match (&node.value, &schema.items) {
        (Located::Mapping(entries), _) => {
            let known = |entry: &Entry| schema.properties.as_ref()?.get(&entry.key);
            let there = entries.iter().filter(|entry| !matches!(entry.node.value, Located::Null));
            let member = |entry: &Entry| {
                let value = known(entry).map_or_else(|| entry.node.to_json(), |of| json(of, &entry.node));
                (entry.key.clone(), value)
            };
            Value::Object(there.map(member).collect())
        }
        (Located::Sequence(nodes), Some(JSONSchemaPropsOrArray::Schema(items))) => {
            nodes.iter().map(|node| json(items, node)).collect()
        }
        _ => node.to_json(),
    }
}

/// The value is shown where the rule is the field's own; one that joins several fields speaks of none of their values.
fn broken_rule(schema: &JSONSchemaProps, object: &Node, error: &ValidationError) -> Problem {
    let path = error.field_path.trim_start_matches('.');
    let Found { node, at, whole } = locate(object, path);
    let (value, at) = match node.as_str().filter(|_| whole && has_rule(schema, path, &error.rule)) {
        Some(text) => (format!("{}: ", shown(text)), node.at),
        None => (String::new(), at),
    };
    Problem::new(at, "cel/rule", format!("{path}: Invalid value: {value}{}", error.message))
}

/// Whether the schema of the very field, and not of one around it, has a rule.
fn has_rule(schema: &JSONSchemaProps, path: &str, rule: &str) -> bool {
    let field =
        path.split(['.', '[']).try_fold(schema, |schema, segment| match (&schema.items, segment.strip_suffix(']')) {
            (Some(JSONSchemaPropsOrArray::Schema(items)), Some(_)) => Some(&**items),
            _ => schema.properties.as_ref()?.get(segment),
        });
    field.and_then(|field| field.x_kubernetes_validations.as_ref()).into_iter().flatten().any(|own| own.rule == rule)
}

/// A field, and where its name stands.
pub struct Found<'a> {
    pub node: &'a Node,
    pub at: Position,
    /// It is what was looked for, and not the nearest around it.
    pub whole: bool,
}

/// The field of a path such as `spec.roles[0].name`, or the nearest one around it.
pub fn locate<'a>(object: &'a Node, path: &str) -> Found<'a> {
    let (mut node, mut at) = (object, object.at);
    for segment in path.split(['.', '[']) {
        let next = match (&node.value, segment.strip_suffix(']').map(str::parse::<usize>)) {
            (Located::Sequence(nodes), Some(Ok(index))) => nodes.get(index).map(|node| (node, node.at)),
            _ => node.entry(segment).map(|entry| (&entry.node, entry.key_at)),
        };
        let Some(next) = next else { return Found { node, at, whole: false } };
        (node, at) = next;
    }
    Found { node, at, whole: true }
}

/// A CRD leaves out what all objects have. Status is the operator's: whatever a manifest says there is dropped.
fn with_type_and_metadata(mut schema: Value) -> Value {
    schema["properties"]["apiVersion"] = json!({ "type": "string" });
    schema["properties"]["kind"] = json!({ "type": "string" });
    schema["properties"]["metadata"] = metadata_schema();
    schema["properties"]["status"] = json!({ "x-kubernetes-preserve-unknown-fields": true });
    schema
}

/// The types in ObjectMeta.
fn metadata_schema() -> Value {
    let ignored = json!({ "x-kubernetes-preserve-unknown-fields": true });
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "object", "additionalProperties": text });
    json!({
        "type": "object",
        "properties": {
            "name": text, "namespace": text, "labels": texts, "annotations": texts,
            "creationTimestamp": ignored, "deletionGracePeriodSeconds": ignored, "deletionTimestamp": ignored,
            "finalizers": ignored, "generateName": ignored, "generation": ignored, "managedFields": ignored,
            "ownerReferences": ignored, "resourceVersion": ignored, "selfLink": ignored, "uid": ignored
        }
    })
}

fn core_schema(kind: &str) -> Value {
    let entries = |of: Value| json!({ "type": "object", "additionalProperties": of });
    let text = json!({ "type": "string" });
    let bytes = json!({ "type": "string", "format": "byte" });
    let properties = match kind {
        "Secret" => json!({ "data": entries(bytes), "stringData": entries(text.clone()), "type": text }),
        _ => json!({ "data": entries(text), "binaryData": entries(bytes) }),
    };
    let mut schema = with_type_and_metadata(json!({ "type": "object", "properties": properties }));
    schema["properties"]["immutable"] = json!({ "type": "boolean" });
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.shift_remove("status");
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the structural judge understands, and what only documents or defaults.
    const KNOWN: &[&str] = &[
        "type",
        "properties",
        "required",
        "items",
        "additionalProperties",
        "nullable",
        "enum",
        "format",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "title",
        "description",
        "x-kubernetes-validations",
        "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-preserve-unknown-fields",
    ];

    fn unknown_keywords(schema: &Value, unknown: &mut Vec<String>) {
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            match keyword.as_str() {
                "properties" => {
                    value.as_object().into_iter().flatten().for_each(|(_, of)| unknown_keywords(of, unknown))
                }
                "items" | "additionalProperties" => unknown_keywords(value, unknown),
                keyword if KNOWN.contains(&keyword) => {}
                keyword => unknown.push(keyword.to_owned()),
            }
        }
    }

    #[test]
    fn every_keyword_of_every_schema_is_understood() {
        for (kind, schema) in &Schemas::new().kinds {
            let mut unknown = Vec::new();
            unknown_keywords(&serde_json::to_value(&schema.structure).expect("JSON"), &mut unknown);
            assert!(unknown.is_empty(), "{kind}: {unknown:?}");
        }
    }

    #[test]
    fn every_rule_compiles() {
        fn check(kind: &str, rules: &CompiledSchema) {
            assert!(!rules.has_errors(), "{kind}: {:?}", rules.compilation_errors());
            rules.properties.values().chain(rules.items.as_deref()).for_each(|of| check(kind, of));
        }
        for (kind, schema) in &Schemas::new().kinds {
            check(kind, &schema.rules);
        }
    }
}
