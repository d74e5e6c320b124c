use serde_json::{Value, json};

use super::super::{Feed, Object, Update};
use super::*;
use crate::api::deterministic_uid;

fn object(kind: &str, name: &str, spec: Value) -> Value {
    let metadata = json!({"namespace": "a", "name": name, "uid": deterministic_uid(kind, "a", name), "generation": 1});
    json!({"apiVersion": "latchkey.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
}

/// A provider with these fields besides those that it needs.
fn provider(name: &str, fields: Value) -> Object {
    let mut spec = json!({"displayName": "Contoso", "issuer": "https://issuer.example", "client": {"id": "c"}});
    spec.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
    let object = serde_json::from_value(object("IdentityProvider", name, spec)).expect("a provider");
    Object::IdentityProvider(Box::new(object))
}

fn mapper(name: &str, providers: &[&str]) -> Object {
    let references: Vec<_> = providers.iter().map(|name| json!({ "name": name })).collect();
    let spec = json!({ "identityProviderRefs": references });
    Object::IdpMapper(serde_json::from_value(object("IdpMapper", name, spec)).expect("a mapper"))
}

fn organization(name: &str, spec: Value) -> Object {
    Object::Organization(serde_json::from_value(object("Organization", name, spec)).expect("an organization"))
}

/// The same name, but another object.
fn recreated(mut object: Object) -> Object {
    object.meta_mut().uid = Some("another".into());
    object
}

fn names<K: Indexed>(objects: Vec<Arc<K>>) -> Vec<String> {
    objects.iter().map(|object| object.name_str().to_owned()).collect()
}

fn default_of_a() -> OrganizationKey {
    OrganizationKey::new("a", "default")
}

/// Nothing is left that could find an object.
fn is_empty(stores: &Stores) -> bool {
    fn length<K: Indexed>(index: &Index<K>) -> usize {
        index.0.read().expect("not poisoned").len()
    }
    let Indexes { organizations, providers, mappers } = &stores.indexes;
    length(organizations) + length(providers) + length(mappers) == 0
}

#[test]
fn a_provider_is_found_by_all_that_it_says() {
    let (feed, stores, _changes) = Feed::new();
    let fields = json!({
        "key": "azure",
        "trust": {"assignedEmailDomains": ["Contoso.example", "bücher.example"]},
        "client": {"id": "c", "secretRef": {"name": "s", "key": "k"}},
        "tls": {"caBundleRef": {"kind": "ConfigMap", "name": "ca", "key": "k"}},
    });
    let by_secret = json!({"tls": {"caBundleRef": {"kind": "Secret", "name": "s", "key": "k"}}});
    feed.apply(vec![Update::Apply(provider("p1", fields)), Update::Apply(provider("p2", by_secret))]);
    assert_eq!(names(stores.providers_of(&default_of_a())), ["p1", "p2"]);
    assert_eq!(names(stores.providers_with_key(&default_of_a(), "azure")), ["p1"]);
    assert_eq!(names(stores.providers_with_key(&default_of_a(), "p2")), ["p2"]);
    assert_eq!(names(stores.providers_with_key(&default_of_a(), "azur")), [""; 0]);
    assert_eq!(names(stores.providers_called(&default_of_a(), "Contoso")), ["p1", "p2"]);
    for spelt in ["contoso.example", "CONTOSO.example", "xn--bcher-kva.example", "BÜCHER.example"] {
        assert_eq!(names(stores.providers_with_domain(&default_of_a(), spelt)), ["p1"], "{spelt}");
    }
    assert_eq!(names(stores.providers_with_domain(&default_of_a(), "eng.contoso.example")), [""; 0]);
    assert_eq!(names(stores.providers_naming_secret("a", "s")), ["p1", "p2"]);
    assert_eq!(names(stores.providers_naming_config_map("a", "ca")), ["p1"]);
    assert_eq!(names(stores.providers_naming_config_map("b", "ca")), [""; 0]);
    assert_eq!(names(stores.providers_of(&OrganizationKey::new("a", "acme"))), [""; 0]);
}

#[test]
fn an_object_that_changes_is_found_only_by_what_it_says_now() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![Update::Apply(provider("p1", json!({"key": "old"})))]);
    let moved = json!({"key": "new", "displayName": "Fabrikam", "organizationRef": {"name": "acme"}});
    feed.apply(vec![Update::Apply(provider("p1", moved.clone()))]);
    let acme = OrganizationKey::new("a", "acme");
    assert_eq!(names(stores.providers_with_key(&default_of_a(), "old")), [""; 0]);
    assert_eq!(names(stores.providers_called(&default_of_a(), "Contoso")), [""; 0]);
    assert_eq!(names(stores.providers_of(&default_of_a())), [""; 0]);
    assert_eq!(names(stores.providers_with_key(&acme, "new")), ["p1"]);
    assert_eq!(stores.providers_of(&acme)[0].spec.display_name, "Fabrikam");

    feed.apply(vec![Update::Apply(recreated(provider("p1", json!({}))))]);
    assert_eq!(names(stores.providers_of(&acme)), [""; 0]);
    assert_eq!(stores.providers_with_key(&default_of_a(), "p1")[0].uid_str(), "another");
}

