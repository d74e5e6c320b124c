//! Gathers what the object stores and the login table know around an organization.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::{applications::Referents, decide::key_of};
use crate::{
    api::{DEFAULT_ORGANIZATION, Organization, ReadyCount, Reason, ResourceMeta},
    domain::{
        provider::{LoginState, Provider},
        table::LoginTable,
    },
    source::Stores,
};

/// Who may hold the id that an organization asks for: all that ask for it, itself too, and the Organization of the
/// namespace of this name.
pub fn contenders(organization: &Organization, stores: &Stores) -> Vec<Arc<Organization>> {
    let id = organization.id();
    let of_namespace = stores.organizations.get(&ObjectRef::new(DEFAULT_ORGANIZATION).within(id));
    stores.organizations_with_id(id).into_iter().chain(of_namespace).collect()
}

/// What stands under the names that the applications of an organization refer to.
pub fn referents(organization: &Organization, stores: &Stores) -> Referents {
    let namespace = organization.namespace_str();
    let applications = &organization.spec.applications;
    let secrets = applications.iter().filter_map(|application| Some(&application.secret_ref.as_ref()?.name));
    let providers = applications.iter().flat_map(|application| &application.identity_providers);
    let provider = |name: &str| stores.providers.get(&ObjectRef::new(name).within(namespace));
    Referents {
        secrets: secrets.filter_map(|name| Some((name.clone(), stores.secret(namespace, name)?))).collect(),
        providers: providers.filter_map(|named| Some((named.name.clone(), provider(&named.name)?))).collect(),
    }
}

/// How many providers an organization has, and how many of them serve what their manifests ask for. While everything is being
/// looked at for the first time, as many as its status says.
pub fn providers(organization: &Organization, stores: &Stores, table: &LoginTable) -> ReadyCount {
    if !table.settled {
        return organization.status.as_ref().and_then(|status| status.identity_providers).unwrap_or_default();
    }
    let key = key_of(organization);
    let ready = table.providers_of(&key).filter(|provider| is_ready(provider, stores)).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ReadyCount { total: count(stores.count_providers_of(&key)), ready: count(ready) }
}

/// One that has not answered yet is what its status says: after a restart all of them are asked again.
fn is_ready(provider: &Provider, stores: &Stores) -> bool {
    let LoginState::Unavailable(Reason::Pending) = provider.login else { return provider.served().is_some() };
    let Some((namespace, name)) = provider.path.split_once('/') else { return false };
    let stored = stores.providers.get(&ObjectRef::new(name).within(namespace));
    stored.and_then(|stored| stored.status.as_ref()?.serving_generation).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        api::{IdentityProvider, deterministic_uid},
        domain::{organization::OrganizationKey, provider::Served, testing},
        source::{Feed, Update},
    };

    fn organization(status: Value) -> Organization {
        let metadata = json!({"namespace": "a", "name": "default", "uid": "organization", "generation": 1});
        let object = json!({
            "apiVersion": "latchkey.dev/v1alpha1", "kind": "Organization", "metadata": metadata, "spec": {},
            "status": status,
        });
        serde_json::from_value(object).expect("an organization")
    }

    /// A provider of it that was ready or was not.
    fn provider(name: &str, serving_generation: Option<i64>) -> IdentityProvider {
        let uid = deterministic_uid("IdentityProvider", "a", name);
        let metadata = json!({"namespace": "a", "name": name, "uid": uid, "generation": 1});
        let spec = json!({"displayName": name, "issuer": "https://issuer.example", "client": {"id": "c"}});
        let object = json!({
            "apiVersion": "latchkey.dev/v1alpha1", "kind": "IdentityProvider", "metadata": metadata, "spec": spec,
            "status": {"servingGeneration": serving_generation},
        });
        serde_json::from_value(object).expect("a provider")
    }

    fn put(table: &mut LoginTable, name: &str, login: LoginState) {
        let uid = deterministic_uid("IdentityProvider", "a", name);
        let (path, organization) = (format!("a/{name}"), OrganizationKey::new("a", "default"));
        let provider = Provider { path, organization, key: name.into(), login, ..testing::provider(&uid) };
        table.set_provider(&uid, Some(Arc::new(provider)));
    }

    #[test]
    fn who_has_not_answered_since_the_start_is_what_the_status_says() {
        let (feed, stores, _changes) = Feed::new();
        let objects = [("asked", Some(1)), ("new", None), ("refused", None), ("down", Some(1)), ("bearer", Some(1))];
        feed.apply(objects.iter().map(|(name, was)| Update::Apply(provider(name, *was).into())).collect());
        let mut table = LoginTable::default();
        table.settled = true;
        put(&mut table, "asked", LoginState::Unavailable(Reason::Pending));
        put(&mut table, "new", LoginState::Unavailable(Reason::Pending));
        put(&mut table, "refused", LoginState::Refused(Reason::KeyConflict));
        put(&mut table, "down", LoginState::Unavailable(Reason::ConnectFailed));
        put(&mut table, "bearer", LoginState::Serving(Served { browser: None, bearer: Some(testing::bearer()) }));
        let count = providers(&organization(json!({})), &stores, &table);
        assert_eq!(count, ReadyCount { total: 5, ready: 2 }, "the one that is asked again, and the one that serves");
    }

    #[test]
    fn nothing_is_counted_before_everything_has_been_looked_at() {
        let (_feed, stores, _changes) = Feed::new();
        let before = organization(json!({"identityProviders": {"total": 7, "ready": 6}}));
        assert_eq!(providers(&before, &stores, &LoginTable::default()), ReadyCount { total: 7, ready: 6 });
        let mut settled = LoginTable::default();
        settled.settled = true;
        assert_eq!(providers(&before, &stores, &settled), ReadyCount::default());
    }
}
