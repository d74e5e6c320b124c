//! What a mapper notes of people.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::rules;

/// What somebody is made of that is no attribute: it is given otherwise, or belongs to the claims of the provider.
pub const NO_ATTRIBUTE: [&str; 11] = [
    "id",
    "userName",
    "email",
    "emailVerified",
    "organization",
    "provider",
    "roles",
    "groups",
    "administrator",
    "attributes",
    "expiresAt",
];

/// One thing that is noted of a person, and where it comes from.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// What is noted: fullName, givenName, familyName, locale, language, timeZone, culture, picture, profile or gender, or a
    /// custom attribute of any other name.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = rules::attribute_name(), validation = rules::attribute_of_its_own())]
    pub target: String,
    /// Where it comes from.
    pub from: AttributeSource,
}

/// Where an attribute comes from. Exactly one of its fields is set.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::one_source_of_attribute())]
#[serde(rename_all = "camelCase")]
pub struct AttributeSource {
    /// The exact name of a claim. Dots are part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub claim: Option<String>,
    /// The same for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub value: Option<String>,
    /// A CEL expression over claims, idpUser and provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
}
