//! The private key that a client signs assertions with, and which algorithm it is used with.
//! Signs nothing itself, and never shows what it holds.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};

/// A private key of a client, for `private_key_jwt` (OpenID Connect Core 1.0, section 9).
#[derive(Clone)]
pub struct ClientKey {
    /// The name that the provider knows the public key by.
    pub kid: Option<String>,
    /// The SHA-256 of the certificate that came along, in base64url (RFC 7515, section 4.1.8).
    pub certificate_sha256: Option<String>,
    /// The only algorithm that the key may be used with, if it names one (RFC 7517, section 4.4).
    pub algorithm: Option<ClientSigningAlgorithm>,
    pub material: Arc<KeyMaterial>,
}

/// The key pair itself. The elliptic curve ones sign in fixed form (RFC 7518, section 3.4).
pub enum KeyMaterial {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    P521(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl ClientKey {
    /// The algorithms that the key can and may sign with, the preferred one first. Empty when the algorithm that it
    /// names is not one for its kind.
    pub fn algorithms(&self) -> &'static [ClientSigningAlgorithm] {
        use ClientSigningAlgorithm::*;
        let able: &'static [ClientSigningAlgorithm] = match &*self.material {
            // Microsoft Entra, which knows keys by their certificates, asks for PS256.
            KeyMaterial::Rsa(_) if self.certificate_sha256.is_some() => &[PS256, RS256, PS384, RS384, PS512, RS512],
            // Every provider can verify RS256 (OpenID Connect Core 1.0, section 15.1).
            KeyMaterial::Rsa(_) => &[RS256, PS256, RS384, PS384, RS512, PS512],
            KeyMaterial::P256(_) => &[ES256],
            KeyMaterial::P384(_) => &[ES384],
            KeyMaterial::P521(_) => &[ES512],
            KeyMaterial::Ed25519(_) => &[EdDSA, Ed25519],
        };
        let Some(bound) = self.algorithm else { return able };
        able.iter().position(|algorithm| *algorithm == bound).map_or(&[], |index| &able[index..=index])
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &*self.material {
            KeyMaterial::Rsa(_) => "RSA",
            KeyMaterial::P256(_) => "P-256",
            KeyMaterial::P384(_) => "P-384",
            KeyMaterial::P521(_) => "P-521",
            KeyMaterial::Ed25519(_) => "Ed25519",
        };
        write!(f, "ClientKey({kind}, kid {:?})", self.kid)
    }
}

/// An algorithm that a client assertion can be signed with (RFC 7518, section 3.1; RFC 8037; RFC 9864).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientSigningAlgorithm {
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
    /// The name that RFC 9864 gives to EdDSA with a key on Curve25519.
    Ed25519,
    HS256,
    HS384,
    HS512,
}

impl ClientSigningAlgorithm {
    pub const ALL: [Self; 14] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
        Self::Ed25519,
        Self::HS256,
        Self::HS384,
        Self::HS512,
    ];

    /// The `alg` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
        }
    }

    /// The algorithm of an `alg` value; None for what is unknown, and for `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// The algorithm to sign with this key for a provider: the key's first one that the provider announces in
/// `token_endpoint_auth_signing_alg_values_supported`, or simply its first where that is absent (`None`).
pub fn choose(key: &ClientKey, announced: Option<&[String]>) -> Option<ClientSigningAlgorithm> {
    first_announced(key.algorithms(), announced)
}

/// The same for `client_secret_jwt`, where the client secret is the key.
pub fn choose_hmac(announced: Option<&[String]>) -> Option<ClientSigningAlgorithm> {
    use ClientSigningAlgorithm::*;
    first_announced(&[HS256, HS384, HS512], announced)
}

fn first_announced(able: &[ClientSigningAlgorithm], announced: Option<&[String]>) -> Option<ClientSigningAlgorithm> {
    let fits = |algorithm: &ClientSigningAlgorithm| {
        announced.is_none_or(|names| names.iter().any(|name| name == algorithm.as_str()))
    };
    able.iter().copied().find(fits)
}

#[cfg(test)]
mod tests;
