//! Gathers what the object stores and the login table know around an organization.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::decide::key_of;
use crate::{
    api::{DEFAULT_ORGANIZATION, Organization, ReadyCount, ResourceMeta},
    domain::{provider::Provider, table::LoginTable},
    source::Stores,
};

/// Who may hold the id that an organization asks for: all that ask for it, itself too, and the Organization of the
/// namespace of this name.
pub fn contenders(organization: &Organization, stores: &Stores) -> Vec<Arc<Organization>> {
    let id = organization.id();
    let of_namespace = stores.organizations.get(&ObjectRef::new(DEFAULT_ORGANIZATION).within(id));
    stores.organizations_with_id(id).into_iter().chain(of_namespace).collect()
}

/// How many providers an organization has, and through how many of them people can sign in.
pub fn providers(organization: &Organization, stores: &Stores, table: &LoginTable) -> ReadyCount {
    let mine = stores.providers_of(&key_of(organization));
    let serves = |uid: &str| table.provider_by_uid(uid).and_then(|provider| Provider::serving(provider)).is_some();
    let ready = mine.iter().filter(|provider| serves(provider.uid_str())).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ReadyCount { total: count(mine.len()), ready: count(ready) }
}
