//! Secrets and ConfigMaps that manifests refer to and do not hold, as in a repository that keeps secrets elsewhere.
//! What stands in for them is no secret, and never leaves the process.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};

use crate::{
    api::{IdentityProvider, KeyReference, Organization, ResourceMeta, TrustSourceKind, USABLE_LABEL},
    source::{
        Object,
        directory::{Key, Tree},
    },
};

/// In place of a client ID or a client secret; long enough for every algorithm.
const STAND_IN: &str = "this-is-no-secret-but-stands-in-for-one-that-is-not-among-the-manifests";

/// Something that a provider or an organization refers to and that is not among the manifests.
#[derive(Debug, PartialEq, Eq)]
pub struct Absent {
    /// What refers to it.
    pub object: Key,
    /// The field that does.
    pub field: String,
    /// What it is, and what must be true of it where the manifests go.
    pub message: String,
}

/// A reference to an entry of another object in the same namespace.
struct Reference<'a> {
    field: String,
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
        let (namespace, references) = match object {
            Object::IdentityProvider(idp) => (idp.namespace_str(), of_provider(idp)),
            Object::Organization(organization) => (organization.namespace_str(), of_organization(organization)),
            _ => continue,
        };
        for reference in references {
            let target = Key { kind: reference.kind, namespace: namespace.to_owned(), name: reference.name.to_owned() };
            if present.contains(&target) {
                continue;
            }
            let message = reference.message();
            absent.push(Absent { object: Key::from(object), field: reference.field, message });
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

fn of_provider(idp: &IdentityProvider) -> Vec<Reference<'_>> {
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
            Some(Reference { field: field.to_owned(), kind: "Secret", name, key, is_text })
        })
        .collect();
    references.extend(idp.spec.tls.ca_bundle_ref.iter().map(|source| Reference {
        field: "spec.tls.caBundleRef".to_owned(),
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

fn of_organization(organization: &Organization) -> Vec<Reference<'_>> {
    let applications = organization.spec.applications.iter().enumerate();
    let references = applications.filter_map(|(index, application)| {
        let KeyReference { name, key } = application.secret_ref.as_ref()?;
        let field = format!("spec.applications[{index}].secretRef");
        Some(Reference { field, kind: "Secret", name, key, is_text: true })
    });
    references.collect()
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

    const PROVIDER: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {name: azure}
spec: {displayName: Azure, issuer: https://issuer.example, client: CLIENT}
";
    const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec: {applications: APPLICATIONS}
";
    const SECRET: &str = "\
---
apiVersion: v1
kind: Secret
metadata: {name: here}
";

    /// What stands in, each as its name and keys, and the fields that refer to something absent.
    fn absent(manifest: &str) -> (Vec<String>, Vec<String>) {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a.yaml"), format!("{manifest}{SECRET}")).expect("written");
        let tree = Tree::read(&[dir.path().to_owned()]).expect("a tree");
        assert_eq!(tree.findings(), [], "{manifest}");
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
        const CLIENT_SECRET: &str = "spec.client.secretRef";
        const KEY: &str = "spec.client.privateKeyRef";
        for (client, stand_ins, fields) in [
            ("{id: x, secretRef: {name: here, key: k}}", vec![], vec![]),
            (
                "{idRef: {name: away, key: i}, secretRef: {name: away, key: s}}",
                vec!["away i,s"],
                vec![ID, CLIENT_SECRET],
            ),
            ("{id: x, authMethod: PrivateKeyJwt, privateKeyRef: {name: away, key: p}}", vec![], vec![KEY]),
            (
                "{idRef: {name: away, key: i}, authMethod: PrivateKeyJwt, privateKeyRef: {name: away, key: p}}",
                vec![],
                vec![ID, KEY],
            ),
        ] {
            let (found_stand_ins, found_fields) = absent(&PROVIDER.replace("CLIENT", client));
            assert_eq!(found_stand_ins, stand_ins, "{client}");
            assert_eq!(found_fields, fields, "{client}");
        }
    }

    #[test]
    fn an_absent_secret_of_an_application_is_told_where_it_stands_and_stood_in_for() {
        let application = |id: &str, secret: &str| {
            format!("{{clientID: {id}{secret}, identityProviders: [{{name: azure, audiences: [x]}}]}}")
        };
        let applications = [
            application("desktop", ""),
            application("here", ", secretRef: {name: here, key: k}"),
            application("batch", ", secretRef: {name: away, key: b}"),
            application("mail", ", secretRef: {name: away, key: m}"),
        ];
        let (stand_ins, fields) =
            absent(&ORGANIZATION.replace("APPLICATIONS", &format!("[{}]", applications.join(", "))));
        assert_eq!(stand_ins, ["away b,m"]);
        assert_eq!(fields, ["spec.applications[2].secretRef", "spec.applications[3].secretRef"]);
    }
}
