use crate::api::{IdentityProviderStatus, OrganizationSpec, deterministic_uid};

use super::*;

fn provider(namespace: &str, name: &str) -> IdentityProvider {
    let mut provider = IdentityProvider::new(name, Default::default());
    provider.metadata.namespace = Some(namespace.into());
    provider.metadata.uid = Some(deterministic_uid("IdentityProvider", namespace, name));
    provider.metadata.generation = Some(1);
    provider
}

fn organization(namespace: &str, name: &str) -> Organization {
    let spec = OrganizationSpec { display_name: Some("Declared".into()), ..Default::default() };
    let mut organization = Organization::new(name, spec);
    organization.metadata.namespace = Some(namespace.into());
    organization.metadata.uid = Some(deterministic_uid("Organization", namespace, name));
    organization.metadata.generation = Some(1);
    organization
}

fn secret(namespace: &str, name: &str) -> Secret {
    let mut secret = Secret::default();
    secret.metadata.namespace = Some(namespace.into());
    secret.metadata.name = Some(name.into());
    secret
}

fn apply(object: impl Into<Object>) -> Update {
    Update::Apply(object.into())
}

fn delete(object: impl Into<Object>) -> Update {
    Update::Delete(object.into())
}

fn default_of(stores: &Stores, namespace: &str) -> Option<Arc<Organization>> {
    stores.organizations.get(&ObjectRef::new("default").within(namespace))
}

fn default_reference(namespace: &str) -> Reference {
    Reference::Organization(ObjectRef::new("default").within(namespace))
}

#[tokio::test]
async fn a_batch_is_in_the_stores_before_its_changes_arrive_as_one_message() {
    let (feed, stores, mut changes) = Feed::new();
    feed.apply(vec![apply(secret("a", "s")), apply(provider("a", "p"))]);
    let batch = changes.next().await.expect("a batch");
    assert_eq!(batch.len(), 3, "{batch:?}");
    assert_eq!(stores.providers.len(), 1);
    assert_eq!(stores.secrets.len(), 1);
    assert!(batch.contains(&Change::Applied(default_reference("a"))));
}

#[test]
fn the_default_organization_exists_undeclared_where_objects_are() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![apply(secret("empty", "s")), apply(provider("a", "p")), apply(organization("b", "acme"))]);
    assert!(default_of(&stores, "empty").is_none(), "a Secret alone needs no organization");
    for namespace in ["a", "b"] {
        let default = default_of(&stores, namespace).expect(namespace);
        assert!(is_undeclared(&default));
        assert_eq!(default.metadata.generation, Some(1));
        assert!(default.metadata.uid.is_some());
    }
}