#[test]
fn a_mapper_is_found_by_each_provider_that_it_names() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![Update::Apply(mapper("m1", &["p1", "missing"])), Update::Apply(mapper("m2", &["p1"]))]);
    assert_eq!(names(stores.mappers_of("a", "p1")), ["m1", "m2"]);
    assert_eq!(names(stores.mappers_of("a", "missing")), ["m1"]);
    assert_eq!(names(stores.mappers_of("b", "p1")), [""; 0]);
    feed.apply(vec![Update::Apply(mapper("m1", &["p2"])), Update::Delete(mapper("m2", &["p1"]))]);
    assert_eq!(names(stores.mappers_of("a", "p1")), [""; 0]);
    assert_eq!(names(stores.mappers_of("a", "p2")), ["m1"]);
}

#[test]
fn an_organization_is_found_by_the_id_that_it_asks_for() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![
        Update::Apply(organization("acme", json!({"id": "wanted"}))),
        Update::Apply(organization("wanted", json!({}))),
    ]);
    assert_eq!(names(stores.organizations_with_id("wanted")), ["acme", "wanted"]);
    assert_eq!(names(stores.organizations_with_id("a")), ["default"], "nobody declared it");
    feed.apply(vec![Update::Apply(organization("default", json!({"id": "other"})))]);
    assert_eq!(names(stores.organizations_with_id("a")), [""; 0]);
    assert_eq!(names(stores.organizations_with_id("other")), ["default"]);
}

#[test]
fn an_organization_is_found_by_what_its_applications_refer_to() {
    let (feed, stores, _changes) = Feed::new();
    let application = |client_id: &str, secret: &str, providers: &[&str]| {
        let providers: Vec<_> = providers.iter().map(|name| json!({"name": name, "audiences": ["x"]})).collect();
        let secret = json!({"name": secret, "key": "k"});
        json!({"clientID": client_id, "secretRef": secret, "identityProviders": providers})
    };
    let public = json!({"clientID": "c", "identityProviders": [{"name": "p3", "audiences": ["x"]}]});
    let applications = json!([application("a", "s", &["p1", "p2"]), application("b", "t", &["p1"]), public]);
    feed.apply(vec![
        Update::Apply(organization("acme", json!({ "applications": applications }))),
        Update::Apply(organization("globex", json!({"applications": [application("a", "s", &["p2"])]}))),
    ]);
    assert_eq!(names(stores.organizations_naming_secret("a", "s")), ["acme", "globex"]);
    assert_eq!(names(stores.organizations_naming_secret("a", "t")), ["acme"]);
    assert_eq!(names(stores.organizations_naming_secret("b", "s")), [""; 0]);
    assert_eq!(names(stores.organizations_naming_provider("a", "p2")), ["acme", "globex"]);
    assert_eq!(names(stores.organizations_naming_provider("a", "p3")), ["acme"]);
    assert_eq!(names(stores.organizations_naming_provider("b", "p2")), [""; 0]);

    feed.apply(vec![Update::Apply(organization("acme", json!({"applications": [application("a", "t", &["p1"])]})))]);
    assert_eq!(names(stores.organizations_naming_secret("a", "s")), ["globex"]);
    assert_eq!(names(stores.organizations_naming_provider("a", "p1")), ["acme"]);
    assert_eq!(names(stores.organizations_naming_provider("a", "p2")), ["globex"]);
}

#[test]
fn nothing_of_an_object_that_is_gone_is_kept() {
    let (feed, stores, _changes) = Feed::new();
    let objects = [
        organization(
            "acme",
            json!({
                "id": "wanted",
                "applications": [{
                    "clientID": "c", "secretRef": {"name": "s", "key": "k"},
                    "identityProviders": [{"name": "p1", "audiences": ["x"]}],
                }],
            }),
        ),
        provider("p1", json!({"client": {"id": "c", "secretRef": {"name": "s", "key": "k"}}})),
        mapper("m1", &["p1", "p2"]),
        organization("default", json!({})),
    ];
    feed.apply(objects.iter().cloned().map(Update::Apply).collect());
    feed.initialized(true);
    assert!(!is_empty(&stores));
    // What is deleted is what the store holds, whatever the source last saw of it.
    let gone = [
        organization("acme", json!({"id": "seen-later"})),
        recreated(provider("p1", json!({"key": "seen-later"}))),
        mapper("m1", &["p3"]),
        organization("default", json!({})),
    ];
    feed.apply(gone.into_iter().map(Update::Delete).collect());
    assert!(is_empty(&stores));
    feed.apply(vec![Update::Delete(provider("never-there", json!({})))]);
    assert!(is_empty(&stores));
}

#[test]
fn a_status_leaves_the_index_alone() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![Update::Apply(provider("p1", json!({})))]);
    let mut seen = IdentityProvider::clone(&stores.providers_of(&default_of_a())[0]);
    seen.status = Some(Default::default());
    feed.set_status(&seen.into());
    assert!(stores.providers_of(&default_of_a())[0].status.is_some());
}
