//! The login table: everything that logins and sessions need to know of the manifests, as one immutable value.
//! The controllers make a new one for every change; the server only reads it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::{HashMap, OrdMap};

use super::{
    mapper::Mapper,
    organization::{Organization, OrganizationKey},
    provider::{LoginState, Provider},
};

/// What is served. Cloning is cheap, and so is making a changed copy.
#[derive(Clone, Debug, Default)]
pub struct LoginTable {
    organizations: OrdMap<OrganizationKey, Arc<Organization>>,
    organization_by_id: OrdMap<Arc<str>, Arc<Organization>>,
    providers: HashMap<Arc<str>, Arc<Provider>>,
    provider_by_key: OrdMap<(OrganizationKey, Arc<str>), Arc<Provider>>,
    mappers: HashMap<Arc<str>, Arc<Mapper>>,
    mappers_of_provider: HashMap<Arc<str>, Arc<[Arc<Mapper>]>>,
    /// Whether every object that the source knows has been looked at.
    pub settled: bool,
    /// Whether an object that is not here is known not to exist.
    pub complete: bool,
}

impl LoginTable {
    /// The organization of an id.
    pub fn organization(&self, id: &str) -> Option<&Arc<Organization>> {
        self.organization_by_id.get(id)
    }

    /// The organization of a key.
    pub fn organization_by_key(&self, key: &OrganizationKey) -> Option<&Arc<Organization>> {
        self.organizations.get(key)
    }

    /// All organizations that people can sign in to, by id.
    pub fn organizations(&self) -> impl ExactSizeIterator<Item = &Arc<Organization>> {
        self.organization_by_id.values()
    }

    /// The provider that a URL names.
    pub fn provider(&self, organization: &OrganizationKey, key: &str) -> Option<&Arc<Provider>> {
        self.provider_by_key.get(&(organization.clone(), Arc::from(key)))
    }

    /// The provider of a UID, whether or not a URL leads to it.
    pub fn provider_by_uid(&self, uid: &str) -> Option<&Arc<Provider>> {
        self.providers.get(uid)
    }

    /// The providers of an organization that have a URL, by key.
    pub fn providers_of(&self, organization: &OrganizationKey) -> impl Iterator<Item = &Arc<Provider>> {
        let first = (organization.clone(), Arc::from(""));
        self.provider_by_key
            .range(first..)
            .take_while(move |((key, _), _)| key == organization)
            .map(|(_, provider)| provider)
    }

    /// The UIDs of all providers.
    pub fn provider_uids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.providers.keys()
    }

    /// A mapper.
    pub fn mapper(&self, uid: &str) -> Option<&Arc<Mapper>> {
        self.mappers.get(uid)
    }

    /// The mappers for the people of a provider.
    pub fn mappers_of(&self, provider_uid: &str) -> &[Arc<Mapper>] {
        self.mappers_of_provider.get(provider_uid).map_or(&[], |mappers| mappers)
    }

    /// Puts an organization in, or takes it out.
    pub fn set_organization(&mut self, key: &OrganizationKey, organization: Option<Arc<Organization>>) {
        if let Some(before) = self.organizations.remove(key)
            && self.organization_by_id.get(&before.id).is_some_and(|holder| holder.key == *key)
        {
            self.organization_by_id.remove(&before.id);
        }
        if let Some(organization) = organization {
            self.organization_by_id.insert(organization.id.clone(), organization.clone());
            self.organizations.insert(key.clone(), organization);
        }
    }

    /// Puts a provider in, or takes it out.
    pub fn set_provider(&mut self, uid: &str, provider: Option<Arc<Provider>>) {
        if let Some(before) = self.providers.remove(uid) {
            let place = (before.organization.clone(), before.key.clone());
            if self.provider_by_key.get(&place).is_some_and(|holder| *holder.uid == *uid) {
                self.provider_by_key.remove(&place);
            }
        }
        if let Some(provider) = provider {
            if !matches!(provider.login, LoginState::Refused(_)) {
                self.provider_by_key.insert((provider.organization.clone(), provider.key.clone()), provider.clone());
            }
            self.providers.insert(provider.uid.clone(), provider);
        }
    }

    /// Puts a mapper in, or takes it out. Returns the UIDs of the providers whose mappers differ now.
    pub fn set_mapper(&mut self, uid: &str, mapper: Option<Arc<Mapper>>) -> Vec<Arc<str>> {
        let before = self.mappers.remove(uid);
        if let Some(mapper) = &mapper {
            self.mappers.insert(mapper.uid.clone(), mapper.clone());
        }
        if before == mapper {
            return Vec::new();
        }
        let mut touched: Vec<Arc<str>> =
            before.iter().chain(&mapper).flat_map(|mapper| mapper.providers.iter().cloned()).collect();
        touched.sort();
        touched.dedup();
        for provider in &touched {
            let others = self.mappers_of(provider).iter().filter(|other| *other.uid != *uid).cloned();
            let mine = mapper.iter().filter(|mapper| mapper.providers.contains(provider)).cloned();
            self.mappers_of_provider.insert(provider.clone(), others.chain(mine).collect());
        }
        touched
    }
}

/// The table that is served now. The controllers replace it whole; readers never wait.
#[derive(Debug, Default)]
pub struct Published(ArcSwap<LoginTable>);

impl Published {
    /// The table as it is now; keeps its meaning however long it is held.
    pub fn load(&self) -> Arc<LoginTable> {
        self.0.load_full()
    }

    /// Replaces the table.
    pub fn replace(&self, table: LoginTable) {
        self.0.store(Arc::new(table));
    }
}
