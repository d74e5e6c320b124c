//! Where a provider is and how its endpoints are known.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Duration, TrustSource, rules};

/// The kind of a provider: what its issuer is made of, and which claims it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ProviderType {
    #[default]
    Generic,
    Okta,
    Auth0,
    Entra,
    Google,
    Keycloak,
}

/// How the provider's metadata is found.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// Auto: the metadata is fetched. Manual: nothing is fetched but keys and userinfo; then issuer is required, where
    /// signatures are checked endpoints.jwks or tokens.publicKeys, and with client endpoints.authorization, for responseType
    /// Code endpoints.token, and where claims.source is UserInfo endpoints.userInfo.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub mode: DiscoveryMode,
    /// The configuration URL. Default: the issuer followed by /.well-known/openid-configuration. Alone, without
    /// issuer, it is enough: the issuer that the document names is recorded in status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::configuration_url())]
    pub url: Option<String>,
    /// How often the metadata and keys are fetched again. Default: 15m; at least 1s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::at_least_a_second())]
    pub interval: Option<Duration>,
    /// How long the last good metadata keeps serving while the provider cannot be asked. Default: 24h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_grace_period: Option<Duration>,
}

/// Whether a provider's metadata is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DiscoveryMode {
    #[default]
    Auto,
    Manual,
}

/// Endpoints that take the place of what the provider's metadata says.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Where the browser is sent. Instead of authorization_endpoint. Only with client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::endpoint())]
    pub authorization: Option<String>,
    /// Where codes are exchanged for tokens. Instead of token_endpoint. Only with client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::endpoint())]
    pub token: Option<String>,
    /// Where more claims are asked for. Instead of userinfo_endpoint. Only with client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::endpoint())]
    pub user_info: Option<String>,
    /// Where the provider's signing keys are. Instead of jwks_uri.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::endpoint())]
    pub jwks: Option<String>,
    /// Where authorization requests are pushed (RFC 9126). Instead of pushed_authorization_request_endpoint. Only with
    /// client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::endpoint())]
    pub pushed_authorization: Option<String>,
}

/// How connections to the provider are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The entry of a ConfigMap or Secret that holds the PEM certificates of the authorities that are trusted for
    /// every call to this provider, instead of the system's. The object must carry the label latchkey.dev/usable:
    /// "true".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_bundle_ref: Option<TrustSource>,
}
