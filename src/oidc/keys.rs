//! A provider's signing keys (RFC 7517). Reads key by key, and leaves out every key that cannot verify a token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use url::Url;

use super::{
    document::{DocumentError, fetch_object},
    http::{Outbound, authority},
};
use crate::{
    api::{Reason, SigningKey},
    domain::relation::{SigningAlgorithm, TrustRoots},
};

/// How many keys of a set are kept.
const MAX_KEYS: usize = 100;
/// How many keys are tried for a token without `kid`.
const MAX_UNNAMED_CANDIDATES: usize = 4;
const MAX_KID_CHARS: usize = 256;
/// RFC 7518, section 3.3; more than 8192 bits would only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

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
        "{host}: of {found} keys none can verify a signature; one has to be RSA of at least 2048 bits, P-256, P-384 \
         or Ed25519, and not for encryption"
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

/// The keys of one issuer that can verify signatures.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<Key>);

impl KeySet {
    pub(super) fn from_entries(entries: &[Value]) -> Self {
        Self(entries.iter().filter_map(Value::as_object).filter_map(Key::from_jwk).take(MAX_KEYS).collect())
    }

    /// The keys that a token may have been signed with: those of its `kid`, or without one the few that fit.
    pub(super) fn candidates(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Vec<&Key> {
        let fitting = self.0.iter().filter(|key| key.fits(algorithm));
        match kid {
            Some(kid) => fitting.filter(|key| key.summary.kid.as_deref() == Some(kid)).collect(),
            None => fitting.take(MAX_UNNAMED_CANDIDATES).collect(),
        }
    }

    /// What `status.keys` says of them.
    pub fn summaries(&self) -> Vec<SigningKey> {
        self.0.iter().map(|key| key.summary.clone()).collect()
    }
}

/// One key that can verify signatures.
#[derive(Clone, Debug)]
pub(super) struct Key {
    summary: SigningKey,
    kind: Kind,
    /// The only algorithm that the key may be used with, if it names one.
    algorithm: Option<SigningAlgorithm>,
    material: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Kind {
    fn of(algorithm: SigningAlgorithm) -> Self {
        use SigningAlgorithm::*;
        match algorithm {
            RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => Self::Rsa,
            ES256 => Self::P256,
            ES384 => Self::P384,
            EdDSA => Self::Ed25519,
        }
    }
}

impl Key {
    /// None for a key that is for something else, of an unknown kind, weak, or malformed.
    fn from_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).map_or(Ok(None), |value| value.as_str().map(Some).ok_or(()));
        let (kid, alg, use_) = (text("kid").ok()?, text("alg").ok()?, text("use").ok()?);
        let for_signatures = use_.is_none_or(|use_| use_ == "sig") && may_verify(jwk.get("key_ops"));
        if !for_signatures || kid.is_some_and(|kid| kid.chars().count() > MAX_KID_CHARS) {
            return None;
        }
        let kty = text("kty").ok()??;
        let (kind, material) = match (kty, text("crv").ok()?) {
            ("RSA", _) => (Kind::Rsa, rsa(jwk)?),
            ("EC", Some("P-256")) => (Kind::P256, ec(jwk, 32, &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED)?),
            ("EC", Some("P-384")) => (Kind::P384, ec(jwk, 48, &aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED)?),
            ("OKP", Some("Ed25519")) => (Kind::Ed25519, ed25519(jwk)?),
            _ => return None,
        };
        let algorithm = match alg {
            // RFC 9864 names the algorithm by its curve.
            Some("Ed25519") => Some(SigningAlgorithm::EdDSA),
            Some(alg) => Some(SigningAlgorithm::from_name(alg)?),
            None => None,
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let summary = SigningKey { kid: owned(kid), kty: kty.to_owned(), alg: owned(alg), use_: owned(use_) };
        Some(Self { summary, kind, algorithm, material })
    }

    fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        self.kind == Kind::of(algorithm) && self.algorithm.is_none_or(|bound| bound == algorithm)
    }

    /// Whether a signature, in base64url, is this key's over the input.
    pub(super) fn verifies(&self, signature: &str, input: &[u8], algorithm: SigningAlgorithm) -> bool {
        jsonwebtoken::crypto::verify(signature, input, &self.material, implemented(algorithm)).unwrap_or(false)
    }
}

fn implemented(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::RS384 => Algorithm::RS384,
        SigningAlgorithm::RS512 => Algorithm::RS512,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::PS384 => Algorithm::PS384,
        SigningAlgorithm::PS512 => Algorithm::PS512,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// Whether `key_ops`, if there is one, lists "verify" (RFC 7517, section 4.3).
fn may_verify(key_ops: Option<&Value>) -> bool {
    key_ops.is_none_or(|ops| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify")))
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()
}

fn rsa(jwk: &Map<String, Value>) -> Option<DecodingKey> {
    let (modulus, exponent) = (octets(jwk, "n")?, octets(jwk, "e")?);
    let (modulus, exponent) = (without_leading_zeros(&modulus), without_leading_zeros(&exponent));
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    let odd = |number: &[u8]| number.last().is_some_and(|octet| octet % 2 == 1);
    let good_exponent = odd(exponent) && exponent != [1] && exponent.len() <= 4;
    (RSA_BITS.contains(&bits) && odd(modulus) && good_exponent)
        .then(|| DecodingKey::from_rsa_raw_components(modulus, exponent))
}

/// Some providers write the sign octet of a DER integer.
fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

fn ec(
    jwk: &Map<String, Value>,
    size: usize,
    on: &'static aws_lc_rs::signature::EcdsaVerificationAlgorithm,
) -> Option<DecodingKey> {
    let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
    if x.len() != size || y.len() != size {
        return None;
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    aws_lc_rs::signature::ParsedPublicKey::new(on, &point).ok()?;
    Some(DecodingKey::from_ec_der(&point))
}

fn ed25519(jwk: &Map<String, Value>) -> Option<DecodingKey> {
    let point = octets(jwk, "x")?;
    (point.len() == 32).then(|| DecodingKey::from_ed_der(&point))
}

#[cfg(test)]
mod tests;
