//! `IdentityProvider`: an OpenID provider through which people sign in.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Claims, Condition, Duration, KeyReference, LocalReference, ReadyCount, TrustSource, organization::is_default, rules,
};

/// An IdentityProvider is one OpenID provider of one organization.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "latchkey.dev",
    version = "v1alpha1",
    kind = "IdentityProvider",
    namespaced,
    status = "IdentityProviderStatus",
    derive = "PartialEq",
    shortname = "idp",
    category = "latchkey",
    validation = rules::default_key(),
    validation = rules::immutable_key(),
    doc = "An OpenID provider through which people of an organization sign in. The URIs to register at the provider are in status, also before it is ready.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Issuer", type_ = "string", json_path = ".status.issuer"),
    printcolumn(name = "Mappers", type_ = "integer", json_path = ".status.mappers.ready"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Key", type_ = "string", json_path = ".status.key", priority = 1),
    printcolumn(name = "Redirect URI", type_ = "string", json_path = ".status.redirectURI", priority = 1)
)]
#[x_kube(
    validation = rules::issuer_or_configuration_url(),
    validation = rules::secret_unless_public(),
    validation = rules::no_secret_if_public(),
    validation = rules::pkce_if_public(),
    validation = rules::immutable_organization()
)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderSpec {
    /// The Organization, in this namespace, that the provider belongs to. Immutable. Default: the Organization
    /// named default, which exists even if nobody declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_ref: Option<LocalReference>,
    /// Names the provider in every URI. Immutable, case-sensitive, unique in the organization. Default:
    /// metadata.name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::key())]
    pub key: Option<String>,
    /// The name on the sign-in page. Unique in the organization.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    /// For administrators only; never on the sign-in page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// true: nobody signs in through this provider, and its sessions end. Everything else stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// What kind of provider it is. Generic: any OpenID provider.
    #[serde(rename = "type", default, skip_serializing_if = "is_default")]
    pub type_: ProviderType,
    /// The issuer, exactly as the provider announces it. Required unless discovery.url is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::issuer())]
    pub issuer: Option<String>,
    /// How the provider's metadata is found (OpenID Connect Discovery 1.0).
    #[serde(default, skip_serializing_if = "is_default")]
    pub discovery: Discovery,
    /// How connections to the provider are trusted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: Tls,
    /// The client that the provider's administrator registered for Latchkey.
    pub client: ClientSpec,
    /// How people are sent to the provider.
    #[serde(default, skip_serializing_if = "is_default")]
    pub authorization: AuthorizationSpec,
    /// Which claim of the provider means what.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: Claims,
    /// How people who sign in become users.
    #[serde(default, skip_serializing_if = "is_default")]
    pub users: UsersSpec,
}

/// The kind of a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProviderType {
    #[default]
    Generic,
}

/// How the provider's metadata is found.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
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

/// The client that is registered at the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientSpec {
    /// The client ID that the provider has given out.
    #[schemars(length(min = 1, max = 512))]
    pub id: String,
    /// The entry of a Secret that holds the client secret. The Secret must carry the label latchkey.dev/usable:
    /// "true". Required unless authMethod is None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<KeyReference>,
    /// How Latchkey authenticates at the token endpoint. Auto: the first of ClientSecretBasic and
    /// ClientSecretPost that the provider announces. None: a public client, which needs PKCE.
    #[serde(default, skip_serializing_if = "is_default")]
    pub auth_method: AuthMethod,
}

/// How Latchkey authenticates at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AuthMethod {
    #[default]
    Auto,
    ClientSecretBasic,
    ClientSecretPost,
    None,
}

/// How people are sent to the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationSpec {
    /// The flow. Code: the authorization code flow.
    #[serde(default, skip_serializing_if = "is_default")]
    pub response_type: ResponseType,
    /// The scopes to ask for; openid is always sent. Default: openid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 256)),
        transform = rules::of_items(rules::scope()),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub scopes: Vec<String>,
    /// Proof Key for Code Exchange (RFC 7636). Auto: S256, also where the provider's metadata is silent.
    /// Required: the metadata must say S256. Disabled: none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pkce: Pkce,
}

/// The flow of a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResponseType {
    #[default]
    Code,
}

/// Whether Proof Key for Code Exchange is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Pkce {
    #[default]
    Auto,
    Required,
    Disabled,
}

/// How people who sign in become users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsersSpec {
    /// CreateOrReplace: a person's first login creates the user, every login updates it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub provisioning: Provisioning,
}

/// How people who sign in become users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Provisioning {
    #[default]
    CreateOrReplace,
}

/// What Latchkey found about an IdentityProvider, and what to register at the provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderStatus {
    /// The generation that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation that logins use. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving_generation: Option<i64>,
    /// The key in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The id of the organization.
    #[serde(rename = "organizationID", skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Register this at the provider as redirect URI (also called callback URL).
    #[serde(rename = "redirectURI", skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Opens a login through this provider.
    #[serde(rename = "loginURL", skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// The issuer in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the provider's metadata says.
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
    pub authorization_endpoint: String,
    /// token_endpoint
    pub token_endpoint: String,
    /// userinfo_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_info_endpoint: Option<String>,
    /// jwks_uri
    pub jwks_endpoint: String,
    /// end_session_endpoint
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    /// response_types_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub response_types: Vec<String>,
    /// token_endpoint_auth_methods_supported
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub auth_methods: Vec<String>,
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
