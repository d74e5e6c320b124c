use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{Attribute, AttributeSource, When, deterministic_uid},
    source::{Changes, Feed, Object, Update},
};

struct World {
    feed: Feed,
    stores: Stores,
    changes: Changes,
}

impl World {
    async fn new(objects: Vec<Object>) -> Self {
        let (feed, stores, changes) = Feed::new();
        let mut world = Self { feed, stores, changes };
        world.apply(objects).await;
        world
    }

    /// What is touched when these are new or different.
    async fn apply(&mut self, objects: Vec<Object>) -> Vec<String> {
        self.feed.apply(objects.into_iter().map(Update::Apply).collect());
        self.touched().await
    }

    /// What is touched when this is gone.
    async fn delete(&mut self, object: Object) -> Vec<String> {
        self.feed.apply(vec![Update::Delete(object)]);
        self.touched().await
    }

    async fn touched(&mut self) -> Vec<String> {
        let batch = self.changes.next().await.expect("a batch");
        words(&touched(&batch, &self.stores))
    }
}

/// `o`, `p` or `m` for the kind, or `c` for an organization that counts, then namespace and name.
fn words(touched: &Touched) -> Vec<String> {
    fn of<K: kube::Resource<DynamicType = ()>>(kind: &str, objects: &HashSet<ObjectRef<K>>) -> BTreeSet<String> {
        objects.iter().map(|object| format!("{kind} {}/{}", namespace(object), object.name)).collect()
    }
    let [o, p, m] = [of("o", &touched.organizations), of("p", &touched.providers), of("m", &touched.mappers)];
    of("c", &touched.counts).into_iter().chain(o).chain(p).chain(m).collect()
}

/// An object of the namespace `a`, or of another with `NAMESPACE/NAME`.
fn object(kind: &str, path: &str, spec: Value) -> Value {
    let (namespace, name) = path.split_once('/').unwrap_or(("a", path));
    let metadata = json!({
        "namespace": namespace, "name": name, "uid": deterministic_uid(kind, namespace, name), "generation": 1,
    });
    json!({"apiVersion": "latchkey.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
}

fn read<K: serde::de::DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).expect("a manifest")
}

fn organization(path: &str, spec: Value) -> Object {
    Object::Organization(read(object("Organization", path, spec)))
}

/// A provider with these fields besides those that it needs.
fn provider(path: &str, fields: Value) -> Object {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut spec = json!({
        "displayName": format!("Sign in by {name}"), "issuer": "https://issuer.example", "client": {"id": "c"},
    });
    let members = spec.as_object_mut().expect("an object");
    members.extend(fields.as_object().expect("an object").clone());
    Object::IdentityProvider(Box::new(read(object("IdentityProvider", path, spec))))
}

fn mapper(path: &str, providers: &[&str]) -> Object {
    let references: Vec<_> = providers.iter().map(|name| json!({ "name": name })).collect();
    Object::IdpMapper(read(object("IdpMapper", path, json!({ "identityProviderRefs": references }))))
}

fn secret(path: &str) -> Object {
    let (namespace, name) = path.split_once('/').expect("a path");
    let mut secret = Secret::default();
    (secret.metadata.namespace, secret.metadata.name) = (Some(namespace.into()), Some(name.into()));
    Object::Secret(secret)
}

fn config_map(path: &str) -> Object {
    let (namespace, name) = path.split_once('/').expect("a path");
    let mut config_map = ConfigMap::default();
    (config_map.metadata.namespace, config_map.metadata.name) = (Some(namespace.into()), Some(name.into()));
    Object::ConfigMap(config_map)
}

/// An organization with one application.
fn with_application(path: &str, secret: &str, provider: &str) -> Object {
    let application = json!({
        "clientID": "app", "secretRef": {"name": secret, "key": "k"},
        "identityProviders": [{"name": provider, "audiences": ["x"]}],
    });
    organization(path, json!({ "applications": [application] }))
}

fn in_organization(name: &str) -> Value {
    json!({"organizationRef": {"name": name}})
}

#[tokio::test]
async fn a_secret_or_config_map_touches_who_refers_to_it_in_its_namespace() {
    let ca = |kind: &str| json!({"tls": {"caBundleRef": {"kind": kind, "name": "s", "key": "k"}}});
    let client = json!({"client": {"id": "c", "secretRef": {"name": "s", "key": "k"}}});
    let objects = vec![
        provider("client", client.clone()),
        provider("by-secret", ca("Secret")),
        provider("by-config-map", ca("ConfigMap")),
        provider("neither", json!({})),
        provider("b/elsewhere", client),
    ];
    let mut world = World::new(objects).await;
    assert_eq!(world.apply(vec![secret("a/s")]).await, ["p a/by-secret", "p a/client"]);
    assert_eq!(world.apply(vec![config_map("a/s")]).await, ["p a/by-config-map"]);
    assert_eq!(world.delete(secret("a/s")).await, ["p a/by-secret", "p a/client"]);
    assert_eq!(world.apply(vec![secret("a/other")]).await, [""; 0]);
    assert_eq!(world.apply(vec![secret("b/s")]).await, ["p b/elsewhere"]);
}

