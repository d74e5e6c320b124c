//! The algorithms that tokens and assertions are signed with.

use aws_lc_rs::{digest, hmac};

/// A JWS algorithm (RFC 7518, section 3.1; RFC 8037; RFC 9864). `none` is not one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
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
    /// The name that RFC 9864 gives to EdDSA with a key on Curve25519, the only one that is known here.
    Ed25519,
    HS256,
    HS384,
    HS512,
}

use SigningAlgorithm::*;

impl SigningAlgorithm {
    /// Those by which only who has the private key can sign.
    pub const ASYMMETRIC: [Self; 11] = [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519];
    /// Those by which whoever can verify can also sign: the key is the client secret (OpenID Connect Core 1.0,
    /// section 10.1).
    pub const SYMMETRIC: [Self; 3] = [HS256, HS384, HS512];

    /// The `alg` value.
    pub fn as_str(self) -> &'static str {
        match self {
            RS256 => "RS256",
            RS384 => "RS384",
            RS512 => "RS512",
            PS256 => "PS256",
            PS384 => "PS384",
            PS512 => "PS512",
            ES256 => "ES256",
            ES384 => "ES384",
            ES512 => "ES512",
            EdDSA => "EdDSA",
            Ed25519 => "Ed25519",
            HS256 => "HS256",
            HS384 => "HS384",
            HS512 => "HS512",
        }
    }

    /// The algorithm of an `alg` value; None for what is unknown, and for `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ASYMMETRIC.into_iter().chain(Self::SYMMETRIC).find(|algorithm| algorithm.as_str() == name)
    }

    /// Whether the key is a shared secret.
    pub fn is_symmetric(self) -> bool {
        self.hmac().is_some()
    }

    /// The HMAC of a symmetric algorithm (RFC 7518, section 3.2).
    pub fn hmac(self) -> Option<hmac::Algorithm> {
        match self {
            HS256 => Some(hmac::HMAC_SHA256),
            HS384 => Some(hmac::HMAC_SHA384),
            HS512 => Some(hmac::HMAC_SHA512),
            _ => None,
        }
    }

    /// The hash that the algorithm signs, and that `at_hash` and `c_hash` are made with (OpenID Connect Core 1.0,
    /// section 3.1.3.6).
    pub fn hash(self) -> &'static digest::Algorithm {
        match self {
            RS256 | PS256 | ES256 | HS256 => &digest::SHA256,
            RS384 | PS384 | ES384 | HS384 => &digest::SHA384,
            // Ed25519 hashes with SHA-512 (RFC 8032, section 5.1).
            RS512 | PS512 | ES512 | HS512 | EdDSA | Ed25519 => &digest::SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_the_name_that_it_is_found_by() {
        for algorithm in SigningAlgorithm::ASYMMETRIC.into_iter().chain(SigningAlgorithm::SYMMETRIC) {
            assert_eq!(SigningAlgorithm::from_name(algorithm.as_str()), Some(algorithm));
        }
        for name in ["none", "", "rs256", "ES256K", "Ed448"] {
            assert_eq!(SigningAlgorithm::from_name(name), None, "{name}");
        }
    }
}
