//! What a manifest means where it is silent and the answer depends on the object's own name. Pure readings of one
//! object: nothing here looks at another.

use super::{IdentityProvider, IdentityProviderSpec, Organization, ProviderType, ResourceMeta, TrustSourceKind};

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

/// Which issuer a manifest means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// This one, to the letter.
    Exactly(String),
    /// The one that the metadata below this URL names: it has an ID where the manifest has another name.
    NamedAt(String),
}

impl IdentityProviderSpec {
    /// The names of the Secrets that the manifest refers to, for whatever.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        let entries = self.client.iter().flat_map(|client| {
            [&client.id_ref, &client.secret_ref, &client.previous_secret_ref, &client.private_key_ref]
        });
        let bundle = self.tls.ca_bundle_ref.iter().filter(|source| source.kind == TrustSourceKind::Secret);
        let entries = entries.flatten().map(|reference| &*reference.name);
        entries.chain(bundle.map(|source| &*source.name))
    }

    /// The name of the ConfigMap that the manifest refers to.
    pub fn config_map_name(&self) -> Option<&str> {
        let source = self.tls.ca_bundle_ref.as_ref()?;
        (source.kind == TrustSourceKind::ConfigMap).then_some(&source.name)
    }

    /// The issuer: spec.issuer, else what the type makes of its fields. None when only discovery.url says where the
    /// provider is.
    pub fn issuer(&self) -> Option<Issuer> {
        if let Some(issuer) = &self.issuer {
            return Some(Issuer::Exactly(issuer.clone()));
        }
        let exactly = |issuer: String| Some(Issuer::Exactly(issuer));
        let domain = self.domain.as_deref().map(lower_case_host);
        match self.type_ {
            ProviderType::Generic => None,
            ProviderType::Okta => {
                let server = self.authorization_server_id.as_deref().filter(|id| !id.is_empty()).unwrap_or("default");
                exactly(format!("https://{}/oauth2/{server}", domain?))
            }
            ProviderType::Auth0 => exactly(format!("https://{}/", domain?)),
            ProviderType::Entra => self.tenant_id.as_deref().map(entra_issuer),
            ProviderType::Google => exactly("https://accounts.google.com".to_owned()),
            ProviderType::Keycloak => exactly(format!("https://{}/realms/{}", domain?, self.realm.as_deref()?)),
        }
    }
}

/// Hosts are announced in lower case, however people write them; a path is what it is.
fn lower_case_host(domain: &str) -> String {
    let (host, path) = domain.split_at(domain.find('/').unwrap_or(domain.len()));
    format!("{}{path}", host.to_ascii_lowercase())
}

/// Entra's issuers name tenants by GUID, in lower case; a tenant's domain leads to metadata that says which.
fn entra_issuer(tenant: &str) -> Issuer {
    let is_guid = tenant.len() == 36 && uuid::Uuid::try_parse(tenant).is_ok();
    let tenant = tenant.to_ascii_lowercase();
    let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
    if is_guid { Issuer::Exactly(issuer) } else { Issuer::NamedAt(issuer) }
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
    fn each_type_derives_its_issuer_and_a_written_one_goes_before() {
        let text = |text: &str| Some(text.to_owned());
        let exactly = |issuer: &str| Some(Issuer::Exactly(issuer.to_owned()));
        let spec = |type_| IdentityProviderSpec {
            type_,
            domain: text("SSO.Example.com"),
            realm: text("acme"),
            tenant_id: text("72F988BF-86F1-41AF-91AB-2D7CD011DB47"),
            ..Default::default()
        };
        for (type_, issuer) in [
            (ProviderType::Okta, "https://sso.example.com/oauth2/default"),
            (ProviderType::Auth0, "https://sso.example.com/"),
            (ProviderType::Entra, "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0"),
            (ProviderType::Google, "https://accounts.google.com"),
            (ProviderType::Keycloak, "https://sso.example.com/realms/acme"),
        ] {
            assert_eq!(spec(type_).issuer(), exactly(issuer));
            let written = IdentityProviderSpec { issuer: text("https://other.example.com"), ..spec(type_) };
            assert_eq!(written.issuer(), exactly("https://other.example.com"), "{type_:?}");
        }
        assert_eq!(spec(ProviderType::Generic).issuer(), None);
    }

    #[test]
    fn the_base_path_of_keycloak_keeps_its_capitals() {
        let text = |text: &str| Some(text.to_owned());
        let (domain, realm) = (text("SSO.example.com:8443/Auth"), text("Acme"));
        let spec = IdentityProviderSpec { type_: ProviderType::Keycloak, domain, realm, ..Default::default() };
        assert_eq!(spec.issuer(), Some(Issuer::Exactly("https://sso.example.com:8443/Auth/realms/Acme".to_owned())));
    }

    #[test]
    fn an_authorization_server_of_okta_is_default_when_empty() {
        for (id, path) in [(None, "default"), (Some(""), "default"), (Some("aus1a2b3c4"), "aus1a2b3c4")] {
            let spec = IdentityProviderSpec {
                type_: ProviderType::Okta,
                domain: Some("contoso.okta.com".to_owned()),
                authorization_server_id: id.map(str::to_owned),
                ..Default::default()
            };
            assert_eq!(spec.issuer(), Some(Issuer::Exactly(format!("https://contoso.okta.com/oauth2/{path}"))));
        }
    }

    #[test]
    fn a_tenant_of_entra_named_by_domain_is_asked_for_its_issuer() {
        let spec = IdentityProviderSpec {
            type_: ProviderType::Entra,
            tenant_id: Some("Contoso.onmicrosoft.com".to_owned()),
            ..Default::default()
        };
        let place = "https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0";
        assert_eq!(spec.issuer(), Some(Issuer::NamedAt(place.to_owned())));
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
