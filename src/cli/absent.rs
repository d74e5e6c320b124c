//! Secrets and ConfigMaps that manifests refer to and do not hold, as in a repository that keeps secrets elsewhere.
//! What stands in for them is no secret, and never leaves the process.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use crate::{
    api::{IdentityProvider, KeyReference, ResourceMeta, TrustSourceKind, USABLE_LABEL},
    source::{
        Object,
        directory::{Key, Tree},
    },
};

/// In place of a client ID or a client secret; long enough for every algorithm.
const STAND_IN: &str = "this-is-no-secret-but-stands-in-for-one-that-is-not-among-the-manifests";

/// Something that a provider refers to and that is not among the manifests.
#[derive(Debug, PartialEq, Eq)]
pub struct Absent {
    pub provider: Key,
    /// The field that refers to it.
    pub field: &'static str,
    /// What it is, and what must be true of it where the manifests go.
    pub message: String,
}

/// A reference of a provider to an entry of another object.
struct Reference<'a> {
    field: &'static str,
    kind: &'static str,
    name: &'a str,
    key: &'a str,
    /// Any text will do while nobody signs in.
    is_text: bool,
}

/// What stands in for absent Secrets of which any text will do, and everything that is absent.
pub fn in_place_of_what_is_absent(tree: &Tree) -> (Vec<Object>, Vec<Absent>) {
    let present: BTreeSet<Key> = tree.objects().map(Key::from).collect();
    let (mut wanted, mut others, mut absent) = (BTreeMap::<Key, BTreeSet<&str>>::new(), BTreeSet::new(), Vec::new());
    for object in tree.objects() {
        let Object::IdentityProvider(idp) = object else { continue };
        for reference in references(idp) {
            let target = Key {
                kind: reference.kind,
                namespace: idp.namespace_str().to_owned(),
                name: reference.name.to_owned(),
            };
            if present.contains(&target) {
                continue;
            }
            absent.push(Absent { provider: Key::from(object), field: reference.field, message: reference.message() });
            if reference.is_text {
                wanted.entry(target).or_default().insert(reference.key);
            } else {
                others.insert(target);
            }
        }
    }
    // A Secret that is there, but lacks a key or a certificate, would be another fault than that it is absent.
    let stand_ins = wanted.into_iter().filter(|(target, _)| !others.contains(target));
    (stand_ins.map(|(target, keys)| stand_in(target, keys)).collect(), absent)
}

fn references(idp: &IdentityProvider) -> Vec<Reference<'_>> {
    let texts = idp.spec.client.iter().flat_map(|client| {
        [
            ("spec.client.idRef", &client.id_ref, true),
            ("spec.client.secretRef", &client.secret_ref, true),
            ("spec.client.previousSecretRef", &client.previous_secret_ref, true),
            ("spec.client.privateKeyRef", &client.private_key_ref, false),
        ]
    });
    let mut references: Vec<_> = texts
        .filter_map(|(field, reference, is_text)| {
            let KeyReference { name, key } = reference.as_ref()?;
            Some(Reference { field, kind: "Secret", name, key, is_text })
        })
        .collect();
    references.extend(idp.spec.tls.ca_bundle_ref.iter().map(|source| Reference {
        field: "spec.tls.caBundleRef",
        kind: match source.kind {
            TrustSourceKind::ConfigMap => "ConfigMap",
            TrustSourceKind::Secret => "Secret",
        },
        name: &source.name,
        key: &source.key,
        is_text: false,
    }));
    references
}

impl Reference<'_> {
    fn message(&self) -> String {
        let Self { field, kind, name, key, is_text } = self;
        let untold = if *is_text { "" } else { "; what depends on it is not looked at" };
        format!(
            "{field}: the {kind} {name:?} is not among the manifests{untold}: where they go, it must exist with the label {USABLE_LABEL}: \"true\" and the entry {key:?}"
        )
    }
}

fn stand_in(target: Key, keys: BTreeSet<&str>) -> Object {
    let Key { namespace, name, .. } = target;
    let labels = BTreeMap::from([(USABLE_LABEL.to_owned(), "true".to_owned())]);
    let entry = |key: &str| (key.to_owned(), ByteString(STAND_IN.into()));
    let metadata = ObjectMeta {
        uid: Some(format!("stand-in of {namespace}/{name}")),
        namespace: Some(namespace),
        name: Some(name),
        labels: Some(labels),
        ..ObjectMeta::default()
    };
    let data = keys.into_iter().map(entry).collect();
    Object::Secret(Secret { metadata, data: Some(data), ..Secret::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absent(client: &str) -> (Vec<String>, Vec<&'static str>) {
        let dir = tempfile::tempdir().expect("a directory");
        let text = format!(
            "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {{name: azure}}
spec:
  displayName: Azure
  issuer: https://issuer.example
  client: {client}
---
apiVersion: v1
kind: Secret
metadata: {{name: here}}
"
        );
        std::fs::write(dir.path().join("a.yaml"), text).expect("written");
        let tree = Tree::read(&[dir.path().to_owned()]).expect("a tree");
        assert_eq!(tree.findings(), [], "{client}");
        let (stand_ins, absent) = in_place_of_what_is_absent(&tree);
        let shown = |object: Object| match object {
            Object::Secret(secret) => {
                let keys: Vec<_> = secret.data.unwrap_or_default().into_keys().collect();
                format!("{} {}", secret.metadata.name.unwrap_or_default(), keys.join(","))
            }
            other => format!("{other:?}"),
        };
        (stand_ins.into_iter().map(shown).collect(), absent.into_iter().map(|absent| absent.field).collect())
    }

    #[test]
    fn what_is_absent_is_told_and_stood_in_for_where_any_text_will_do() {
        const ID: &str = "spec.client.idRef";
        const SECRET: &str = "spec.client.secretRef";
        const KEY: &str = "spec.client.privateKeyRef";
        for (client, stand_ins, fields) in [
            ("{id: x, secretRef: {name: here, key: k}}", vec![], vec![]),
            ("{idRef: {name: away, key: i}, secretRef: {name: away, key: s}}", vec!["away i,s"], vec![ID, SECRET]),
            ("{id: x, authMethod: PrivateKeyJwt, privateKeyRef: {name: away, key: p}}", vec![], vec![KEY]),
            (
                "{idRef: {name: away, key: i}, authMethod: PrivateKeyJwt, privateKeyRef: {name: away, key: p}}",
                vec![],
                vec![ID, KEY],
            ),
        ] {
            let (found_stand_ins, found_fields) = absent(client);
            assert_eq!(
                (found_stand_ins, found_fields),
                (stand_ins.iter().map(ToString::to_string).collect(), fields),
                "{client}"
            );
        }
    }
}
