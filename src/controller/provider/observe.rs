//! Gathers what the object stores know around a provider.

use std::sync::Arc;

use kube::runtime::reflector::ObjectRef;

use super::{Local, organization_of};
use crate::{
    api::{Fact, IdentityProvider, ReadyCount, ResourceMeta, TrustSourceKind},
    controller::{Context, mapper, organization},
    domain::organization::Organization,
};

/// What the sources know about a provider's surroundings.
pub fn local(idp: &IdentityProvider, context: &Context) -> Local {
    let namespace = idp.namespace_str();
    let secret = |name: &str| context.stores.secrets.get(&ObjectRef::new(name).within(namespace));
    let trust = idp.spec.tls.ca_bundle_ref.as_ref();
    let trust_in = |kind| trust.filter(move |source| source.kind == kind);
    Local {
        settings: context.settings.clone(),
        organization: accepted_organization(idp, context),
        siblings: context.stores.providers.state_filter(|other| other.namespace_str() == namespace),
        secret: idp.spec.client.secret_ref.as_ref().and_then(|reference| secret(&reference.name)),
        trust_secret: trust_in(TrustSourceKind::Secret).and_then(|source| secret(&source.name)),
        trust_config_map: trust_in(TrustSourceKind::ConfigMap)
            .and_then(|source| context.stores.config_maps.get(&ObjectRef::new(&source.name).within(namespace))),
        mappers: mappers(idp, context),
    }
}

/// The organization that a provider names, if there is one, or why it is not accepted.
pub fn accepted_organization(idp: &IdentityProvider, context: &Context) -> Option<Result<Organization, Fact>> {
    let key = ObjectRef::new(organization_of(idp)).within(idp.namespace_str());
    let declared = context.stores.organizations.get(&key)?;
    Some(organization::accept(&declared, &context.stores.organizations.state(), &context.settings))
}

fn mappers(idp: &IdentityProvider, context: &Context) -> ReadyCount {
    let mine = context.stores.mappers.state_filter(|mapper| {
        mapper.namespace_str() == idp.namespace_str()
            && mapper.spec.identity_provider_refs.iter().any(|reference| reference.name == idp.name_str())
    });
    let ready = |mapper: &&Arc<crate::api::IdpMapper>| {
        mapper::resolve(&mapper.spec, &mapper::targets(mapper, context)).is_true()
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ReadyCount { total: count(mine.len()), ready: count(mine.iter().filter(ready).count()) }
}
