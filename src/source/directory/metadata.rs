//! What Kubernetes demands of metadata: names, label keys and values, annotation keys. Words its findings as the
//! API server does.

use super::{
    finding::{Position, Problem, shown},
    yaml::{Entry, Node, Value},
};

/// The finding that an object has no name.
pub const REQUIRED: &str = "metadata/name";

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with the metadata of an object. Whether each part has the right type is for the schema to say.
pub fn judge(object: &Node) -> Vec<Problem> {
    let (metadata, at) = match object.entry("metadata") {
        Some(entry) => (Some(&entry.node), entry.key_at),
        None => (None, object.at),
    };
    let mut problems = name(metadata, at);
    let Some(metadata) = metadata else { return problems };
    if let Some((namespace, at)) = text(metadata, "namespace") {
        let faults = [too_long(namespace, 63, "characters"), unless(is_label(namespace), LABEL)];
        problems.extend(faults.into_iter().flatten().map(|fault| invalid(at, "metadata.namespace", namespace, &fault)));
    }
    for entry in entries(metadata, "labels") {
        problems.extend(key(entry, "metadata.labels", &entry.key));
        let value = entry.node.as_str().unwrap_or_default();
        let faults = [too_long(value, 63, "bytes"), unless(value.is_empty() || is_name(value), LABEL_VALUE)];
        let invalid = |fault: String| invalid(entry.node.at, "metadata.labels", value, &fault);
        problems.extend(faults.into_iter().flatten().map(invalid));
    }
    for entry in entries(metadata, "annotations") {
        problems.extend(key(entry, "metadata.annotations", &entry.key.to_lowercase()));
    }
    problems
}

fn name(metadata: Option<&Node>, at: Position) -> Vec<Problem> {
    let node = metadata.and_then(|metadata| metadata.get("name")).filter(|node| !matches!(node.value, Value::Null));
    let required = || {
        let message = "metadata.name: Required value: name or generateName is required";
        vec![Problem::new(at, REQUIRED, message).hint("in a directory each object has a name of its own")]
    };
    match node.map(|node| (node.as_str(), node.at)) {
        None | Some((Some(""), _)) => required(),
        Some((Some(name), at)) => {
            let faults = [too_long(name, 253, "characters"), unless(is_subdomain(name), SUBDOMAIN)];
            faults.into_iter().flatten().map(|fault| invalid(at, "metadata.name", name, &fault)).collect()
        }
        Some((None, _)) => Vec::new(),
    }
}

/// A qualified name: `name` or `prefix/name`.
fn key(entry: &Entry, path: &str, key: &str) -> Vec<Problem> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let faults = if name.contains('/') {
        vec![format!(
            "a valid label key {KEY_NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )]
    } else {
        let prefix = prefix.and_then(|prefix| match prefix {
            "" => Some("prefix part must be non-empty".to_owned()),
            prefix => unless(is_subdomain(prefix), SUBDOMAIN).map(|fault| format!("prefix part {fault}")),
        });
        let empty = unless(!name.is_empty(), "must be non-empty");
        let name = [empty, too_long(name, 63, "bytes"), unless(is_name(name), KEY_NAME)];
        prefix.into_iter().chain(name.into_iter().flatten().map(|fault| format!("name part {fault}"))).collect()
    };
    faults.into_iter().map(|fault| invalid(entry.key_at, path, key, &fault)).collect()
}

fn invalid(at: Position, path: &str, value: &str, fault: &str) -> Problem {
    Problem::new(at, "metadata/invalid", format!("{path}: Invalid value: {}: {fault}", shown(value)))
}

fn too_long(text: &str, max: usize, unit: &str) -> Option<String> {
    (text.len() > max).then(|| format!("must be no more than {max} {unit}"))
}

fn unless(holds: bool, fault: &str) -> Option<String> {
    (!holds).then(|| fault.to_owned())
}

fn text<'a>(metadata: &'a Node, field: &str) -> Option<(&'a str, Position)> {
    let node = metadata.get(field)?;
    node.as_str().filter(|text| !text.is_empty()).map(|text| (text, node.at))
}

fn entries<'a>(metadata: &'a Node, field: &str) -> &'a [Entry] {
    match metadata.get(field).map(|node| &node.value) {
        Some(Value::Mapping(entries)) => entries,
        _ => &[],
    }
}

/// RFC 1123: lower case letters, digits and inner dashes.
fn is_label(text: &str) -> bool {
    is_made_of(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit(), b"-")
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_name(text: &str) -> bool {
    is_made_of(text, |byte| byte.is_ascii_alphanumeric(), b"-_.")
}

fn is_made_of(text: &str, anywhere: fn(u8) -> bool, inside: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| anywhere(*byte) || inside.contains(byte))
        && bytes.first().is_some_and(|first| anywhere(*first))
        && bytes.last().is_some_and(|last| anywhere(*last))
}
