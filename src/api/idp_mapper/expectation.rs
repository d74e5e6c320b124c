//! The tests that a mapper brings along.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::rules;

/// Somebody's claims, and what this mapper alone must make of them.
#[derive(KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MapperTest {
    /// What is proven, in a few words.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The metadata.name of the IdentityProvider whose person it is: one of identityProviderRefs. Default: the one, when
    /// there is but one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub provider: Option<String>,
    /// The person's claims, as the provider sends them.
    #[schemars(schema_with = "any_members")]
    pub claims: Map<String, Value>,
    /// What must come of them.
    pub expect: Expectation,
}

/// What must come of a test. What is absent is not looked at.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[x_kube(validation = rules::expects_something())]
#[serde(rename_all = "camelCase")]
pub struct Expectation {
    /// Whether the mapper is for this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<bool>,
    /// All roles that it gives, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub roles: Option<Vec<String>>,
    /// All user groups that it gives, and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub groups: Option<Vec<String>>,
    /// Whether it makes the person an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<bool>,
    /// What it notes of the person, by target; null where it must note nothing. Others are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_members")]
    pub attributes: Option<BTreeMap<String, Value>>,
}

fn any_members(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// How tests went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestCount {
    /// Those that came out as expected.
    #[schemars(extend("format" = "int32"))]
    pub passed: u32,
    /// Those that did not.
    #[schemars(extend("format" = "int32"))]
    pub failed: u32,
}