#[tokio::test]
async fn a_secret_or_provider_touches_the_organization_whose_application_names_it_and_none_of_its_members() {
    let objects = vec![
        with_application("acme", "s", "p1"),
        with_application("other", "t", "p2"),
        with_application("b/acme", "s", "p1"),
        provider("of-acme", in_organization("acme")),
        mapper("m", &["of-acme"]),
    ];
    let mut world = World::new(objects).await;
    assert_eq!(world.apply(vec![secret("a/s")]).await, ["o a/acme"]);
    assert_eq!(world.delete(secret("a/s")).await, ["o a/acme"]);
    let of_another = || provider("p1", in_organization("globex"));
    assert_eq!(world.apply(vec![of_another()]).await, ["c a/globex", "o a/acme", "p a/p1"]);
    let mut bearer = in_organization("globex");
    bearer["jwtBearer"] = json!({});
    assert_eq!(world.apply(vec![provider("p1", bearer)]).await, ["c a/globex", "o a/acme", "p a/p1"]);
    assert_eq!(world.delete(of_another()).await, ["c a/globex", "o a/acme", "p a/p1"]);

    world.apply(vec![with_application("acme", "t", "p2")]).await;
    assert_eq!(world.apply(vec![secret("a/s")]).await, [""; 0], "it is named no longer");
    assert_eq!(world.apply(vec![secret("a/t")]).await, ["o a/acme", "o a/other"]);
}

/// What the status of a provider says, no application goes by; so that organizations and providers, which count each
/// other, do not call each other for ever.
#[tokio::test]
async fn the_status_of_a_provider_that_was_written_touches_no_organization() {
    let mut world = World::new(vec![with_application("acme", "s", "p1"), provider("p1", json!({}))]).await;
    let Object::IdentityProvider(mut written) = provider("p1", json!({})) else { panic!("a provider") };
    written.status = Some(read(json!({"servingGeneration": 1})));
    world.feed.set_status(&Object::IdentityProvider(written.clone()));
    written.metadata.resource_version = Some("2".to_owned());
    let touched = world.apply(vec![Object::IdentityProvider(written), secret("a/other")]).await;
    assert_eq!(touched, [""; 0]);
}

#[tokio::test]
async fn a_mapper_touches_the_providers_that_it_named_and_the_others_once_it_has_been_decided() {
    let mut world = World::new(vec![provider("p1", json!({})), provider("p2", json!({}))]).await;
    assert_eq!(world.apply(vec![mapper("m", &["p1", "missing"])]).await, ["m a/m"]);
    assert_eq!(world.apply(vec![mapper("m", &["p2"])]).await, ["p a/missing", "p a/p1", "m a/m"]);
    assert_eq!(world.delete(mapper("m", &["p2"])).await, ["p a/p2", "m a/m"]);
}

#[tokio::test]
async fn a_mapper_touches_those_that_note_the_same_of_the_same_people() {
    let noting = |name: &str, group: &str, target: &str, claim: &str| {
        let Object::IdpMapper(mut mapper) = mapper(name, &["p1"]) else { panic!("a mapper") };
        mapper.spec.when = Some(When { group: Some(group.to_owned()), ..When::default() });
        let from = AttributeSource { claim: Some(claim.to_owned()), ..AttributeSource::default() };
        mapper.spec.attributes = vec![Attribute { target: target.to_owned(), from }];
        Object::from(mapper)
    };
    let objects = vec![
        noting("same", "g", "title", "a"),
        noting("other-target", "g", "room", "a"),
        noting("other-people", "h", "title", "a"),
    ];
    let mut world = World::new(objects).await;
    assert_eq!(world.apply(vec![noting("m", "g", "title", "b")]).await, ["m a/m", "m a/same"]);
    assert_eq!(
        world.apply(vec![noting("m", "h", "title", "b")]).await,
        ["p a/p1", "m a/m", "m a/other-people", "m a/same"]
    );
    assert_eq!(world.delete(noting("m", "h", "title", "b")).await, ["p a/p1", "m a/m", "m a/other-people"]);
}

#[tokio::test]
async fn a_provider_touches_its_organization_and_its_mappers() {
    let objects = vec![
        provider("p1", json!({})),
        provider("p2", json!({})),
        mapper("shared", &["p1", "p2"]),
        mapper("of-another", &["p2"]),
        mapper("b/elsewhere", &["p1"]),
    ];
    let mut world = World::new(objects).await;
    let expected = ["c a/default", "p a/p1", "m a/shared"];
    assert_eq!(world.apply(vec![provider("p1", json!({"suspend": true}))]).await, expected);
    assert_eq!(world.delete(provider("p1", json!({}))).await, expected);
}

#[tokio::test]
async fn a_provider_that_moves_touches_the_organization_that_it_leaves() {
    let mut world = World::new(vec![provider("p1", in_organization("acme"))]).await;
    let moved = world.apply(vec![provider("p1", in_organization("globex"))]).await;
    assert_eq!(moved, ["c a/acme", "c a/globex", "p a/p1"]);
}

