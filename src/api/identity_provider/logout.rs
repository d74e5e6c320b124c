//! What signing out here means at a provider, and what signing out there means here.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{organization::is_default, rules};

/// What signing out here means at the provider (OpenID Connect RP-Initiated Logout 1.0), and what signing out there means
/// here (OpenID Connect Back-Channel and Front-Channel Logout 1.0).
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::hint_of_backchannel())]
#[serde(rename_all = "camelCase")]
pub struct LogoutSpec {
    /// Where a session at the provider is ended, instead of what its metadata says. {signout-oidc} stands for
    /// status.postLogoutRedirectURI, {signout-oidc-with-state} for the same with a state, {client-id} for the client ID,
    /// {id-token-hint} for the ID token of the login; each is percent-encoded. With any of them nothing else is added;
    /// without, the parameters of the specification are.
    #[serde(rename = "endSessionURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::end_session_url(), validation = rules::placeholders())]
    pub end_session_url: Option<String>,
    /// What signing out here does at the provider. Redirect: the browser visits the end-session endpoint and comes back;
    /// where there is none, it is Local. Backchannel: Latchkey calls the endpoint itself, by GET with the ID token as
    /// hint, and a failure is only logged. Local: nothing, the session there goes on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mode: LogoutMode,
    /// Sends the ID token of the login along as id_token_hint, so that the provider need not ask whether to sign out. It
    /// is then kept, sealed, as long as the session. Backchannel always sends it. Default: false.
    #[serde(rename = "sendIDTokenHint", default, skip_serializing_if = "std::ops::Not::not")]
    pub send_id_token_hint: bool,
    /// Where people land after signing out. Default: signIn.logoutPageURL of the Organization, else a page here that says
    /// so.
    #[serde(rename = "pageURL", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = rules::page_url())]
    pub page_url: Option<String>,
    /// Whether the provider may end sessions here by logout tokens that it sends to status.backchannelLogoutURI. Default:
    /// true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_backchannel: Option<bool>,
    /// Whether the provider may end sessions here by having the browser open status.frontchannelLogoutURI with iss and
    /// sid. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_frontchannel: bool,
}

/// What signing out here does at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LogoutMode {
    #[default]
    Redirect,
    Backchannel,
    Local,
}

impl LogoutSpec {
    /// Whether logout tokens count.
    pub fn accepts_backchannel(&self) -> bool {
        self.accept_backchannel.unwrap_or(true)
    }
}
