//! Which objects a change touches. Pure over the object stores and the login table.

use std::{collections::HashSet, sync::Arc};

use kube::runtime::reflector::ObjectRef;

use crate::{
    api::{self, IdentityProvider, IdpMapper, ResourceMeta},
    domain::{organization::OrganizationKey, table::LoginTable},
    source::{Change, Reference, Stores},
};

/// The objects to reconcile.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub organizations: HashSet<ObjectRef<api::Organization>>,
    pub providers: HashSet<ObjectRef<IdentityProvider>>,
    pub mappers: HashSet<ObjectRef<IdpMapper>>,
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
            Reference::Secret(secret) => by_secret(namespace(secret), &secret.name, stores, &mut touched),
            Reference::ConfigMap(config_map) => {
                by_config_map(namespace(config_map), &config_map.name, stores, &mut touched)
            }
        }
    }
    touched
}

/// All objects of the three kinds.
pub fn everything(stores: &Stores) -> Touched {
    Touched {
        organizations: stores.organizations.state().iter().map(|object| ObjectRef::from_obj(&**object)).collect(),
        providers: stores.providers.state().iter().map(|object| ObjectRef::from_obj(&**object)).collect(),
        mappers: stores.mappers.state().iter().map(|object| ObjectRef::from_obj(&**object)).collect(),
    }
}

fn namespace<K: kube::runtime::reflector::Lookup>(reference: &ObjectRef<K>) -> &str {
    reference.namespace.as_deref().unwrap_or_default()
}

/// An organization touches what belongs to it, and whoever contends for its id with what belongs to them.
fn by_organization(changed: &ObjectRef<api::Organization>, stores: &Stores, table: &LoginTable, touched: &mut Touched) {
    let current = stores.organizations.get(changed);
    let before = table.organization_by_key(&OrganizationKey::new(namespace(changed), &changed.name));
    let mut ids: Vec<&str> = vec![namespace(changed)];
    ids.extend(current.as_ref().map(|organization| organization.id()));
    ids.extend(before.map(|organization| &*organization.id));
    let contenders = stores.organizations.state_filter(|other| ids.contains(&other.id()));
    let contenders = contenders.iter().map(|other| ObjectRef::from_obj(&**other));
    for organization in contenders.chain([changed.clone()]) {
        let namespace = namespace(&organization);
        let members = providers(stores, namespace, |provider| provider.organization_name() == organization.name);
        for provider in &members {
            mappers_for(provider.name_str(), namespace, stores, touched);
        }
        touched.providers.extend(members.iter().map(|provider| ObjectRef::from_obj(&**provider)));
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
    let mut claims: Vec<(&str, &str)> = Vec::new();
    claims.extend(current.as_ref().map(|provider| (provider.key(), provider.spec.display_name.as_str())));
    claims.extend(before.map(|provider| (&*provider.key, provider.display_name.as_str())));
    let contends = |other: &IdentityProvider| {
        claims.iter().any(|(key, name)| other.key() == *key || other.spec.display_name == *name)
    };
    touched.providers.extend(providers(stores, namespace, contends).iter().map(|other| ObjectRef::from_obj(&**other)));
    let now = current.as_ref().map(|provider| OrganizationKey::new(namespace, provider.organization_name()));
    for organization in before.map(|provider| provider.organization.clone()).into_iter().chain(now) {
        if let Some((namespace, name)) = organization.as_str().split_once('/') {
            touched.organizations.insert(ObjectRef::new(name).within(namespace));
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

fn by_secret(namespace: &str, name: &str, stores: &Stores, touched: &mut Touched) {
    let refers = |provider: &IdentityProvider| {
        let client = provider.spec.client.secret_ref.as_ref().is_some_and(|reference| reference.name == name);
        client || trusts(provider, api::TrustSourceKind::Secret, name)
    };
    touched
        .providers
        .extend(providers(stores, namespace, refers).iter().map(|provider| ObjectRef::from_obj(&**provider)));
}

fn by_config_map(namespace: &str, name: &str, stores: &Stores, touched: &mut Touched) {
    let refers = |provider: &IdentityProvider| trusts(provider, api::TrustSourceKind::ConfigMap, name);
    touched
        .providers
        .extend(providers(stores, namespace, refers).iter().map(|provider| ObjectRef::from_obj(&**provider)));
}

fn trusts(provider: &IdentityProvider, kind: api::TrustSourceKind, name: &str) -> bool {
    provider.spec.tls.ca_bundle_ref.as_ref().is_some_and(|source| source.kind == kind && source.name == name)
}

fn providers(
    stores: &Stores,
    namespace: &str,
    matches: impl Fn(&IdentityProvider) -> bool,
) -> Vec<Arc<IdentityProvider>> {
    stores.providers.state_filter(|provider| provider.namespace_str() == namespace && matches(provider))
}

fn mappers_for(provider: &str, namespace: &str, stores: &Stores, touched: &mut Touched) {
    let mappers = stores.mappers.state_filter(|mapper| {
        mapper.namespace_str() == namespace
            && mapper.spec.identity_provider_refs.iter().any(|reference| reference.name == provider)
    });
    touched.mappers.extend(mappers.iter().map(|mapper| ObjectRef::from_obj(&**mapper)));
    // A mapper is ready only if all its references are, so the counts of its other providers may change too.
    let references = mappers.iter().flat_map(|mapper| &mapper.spec.identity_provider_refs);
    touched.providers.extend(references.map(|reference| ObjectRef::new(&reference.name).within(namespace)));
}

#[cfg(test)]
mod tests;
