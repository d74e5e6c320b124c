//! `IdentityProvider`: an OpenID provider through which people sign in.

mod authorization;
mod client;
mod jwt_bearer;
mod location;
mod logout;
mod people;
mod status;
mod tokens;
mod trust;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::{Claims, LocalReference, organization::is_default, rules};

pub use authorization::*;
pub use client::*;
pub use jwt_bearer::*;
pub use location::*;
pub use logout::*;
pub use people::*;
pub use status::*;
pub use tokens::*;
pub use trust::*;

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
    validation = rules::immutable_organization(),
    validation = rules::issuer_or_configuration_url(),
    validation = rules::okta_domain(),
    validation = rules::auth0_domain(),
    validation = rules::entra_tenant(),
    validation = rules::keycloak_domain(),
    validation = rules::keycloak_realm(),
    validation = rules::domain_of_whom(),
    validation = rules::base_path_of_keycloak(),
    validation = rules::authorization_server_of_okta(),
    validation = rules::tenant_of_entra(),
    validation = rules::realm_of_keycloak(),
    validation = rules::manual_issuer(),
    validation = rules::manual_without_url(),
    validation = rules::manual_authorization_endpoint(),
    validation = rules::manual_token_endpoint(),
    validation = rules::manual_jwks(),
    validation = rules::manual_pushed_authorization_endpoint(),
    validation = rules::client_or_jwt_bearer(),
    validation = rules::only_with_client("authorization"),
    validation = rules::only_with_client("logout"),
    validation = rules::only_with_client("endpoints.authorization"),
    validation = rules::only_with_client("endpoints.token"),
    validation = rules::only_with_client("endpoints.userInfo"),
    validation = rules::only_with_client("endpoints.pushedAuthorization"),
    validation = rules::only_with_client("trust.showOnSignInPage"),
    validation = rules::signatures_of_bearer_tokens(),
    validation = rules::algorithms_of_bearer_tokens(),
    validation = rules::symmetric_algorithms_of_client(),
    validation = rules::source_of_bearer_tokens(),
    validation = rules::one_client_id(),
    validation = rules::secret_required(),
    validation = rules::secret_of_method(),
    validation = rules::no_secret_if_unsent(),
    validation = rules::no_previous_secret_if_unsent(),
    validation = rules::previous_beside_secret(),
    validation = rules::private_key_required(),
    validation = rules::private_key_of_method(),
    validation = rules::pkce_if_public(),
    validation = rules::pkce_of_code(),
    validation = rules::form_post_of_id_token(),
    validation = rules::unchecked_only_with_code(),
    validation = rules::secret_of_algorithm(),
    validation = rules::source_of_code(),
    validation = rules::manual_userinfo_endpoint(),
    validation = rules::manual_end_session_url()
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
    /// The picture on the button of the sign-in page: PNG, JPEG, GIF, WebP or SVG, at most 128 KiB and 1024 by 1024
    /// pixels. Latchkey fetches it and serves it from here; of an SVG, which must have no DOCTYPE, only what is harmless.
    /// Default, also while it cannot be had: a built-in icon by type.
    #[serde(rename = "iconURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::icon_url())]
    pub icon_url: Option<String>,
    /// true: nobody signs in through this provider, its sessions end, and applications get nothing for its ID tokens.
    /// Everything else stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,
    /// What kind of provider it is, which says what its issuer is made of. Generic: any OpenID provider.
    #[serde(rename = "type", default, skip_serializing_if = "is_default")]
    pub type_: ProviderType,
    /// The provider's host, without https://, such as contoso.okta.com. For types Okta, Auth0 and Keycloak; for
    /// Keycloak with the base path, if there is one, such as sso.example.com/auth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(
        validation = rules::domain(),
        validation = rules::domain_without_realm(),
        validation = rules::domain_of_people_at_okta()
    )]
    pub domain: Option<String>,
    /// The authorization server at Okta, below https://DOMAIN/oauth2/. For type Okta. Default, also when empty:
    /// default.
    #[serde(rename = "authorizationServerID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = rules::authorization_server_id())]
    pub authorization_server_id: Option<String>,
    /// The tenant at Microsoft Entra ID: its GUID, or one of its domains. For type Entra. common, organizations and
    /// consumers are refused, since people of every company could sign in.
    #[serde(rename = "tenantID", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = rules::tenant_id(), validation = rules::one_tenant())]
    pub tenant_id: Option<String>,
    /// The realm at Keycloak. For type Keycloak.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = rules::realm())]
    pub realm: Option<String>,
    /// The issuer, exactly as the provider announces it. Required for type Generic unless discovery.url is given;
    /// for other types instead of the one that the type derives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::issuer(), validation = rules::no_configuration_url())]
    pub issuer: Option<String>,
    /// How the provider's metadata is found (OpenID Connect Discovery 1.0).
    #[serde(default, skip_serializing_if = "is_default")]
    pub discovery: Discovery,
    /// Single endpoints, each instead of what the provider's metadata says.
    #[serde(default, skip_serializing_if = "is_default")]
    pub endpoints: Endpoints,
    /// How connections to the provider are trusted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tls: Tls,
    /// The client that the provider's administrator registered for Latchkey, so that people sign in by browser. Absent: nobody
    /// does, the sign-in page has no button for this provider, and there is nothing to register; applications alone bring ID
    /// tokens. At least one of client and jwtBearer is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientSpec>,
    /// How people are sent to the provider. Only with client.
    #[serde(default, skip_serializing_if = "is_default")]
    pub authorization: AuthorizationSpec,
    /// Which tokens are believed to be the provider's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tokens: TokensSpec,
    /// Present, also as {}: applications that sign people in at this provider themselves may bring its ID tokens to
    /// status.tokenURL of the Organization, and get access tokens for them (RFC 7523). Which applications, and the ID tokens of
    /// which of the provider's clients, spec.applications of the Organization says. The person is what the ID token says, and what
    /// only userinfo would say counts as not said: let the provider write all claims that are read here into ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwt_bearer: Option<JwtBearerSpec>,
    /// Which claim of the provider means what.
    #[serde(default, skip_serializing_if = "is_default")]
    pub claims: Claims,
    /// true: e-mail addresses of this provider count as verified. false: those that the provider says are (claims.emailVerified);
    /// others are verified by a mail with a link.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trust_email: bool,
    /// Whom the provider may sign in, and who is sent to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trust: TrustSpec,
    /// How people who sign in become users.
    #[serde(default, skip_serializing_if = "is_default")]
    pub users: UsersSpec,
    /// What holds of people of whom nothing else is known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub defaults: UserDefaults,
    /// What goes before the defaults, by what is known of each person.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rules: RulesSpec,
    /// What must hold of everybody's claims; who fails one is refused, with its message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub claim_validation_rules: Vec<ClaimValidationRule>,
    /// What signing out here means at the provider, and the other way round. Only with client.
    #[serde(default, skip_serializing_if = "is_default")]
    pub logout: LogoutSpec,
}
