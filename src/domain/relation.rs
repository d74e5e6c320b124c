//! The relation between a provider and us: everything that a login needs to know of both.

use std::{fmt, sync::Arc};

use secrecy::SecretString;
use url::Url;

/// Everything that a login needs to know of a provider: the relation between it and us.
#[derive(Clone, Debug)]
pub struct Relation {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub userinfo_endpoint: Option<Url>,
    pub jwks_uri: Url,
    pub trust_roots: Option<TrustRoots>,
    pub client_id: String,
    pub client_auth: ClientAuth,
    pub redirect_uri: Url,
    /// Without `openid`, which is always sent.
    pub scopes: Vec<String>,
    /// Whether a code challenge (S256) is sent.
    pub pkce: bool,
    /// The algorithms that an ID token may be signed with.
    pub algorithms: Vec<SigningAlgorithm>,
    /// The provider sends `iss` with every authorization response (RFC 9207), so it is demanded.
    pub iss_parameter: bool,
}

/// How we authenticate at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    Basic(SecretString),
    Post(SecretString),
    None,
}

/// The certificates that are trusted for a provider, in PEM, and what tells two bundles apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TrustRoots(Arc<str>);

impl TrustRoots {
    /// The caller has checked that the text holds at least one PEM certificate.
    pub fn from_pem(pem: &str) -> Self {
        Self(pem.into())
    }

    pub fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoots({} bytes)", self.0.len())
    }
}

/// An asymmetric JWS algorithm (RFC 7518, section 3.1; RFC 8037).
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
    EdDSA,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 9] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
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
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of an `alg` value; None for what is unknown, symmetric, or `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}
