//! The client that a provider's administrator registered for Latchkey.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{KeyReference, rules};

/// The client that is registered at the provider, by which people sign in.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSpec {
    /// The client ID that the provider has given out (also called application ID or client key). Exactly one of id
    /// and idRef is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = rules::client_id())]
    pub id: Option<String>,
    /// The entry of a Secret that holds the client ID. The Secret must carry the label latchkey.dev/usable: "true".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_ref: Option<KeyReference>,
    /// The entry of a Secret that holds the client secret. The Secret must carry the label latchkey.dev/usable:
    /// "true". Required for responseType Code unless authMethod is None or PrivateKeyJwt, and for HS256, HS384 and HS512
    /// in tokens.allowedAlgorithms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<KeyReference>,
    /// The entry of a Secret that holds another client secret, which is tried when the provider refuses that of
    /// secretRef. While secrets rotate no login fails; the condition ClientAccepted says which one was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret_ref: Option<KeyReference>,
    /// How Latchkey authenticates at the provider. Auto: the first of ClientSecretBasic, ClientSecretPost and
    /// ClientSecretJwt that the provider announces. PrivateKeyJwt: by assertions that the key of privateKeyRef
    /// signs. None: a public client, which needs PKCE.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub auth_method: AuthMethod,
    /// The entry of a Secret that holds the private key, in PEM (PKCS#8, PKCS#1 or SEC1; a certificate may stand
    /// beside it) or as a JWK: RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519. For authMethod
    /// PrivateKeyJwt alone. The Secret must carry the label latchkey.dev/usable: "true".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_key_ref: Option<KeyReference>,
}

/// How Latchkey authenticates at the provider (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AuthMethod {
    #[default]
    Auto,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
    None,
}
