//! The text of a file to the objects in it, or to what is wrong with them.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use k8s_openapi::ByteString;
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{
    finding::{Position, Problem, did_you_mean},
    format::without_line_breaks,
    schema::Schemas,
    yaml::{self, Node, Value as Located},
};
use crate::{
    api::{GROUP, VERSION},
    source::feed::Object,
};

/// The namespace of an object that names none.
const DEFAULT_NAMESPACE: &str = "default";

/// A valid object and where it stands.
#[derive(Clone)]
pub struct Manifest {
    pub object: Object,
    pub at: Position,
    /// SHA-256 of the spec, whatever its order and comments.
    pub spec_hash: [u8; 32],
}

/// Kind, namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: &'static str,
    pub namespace: String,
    pub name: String,
}

impl From<&Object> for Key {
    fn from(object: &Object) -> Self {
        Self { kind: object.kind(), namespace: object.namespace().to_owned(), name: object.name().to_owned() }
    }
}

/// Nobody reads more about one file; its faults must not flood a log.
const MAX_PROBLEMS: usize = 50;

/// Reads all objects of a file. Either all documents are valid, or what is wrong with them is returned.
pub fn parse(schemas: &Schemas, text: &str) -> Result<Vec<Manifest>, Vec<Problem>> {
    let documents = yaml::read(text).map_err(|problem| vec![problem])?;
    let (valid, mut problems) = objects(schemas, &documents);
    let manifests: Vec<_> = valid.into_iter().map(|(manifest, _)| manifest).collect();
    problems.extend(declared_twice(&manifests));
    problems.truncate(MAX_PROBLEMS);
    if problems.is_empty() { Ok(manifests) } else { Err(problems) }
}

/// The valid objects of a file, with the YAML that each was read from, and what is wrong with the others.
pub fn objects<'a>(schemas: &Schemas, documents: &'a [Node]) -> (Vec<(Manifest, &'a Node)>, Vec<Problem>) {
    let (mut valid, mut problems) = (Vec::new(), Vec::new());
    for document in documents {
        read_object(schemas, document, &mut valid, &mut problems);
    }
    problems.truncate(MAX_PROBLEMS);
    (valid, problems)
}

/// The objects that a file declares again.
fn declared_twice(manifests: &[Manifest]) -> Vec<Problem> {
    let mut seen = BTreeMap::new();
    let again = |manifest: &Manifest| {
        let line = seen.insert(Key::from(&manifest.object), manifest.at.line)?;
        let message = format!("{:?} is also declared in line {line}", manifest.object);
        Some(Problem::new(manifest.at, "object/duplicate", message).hint("keep one of them"))
    };
    manifests.iter().filter_map(again).collect()
}

/// The kinds of our own group.
const OWN_KINDS: [&str; 3] = ["Organization", "IdentityProvider", "IdpMapper"];

fn read_object<'a>(
    schemas: &Schemas,
    node: &'a Node,
    valid: &mut Vec<(Manifest, &'a Node)>,
    problems: &mut Vec<Problem>,
) {
    if !matches!(node.value, Located::Mapping(_)) {
        return problems.push(Problem::new(node.at, "object/kind", "a manifest is a mapping with apiVersion and kind"));
    }
    let (Some(api_version), Some(kind)) = (text_of(node, "apiVersion", problems), text_of(node, "kind", problems))
    else {
        return;
    };
    let group = api_version.split_once('/').map(|(group, _)| group);
    match (api_version, kind) {
        ("v1", "List") => {
            if let Some(Located::Sequence(items)) = node.get("items").map(|items| &items.value) {
                items.iter().for_each(|item| read_object(schemas, item, valid, problems));
            }
        }
        ("v1", "Secret" | "ConfigMap") => read_known(schemas, kind, node, valid, problems),
        (version, kind) if is_own(version) && OWN_KINDS.contains(&kind) => {
            read_known(schemas, kind, node, valid, problems);
        }
        _ if group == Some(GROUP) => problems.push(unknown_kind(node, api_version, kind)),
        _ => {}
    }
}

fn is_own(api_version: &str) -> bool {
    api_version.split_once('/') == Some((GROUP, VERSION))
}

fn text_of<'a>(node: &'a Node, field: &str, problems: &mut Vec<Problem>) -> Option<&'a str> {
    let text = node.get(field).and_then(Node::as_str).filter(|text| !text.is_empty());
    if text.is_none() {
        let message = format!("{field}: Required value: a manifest names its apiVersion and kind");
        let mut problem = Problem::new(node.at, "object/kind", message);
        if let Located::Mapping(entries) = &node.value {
            let slip = entries.iter().find(|entry| did_you_mean(&entry.key, [field]).is_some());
            problem.hint =
                slip.filter(|slip| slip.key != field).map(|slip| format!("{:?} should be {field:?}", slip.key));
        }
        problems.push(problem);
    }
    text
}

