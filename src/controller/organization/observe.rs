//! Gathers what the object stores and the login table know around an organization.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::decide::key_of;
use crate::{
    api::{DEFAULT_ORGANIZATION, Organization, ReadyCount, Reason},
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

/// How many providers an organization has, and through how many of them people can sign in. While everything is being
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
    let LoginState::Unavailable(Reason::Pending) = provider.login else { return provider.serving().is_some() };
    let Some((namespace, name)) = provider.path.split_once('/') else { return false };
    let stored = stores.providers.get(&ObjectRef::new(name).within(namespace));
    stored.and_then(|stored| stored.status.as_ref()?.serving_generation).is_some()
}
