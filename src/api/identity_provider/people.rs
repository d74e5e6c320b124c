//! How people who sign in become users, and what is assumed of them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{organization::is_default, rules};

/// How people who sign in become users.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::no_modes_if_read_only())]
#[serde(rename_all = "camelCase")]
pub struct UsersSpec {
    /// CreateOrReplace: a person's first login creates the user, every login updates it. ReadOnly: only people who are known
    /// already sign in; of a login the link, the session and its time are written, and nothing else.
    #[serde(default, skip_serializing_if = "is_default")]
    pub provisioning: Provisioning,
    /// By what a person is found among the users, the first that leads to one. ExternalID: issuer and user ID. Email: a
    /// verified address, for a provider with trust.assignedEmailDomains or trust.global. UserName: a user whom no other
    /// provider is linked to, unless trust.global is true, and, beside ExternalID, no other ID of this issuer. Default:
    /// ExternalID, Email.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(validation = rules::each_way_of_matching_once())]
    pub match_: Option<Vec<Match>>,
    /// Who may sign in. Everyone: all people of the provider. MappedOnly: those for whom a served IdpMapper with when and
    /// grant is; who loses the last one loses the sessions, too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub access: Access,
    /// Puts the provider's key and this before every user name, such as azure:testuser for ":", so that people of several
    /// providers with one name can be told apart. No other provider's people can have a name that begins so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(validation = rules::user_name_separator())]
    pub user_name_separator: Option<String>,
    /// What a login does to each field of a user. Default: Merge for roles and groups, Replace for all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["target"])
    )]
    pub update_modes: Vec<UpdateMode>,
}

/// How people who sign in become users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Provisioning {
    #[default]
    CreateOrReplace,
    ReadOnly,
}

/// By what a person is found among the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Match {
    ExternalID,
    Email,
    UserName,
}

/// What a login does to one field of a user.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::merge_of_grants_alone())]
#[serde(rename_all = "camelCase")]
pub struct UpdateMode {
    /// fullName, givenName, familyName, email, locale, language, timeZone, culture, picture, profile, gender, administrator,
    /// roles or groups, or a custom attribute of any other name.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(
        validation = rules::attribute_name(),
        validation = rules::target_that_logins_write(),
        validation = rules::target_as_it_is_spelled()
    )]
    pub target: String,
    /// Replace: set to what the claims, mappers, rules and defaults say, and cleared when they say nothing; for roles, groups
    /// and administrator also what was given otherwise. Merge, for roles and groups alone: what mappers grant follows them,
    /// and what was assigned by hand stays. Create: at the user's first login alone. None: never.
    pub mode: Mode,
}

/// What a login does to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    Replace,
    Merge,
    Create,
    None,
}

/// Who may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Access {
    #[default]
    Everyone,
    MappedOnly,
}

/// What holds of people of a provider of whom nothing else is known.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserDefaults {
    /// The language: a language tag (BCP 47), such as en or de-CH. Default: that of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::language_tag())]
    pub language: Option<String>,
    /// The time zone: an IANA name, such as Europe/Berlin, or a Windows ID, such as W. Europe Standard Time, which is turned
    /// into an IANA name. Default: that of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::time_zone())]
    pub time_zone: Option<String>,
    /// How numbers and dates are written: a language tag with a region, such as en-US. Default: that of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = rules::language_tag())]
    pub culture: Option<String>,
    /// true: everybody of this provider is an administrator of the organization. Others are where a mapper or a role says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
}

/// CEL expressions over claims, idpUser and provider, whose results go before the defaults. A result that is not usable is
/// counted, and the default holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesSpec {
    /// Gives the language, such as "US Users" in idpUser.groups ? "en" : "de".
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub language: Option<String>,
    /// Gives the time zone, by its IANA name or Windows ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub time_zone: Option<String>,
    /// Gives the culture, such as idpUser.getProperty("locale", "en-US").
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub culture: Option<String>,
}

/// Something that must be true of everybody's claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimValidationRule {
    /// A CEL expression over claims, idpUser and provider that must be true, such as claims.acr == "phr".
    #[schemars(length(min = 1, max = 1024))]
    pub expression: String,
    /// What people are told who are refused by it.
    #[schemars(length(min = 1, max = 300))]
    pub message: String,
}
