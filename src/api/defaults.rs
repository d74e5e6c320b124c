//! What a manifest means where it is silent and the answer depends on the object's own name. Pure readings of one
//! object: nothing here looks at another.

use super::{IdentityProvider, Organization, ResourceMeta};

/// The name of the Organization that exists in every namespace with Latchkey objects.
pub const DEFAULT_ORGANIZATION: &str = "default";

impl IdentityProvider {
    /// The key that the manifest asks for: spec.key, else metadata.name.
    pub fn key(&self) -> &str {
        self.spec.key.as_deref().unwrap_or_else(|| self.name_str())
    }

    /// The name of the Organization, in the same namespace, that the provider belongs to.
    pub fn organization_name(&self) -> &str {
        self.spec.organization_ref.as_ref().map_or(DEFAULT_ORGANIZATION, |reference| &reference.name)
    }
}

impl Organization {
    /// The id that the manifest asks for: spec.id, else metadata.name or, for `default`, the namespace's name.
    pub fn id(&self) -> &str {
        let default = match self.name_str() {
            DEFAULT_ORGANIZATION => self.namespace_str(),
            name => name,
        };
        self.spec.id.as_deref().unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{LocalReference, OrganizationSpec};

    fn organization(name: &str, id: Option<&str>) -> Organization {
        let spec = OrganizationSpec { id: id.map(str::to_owned), ..Default::default() };
        let mut organization = Organization::new(name, spec);
        organization.metadata.namespace = Some("tenants".into());
        organization
    }

    #[test]
    fn an_id_is_what_is_written_else_the_name_and_of_the_default_organization_the_namespace() {
        assert_eq!(organization("acme", Some("written")).id(), "written");
        assert_eq!(organization("acme", None).id(), "acme");
        assert_eq!(organization("default", None).id(), "tenants");
        assert_eq!(organization("default", Some("written")).id(), "written");
    }

    #[test]
    fn a_provider_without_key_and_organization_has_its_name_and_the_default_one() {
        let mut idp = IdentityProvider::new("azure", Default::default());
        assert_eq!((idp.key(), idp.organization_name()), ("azure", "default"));
        idp.spec.key = Some("Contoso".into());
        idp.spec.organization_ref = Some(LocalReference { name: "acme".into() });
        assert_eq!((idp.key(), idp.organization_name()), ("Contoso", "acme"));
    }
}
