//! The private key that a client signs assertions with, and which algorithm it is used with.
//! Signs nothing itself, and never shows what it holds.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};

use super::signing_algorithm::SigningAlgorithm;

/// A private key of a client, for `private_key_jwt` (OpenID Connect Core 1.0, section 9).
#[derive(Clone)]
pub struct ClientKey {
    /// The name that the provider knows the public key by.
    pub kid: Option<String>,
    /// The SHA-256 of the certificate that came along, in base64url (RFC 7515, section 4.1.8).
    pub certificate_sha256: Option<String>,
    /// The only algorithm that the key may be used with, if it names one (RFC 7517, section 4.4).
    pub algorithm: Option<SigningAlgorithm>,
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
    pub fn algorithms(&self) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm::*;
        let able: &'static [SigningAlgorithm] = match &*self.material {
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

/// The algorithm to sign with this key for a provider: the key's first one that the provider announces in
/// `token_endpoint_auth_signing_alg_values_supported`, or simply its first where that is absent (`None`).
pub fn choose(key: &ClientKey, announced: Option<&[String]>) -> Option<SigningAlgorithm> {
    first_announced(key.algorithms(), announced)
}

/// The same for `client_secret_jwt`, where the client secret is the key.
pub fn choose_hmac(announced: Option<&[String]>) -> Option<SigningAlgorithm> {
    use SigningAlgorithm::*;
    first_announced(&[HS256, HS384, HS512], announced)
}

fn first_announced(able: &[SigningAlgorithm], announced: Option<&[String]>) -> Option<SigningAlgorithm> {
    let fits = |algorithm: &SigningAlgorithm| {
        announced.is_none_or(|names| names.iter().any(|name| name == algorithm.as_str()))
    };
    able.iter().copied().find(fits)
}

#[cfg(test)]
mod tests;
