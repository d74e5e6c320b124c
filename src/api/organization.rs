//! `Organization`: the tenant that users, providers and sessions belong to.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, Duration, KeyReference, rules};

/// An Organization owns users, roles, groups and sessions, and has sign-in pages of its own.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "latchkey.dev",
    version = "v1alpha1",
    kind = "Organization",
    namespaced,
    status = "OrganizationStatus",
    derive = "PartialEq",
    shortname = "org",
    category = "latchkey",
    validation = rules::default_organization_id(),
    validation = rules::immutable_organization_id(),
    doc = "A tenant: it owns users, roles, groups and sessions, and has sign-in pages of its own. The Organization named default exists in every namespace with Latchkey objects, also when nobody declares it.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "Providers", type_ = "integer", json_path = ".status.identityProviders.ready"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Sign-in URL", type_ = "string", json_path = ".status.signInURL", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationSpec {
    /// What people type to sign in, and a part of every URL of the organization. Immutable; unique in the
    /// installation, where the oldest wins. Default: metadata.name; for the Organization named default, the
    /// name of its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::organization_id())]
    pub id: Option<String>,
    /// The name that people see. Default: the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// Where people reach the sign-in pages: scheme, host and optional port, without a path. Default: the
    /// operator's --external-url; another one only where --allowed-external-url allows it.
    #[serde(rename = "externalURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    #[x_kube(validation = rules::external_url())]
    pub external_url: Option<String>,
    /// The roles that mappers may grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub roles: Vec<Role>,
    /// The user groups that mappers may grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub groups: Vec<Group>,
    /// What holds of people of whom neither their provider nor they themselves say anything else.
    #[serde(default, skip_serializing_if = "is_default")]
    pub defaults: OrganizationDefaults,
    /// The sign-in pages.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sign_in: SignIn,
    /// How long people stay signed in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub session: SessionPolicy,
    /// The access tokens that are given out: to applications at status.tokenURL, and by forward auth where it asks for
    /// token=true.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tokens: AccessTokens,
    /// The applications that may bring ID tokens of providers with jwtBearer to status.tokenURL, for people whom they have
    /// signed in there themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["clientID"]))]
    pub applications: Vec<Application>,
}

/// The access tokens that are given out (RFC 9068).
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessTokens {
    /// Whom they are for (aud): what the APIs that take them call themselves, and expect to find there. Default: the
    /// organization's URL, EXTERNAL-URL/o/ID, which is their issuer (iss), too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = rules::token_audience())]
    pub audience: Option<String>,
    /// How long they are good; never longer than the ID token, or the session, that they come from. Nothing ends them before,
    /// not even that the person signs out. Default: 10m; at least 1s, at most 24h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::token_lifetime())]
    pub lifetime: Option<Duration>,
}

/// An application that may bring ID tokens to the token endpoint.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// By which the application is known here, and which you choose: letters, digits and punctuation, without spaces. It
    /// stands in the access tokens, too (client_id). Which clients it has at providers stands under audiences.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1, max = 255))]
    #[x_kube(validation = rules::application_id())]
    pub client_id: String,
    /// The entry of a Secret that holds the client secret that the application shows at status.tokenURL
    /// (client_secret_basic or client_secret_post). The Secret must carry the label latchkey.dev/usable: "true". Absent: a
    /// public client, which cannot keep a secret, as desktop and mobile applications cannot; it shows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<KeyReference>,
    /// Whose ID tokens the application may bring.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub identity_providers: Vec<ApplicationProvider>,
}

/// A provider whose ID tokens an application may bring.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationProvider {
    /// metadata.name of an IdentityProvider of this organization that has jwtBearer.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The client IDs that the provider has given to this application, to one of which an ID token must be issued (aud). An
    /// ID token that names any other, even beside one of these, is refused.
    #[schemars(
        length(min = 1, max = 8),
        inner(length(min = 1, max = 200)),
        transform = rules::of_items([rules::bearer_audience()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub audiences: Vec<String>,
}

/// A role of an organization.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// The name that mappers and applications use.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::name_in_a_list())]
    pub name: String,
    /// The name that people see. Default: the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// What the role is for, for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// Whoever has this role is an administrator of the organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
}

/// A user group of an organization.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The name that mappers and applications use.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::name_in_a_list())]
    pub name: String,
    /// The name that people see. Default: the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub display_name: Option<String>,
    /// What kind of group it is; mappers can grant all groups of a type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::name_in_a_list())]
    pub type_: Option<String>,
}

/// What holds of people of whom nothing else is known.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationDefaults {
    /// The language: a language tag (BCP 47), such as en or de-CH.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::language_tag())]
    pub language: Option<String>,
    /// The time zone: an IANA name, such as Europe/Berlin, or a Windows ID, such as W. Europe Standard Time, which is turned
    /// into an IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::time_zone())]
    pub time_zone: Option<String>,
    /// How numbers and dates are written: a language tag with a region, such as en-US.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::language_tag())]
    pub culture: Option<String>,
}

/// The sign-in pages of an organization.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The heading of the sign-in page. Default: "Sign in", with the display name above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub title: Option<String>,
    /// Where people may be sent after signing in, besides paths here: same scheme, host and port, and the
    /// path or one below it.
    #[serde(rename = "allowedReturnURLs", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(max = 2048)),
        transform = rules::of_items([rules::return_url()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub allowed_return_urls: Vec<String>,
    /// Where people land after signing out. Default: a page here that says so.
    #[serde(rename = "logoutPageURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::page_url())]
    pub logout_page_url: Option<String>,
    /// true: nobody is signed in, and no application gets an access token for them, before their e-mail address is verified,
    /// by their provider or by a mail with a link. Sessions that exist go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_verified_email: bool,
}

/// How long people stay signed in.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionPolicy {
    /// A session ends when it was not used for so long. Default: 1h; at most 2160h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::session_span())]
    pub idle_timeout: Option<Duration>,
    /// A session ends so long after signing in, used or not. Default: 12h; at most 2160h.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::session_span())]
    pub lifetime: Option<Duration>,
}

/// What Latchkey found about an Organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationStatus {
    /// The generation that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The id in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where people of this organization sign in.
    #[serde(rename = "signInURL", skip_serializing_if = "Option::is_none")]
    pub sign_in_url: Option<String>,
    /// Where applications bring ID tokens, by POST, and get access tokens for them (RFC 7523). The token endpoint.
    #[serde(rename = "tokenURL", skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Where the public keys are by which APIs check the access tokens of this organization (RFC 7517).
    #[serde(rename = "jwksURI", skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// How many providers the organization has, and how many are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_providers: Option<ReadyCount>,
    /// One condition a check; Ready sums them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// How many objects there are, and how many of them are ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadyCount {
    /// All.
    #[schemars(extend("format" = "int32"))]
    pub total: u32,
    /// Those that are ready.
    #[schemars(extend("format" = "int32"))]
    pub ready: u32,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
