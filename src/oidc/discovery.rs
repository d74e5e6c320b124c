//! A provider's metadata (OpenID Connect Discovery 1.0, sections 3 and 4; RFC 8414, section 2).
//! Strict in what a login rests on, blind to the rest.

use serde_json::{Map, Value};
use url::Url;

use super::{
    document::{DocumentError, fetch_object},
    http::{Outbound, authority},
};
use crate::{
    api::Reason,
    domain::{metadata::Metadata, relation::TrustRoots},
};

/// How many entries of a list are kept, and how long one may be; more would only swell `status`.
const MAX_LIST_ENTRIES: usize = 64;
const MAX_ENTRY_CHARS: usize = 128;
/// How much of an issuer that differs a message shows.
const MAX_SHOWN_CHARS: usize = 200;

/// Which metadata to fetch. Requests that are equal share one fetch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataRequest {
    pub url: Url,
    /// What the document must name as its issuer. None: whatever it names of the URL's own origin, when only the URL
    /// is configured.
    pub issuer: Option<String>,
    pub roots: Option<TrustRoots>,
    pub needs: Needs,
}

/// The endpoints that a document must name: those that the manifest does not name itself and that its flow has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Needs {
    pub authorization: bool,
    pub token: bool,
    pub jwks: bool,
    pub userinfo: bool,
}

impl MetadataRequest {
    /// The metadata of an issuer, at the place that the issuer implies (section 4).
    pub fn of_issuer(issuer: &str, roots: Option<TrustRoots>, needs: Needs) -> Result<Self, NotAnIssuer> {
        let mut url = Url::parse(issuer).map_err(|_| NotAnIssuer)?;
        if url.query().is_some() || url.fragment().is_some() || !url.has_host() {
            return Err(NotAnIssuer);
        }
        let path = url.path().strip_suffix('/').unwrap_or_else(|| url.path());
        url.set_path(&format!("{path}/.well-known/openid-configuration"));
        Ok(Self { url, issuer: Some(issuer.to_owned()), roots, needs })
    }
}

/// A configured issuer that no metadata can be asked for (section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the issuer is no URL that can be asked: check its host and port, and write it as the provider does, without query and fragment, such as https://example.org/a"
)]
pub struct NotAnIssuer;

/// Why metadata could not be had.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{host}: the metadata has no {field}; check that the URL leads to an OpenID provider")]
    Missing { host: String, field: &'static str },
    #[error(
        "{host}: the metadata has no {member}; check that the URL leads to an OpenID provider, or write the endpoint \
         that its documentation gives into {instead}"
    )]
    MissingEndpoint { host: String, member: &'static str, instead: &'static str },
    #[error("{host}: {field} in the metadata is not {expected}; the provider has to mend it")]
    Malformed { host: String, field: &'static str, expected: &'static str },
    #[error(
        "{host}: the metadata is that of all tenants, and its issuer a pattern that no token has; write the URL of your \
         own tenant's metadata into spec.discovery.url"
    )]
    IssuerPattern { host: String },
    #[error("{host}: {field} in the metadata is an http URL; the provider has to offer it by https")]
    InsecureEndpoint { host: String, field: &'static str },
    #[error(
        "{host}: the metadata names the issuer {found:?}, which is at another place; if that is the provider's issuer, \
         write it into spec.issuer"
    )]
    IssuerElsewhere { host: String, found: String },
    #[error("{host}: the metadata names the issuer {found:?}, but {configured:?} is configured; {hint}")]
    IssuerMismatch { host: String, found: String, configured: String, hint: &'static str },
}

impl DiscoveryError {
    /// The condition reason that says the same.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Document(error) => error.reason(),
            Self::Missing { .. }
            | Self::MissingEndpoint { .. }
            | Self::Malformed { .. }
            | Self::IssuerPattern { .. } => Reason::InvalidDocument,
            Self::InsecureEndpoint { .. } => Reason::InsecureEndpoint,
            Self::IssuerElsewhere { .. } | Self::IssuerMismatch { .. } => Reason::IssuerMismatch,
        }
    }
}

/// Fetches and checks a provider's metadata.
pub(super) async fn fetch_metadata(outbound: &Outbound, request: &MetadataRequest) -> Result<Metadata, DiscoveryError> {
    let document = fetch_object(outbound, request.roots.as_ref(), &request.url, "metadata").await?;
    check(&document, request, outbound.allows_http())
}

/// The metadata that a document holds, if it is an answer to this request.
pub(super) fn check(
    members: &Map<String, Value>,
    request: &MetadataRequest,
    allow_http: bool,
) -> Result<Metadata, DiscoveryError> {
    Document { members, host: authority(&request.url), allow_http }.metadata(
        &request.url,
        request.issuer.as_deref(),
        request.needs,
    )
}

/// A metadata document on its way to being checked.
struct Document<'a> {
    members: &'a Map<String, Value>,
    host: String,
    allow_http: bool,
}

