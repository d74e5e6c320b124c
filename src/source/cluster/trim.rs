//! What is kept of an object: there may be many, and most of their metadata is for others.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Leaves identity, age and version, and the labels and annotations that are Latchkey's.
pub fn trim(metadata: &mut ObjectMeta) {
    let full = std::mem::take(metadata);
    *metadata = ObjectMeta {
        name: full.name,
        namespace: full.namespace,
        uid: full.uid,
        generation: full.generation,
        resource_version: full.resource_version,
        creation_timestamp: full.creation_timestamp,
        labels: full.labels.and_then(ours),
        annotations: full.annotations.and_then(ours),
        ..ObjectMeta::default()
    };
}

fn ours(mut entries: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    entries.retain(|name, _| name.split_once('/').is_some_and(|(prefix, _)| prefix == crate::api::GROUP));
    (!entries.is_empty()).then_some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_others_is_dropped() {
        let entries = |names: &[&str]| -> Option<BTreeMap<String, String>> {
            Some(names.iter().map(|name| ((*name).to_owned(), "value".to_owned())).collect())
        };
        let mut metadata = ObjectMeta {
            name: Some("azure".into()),
            generation: Some(3),
            labels: entries(&["app", "latchkey.dev/usable"]),
            annotations: entries(&["kubectl.kubernetes.io/last-applied-configuration"]),
            finalizers: Some(vec!["foregroundDeletion".into()]),
            ..ObjectMeta::default()
        };
        trim(&mut metadata);
        assert_eq!((metadata.name.as_deref(), metadata.generation), (Some("azure"), Some(3)));
        assert_eq!(metadata.labels, entries(&["latchkey.dev/usable"]));
        assert_eq!((metadata.annotations, metadata.finalizers), (None, None));
    }
}
