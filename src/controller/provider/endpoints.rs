//! Which of a provider's endpoints the manifest names itself, and where the rest is to be asked for. Pure.

use url::Url;

use crate::{
    api::{ClaimsSource, DiscoveryMode, Endpoints, Fact, IdentityProviderSpec, Issuer, Reason, ResponseType},
    domain::relation::TrustRoots,
    oidc::{IconRequest, MetadataRequest, Needs},
};

/// The endpoints of spec.endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinnedEndpoints {
    pub authorization: Option<Url>,
    pub token: Option<Url>,
    pub user_info: Option<Url>,
    pub jwks: Option<Url>,
    pub pushed_authorization: Option<Url>,
}

impl PinnedEndpoints {
    /// Reads what the manifest names.
    ///
    /// # Errors
    /// Names the field that holds no URL.
    pub fn of(endpoints: &Endpoints) -> Result<Self, String> {
        let read = |field: &str, text: &Option<String>| {
            let parse = |text: &String| parsed(&format!("spec.endpoints.{field}"), text, "/oauth2/token");
            text.as_ref().map(parse).transpose()
        };
        Ok(Self {
            authorization: read("authorization", &endpoints.authorization)?,
            token: read("token", &endpoints.token)?,
            user_info: read("userInfo", &endpoints.user_info)?,
            jwks: read("jwks", &endpoints.jwks)?,
            pushed_authorization: read("pushedAuthorization", &endpoints.pushed_authorization)?,
        })
    }

    /// Each with its field's name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        [
            ("spec.endpoints.authorization", &self.authorization),
            ("spec.endpoints.token", &self.token),
            ("spec.endpoints.userInfo", &self.user_info),
            ("spec.endpoints.jwks", &self.jwks),
            ("spec.endpoints.pushedAuthorization", &self.pushed_authorization),
        ]
        .into_iter()
        .filter_map(|(field, url)| Some((field, url.as_ref()?)))
    }
}

/// Where the metadata is, and which issuer it must name; None when nothing is fetched.
///
/// # Errors
/// Names the field that holds no URL.
pub fn metadata_request(
    spec: &IdentityProviderSpec,
    pinned: &PinnedEndpoints,
    roots: Option<TrustRoots>,
) -> Result<Option<MetadataRequest>, String> {
    if spec.discovery.mode == DiscoveryMode::Manual {
        let issuer = spec.issuer.as_deref().unwrap_or_default();
        return parsed("spec.issuer", issuer, "").map(|_| None);
    }
    let by_browser = spec.client.is_some();
    let needs = Needs {
        authorization: by_browser && pinned.authorization.is_none(),
        token: by_browser && pinned.token.is_none() && spec.authorization.response_type == ResponseType::Code,
        jwks: pinned.jwks.is_none() && spec.tokens.needs_published_keys(),
        userinfo: by_browser && pinned.user_info.is_none() && spec.claims.source == ClaimsSource::UserInfo,
    };
    let (place, exactly) = match spec.issuer() {
        Some(Issuer::Exactly(issuer)) => (issuer.clone(), Some(issuer)),
        Some(Issuer::NamedAt(place)) => (place, None),
        None => (String::new(), None),
    };
    if let Some(url) = &spec.discovery.url {
        let url = parsed("spec.discovery.url", url, "/.well-known/openid-configuration")?;
        return Ok(Some(MetadataRequest { url, issuer: exactly, roots, needs }));
    }
    let request =
        MetadataRequest::of_issuer(&place, roots, needs).map_err(|error| format!("{}: {error}", issuer_field(spec)))?;
    Ok(Some(MetadataRequest { issuer: exactly, ..request }))
}

/// Where the picture of the provider's button is; None when there is none to fetch, or nobody would see it.
///
/// # Errors
/// Names the field that holds no URL.
pub fn icon_request(spec: &IdentityProviderSpec, roots: Option<TrustRoots>) -> Result<Option<IconRequest>, String> {
    let url = spec.icon_url.as_ref().map(|url| parsed("spec.iconURL", url, "/icon.svg")).transpose()?;
    Ok(url.filter(|_| spec.client.is_some() && !spec.suspend).map(|url| IconRequest { url, roots }))
}

/// The field that the issuer is made of.
fn issuer_field(spec: &IdentityProviderSpec) -> &'static str {
    match (&spec.issuer, &spec.domain, &spec.tenant_id) {
        (None, Some(_), _) => "spec.domain",
        (None, None, Some(_)) => "spec.tenantID",
        _ => "spec.issuer",
    }
}

/// Reads a URL of the manifest; `path` stands in the example of a right one.
///
/// # Errors
/// Names the field.
pub fn parsed(field: &str, text: &str, path: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| no_url(field, error, path))
}

/// `Discovered=False`: a field of the manifest holds an http URL.
pub fn insecure(field: &str) -> Fact {
    let message = format!("{field}: is an http URL, which anybody in between can read and change: write https");
    Fact::fails(Reason::InsecureEndpoint, message)
}

/// That a field of the manifest holds no URL.
pub fn no_url(field: &str, error: url::ParseError, path: &str) -> String {
    format!("{field}: is not a URL ({error}): write it in full, such as https://login.example.com{path}")
}