#[tokio::test]
async fn a_provider_touches_who_wants_the_key_or_name_that_it_takes_or_leaves() {
    let objects = vec![
        provider("winner", json!({"key": "wanted"})),
        provider("loser", json!({"key": "wanted"})),
        provider("next", json!({"key": "other"})),
        provider("namesake", json!({"displayName": "Sign in by winner"})),
        provider("b/elsewhere", json!({"key": "wanted"})),
        provider("of-acme", json!({"key": "wanted", "organizationRef": {"name": "acme"}})),
        provider("stranger", json!({})),
    ];
    let mut world = World::new(objects).await;
    let renamed = world.apply(vec![provider("winner", json!({"key": "other", "displayName": "Other"}))]).await;
    assert_eq!(renamed, ["c a/default", "p a/loser", "p a/namesake", "p a/next", "p a/winner"]);

    let gone = world.delete(provider("winner", json!({}))).await;
    assert_eq!(gone, ["c a/default", "p a/next", "p a/winner"]);
}

#[tokio::test]
async fn a_provider_touches_who_wants_a_domain_that_it_takes_or_leaves() {
    let with = |domains: &[&str]| json!({"trust": {"assignedEmailDomains": domains}});
    let elsewhere = json!({"organizationRef": {"name": "acme"}, "trust": {"assignedEmailDomains": ["x.example"]}});
    let objects = vec![
        provider("first", with(&["x.example"])),
        provider("second", with(&["y.example", "X.example"])),
        provider("third", with(&["z.example"])),
        provider("of-acme", elsewhere),
    ];
    let mut world = World::new(objects).await;
    let changed = world.apply(vec![provider("first", with(&["Z.example"]))]).await;
    assert_eq!(changed, ["c a/default", "p a/first", "p a/second", "p a/third"]);

    let gone = world.delete(provider("first", with(&["Z.example"]))).await;
    assert_eq!(gone, ["c a/default", "p a/first", "p a/third"]);
}

#[tokio::test]
async fn an_organization_touches_its_providers_and_their_mappers() {
    let objects = vec![
        organization("acme", json!({})),
        organization("globex", json!({})),
        provider("p1", in_organization("acme")),
        provider("p2", in_organization("globex")),
        provider("b/p3", in_organization("acme")),
        mapper("m1", &["p1"]),
        mapper("m2", &["p2"]),
    ];
    let mut world = World::new(objects).await;
    let touched = world.apply(vec![organization("acme", json!({"displayName": "Other"}))]).await;
    assert_eq!(touched, ["o a/acme", "o a/default", "p a/p1", "m a/m1"]);
    let touched = world.delete(organization("acme", json!({}))).await;
    assert_eq!(touched, ["o a/acme", "o a/default", "p a/p1", "m a/m1"]);
}

#[tokio::test]
async fn an_organization_touches_who_wants_the_id_that_it_takes_or_leaves() {
    let objects = vec![
        organization("acme", json!({"id": "wanted"})),
        organization("b/rival", json!({"id": "wanted"})),
        organization("b/wanted", json!({})),
        organization("b/stranger", json!({})),
        provider("b/p1", in_organization("rival")),
        mapper("b/m1", &["p1"]),
    ];
    let mut world = World::new(objects).await;
    let contenders = ["o a/acme", "o a/default", "o b/rival", "o b/wanted", "p b/p1", "m b/m1"];
    assert_eq!(world.apply(vec![organization("acme", json!({"id": "other"}))]).await, contenders);
    assert_eq!(world.delete(organization("acme", json!({}))).await, ["o a/acme", "o a/default"]);
    let next = world.delete(organization("b/rival", json!({}))).await;
    assert_eq!(next, ["o b/default", "o b/rival", "o b/wanted", "p b/p1", "m b/m1"]);
}

#[tokio::test]
async fn the_organization_of_a_namespace_touches_who_took_its_id_before_it_was_there() {
    let mut world = World::new(vec![organization("b/squatter", json!({"id": "a"}))]).await;
    // The Organization default of the namespace comes into being with its first object.
    let touched = world.apply(vec![provider("p1", json!({}))]).await;
    assert_eq!(touched, ["c a/default", "o a/default", "o b/squatter", "p a/p1"]);
}

#[tokio::test]
async fn a_batch_touches_what_each_of_its_changes_does() {
    let mut world = World::new(vec![provider("p1", json!({})), organization("b/acme", json!({}))]).await;
    let touched = world.apply(vec![mapper("m", &["p1"]), organization("b/acme", json!({"id": "x"}))]).await;
    assert_eq!(touched, ["o b/acme", "o b/default", "m a/m"]);
    world.feed.initialized(true);
    assert_eq!(world.touched().await, [""; 0], "the listing's end is for the publisher");
    let everything =
        ["c a/default", "c b/acme", "c b/default", "o a/default", "o b/acme", "o b/default", "p a/p1", "m a/m"];
    assert_eq!(words(&super::everything(&world.stores)), everything);
}
