//! Which objects a change touches. Pure over the object stores and the login table.

use std::{collections::HashSet, sync::Arc};

use kube::{
    Resource,
    runtime::reflector::{Lookup, ObjectRef},
};

use crate::{
    api::{self, IdentityProvider, IdpMapper, ResourceMeta},
    domain::{organization::OrganizationKey, provider::Provider, table::LoginTable},
    source::{Change, Reference, Stores},
};

/// The objects to reconcile, and the organizations of which nothing changes but how many providers they have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub organizations: HashSet<ObjectRef<api::Organization>>,
    pub providers: HashSet<ObjectRef<IdentityProvider>>,
    pub mappers: HashSet<ObjectRef<IdpMapper>>,
    pub counts: HashSet<ObjectRef<api::Organization>>,
}

/// What a batch of changes touches. The stores hold the state after it, the table what was decided before it.
pub fn touched(changes: &[Change], stores: &Stores, table: &LoginTable) -> Touched {
    let mut touched = Touched::default();
    for change in changes {
        let (Change::Applied(reference) | Change::Deleted(reference)) = change else { continue };
        match reference {
            Reference::Organization(organization) => by_organization(organization, stores, table, &mut touched),
            Reference::IdentityProvider(provider) => by_provider(provider, stores, table, &mut touched),
            Reference::IdpMapper(mapper) => by_mapper(mapper, stores, table, &mut touched),
            Reference::Secret(secret) => {
                let providers = stores.providers_naming_secret(namespace(secret), &secret.name);
                touched.providers.extend(references(&providers));
            }
            Reference::ConfigMap(config_map) => {
                let providers = stores.providers_naming_config_map(namespace(config_map), &config_map.name);
                touched.providers.extend(references(&providers));
            }
        }
    }
    touched
}

/// All objects of the three kinds.
pub fn everything(stores: &Stores) -> Touched {
    let organizations: HashSet<_> = references(&stores.organizations.state()).collect();
    Touched {
        counts: organizations.clone(),
        organizations,
        providers: references(&stores.providers.state()).collect(),
        mappers: references(&stores.mappers.state()).collect(),
    }
}

fn namespace<K: Lookup>(reference: &ObjectRef<K>) -> &str {
    reference.namespace.as_deref().unwrap_or_default()
}

/// An organization touches what belongs to it, and whoever contends for its id with what belongs to them.
fn by_organization(changed: &ObjectRef<api::Organization>, stores: &Stores, table: &LoginTable, touched: &mut Touched) {
    let current = stores.organizations.get(changed);
    let before = table.organization_by_key(&OrganizationKey::new(namespace(changed), &changed.name));
    let mut ids: Vec<&str> = vec![namespace(changed)];
    ids.extend(current.as_ref().map(|organization| organization.id()));
    ids.extend(before.map(|organization| &*organization.id));
    let contenders = ids.into_iter().flat_map(|id| stores.organizations_with_id(id));
    let contenders = contenders.map(|other| ObjectRef::from_obj(&*other));
    for organization in contenders.chain([changed.clone()]) {
        let namespace = namespace(&organization);
        let members = stores.providers_of(&OrganizationKey::new(namespace, &organization.name));
        for provider in &members {
            mappers_for(provider.name_str(), namespace, stores, touched);
        }
        touched.providers.extend(references(&members));
        touched.organizations.insert(organization);
    }
}

/// A provider touches its organization's count, its mappers, and whoever contends for its key or name.
fn by_provider(changed: &ObjectRef<IdentityProvider>, stores: &Stores, table: &LoginTable, touched: &mut Touched) {
    let namespace = namespace(changed);
    touched.providers.insert(changed.clone());
    mappers_for(&changed.name, namespace, stores, touched);
    let current = stores.providers.get(changed);
    let uid = changed.extra.uid.as_deref().or(current.as_ref().map(|current| current.uid_str()));
    let before = uid.and_then(|uid| table.provider_by_uid(uid));
    let wants = |provider: &Arc<IdentityProvider>| {
        let organization = OrganizationKey::new(namespace, provider.organization_name());
        (organization, provider.key().to_owned(), provider.spec.display_name.clone())
    };
    let wanted = |provider: &Arc<Provider>| {
        (provider.organization.clone(), provider.key.to_string(), provider.display_name.clone())
    };
    for (organization, key, name) in current.as_ref().map(wants).into_iter().chain(before.map(wanted)) {
        touched.providers.extend(references(&stores.providers_with_key(&organization, &key)));
        touched.providers.extend(references(&stores.providers_called(&organization, &name)));
        if let Some((namespace, name)) = organization.as_str().split_once('/') {
            touched.counts.insert(ObjectRef::new(name).within(namespace));
        }
    }
}

/// A mapper touches the counts of the providers that it refers to, now or before.
fn by_mapper(changed: &ObjectRef<IdpMapper>, stores: &Stores, table: &LoginTable, touched: &mut Touched) {
    let namespace = namespace(changed);
    touched.mappers.insert(changed.clone());
    let current = stores.mappers.get(changed);
    let uid = changed.extra.uid.as_deref().or(current.as_ref().map(|current| current.uid_str()));
    let before = uid.and_then(|uid| table.mapper(uid));
    for provider in before.iter().flat_map(|mapper| &mapper.providers).filter_map(|uid| table.provider_by_uid(uid)) {
        if let Some((namespace, name)) = provider.path.split_once('/') {
            touched.providers.insert(ObjectRef::new(name).within(namespace));
        }
    }
    for reference in current.iter().flat_map(|mapper| &mapper.spec.identity_provider_refs) {
        touched.providers.insert(ObjectRef::new(&reference.name).within(namespace));
    }
}

fn mappers_for(provider: &str, namespace: &str, stores: &Stores, touched: &mut Touched) {
    let mappers = stores.mappers_of(namespace, provider);
    touched.mappers.extend(references(&mappers));
    // A mapper is ready only if all its references are, so the counts of its other providers may change too.
    let named = mappers.iter().flat_map(|mapper| &mapper.spec.identity_provider_refs);
    touched.providers.extend(named.map(|reference| ObjectRef::new(&reference.name).within(namespace)));
}

fn references<K: Resource<DynamicType = ()>>(objects: &[Arc<K>]) -> impl Iterator<Item = ObjectRef<K>> {
    objects.iter().map(|object| ObjectRef::from_obj(&**object))
}

#[cfg(test)]
mod tests;