fn unknown_kind(node: &Node, api_version: &str, kind: &str) -> Problem {
    let message = format!("no matches for kind {kind:?} in version {api_version:?}");
    let (field, hint) = if is_own(api_version) {
        ("kind", did_you_mean(kind, OWN_KINDS))
    } else {
        ("apiVersion", Some(format!("write apiVersion: {GROUP}/{VERSION}")))
    };
    let at = node.get(field).map_or(node.at, |value| value.at);
    Problem { at, rule: "object/kind", message, hint }
}

fn read_known<'a>(
    schemas: &Schemas,
    kind: &str,
    node: &'a Node,
    valid: &mut Vec<(Manifest, &'a Node)>,
    problems: &mut Vec<Problem>,
) {
    let found = schemas.judge(kind, node);
    if !found.is_empty() {
        return problems.extend(found);
    }
    let json = schemas.json(kind, node);
    let spec_hash = spec_hash(json.get("spec"));
    match typed(kind, json) {
        Ok(object) => valid.push((Manifest { object, at: node.at, spec_hash }, node)),
        Err(message) => problems.push(Problem::new(node.at, "schema/value", message)),
    }
}

/// The typed object, with no more metadata than a manifest may decide.
fn typed(kind: &str, mut json: Value) -> Result<Object, String> {
    let metadata = json.get("metadata").cloned().unwrap_or_default();
    let mut kept = Map::new();
    for field in ["name", "labels", "annotations"] {
        if let Some(value) = metadata.get(field) {
            kept.insert(field.to_owned(), value.clone());
        }
    }
    let namespace = metadata.get("namespace").cloned().unwrap_or_else(|| json!(DEFAULT_NAMESPACE));
    kept.insert("namespace".to_owned(), namespace);
    json["metadata"] = Value::Object(kept);
    if let Some(object) = json.as_object_mut() {
        object.shift_remove("status");
    }
    match kind {
        "Organization" => own(json).map(Object::Organization),
        "IdentityProvider" => own(json).map(|object| Object::IdentityProvider(Box::new(object))),
        "IdpMapper" => own(json).map(Object::IdpMapper),
        "Secret" => core(json, "data").map(|mut secret: k8s_openapi::api::core::v1::Secret| {
            let plain = secret.string_data.take().unwrap_or_default();
            let plain = plain.into_iter().map(|(key, text)| (key, ByteString(text.into_bytes())));
            secret.data.get_or_insert_default().extend(plain);
            Object::Secret(secret)
        }),
        _ => core(json, "binaryData").map(Object::ConfigMap),
    }
}

/// Values of our own kinds that only their types can judge, such as the sum of a duration.
fn own<K: Resource + DeserializeOwned>(json: Value) -> Result<K, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

/// A Secret or ConfigMap. Its values are in no message.
fn core<K: DeserializeOwned>(mut json: Value, base64_field: &str) -> Result<K, String> {
    for (_, value) in json.get_mut(base64_field).and_then(Value::as_object_mut).into_iter().flatten() {
        *value = without_line_breaks(value.as_str().unwrap_or_default()).into();
    }
    serde_json::from_value(json).map_err(|_| format!("{base64_field}: Invalid value: must be base64"))
}

fn spec_hash(spec: Option<&Value>) -> [u8; 32] {
    let canonical = spec.cloned().map(|mut spec| {
        spec.sort_all_objects();
        spec.to_string()
    });
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, canonical.unwrap_or_default().as_bytes()).as_ref());
    hash
}
