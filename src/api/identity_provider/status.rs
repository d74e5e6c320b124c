//! What Latchkey writes into an IdentityProvider's status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Condition, ReadyCount};

/// What Latchkey found about an IdentityProvider, and what to register at the provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderStatus {
    /// The generation that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation that logins, and ID tokens that applications bring, use. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving_generation: Option<i64>,
    /// The key in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The id of the organization.
    #[serde(rename = "organizationID", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Register this at the provider as redirect URI (also called callback URL). This and all other URIs here are absent
    /// without spec.client.
    #[serde(rename = "redirectURI", skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Register this at the provider as post-logout redirect URI (also called sign-out redirect URI).
    #[serde(rename = "postLogoutRedirectURI", skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<String>,
    /// Register this at the provider as back-channel logout URI, if it has back-channel logout. Absent where
    /// logout.acceptBackchannel is false, and where there are no keys to check logout tokens by.
    #[serde(rename = "backchannelLogoutURI", skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// Register this at the provider as front-channel logout URI, and that a session ID is required. Absent unless
    /// logout.acceptFrontchannel is true.
    #[serde(rename = "frontchannelLogoutURI", skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Register this at the provider as initiate login URI, if it lets people begin a login there.
    #[serde(rename = "initiateLoginURI", skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Opens a login through this provider.
    #[serde(rename = "loginURL", skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// The issuer in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the provider's metadata says. Absent where discovery.mode is Manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovered: Option<Discovered>,
    /// The provider's signing keys that can be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub keys: Vec<SigningKey>,
    /// How many mappers refer to this provider, and how many are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mappers: Option<ReadyCount>,
    /// The last value of the annotation latchkey.dev/reconcile-requested-at that Latchkey has acted upon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// One condition a check; Ready sums them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// What the provider's metadata says (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    /// authorization_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// token_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// userinfo_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_endpoint: Option<String>,
    /// jwks_uri
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_endpoint: Option<String>,
    /// pushed_authorization_request_endpoint (RFC 9126)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_endpoint: Option<String>,
    /// end_session_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    /// response_types_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub response_types: Vec<String>,
    /// response_modes_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub response_modes: Vec<String>,
    /// token_endpoint_auth_methods_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub auth_methods: Vec<String>,
    /// token_endpoint_auth_signing_alg_values_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub auth_signing_algorithms: Vec<String>,
    /// id_token_signing_alg_values_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub signing_algorithms: Vec<String>,
    /// code_challenge_methods_supported
    #[serde(rename = "pkceMethods", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub pkce_methods: Vec<String>,
    /// authorization_response_iss_parameter_supported (RFC 9207)
    pub iss_parameter_supported: bool,
    /// backchannel_logout_supported (OpenID Connect Back-Channel Logout 1.0)
    #[serde(default)]
    pub backchannel_logout_supported: bool,
}

/// A signing key of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// The key ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The key type: RSA, EC or OKP.
    pub kty: String,
    /// The algorithm that the provider binds the key to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for; "sig" or silent.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<String>,
}
