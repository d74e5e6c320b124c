//! References to other objects. All stay within the namespace of the object that holds them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names an object of a kind that the field implies, in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalReference {
    /// metadata.name of the object, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Names one entry of a Secret in the same namespace. The Secret must carry the label
/// `latchkey.dev/usable: "true"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyReference {
    /// metadata.name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The entry of the Secret's data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// The kinds that a CA bundle may live in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TrustSourceKind {
    ConfigMap,
    Secret,
}

/// Names one entry of a ConfigMap or Secret that holds PEM certificates. The object must carry the
/// label `latchkey.dev/usable: "true"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustSource {
    /// ConfigMap or Secret.
    pub kind: TrustSourceKind,
    /// metadata.name of the object, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// The entry that holds the certificates.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}
