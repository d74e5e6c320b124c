//! Gathers what the object stores know around a mapper.

use std::{collections::BTreeSet, sync::Arc};

use kube::runtime::reflector::ObjectRef;

use super::decide::{Target, TestSubject};
use crate::{
    api::{IdentityProvider, IdpMapper, ResourceMeta},
    controller::{Settings, provider},
    source::Stores,
};

/// What a mapper's references lead to, in their order.
pub fn targets(mapper: &IdpMapper, stores: &Stores, settings: &Settings) -> Vec<Target> {
    let target = |name: &str| {
        let key = ObjectRef::new(name).within(mapper.namespace_str());
        let idp = stores.providers.get(&key);
        Target {
            name: name.to_owned(),
            organization: idp.as_ref().and_then(|idp| provider::accepted_organization(idp, stores, settings)?.ok()),
            provider_uid: idp.as_ref().map(|idp| idp.uid_str().into()),
            // Only tests need to know what the provider says of its people.
            subject: idp.filter(|_| !mapper.spec.tests.is_empty()).and_then(|idp| subject(&idp)),
        }
    };
    mapper.spec.identity_provider_refs.iter().map(|reference| target(&reference.name)).collect()
}

fn subject(idp: &IdentityProvider) -> Option<TestSubject> {
    let people = provider::people(&idp.spec).ok()?;
    let issuer = provider::configured_issuer(idp).or_else(|| idp.status.as_ref()?.issuer.clone());
    Some(TestSubject { people, key: idp.key().to_owned(), issuer: issuer.unwrap_or_default() })
}

/// The other mappers of the same providers that note one of the same attributes of the same people; each once, in the
/// order of their names.
pub fn siblings(mapper: &IdpMapper, stores: &Stores) -> Vec<Arc<IdpMapper>> {
    let names: BTreeSet<_> = mapper.spec.identity_provider_refs.iter().map(|reference| &reference.name).collect();
    let noting = names.iter().flat_map(|provider| {
        let noted = mapper.spec.attributes.iter();
        noted.flat_map(|attribute| {
            stores.mappers_noting(mapper.namespace_str(), provider, mapper.spec.when.as_ref(), &attribute.target)
        })
    });
    let mut siblings: Vec<_> = noting.filter(|other| other.name_str() != mapper.name_str()).collect();
    siblings.sort_by(|one, other| one.name_str().cmp(other.name_str()));
    siblings.dedup_by(|one, other| one.name_str() == other.name_str());
    siblings
}
