//! Finds objects by what they say instead of by their name, so that one change among many objects costs no look
//! at all of them. Never decides what follows: it says who names what.

mod facets;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use kube::runtime::reflector::Store;

use super::{Former, Stores, object::Stored};
use crate::{
    api::{IdentityProvider, IdpMapper, Organization, ResourceMeta, When, object_ref},
    domain::{email::canonical_domain, organization::OrganizationKey},
};
use facets::{MapperFacet, OrganizationFacet, ProviderFacet};

/// A kind whose objects are found by more than their name.
pub(super) trait Indexed: Stored {
    /// Something that an object says and that it can be found by.
    type Facet: Ord;

    /// All that this object says. Depends on nothing but metadata and spec.
    fn facets(&self) -> Vec<Self::Facet>;

    /// As it was.
    fn former(this: Arc<Self>) -> Former;
}

/// The objects of one kind by facet. Clones share it.
pub(super) struct Index<K: Indexed>(Arc<RwLock<Entries<K::Facet>>>);

/// Each facet with the path, `namespace/name`, of an object that has it.
type Entries<Facet> = BTreeSet<(Facet, Arc<str>)>;

impl<K: Indexed> Index<K> {
    /// The object that the store held under a name gives way to another or to none; `None`: there was none. Whether
    /// anything that it said is said no longer, or something else is.
    pub(super) fn replace(&self, before: Option<&K>, now: Option<&K>) -> bool {
        let of = |object: Option<&K>| object.map(K::facets).unwrap_or_default();
        let (before_facets, now_facets) = (of(before), of(now));
        let Some(path) = now.or(before).map(|object| Arc::<str>::from(object.path())) else { return false };
        if before_facets == now_facets {
            return false;
        }
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for facet in before_facets {
            entries.remove(&(facet, path.clone()));
        }
        entries.extend(now_facets.into_iter().map(|facet| (facet, path.clone())));
        true
    }

    /// Whether any object has the facet.
    pub(super) fn has(&self, facet: K::Facet) -> bool {
        self.with(facet, |paths| paths.next().is_some())
    }

    /// The objects that have the facet, by path.
    fn find(&self, facet: K::Facet, store: &Store<K>) -> Vec<Arc<K>> {
        let references: Vec<_> = self.with(facet, |paths| paths.filter_map(object_ref).collect());
        references.iter().filter_map(|reference| store.get(reference)).collect()
    }

    fn with<T>(&self, facet: K::Facet, read: impl FnOnce(&mut dyn Iterator<Item = &str>) -> T) -> T {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let first = (facet, Arc::from(""));
        let mut paths = entries.range(&first..).take_while(|(facet, _)| *facet == first.0).map(|(_, path)| &**path);
        read(&mut paths)
    }
}

impl<K: Indexed> Default for Index<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Indexed> Clone for Index<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// One index for each kind that belongs to an organization, or is one.
#[derive(Clone, Default)]
pub(super) struct Indexes {
    pub(super) organizations: Index<Organization>,
    pub(super) providers: Index<IdentityProvider>,
    pub(super) mappers: Index<IdpMapper>,
}

impl Indexes {
    /// Whether objects that somebody declared need an organization in this namespace.
    pub(super) fn need_organization(&self, namespace: &str) -> bool {
        self.providers.has(ProviderFacet::Namespace(namespace.into()))
            || self.mappers.has(MapperFacet::Namespace(namespace.into()))
            || self.organizations.has(OrganizationFacet::DeclaredIn(namespace.into()))
    }
}

/// What can be asked without looking at all objects. Answers are in the order of namespaces and names.
impl Stores {
    /// The organizations that ask for an id, in all namespaces.
    pub fn organizations_with_id(&self, id: &str) -> Vec<Arc<Organization>> {
        self.organization_by(OrganizationFacet::Id(id.into()))
    }

    /// The organizations that have an application which refers to a Secret.
    pub fn organizations_naming_secret(&self, namespace: &str, name: &str) -> Vec<Arc<Organization>> {
        self.organization_by(OrganizationFacet::Secret(namespace.into(), name.into()))
    }

    /// The organizations that have an application which refers to a provider, whether or not it is theirs.
    pub fn organizations_naming_provider(&self, namespace: &str, name: &str) -> Vec<Arc<Organization>> {
        self.organization_by(OrganizationFacet::Provider(namespace.into(), name.into()))
    }

    /// The providers that name an organization.
    pub fn providers_of(&self, organization: &OrganizationKey) -> Vec<Arc<IdentityProvider>> {
        self.provider_by(ProviderFacet::Organization(organization.clone()))
    }

    /// How many providers name an organization.
    pub fn count_providers_of(&self, organization: &OrganizationKey) -> usize {
        self.indexes.providers.with(ProviderFacet::Organization(organization.clone()), |paths| paths.count())
    }

    /// The providers of an organization that ask for a key.
    pub fn providers_with_key(&self, organization: &OrganizationKey, key: &str) -> Vec<Arc<IdentityProvider>> {
        self.provider_by(ProviderFacet::Key(organization.clone(), key.into()))
    }

    /// The providers of an organization that ask for a display name.
    pub fn providers_called(&self, organization: &OrganizationKey, name: &str) -> Vec<Arc<IdentityProvider>> {
        self.provider_by(ProviderFacet::DisplayName(organization.clone(), name.into()))
    }

    /// The providers of an organization that ask for a domain of e-mail addresses, however it is spelt.
    pub fn providers_with_domain(&self, organization: &OrganizationKey, domain: &str) -> Vec<Arc<IdentityProvider>> {
        let domain = canonical_domain(domain);
        let find = |domain: String| self.provider_by(ProviderFacet::Domain(organization.clone(), domain.into()));
        domain.map(find).unwrap_or_default()
    }

    /// The providers that refer to a Secret, for whatever.
    pub fn providers_naming_secret(&self, namespace: &str, name: &str) -> Vec<Arc<IdentityProvider>> {
        self.provider_by(ProviderFacet::Secret(namespace.into(), name.into()))
    }

    /// The providers that refer to a ConfigMap, for whatever.
    pub fn providers_naming_config_map(&self, namespace: &str, name: &str) -> Vec<Arc<IdentityProvider>> {
        self.provider_by(ProviderFacet::ConfigMap(namespace.into(), name.into()))
    }

    /// The mappers that refer to a provider by this name, whether or not there is one.
    pub fn mappers_of(&self, namespace: &str, provider: &str) -> Vec<Arc<IdpMapper>> {
        self.indexes.mappers.find(MapperFacet::Provider(namespace.into(), provider.into()), &self.mappers)
    }

    /// The mappers of a provider that note an attribute of those people for whom a condition is.
    pub fn mappers_noting(
        &self,
        namespace: &str,
        provider: &str,
        when: Option<&When>,
        target: &str,
    ) -> Vec<Arc<IdpMapper>> {
        let when = when.cloned().map(Box::new);
        let facet = MapperFacet::Notes(namespace.into(), provider.into(), when, target.into());
        self.indexes.mappers.find(facet, &self.mappers)
    }

    fn organization_by(&self, facet: OrganizationFacet) -> Vec<Arc<Organization>> {
        self.indexes.organizations.find(facet, &self.organizations)
    }

    fn provider_by(&self, facet: ProviderFacet) -> Vec<Arc<IdentityProvider>> {
        self.indexes.providers.find(facet, &self.providers)
    }
}

#[cfg(test)]
mod tests;
