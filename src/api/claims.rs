//! Which claim of the provider means what here.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;

/// Where one field of a user comes from. Exactly one of its fields is set.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::claim_or_expression())]
#[serde(rename_all = "camelCase")]
pub struct ClaimMapping {
    /// The exact name of the claim. Dots are part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub claim: Option<String>,
    /// A CEL expression over claims and provider, such as claims.given + " " + claims.family.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
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
    /// is a JWT of this issuer about the same person. What an application brings with jwtBearer is an ID token alone, so
    /// that UserInfo and AccessToken cannot stand beside it, and Default is IdToken there.
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
    /// The given name. Default: given_name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<ClaimMapping>,
    /// The family name. Default: family_name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<ClaimMapping>,
    /// The URL of a picture. Default: picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<ClaimMapping>,
    /// The URL of a page about the person. Default: profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ClaimMapping>,
    /// The gender. Default: gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<ClaimMapping>,
    /// The locale. Default: locale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<ClaimMapping>,
}
