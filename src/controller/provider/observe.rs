//! Gathers what the object stores know around a provider.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::Local;
use crate::{
    api::{Fact, IdentityProvider, IdpMapper, ReadyCount, ResourceMeta},
    controller::{Settings, organization},
    domain::{
        organization::{Organization, OrganizationKey},
        table::LoginTable,
    },
    source::Stores,
};

/// What the sources know about a provider's surroundings.
pub fn local(idp: &IdentityProvider, stores: &Stores, settings: &Settings, table: &LoginTable) -> Local {
    let namespace = idp.namespace_str();
    Local {
        organization: accepted_organization(idp, stores, settings),
        contenders: contenders(idp, stores),
        secrets: idp.spec.secret_names().filter_map(|name| stores.secret(namespace, name)).collect(),
        trust_config_map: idp.spec.config_map_name().and_then(|name| stores.config_map(namespace, name)),
        mappers: mappers(idp, stores, table),
        allow_http: settings.allow_http,
    }
}

/// The organization that a provider names, if there is one, or why it is not accepted.
pub fn accepted_organization(
    idp: &IdentityProvider,
    stores: &Stores,
    settings: &Settings,
) -> Option<Result<Organization, Fact>> {
    let key = ObjectRef::new(idp.organization_name()).within(idp.namespace_str());
    let declared = stores.organizations.get(&key)?;
    Some(organization::accept(&declared, &organization::contenders(&declared, stores), settings))
}

fn contenders(idp: &IdentityProvider, stores: &Stores) -> Vec<Arc<IdentityProvider>> {
    let organization = OrganizationKey::new(idp.namespace_str(), idp.organization_name());
    let mut contenders = stores.providers_with_key(&organization, idp.key());
    contenders.extend(stores.providers_called(&organization, &idp.spec.display_name));
    let domains = idp.spec.trust.assigned_email_domains.iter();
    contenders.extend(domains.flat_map(|domain| stores.providers_with_domain(&organization, domain)));
    // Who asks for several of these is there but once.
    contenders.sort_by(|one, other| one.name_str().cmp(other.name_str()));
    contenders.dedup_by(|one, other| one.name_str() == other.name_str());
    contenders
}

/// How many mappers a provider has, and how many of them are served as they stand. While everything is being looked at
/// for the first time, as many as its status says.
fn mappers(idp: &IdentityProvider, stores: &Stores, table: &LoginTable) -> ReadyCount {
    if !table.settled {
        return idp.status.as_ref().and_then(|status| status.mappers).unwrap_or_default();
    }
    let mine = stores.mappers_of(idp.namespace_str(), idp.name_str());
    let ready = |mapper: &&Arc<IdpMapper>| {
        let served = table.mapper(mapper.uid_str()).and_then(|entry| entry.served.as_ref());
        served.is_some_and(|(_, generation)| *generation == mapper.generation_number())
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ReadyCount { total: count(mine.len()), ready: count(mine.iter().filter(ready).count()) }
}