impl Document<'_> {
    fn metadata(&self, place: &Url, configured: Option<&str>, needs: Needs) -> Result<Metadata, DiscoveryError> {
        let issuer = self.issuer(place, configured)?;
        let needed = |needed: bool, member, instead| match self.endpoint(member)? {
            None if needed => Err(DiscoveryError::MissingEndpoint { host: self.host.clone(), member, instead }),
            endpoint => Ok(endpoint),
        };
        Ok(Metadata {
            issuer,
            authorization_endpoint: needed(
                needs.authorization,
                "authorization_endpoint",
                "spec.endpoints.authorization",
            )?,
            token_endpoint: needed(needs.token, "token_endpoint", "spec.endpoints.token")?,
            userinfo_endpoint: needed(needs.userinfo, "userinfo_endpoint", "spec.endpoints.userInfo")?,
            jwks_uri: needed(needs.jwks, "jwks_uri", "spec.endpoints.jwks")?,
            pushed_authorization_endpoint: self.endpoint("pushed_authorization_request_endpoint")?,
            end_session_endpoint: self.endpoint("end_session_endpoint")?,
            pushed_authorization_required: self.flag("require_pushed_authorization_requests")?,
            response_types: self.list("response_types_supported")?,
            response_modes: self.list("response_modes_supported")?,
            auth_methods: self.list("token_endpoint_auth_methods_supported")?,
            auth_signing_algorithms: self.list("token_endpoint_auth_signing_alg_values_supported")?,
            signing_algorithms: self.list("id_token_signing_alg_values_supported")?,
            pkce_methods: self.list("code_challenge_methods_supported")?,
            iss_parameter_supported: self.flag("authorization_response_iss_parameter_supported")?,
            backchannel_logout_supported: self.flag("backchannel_logout_supported")?,
        })
    }

    /// The issuer, exactly as configured: identity rests on it (section 4.3). Where all tenants share one document, it
    /// names a pattern, which no token has.
    fn issuer(&self, place: &Url, configured: Option<&str>) -> Result<String, DiscoveryError> {
        let found = self.text("issuer")?.ok_or_else(|| self.missing("issuer"))?;
        if found.contains('{') {
            return Err(DiscoveryError::IssuerPattern { host: self.host.clone() });
        }
        let shown = || found.chars().take(MAX_SHOWN_CHARS).collect();
        match configured {
            Some(configured) if configured == found => Ok(found.to_owned()),
            Some(configured) => Err(DiscoveryError::IssuerMismatch {
                host: self.host.clone(),
                found: shown(),
                configured: configured.to_owned(),
                hint: mismatch_hint(found, configured),
            }),
            // Whoever serves a document could pose as anybody by it.
            None if self.url("issuer", found)?.origin() != place.origin() => {
                Err(DiscoveryError::IssuerElsewhere { host: self.host.clone(), found: shown() })
            }
            None => self.issuer_taken(found),
        }
    }

    /// An issuer that nobody configured must at least have the form of one (section 3).
    fn issuer_taken(&self, found: &str) -> Result<String, DiscoveryError> {
        let url = self.url("issuer", found)?;
        if url.query().is_some() || found.chars().count() > MAX_SHOWN_CHARS {
            return Err(self.malformed("issuer", "a short https URL without query, fragment and user name"));
        }
        Ok(found.to_owned())
    }

    fn endpoint(&self, field: &'static str) -> Result<Option<Url>, DiscoveryError> {
        self.text(field)?.map(|text| self.url(field, text)).transpose()
    }

    fn url(&self, field: &'static str, text: &str) -> Result<Url, DiscoveryError> {
        let malformed = || self.malformed(field, "an https URL without fragment and user name");
        let url = Url::parse(text).map_err(|_| malformed())?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(DiscoveryError::InsecureEndpoint { host: self.host.clone(), field }),
            _ => return Err(malformed()),
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(malformed());
        }
        Ok(url)
    }

    /// What is null counts as absent: some providers write out what they don't have.
    fn member(&self, field: &str) -> Option<&Value> {
        self.members.get(field).filter(|value| !value.is_null())
    }

    fn text(&self, field: &'static str) -> Result<Option<&str>, DiscoveryError> {
        self.member(field).map(|value| value.as_str().ok_or_else(|| self.malformed(field, "a string"))).transpose()
    }

    fn flag(&self, field: &'static str) -> Result<bool, DiscoveryError> {
        self.member(field).map_or(Ok(false), |value| value.as_bool().ok_or_else(|| self.malformed(field, "a boolean")))
    }

    fn list(&self, field: &'static str) -> Result<Option<Vec<String>>, DiscoveryError> {
        let Some(value) = self.member(field) else { return Ok(None) };
        let entries = value.as_array().ok_or_else(|| self.malformed(field, "an array of strings"))?;
        let usable = entries.iter().filter_map(Value::as_str).filter(|entry| entry.chars().count() <= MAX_ENTRY_CHARS);
        Ok(Some(usable.take(MAX_LIST_ENTRIES).map(str::to_owned).collect()))
    }

    fn missing(&self, field: &'static str) -> DiscoveryError {
        DiscoveryError::Missing { host: self.host.clone(), field }
    }

    fn malformed(&self, field: &'static str, expected: &'static str) -> DiscoveryError {
        DiscoveryError::Malformed { host: self.host.clone(), field, expected }
    }
}

fn mismatch_hint(found: &str, configured: &str) -> &'static str {
    if found.strip_suffix('/').unwrap_or(found) == configured.strip_suffix('/').unwrap_or(configured) {
        "they differ by the slash at the end; write spec.issuer exactly as the provider does"
    } else {
        "write spec.issuer exactly as the provider does, or the URL of the right provider"
    }
}

#[cfg(test)]
mod tests;
