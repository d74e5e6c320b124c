//! Which objects a change touches. Pure over the object stores.

use std::{collections::HashSet, sync::Arc};

use kube::{
    Resource,
    runtime::reflector::{Lookup, ObjectRef},
};

use crate::{
    api::{self, IdentityProvider, IdpMapper, ResourceMeta},
    controller::mapper,
    domain::organization::OrganizationKey,
    source::{Change, Former, Reference, Stores},
};

/// The objects to reconcile, and the organizations of which nothing changes but how many providers they have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub organizations: HashSet<ObjectRef<api::Organization>>,
    pub providers: HashSet<ObjectRef<IdentityProvider>>,
    pub mappers: HashSet<ObjectRef<IdpMapper>>,
    pub counts: HashSet<ObjectRef<api::Organization>>,
}

/// What a batch of changes touches. The stores hold the state after it.
pub fn touched(changes: &[Change], stores: &Stores) -> Touched {
    let mut touched = Touched::default();
    for change in changes {
        match change {
            Change::Applied(reference) | Change::Deleted(reference) => by_reference(reference, stores, &mut touched),
            Change::Former(former) => by_former(former, stores, &mut touched),
            Change::Initialized { .. } => {}
        }
    }
    touched
}

fn by_reference(reference: &Reference, stores: &Stores, touched: &mut Touched) {
    match reference {
        Reference::Organization(organization) => by_organization(organization, stores, touched),
        Reference::IdentityProvider(provider) => by_provider(provider, stores, touched),
        Reference::IdpMapper(mapper) => {
            touched.mappers.insert(mapper.clone());
            // Its providers count it once it has been decided.
            if let Some(mapper) = stores.mappers.get(mapper) {
                who_notes_the_same(&mapper, stores, touched);
            }
        }
        Reference::Secret(secret) => {
            let providers = stores.providers_naming_secret(namespace(secret), &secret.name);
            touched.providers.extend(references(&providers));
            let organizations = stores.organizations_naming_secret(namespace(secret), &secret.name);
            touched.organizations.extend(references(&organizations));
        }
        Reference::ConfigMap(config_map) => {
            let providers = stores.providers_naming_config_map(namespace(config_map), &config_map.name);
            touched.providers.extend(references(&providers));
        }
    }
}

/// What an object no longer says touches whoever may have it now.
fn by_former(former: &Former, stores: &Stores, touched: &mut Touched) {
    match former {
        Former::Organization(organization) => who_wants_id(organization.id(), stores, touched),
        Former::IdentityProvider(provider) => who_wants_the_same(provider, stores, touched),
        Former::IdpMapper(mapper) => {
            touched.providers.extend(named_by(mapper));
            who_notes_the_same(mapper, stores, touched);
        }
    }
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
fn by_organization(changed: &ObjectRef<api::Organization>, stores: &Stores, touched: &mut Touched) {
    // The id of a namespace's own organization is that of the namespace.
    who_wants_id(namespace(changed), stores, touched);
    if let Some(organization) = stores.organizations.get(changed) {
        who_wants_id(organization.id(), stores, touched);
    }
    with_members(changed.clone(), stores, touched);
}

fn who_wants_id(id: &str, stores: &Stores, touched: &mut Touched) {
    for organization in stores.organizations_with_id(id) {
        with_members(ObjectRef::from_obj(&*organization), stores, touched);
    }
}

fn with_members(organization: ObjectRef<api::Organization>, stores: &Stores, touched: &mut Touched) {
    let namespace = namespace(&organization);
    let members = stores.providers_of(&OrganizationKey::new(namespace, &organization.name));
    for provider in &members {
        mappers_for(provider.name_str(), namespace, stores, touched);
    }
    touched.providers.extend(references(&members));
    touched.organizations.insert(organization);
}

/// A provider touches its organization's count, its mappers, whoever contends for its key or name, and the organizations
/// whose applications name it.
fn by_provider(changed: &ObjectRef<IdentityProvider>, stores: &Stores, touched: &mut Touched) {
    touched.providers.insert(changed.clone());
    mappers_for(&changed.name, namespace(changed), stores, touched);
    let organizations = stores.organizations_naming_provider(namespace(changed), &changed.name);
    touched.organizations.extend(references(&organizations));
    if let Some(provider) = stores.providers.get(changed) {
        who_wants_the_same(&provider, stores, touched);
    }
}

fn who_wants_the_same(provider: &IdentityProvider, stores: &Stores, touched: &mut Touched) {
    let organization = OrganizationKey::new(provider.namespace_str(), provider.organization_name());
    touched.providers.extend(references(&stores.providers_with_key(&organization, provider.key())));
    touched.providers.extend(references(&stores.providers_called(&organization, &provider.spec.display_name)));
    for domain in &provider.spec.trust.assigned_email_domains {
        touched.providers.extend(references(&stores.providers_with_domain(&organization, domain)));
    }
    touched.counts.insert(ObjectRef::new(provider.organization_name()).within(provider.namespace_str()));
}

/// The providers that a mapper refers to, which count it.
pub fn named_by(mapper: &IdpMapper) -> impl Iterator<Item = ObjectRef<IdentityProvider>> {
    let named = mapper.spec.identity_provider_refs.iter();
    named.map(|reference| ObjectRef::new(&reference.name).within(mapper.namespace_str()))
}

/// Of two mappers that note something else each of the same people, one is in conflict.
fn who_notes_the_same(mapper: &IdpMapper, stores: &Stores, touched: &mut Touched) {
    touched.mappers.extend(references(&mapper::siblings(mapper, stores)));
}

fn mappers_for(provider: &str, namespace: &str, stores: &Stores, touched: &mut Touched) {
    touched.mappers.extend(references(&stores.mappers_of(namespace, provider)));
}

fn references<K: Resource<DynamicType = ()>>(objects: &[Arc<K>]) -> impl Iterator<Item = ObjectRef<K>> {
    objects.iter().map(|object| ObjectRef::from_obj(&**object))
}

#[cfg(test)]
mod tests;