#[tokio::test]
async fn the_undeclared_organization_leaves_with_the_last_object() {
    let (feed, stores, mut changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p")), apply(provider("a", "q"))]);
    feed.apply(vec![delete(provider("a", "p"))]);
    assert!(default_of(&stores, "a").is_some());
    feed.apply(vec![delete(provider("a", "q"))]);
    assert!(default_of(&stores, "a").is_none());
    let all = changes.next().await.expect("changes");
    assert!(all.contains(&Change::Deleted(default_reference("a"))), "{all:?}");
}

#[test]
fn a_declared_default_takes_the_place_and_leaves_it_again() {
    let (feed, stores, _changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p"))]);
    feed.apply(vec![apply(organization("a", "default"))]);
    assert!(!is_undeclared(&default_of(&stores, "a").expect("declared")));
    feed.apply(vec![delete(organization("a", "default"))]);
    assert!(is_undeclared(&default_of(&stores, "a").expect("made up again")));
    feed.apply(vec![delete(provider("a", "p"))]);
    assert!(default_of(&stores, "a").is_none());
}

#[test]
fn a_manifest_cannot_pass_for_an_undeclared_organization() {
    let (feed, stores, _changes) = Feed::new();
    let mut declared = organization("a", "default");
    declared.metadata.annotations = Some([(UNDECLARED_ANNOTATION.to_owned(), "true".to_owned())].into());
    feed.apply(vec![apply(declared)]);
    assert!(!is_undeclared(&default_of(&stores, "a").expect("declared")));
}

#[tokio::test]
async fn stores_are_ready_after_the_initial_listing_and_keep_what_they_hold() {
    let (feed, stores, mut changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p"))]);
    feed.initialized(false);
    stores.providers.wait_until_ready().await.expect("ready");
    stores.config_maps.wait_until_ready().await.expect("ready");
    assert_eq!(stores.providers.len(), 1);
    feed.initialized(true);
    assert_eq!(stores.providers.len(), 1);
    let all = changes.next().await.expect("changes");
    assert_eq!(all.last(), Some(&Change::Initialized { complete: true }));
    assert!(all.contains(&Change::Initialized { complete: false }));
}

#[tokio::test]
async fn a_status_is_kept_by_the_store_and_is_no_change() {
    let (feed, stores, mut changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p"))]);
    changes.next().await.expect("the object");
    let mut seen = provider("a", "p");
    seen.status = Some(IdentityProviderStatus { key: Some("p".into()), ..Default::default() });
    feed.set_status(&seen.into());
    feed.apply(vec![apply(provider("a", "p"))]);
    let stored = stores.providers.state().remove(0);
    assert_eq!(stored.status.as_ref().and_then(|status| status.key.as_deref()), Some("p"));
    assert_eq!(changes.next().await.expect("the second apply").len(), 1);
}

#[test]
fn a_status_of_an_object_that_is_gone_is_dropped() {
    let (feed, stores, _changes) = Feed::new();
    let mut gone = provider("a", "p");
    gone.status = Some(Default::default());
    feed.set_status(&gone.clone().into());
    assert!(stores.providers.is_empty());
    let mut other = provider("a", "p");
    other.metadata.uid = Some("another".into());
    feed.apply(vec![apply(other)]);
    feed.set_status(&gone.into());
    assert!(stores.providers.state()[0].status.is_none());
}

#[tokio::test]
async fn another_uid_under_the_same_name_is_a_deletion_and_a_creation() {
    let (feed, _stores, mut changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p"))]);
    changes.next().await.expect("the first");
    let mut other = provider("a", "p");
    other.metadata.uid = Some("another".into());
    feed.apply(vec![apply(other)]);
    let batch = changes.next().await.expect("the second");
    let [Change::Deleted(Reference::IdentityProvider(old)), Change::Applied(Reference::IdentityProvider(new))] =
        batch.as_slice()
    else {
        panic!("{batch:?}");
    };
    assert_eq!(old.extra.uid.as_deref(), Some(deterministic_uid("IdentityProvider", "a", "p").as_str()));
    assert_eq!(new.extra.uid.as_deref(), Some("another"));
}

#[tokio::test]
async fn a_deletion_and_a_creation_in_one_batch_arrive_in_this_order() {
    let (feed, stores, mut changes) = Feed::new();
    feed.apply(vec![apply(provider("a", "p"))]);
    changes.next().await.expect("the first");
    feed.apply(vec![delete(provider("a", "p")), apply(provider("a", "p"))]);
    let batch = changes.next().await.expect("the second");
    assert!(matches!(batch.as_slice(), [Change::Former(_), Change::Deleted(_), Change::Applied(_)]), "{batch:?}");
    assert_eq!(stores.providers.len(), 1);
}

#[test]
fn a_status_that_was_written_before_the_stored_state_changes_nothing() {
    let (feed, stores, _changes) = Feed::new();
    let at_version = |version: &str| {
        let mut provider = provider("a", "p");
        provider.metadata.resource_version = Some(version.into());
        provider
    };
    feed.apply(vec![apply(at_version("10"))]);
    let mut late = at_version("9");
    late.status = Some(Default::default());
    feed.set_status(&late.into());
    let stored = stores.providers.state().remove(0);
    assert_eq!((stored.status.is_some(), stored.metadata.resource_version.as_deref()), (false, Some("10")));
    let mut newer = at_version("11");
    newer.status = Some(Default::default());
    feed.set_status(&newer.into());
    assert!(stores.providers.state()[0].status.is_some());
}

#[test]
fn a_state_that_is_older_than_what_was_written_is_passed_over_unless_it_was_listed() {
    let (feed, stores, _) = Feed::new();
    let versioned = |version: &str, description: &str| {
        let mut object = provider("shop", "azure");
        object.metadata.resource_version = Some(version.to_owned());
        object.spec.description = Some(description.to_owned());
        object
    };
    let description = || stores.providers.state()[0].spec.description.clone();
    feed.apply(vec![apply(versioned("10", "new"))]);
    feed.apply(vec![apply(versioned("9", "old"))]);
    assert_eq!(description().as_deref(), Some("new"), "the ninth is older than the tenth");
    feed.apply(vec![Update::List(versioned("9", "old").into())]);
    assert_eq!(description().as_deref(), Some("old"), "an API server that was restored begins from an older state");
}

#[tokio::test]
async fn what_differs_in_its_version_alone_is_no_change() {
    let (feed, _, mut changes) = Feed::new();
    let mut object = provider("shop", "azure");
    object.metadata.resource_version = Some("1".to_owned());
    feed.apply(vec![apply(object.clone())]);
    changes.next().await.expect("a batch");
    object.metadata.resource_version = Some("2".to_owned());
    object.status = Some(IdentityProviderStatus { key: Some("azure".into()), ..Default::default() });
    feed.set_status(&object.clone().into());
    object.metadata.resource_version = Some("3".to_owned());
    feed.apply(vec![apply(object.clone())]);
    object.spec.suspend = true;
    feed.apply(vec![apply(object)]);
    let batch = changes.next().await.expect("a batch");
    assert_eq!(batch, [Change::Applied(Reference::IdentityProvider(ObjectRef::new("azure").within("shop")))]);
}

#[test]
fn a_secret_that_may_not_be_used_is_known_by_name_and_gives_way_to_one_that_may() {
    let (feed, stores, _) = Feed::new();
    let unlabelled = |name: &str| Object::UnlabelledSecret(secret("shop", name));
    feed.apply(vec![Update::Apply(unlabelled("azure-client"))]);
    assert!(stores.secret("shop", "azure-client").is_some_and(|secret| secret.metadata.labels.is_none()));
    let mut labelled = secret("shop", "azure-client");
    labelled.metadata.labels = Some([("latchkey.dev/usable".to_owned(), "true".to_owned())].into());
    feed.apply(vec![apply(labelled), Update::Delete(unlabelled("azure-client"))]);
    assert!(stores.secret("shop", "azure-client").is_some_and(|secret| secret.metadata.labels.is_some()));
    assert!(stores.secret("other", "azure-client").is_none());
}
