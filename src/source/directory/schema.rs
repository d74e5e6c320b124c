//! The schemas of the kinds that a directory may hold: our CRDs' own, and what Kubernetes says of Secrets,
//! ConfigMaps and metadata.

use std::collections::HashMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::core::cel::{CompiledSchema, Validator, compile_schema};
use regex::Regex;
use serde_json::{Value, json};

use super::{
    finding::{Position, Problem},
    structure::Structure,
    yaml::{Node, Value as Located},
};
use crate::api::crds;

/// Judges objects as an API server with strict field validation does.
pub struct Schemas {
    kinds: HashMap<String, KindSchema>,
    patterns: HashMap<String, Regex>,
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
        let mut patterns = HashMap::new();
        kinds.values().for_each(|kind| collect_patterns(&kind.structure, &mut patterns));
        Self { kinds, patterns, validator: Validator::new() }
    }

    /// Everything that is wrong with an object of a kind; rules that need the whole object are tried only when
    /// every part of it has the right shape.
    pub fn judge(&self, kind: &str, object: &Node) -> Vec<Problem> {
        let Some(schema) = self.kinds.get(kind) else { return Vec::new() };
        let problems = Structure::new(&self.patterns).judge(&schema.structure, object);
        if problems.is_empty() { self.broken_rules(schema, object) } else { problems }
    }

    fn broken_rules(&self, schema: &KindSchema, object: &Node) -> Vec<Problem> {
        let Err(errors) = self.validator.validate_compiled(&schema.rules, &object.to_json(), None) else {
            return Vec::new();
        };
        let problem = |error: kube::core::cel::ValidationError| {
            let message = format!("{}: Invalid value: {}", error.field_path, error.message);
            Problem::new(locate(object, &error.field_path), "cel/rule", message)
        };
        errors.into_iter().map(problem).collect()
    }
}

/// Where the field of a path such as `spec.roles[0].name` stands, or the nearest one around it.
fn locate(object: &Node, path: &str) -> Position {
    let (mut node, mut at) = (object, object.at);
    for segment in path.split(['.', '[']) {
        let next = match (&node.value, segment.strip_suffix(']').map(str::parse::<usize>)) {
            (Located::Sequence(nodes), Some(Ok(index))) => nodes.get(index).map(|node| (node, node.at)),
            _ => node.entry(segment).map(|entry| (&entry.node, entry.key_at)),
        };
        let Some(next) = next else { break };
        (node, at) = next;
    }
    at
}

/// A CRD leaves out what all objects have. Status is the operator's: whatever a manifest says there is dropped.
fn with_type_and_metadata(mut schema: Value) -> Value {
    schema["properties"]["apiVersion"] = json!({ "type": "string" });
    schema["properties"]["kind"] = json!({ "type": "string" });
    schema["properties"]["metadata"] = metadata_schema();
    schema["properties"]["status"] = json!({ "x-kubernetes-preserve-unknown-fields": true });
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("metadata".into());
    } else {
        schema["required"] = json!(["metadata"]);
    }
    schema
}

/// ObjectMeta, with the names that all kinds here demand.
fn metadata_schema() -> Value {
    let ignored = json!({ "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": { "type": "string", "format": "dns1123subdomain" },
            "namespace": { "type": "string", "format": "dns1123label" },
            "labels": { "type": "object", "nullable": true, "additionalProperties": {
                "type": "string", "maxLength": 63, "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
            } },
            "annotations": { "type": "object", "nullable": true, "additionalProperties": { "type": "string" } },
            "creationTimestamp": ignored, "deletionGracePeriodSeconds": ignored, "deletionTimestamp": ignored,
            "finalizers": ignored, "generateName": ignored, "generation": ignored, "managedFields": ignored,
            "ownerReferences": ignored, "resourceVersion": ignored, "selfLink": ignored, "uid": ignored
        }
    })
}

fn core_schema(kind: &str) -> Value {
    let entries = |of: Value| json!({ "type": "object", "nullable": true, "additionalProperties": of });
    let text = json!({ "type": "string" });
    let bytes = json!({ "type": "string", "format": "byte" });
    let properties = match kind {
        "Secret" => json!({ "data": entries(bytes), "stringData": entries(text.clone()), "type": text }),
        _ => json!({ "data": entries(text), "binaryData": entries(bytes) }),
    };
    let mut schema = with_type_and_metadata(json!({ "type": "object", "properties": properties }));
    schema["properties"]["immutable"] = json!({ "type": "boolean", "nullable": true });
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.shift_remove("status");
    }
    schema
}

fn collect_patterns(schema: &JSONSchemaProps, patterns: &mut HashMap<String, Regex>) {
    // A pattern that does not compile is missing here; a test sees to it that there is none.
    if let Some((pattern, regex)) =
        schema.pattern.as_ref().and_then(|pattern| Some((pattern, Regex::new(pattern).ok()?)))
    {
        patterns.insert(pattern.clone(), regex);
    }
    schema.properties.iter().flat_map(|properties| properties.values()).for_each(|of| collect_patterns(of, patterns));
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        collect_patterns(items, patterns);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
        collect_patterns(values, patterns);
    }
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
        "pattern",
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
    fn every_pattern_and_every_rule_compiles() {
        fn check(schema: &Value, patterns: &HashMap<String, Regex>) {
            if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
                assert!(patterns.contains_key(pattern), "{pattern}");
            }
            schema.as_object().into_iter().flatten().for_each(|(_, of)| check(of, patterns));
        }
        fn check_rules(kind: &str, rules: &CompiledSchema) {
            assert!(!rules.has_errors(), "{kind}: {:?}", rules.compilation_errors());
            rules.properties.values().for_each(|of| check_rules(kind, of));
        }
        let schemas = Schemas::new();
        for (kind, schema) in &schemas.kinds {
            check(&serde_json::to_value(&schema.structure).expect("JSON"), &schemas.patterns);
            check_rules(kind, &schema.rules);
        }
    }
}
