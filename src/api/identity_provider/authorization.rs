//! How people are sent to the provider.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Duration, rules};

/// How people are sent to the provider (OpenID Connect Core 1.0, section 3.1.2.1).
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationSpec {
    /// The flow. Code: the authorization code flow. IdToken: the ID token comes straight from the authorization
    /// endpoint by form post, and no token endpoint is asked.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub response_type: ResponseType,
    /// How the answer comes back. Auto: as the flow and the provider have it, for Code in the query where that is
    /// possible. FormPost: the browser posts it. IdToken is always FormPost.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub response_mode: ResponseMode,
    /// The scopes to ask for; openid is always sent. One string may hold several, parted by commas or spaces.
    /// Default: openid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(min = 1, max = 1024)),
        transform = rules::of_items([rules::scopes()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub scopes: Vec<String>,
    /// Proof Key for Code Exchange (RFC 7636). Auto: S256, also where the provider's metadata is silent.
    /// Required: the metadata must say S256. Disabled: none.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub pkce: Usage,
    /// Pushed authorization requests (RFC 9126): what is asked goes to the provider directly, and the browser
    /// carries only a reference to it. Auto: where the provider offers it; if the push fails, the browser carries the
    /// request. Required: the provider must offer it, and if the push fails, nobody is sent there.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub pushed_authorization_requests: Usage,
    /// What the provider should ask people: Login (again), Consent, SelectAccount. None: nothing at all; who is not
    /// signed in there is not signed in here either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 4),
        transform = rules::of_list([rules::prompt()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub prompt: Vec<Prompt>,
    /// How long ago people may have signed in at the provider; later the provider asks them again. The ID token must
    /// then say when they did (auth_time), or the login is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::zero_or_a_second())]
    pub max_age: Option<Duration>,
    /// The authentication context classes to ask for, the best one first (acr_values).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 256)),
        transform = rules::of_items([rules::context_class()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub acr_values: Vec<String>,
    /// The languages of the provider's pages, the best one first (BCP 47, ui_locales).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 35)),
        transform = rules::of_items([rules::language_tag()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub ui_locales: Vec<String>,
    /// More parameters of the authorization request, as this provider understands them, such as domain_hint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub extra_parameters: Vec<ExtraParameter>,
    /// Whether the provider is told the user name or e-mail address of the person, where it is known already
    /// (login_hint). Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_login_hint: Option<bool>,
}

/// The flow of a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResponseType {
    #[default]
    Code,
    IdToken,
}

/// How the provider's answer comes back (OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResponseMode {
    #[default]
    Auto,
    Query,
    FormPost,
}

/// Whether something is used that not all providers have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Usage {
    #[default]
    Auto,
    Required,
    Disabled,
}

/// What the provider should ask people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// A parameter of the authorization request.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExtraParameter {
    /// The name. Those that the protocol owns are refused.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = rules::parameter_name(), validation = rules::no_protocol_parameter())]
    pub name: String,
    /// The value.
    #[schemars(length(max = 1024))]
    #[x_kube(validation = rules::parameter_value())]
    pub value: String,
}
