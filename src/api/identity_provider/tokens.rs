//! Which tokens are believed to be the provider's.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Duration, rules};

/// Which tokens are believed to be the provider's (OpenID Connect Core 1.0, section 3.1.3.7).
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensSpec {
    /// Whether the signatures of tokens are checked that come straight from the provider's token endpoint, whose TLS
    /// certificate vouches for them, too. All other tokens are always checked. false only with responseType Code and
    /// without jwtBearer; then a provider without keys can be used. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_signatures: Option<bool>,
    /// How far the provider's clock may be off, either way. Default: 0s; at most 10m.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::clock_skew())]
    pub allowed_clock_skew: Option<Duration>,
    /// The algorithms that tokens may be signed with; no other one counts. Default: the asymmetric ones that the
    /// provider announces. With HS256, HS384 and HS512 the key is the client secret, which then has to be as long as the
    /// hash: 32, 48 or 64 bytes; these never count for what applications bring with jwtBearer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 13), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_algorithms: Vec<AllowedAlgorithm>,
    /// Public keys of the provider in PEM, as such or within certificates: RSA of at least 2048 bits, P-256, P-384,
    /// P-521 or Ed25519. They count beside the keys of the JWKS URL, or where there is none instead of them. To use these
    /// alone, write discovery.mode Manual without endpoints.jwks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 16),
        inner(length(min = 1, max = 8192)),
        transform = rules::of_list([rules::no_private_key(), rules::no_pkcs1(), rules::pem()]),
        extend("x-kubernetes-list-type" = "atomic")
    )]
    pub public_keys: Vec<String>,
}

/// An algorithm that tokens may be signed with (RFC 7518, section 3.1; RFC 8037, for which EdDSA stands, also where the
/// token calls it Ed25519 as RFC 9864 does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AllowedAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    ES512,
    EdDSA,
    HS256,
    HS384,
    HS512,
}

impl AllowedAlgorithm {
    /// Whether the key is the client secret.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }
}

impl TokensSpec {
    /// Whether tokens straight from the token endpoint are checked, too.
    pub fn validates_signatures(&self) -> bool {
        self.validate_signatures.unwrap_or(true)
    }

    /// Whether every token is signed with the client secret.
    pub fn is_symmetric(&self) -> bool {
        !self.allowed_algorithms.is_empty() && self.allowed_algorithms.iter().all(|algorithm| algorithm.is_symmetric())
    }

    /// Whether nobody can sign in without the keys that the provider publishes.
    pub fn needs_published_keys(&self) -> bool {
        self.validates_signatures() && !self.is_symmetric() && self.public_keys.is_empty()
    }
}
