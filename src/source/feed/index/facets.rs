//! What objects of each kind can be found by. A new reference in a spec gets its facet here.

use std::sync::Arc;

use super::{Former, Indexed};
use crate::{
    api::{Application, IdentityProvider, IdpMapper, Organization, ResourceMeta, When},
    domain::{email::canonical_domain, organization::OrganizationKey},
    source::is_undeclared,
};

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source::feed) enum OrganizationFacet {
    /// Somebody declared it in this namespace.
    DeclaredIn(Box<str>),
    /// It asks for this id.
    Id(Box<str>),
    /// An application of it refers to the Secret of this namespace and name.
    Secret(Box<str>, Box<str>),
    /// An application of it refers to the provider of this namespace and name.
    Provider(Box<str>, Box<str>),
}

impl Indexed for Organization {
    type Facet = OrganizationFacet;

    fn former(this: Arc<Self>) -> Former {
        Former::Organization(this)
    }

    fn facets(&self) -> Vec<OrganizationFacet> {
        let declared = (!is_undeclared(self)).then(|| OrganizationFacet::DeclaredIn(self.namespace_str().into()));
        let namespace = self.namespace_str();
        let of_application = |application: &Application| {
            let secret = application.secret_ref.iter().map(|secret| &secret.name);
            let secret = secret.map(|name| OrganizationFacet::Secret(namespace.into(), name.as_str().into()));
            let providers = application.identity_providers.iter().map(|provider| &provider.name);
            let providers = providers.map(|name| OrganizationFacet::Provider(namespace.into(), name.as_str().into()));
            secret.chain(providers).collect::<Vec<_>>()
        };
        let named = self.spec.applications.iter().flat_map(of_application);
        declared.into_iter().chain([OrganizationFacet::Id(self.id().into())]).chain(named).collect()
    }
}

/// Secrets and ConfigMaps are named by namespace and name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source::feed) enum ProviderFacet {
    Namespace(Box<str>),
    Organization(OrganizationKey),
    Key(OrganizationKey, Box<str>),
    DisplayName(OrganizationKey, Box<str>),
    /// It asks for this domain of e-mail addresses, in canonical form.
    Domain(OrganizationKey, Box<str>),
    Secret(Box<str>, Box<str>),
    ConfigMap(Box<str>, Box<str>),
}

impl Indexed for IdentityProvider {
    type Facet = ProviderFacet;

    fn former(this: Arc<Self>) -> Former {
        Former::IdentityProvider(this)
    }

    fn facets(&self) -> Vec<ProviderFacet> {
        let organization = OrganizationKey::new(self.namespace_str(), self.organization_name());
        let mut facets = vec![
            ProviderFacet::Namespace(self.namespace_str().into()),
            ProviderFacet::Key(organization.clone(), self.key().into()),
            ProviderFacet::DisplayName(organization.clone(), self.spec.display_name.as_str().into()),
            ProviderFacet::Organization(organization.clone()),
        ];
        let domains = self.spec.trust.assigned_email_domains.iter().filter_map(|domain| canonical_domain(domain));
        facets.extend(domains.map(|domain| ProviderFacet::Domain(organization.clone(), domain.into())));
        let namespace = self.namespace_str();
        facets.extend(self.spec.secret_names().map(|name| ProviderFacet::Secret(namespace.into(), name.into())));
        let config_map = self.spec.config_map_name();
        facets.extend(config_map.map(|name| ProviderFacet::ConfigMap(namespace.into(), name.into())));
        facets
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::source::feed) enum MapperFacet {
    Namespace(Box<str>),
    /// It refers to the provider of this namespace and name.
    Provider(Box<str>, Box<str>),
    /// It notes this attribute of those people of the provider of this namespace and name for whom this condition is.
    Notes(Box<str>, Box<str>, Option<Box<When>>, Box<str>),
}

impl Indexed for IdpMapper {
    type Facet = MapperFacet;

    fn former(this: Arc<Self>) -> Former {
        Former::IdpMapper(this)
    }

    fn facets(&self) -> Vec<MapperFacet> {
        let namespace = self.namespace_str();
        let references = self.spec.identity_provider_refs.iter();
        let when = self.spec.when.clone().map(Box::new);
        let of_provider = |name: &str| {
            let noted = self.spec.attributes.iter().map(|attribute| attribute.target.as_str().into());
            let notes = noted.map(|target| MapperFacet::Notes(namespace.into(), name.into(), when.clone(), target));
            std::iter::once(MapperFacet::Provider(namespace.into(), name.into())).chain(notes).collect::<Vec<_>>()
        };
        let providers = references.flat_map(|reference| of_provider(&reference.name));
        providers.chain([MapperFacet::Namespace(namespace.into())]).collect()
    }
}
