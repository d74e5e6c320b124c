//! The signing keys that a provider publishes (RFC 7517, section 5).

use serde_json::Value;
use url::Url;

use super::{
    document::{DocumentError, fetch_object},
    http::{Outbound, authority},
    verification_key::read_jwk,
};
use crate::{
    api::Reason,
    domain::{relation::TrustRoots, verification_key::VerificationKey},
};

/// How many keys of a set are kept.
const MAX_KEYS: usize = 100;

/// Which keys to fetch. Requests that are equal share one fetch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeysRequest {
    pub jwks_uri: Url,
    pub roots: Option<TrustRoots>,
}

/// Why keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{host}: the key set has no array named keys; check that jwks_uri leads to one")]
    NotAKeySet { host: String },
    #[error(
        "{host}: of {found} keys none can verify a signature; one has to be RSA of 2048 to 8192 bits, P-256, \
         P-384, P-521 or Ed25519, and not for encryption"
    )]
    NoUsableKeys { host: String, found: usize },
}

impl KeysError {
    /// The condition reason that says the same.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Document(error) => error.reason(),
            Self::NotAKeySet { .. } => Reason::InvalidDocument,
            Self::NoUsableKeys { .. } => Reason::NoUsableKeys,
        }
    }
}

/// Fetches a provider's keys.
pub(super) async fn fetch_keys(outbound: &Outbound, request: &KeysRequest) -> Result<KeySet, KeysError> {
    let document = fetch_object(outbound, request.roots.as_ref(), &request.jwks_uri, "keys").await?;
    let host = || authority(&request.jwks_uri);
    let entries =
        document.get("keys").and_then(Value::as_array).ok_or_else(|| KeysError::NotAKeySet { host: host() })?;
    let keys = KeySet::from_entries(entries);
    if keys.0.is_empty() {
        return Err(KeysError::NoUsableKeys { host: host(), found: entries.len() });
    }
    Ok(keys)
}

/// The keys that one issuer publishes and that can verify signatures.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<VerificationKey>);

impl KeySet {
    /// Reads the array of a JWK set, and leaves out every key that cannot verify a token.
    pub fn from_entries(entries: &[Value]) -> Self {
        Self(entries.iter().filter_map(Value::as_object).filter_map(read_jwk).take(MAX_KEYS).collect())
    }

    pub fn keys(&self) -> &[VerificationKey] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
