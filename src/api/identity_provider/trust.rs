//! Whom a provider may sign in, and who is sent to it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{organization::is_default, rules};

/// Whom a provider may sign in, and who is sent to it.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustSpec {
    /// true: may sign in people of any e-mail address, also one that lies in another provider's assigned domain, and
    /// leads to the user who has the address already if both sides have verified it. Only for a provider that you run
    /// yourself, or trust as much. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub global: bool,
    /// The domains of e-mail addresses, without @, whose people are always sent here, such as contoso.com; each
    /// subdomain is a domain of its own. Unless global is true, nobody else can sign in here, and a person becomes the
    /// user who has the address already if both sides have verified it. A domain belongs to one provider of the
    /// organization, the oldest that asks for it. Public suffixes and the domains of webmail services are refused. Without
    /// client nobody is sent here, and all else holds of the people whose ID tokens applications bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 253)),
        transform = rules::of_items([rules::email_domain()]),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub assigned_email_domains: Vec<String>,
    /// Whether the sign-in page has a button for this provider. Auto: if it has no assigned e-mail domains, or was
    /// used last on the device. Never: people get there by their address, or by status.loginURL. Only with client, without
    /// which there is never a button.
    #[serde(default, skip_serializing_if = "is_default")]
    pub show_on_sign_in_page: ShowOnSignInPage,
}

/// Whether the sign-in page has a button for a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ShowOnSignInPage {
    #[default]
    Auto,
    Always,
    Never,
}
