use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use super::*;
use crate::api::{Organization, Status, USABLE_LABEL};

fn organization(applications: Value) -> Organization {
    let metadata = json!({"namespace": "a", "name": "acme", "uid": "acme", "generation": 1});
    let object = json!({
        "apiVersion": "latchkey.dev/v1alpha1", "kind": "Organization", "metadata": metadata,
        "spec": {"applications": applications},
    });
    serde_json::from_value(object).expect("an organization")
}

/// A provider of `acme` with these fields besides those that it needs.
fn provider(name: &str, fields: Value) -> (String, Arc<IdentityProvider>) {
    let metadata = json!({"namespace": "a", "name": name, "uid": format!("uid-of-{name}"), "generation": 1});
    let mut spec =
        json!({"displayName": name, "issuer": "https://issuer.example", "organizationRef": {"name": "acme"}});
    spec.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    let object =
        json!({"apiVersion": "latchkey.dev/v1alpha1", "kind": "IdentityProvider", "metadata": metadata, "spec": spec});
    (name.to_owned(), Arc::new(serde_json::from_value(object).expect("a provider")))
}

fn secret(name: &str, usable: &str, entries: &[(&str, &str)]) -> (String, Arc<Secret>) {
    let mut secret = Secret::default();
    secret.metadata.labels = Some(BTreeMap::from([(USABLE_LABEL.to_owned(), usable.to_owned())]));
    let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), ByteString((*value).into()));
    secret.data = Some(entries.iter().map(entry).collect());
    (name.to_owned(), Arc::new(secret))
}

fn referents(secrets: Vec<(String, Arc<Secret>)>, providers: Vec<(String, Arc<IdentityProvider>)>) -> Referents {
    Referents { secrets: secrets.into_iter().collect(), providers: providers.into_iter().collect() }
}

fn application(client_id: &str, secret: Option<&str>, provider: &str) -> Value {
    let mut application =
        json!({"clientID": client_id, "identityProviders": [{"name": provider, "audiences": ["at-the-provider"]}]});
    if let Some(name) = secret {
        application["secretRef"] = json!({"name": name, "key": "secret"});
    }
    application
}

#[test]
fn an_application_is_known_by_the_hash_of_its_secret_and_providers_by_their_uids() {
    let given = organization(json!([application("app", Some("s"), "azure"), application("desktop", None, "azure")]));
    let there = referents(
        vec![secret("s", "true", &[("secret", "hunter2\n")])],
        vec![provider("azure", json!({"jwtBearer": {}}))],
    );
    let (found, unresolved) = applications(&given, &there);
    assert_eq!(unresolved, []);
    let ApplicationSecret::Hashed(hash) = &found[0].secret else { panic!("{:?}", found[0].secret) };
    assert_eq!(hash, digest(&SHA256, b"hunter2").as_ref(), "without the line's end");
    assert_eq!(found[1].secret, ApplicationSecret::Public);
    for application in &found {
        let [ApplicationProvider { uid, audiences }] = &*application.providers else { panic!("{application:?}") };
        assert_eq!((&**uid, &**audiences), ("uid-of-azure", &["at-the-provider".to_owned()][..]));
    }
    assert_eq!(resolved(&unresolved).status, Status::True);
}

#[test]
fn nobody_is_an_application_whose_secret_cannot_be_had_and_the_others_go_on() {
    let given = organization(json!([application("app", Some("s"), "azure"), application("desktop", None, "azure")]));
    for (secrets, reason) in [
        (vec![], Reason::SecretNotFound),
        (vec![secret("other", "true", &[("secret", "hunter2")])], Reason::SecretNotFound),
        (vec![secret("s", "false", &[("secret", "hunter2")])], Reason::SecretNotUsable),
        (vec![secret("s", "true", &[("secret", "\n")])], Reason::SecretNotUsable),
        (vec![secret("s", "true", &[("other", "hunter2")])], Reason::SecretKeyMissing),
    ] {
        let there = referents(secrets, vec![provider("azure", json!({"jwtBearer": {}}))]);
        let (found, unresolved) = applications(&given, &there);
        let fact = resolved(&unresolved);
        assert_eq!((unresolved.len(), fact.status, fact.reason), (1, Status::False, reason));
        assert!(fact.message.starts_with("spec.applications[0].secretRef: "), "{}", fact.message);
        assert!(!fact.message.contains("hunter2"), "{}", fact.message);
        assert_eq!((&found[0].secret, found[0].providers.len()), (&ApplicationSecret::Missing, 1));
        assert_eq!((&found[1].secret, found[1].providers.len()), (&ApplicationSecret::Public, 1));
    }
}

#[test]
fn a_provider_that_cannot_be_meant_is_left_out_and_the_message_says_why() {
    let providers = json!([
        {"name": "gone", "audiences": ["x"]}, {"name": "theirs", "audiences": ["x"]},
        {"name": "browser", "audiences": ["x"]}, {"name": "azure", "audiences": ["x"]},
    ]);
    let given = organization(json!([{"clientID": "app", "identityProviders": providers}]));
    let theirs = json!({"jwtBearer": {}, "organizationRef": {"name": "globex"}});
    let there = referents(
        vec![],
        vec![
            provider("theirs", theirs),
            provider("browser", json!({"client": {"id": "c"}})),
            provider("azure", json!({"jwtBearer": {}})),
        ],
    );
    let (found, unresolved) = applications(&given, &there);
    let left: Vec<_> = found[0].providers.iter().map(|provider| &*provider.uid).collect();
    assert_eq!(left, ["uid-of-azure"]);
    let messages: Vec<_> = unresolved.iter().map(|fact| (fact.reason, &*fact.message)).collect();
    let expected = [
        "spec.applications[0].identityProviders[0].name: there is no IdentityProvider \"gone\" in this namespace: create it, or correct the name",
        "spec.applications[0].identityProviders[1].name: the IdentityProvider \"theirs\" belongs to the Organization \"globex\": name one of this organization",
        "spec.applications[0].identityProviders[2].name: the IdentityProvider \"browser\" has no spec.jwtBearer, so that its ID tokens do not count: write jwtBearer: {} there, or remove it here",
    ];
    assert_eq!(messages, expected.map(|message| (Reason::IdentityProviderNotFound, message)));
}

#[test]
fn the_condition_names_the_first_few_references_and_counts_the_others() {
    let count = |number: usize| {
        let all: Vec<_> = (0..number).map(|index| application(&format!("app{index}"), Some("s"), "azure")).collect();
        let (_, unresolved) = applications(&organization(json!(all)), &referents(vec![], vec![]));
        resolved(&unresolved).message
    };
    let told = |message: &str| message.matches("spec.applications[").count();
    assert_eq!(told(&count(1)), 2);
    assert!(count(1).contains(
        "\"s\" in this namespace: create it, or correct the name; spec.applications[0].identityProviders[0].name: "
    ));
    assert_eq!(told(&count(4)), 8);
    assert!(!count(4).contains("more"), "{}", count(4));
    assert_eq!(told(&count(128)), 8);
    assert!(count(128).ends_with("; and 248 more"), "{}", count(128));
}
