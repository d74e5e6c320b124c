//! `IdpMapper`: what people of a provider get, by their claims.

mod attributes;
mod expectation;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, LocalReference, rules};

pub use attributes::*;
pub use expectation::*;

/// An IdpMapper turns what a provider says about a person into roles and groups here.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "latchkey.dev",
    version = "v1alpha1",
    kind = "IdpMapper",
    namespaced,
    status = "IdpMapperStatus",
    derive = "PartialEq",
    shortname = "idpm",
    category = "latchkey",
    doc = "Turns what an identity provider says about a person into roles and groups of the organization. A change takes effect at once, also for people who are signed in.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Providers", type_ = "string", json_path = ".spec.identityProviderRefs[*].name"),
    printcolumn(name = "Grants", type_ = "string", json_path = ".spec.grant"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = rules::says_something(), validation = rules::provider_of_tests())]
#[serde(rename_all = "camelCase")]
pub struct IdpMapperSpec {
    /// The IdentityProviders, in this namespace, whose people this mapper is for.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub identity_provider_refs: Vec<LocalReference>,
    /// Who gets it: exactly one of claim, group and expression. Absent: every user of these providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What they get. An empty one, beside when, lets people in whose provider has users.access MappedOnly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantSpec>,
    /// What is noted of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["target"]))]
    pub attributes: Vec<Attribute>,
    /// Proves of this mapper alone what it gives to whom, whenever it or what it refers to changes. A mapper whose tests
    /// fail is not served; its last good generation is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub tests: Vec<MapperTest>,
}

/// A condition on a person's claims. Exactly one of its fields is set.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[x_kube(validation = rules::one_condition())]
#[serde(rename_all = "camelCase")]
pub struct When {
    /// A claim that must have a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimEquals>,
    /// A name in the Groups claim of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub group: Option<String>,
    /// A CEL expression over claims, idpUser and provider that must be true, such as
    /// idpUser.groups.exists(g, g.startsWith("eng-")).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
}

/// A claim and the value that it must equal or, for an array, contain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEquals {
    /// The exact name of the claim.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
    /// The value; for numbers and booleans their JSON text, such as "42" or "true".
    #[schemars(length(max = 1024))]
    pub value: String,
}

/// What a mapper gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantSpec {
    /// Roles of the organization, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub roles: Vec<String>,
    /// User groups of the organization, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub groups: Vec<String>,
    /// Every user group of the organization that has one of these types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub group_types: Vec<String>,
    /// Makes the person an administrator of the organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
    /// Roles that the provider names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles_from: Option<NamesFrom>,
    /// User groups that the provider names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_from: Option<NamesFrom>,
}

/// Names that come from the provider. Those that the organization has not are skipped, and counted.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[x_kube(validation = rules::one_source_of_names())]
#[serde(rename_all = "camelCase")]
pub struct NamesFrom {
    /// The exact name of a claim: an array of names, or one name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub claim: Option<String>,
    /// A CEL expression over claims, idpUser and provider: a list of names, or one name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
    /// The names that the provider may grant so: names, or patterns in which * stands for any text and ? for one
    /// character.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub only: Vec<String>,
}

/// What Latchkey found about an IdpMapper.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdpMapperStatus {
    /// The generation that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The generation that logins use. Absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serving_generation: Option<i64>,
    /// How the tests of this generation went. Absent: it has none, or they could not be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestCount>,
    /// One condition a check; Ready sums them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
