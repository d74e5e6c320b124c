//! Which claim of the provider means what here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where one field of a user comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimMapping {
    /// The exact name of the claim. Dots are part of the name.
    #[schemars(length(min = 1, max = 253))]
    pub claim: String,
}

/// Which document the claims about a person come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClaimsSource {
    #[default]
    Default,
    IdToken,
    UserInfo,
    AccessToken,
}

/// The claims that describe a user. What is absent uses the standard claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Which document the claims come from. Default: the ID token, completed by userinfo where a claim that is read is
    /// missing. IdToken: the ID token alone. UserInfo: userinfo alone, but for the user name, which the ID token's goes
    /// before. AccessToken: the members of the token response and, over them, the claims of the access token where that
    /// is a JWT of this issuer about the same person.
    #[serde(default, skip_serializing_if = "super::organization::is_default")]
    pub source: ClaimsSource,
    /// Identifies the person at the provider, together with the issuer; must never change and never be
    /// reused. Default: sub.
    #[serde(rename = "userID", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<ClaimMapping>,
    /// The user name. Default: preferred_username, else the e-mail address, else the user ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<ClaimMapping>,
    /// The full name, for display. Default: name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<ClaimMapping>,
    /// The e-mail address. Default: email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<ClaimMapping>,
    /// Whether the provider has verified the e-mail address: true, or the text "true". Default: email_verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<ClaimMapping>,
    /// The person's groups at the provider: an array of names, or one name. Default: groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<ClaimMapping>,
}
