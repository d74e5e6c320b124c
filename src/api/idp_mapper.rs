//! `IdpMapper`: what people of a provider get, by their claims.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Condition, LocalReference, rules};

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
#[serde(rename_all = "camelCase")]
pub struct IdpMapperSpec {
    /// The IdentityProviders, in this namespace, whose people this mapper is for.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub identity_provider_refs: Vec<LocalReference>,
    /// Who gets the grant: exactly one of claim and group. Absent: every user of these providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What they get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantSpec>,
}

/// A condition on a person's claims. Exactly one of its fields is set.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A claim and the value that it must equal or, for an array, contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Makes the person an administrator of the organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
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
    /// One condition a check; Ready sums them up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
