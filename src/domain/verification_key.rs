//! A public key that tokens are verified by.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    error::KeyRejected,
    signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm},
};

use super::signing_algorithm::{SigningAlgorithm, SigningAlgorithm::*};
use crate::api::SigningKey;

/// How long an RSA modulus may be, in bits (RFC 7518, section 3.3); more than 8192 would only cost time.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Where the powers of 65537 are not all residues, which tells the keys that CVE-2017-15361 is about from others.
const ROCA_PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
/// Points of small order on Curve25519, but for the sign, as y coordinates, little-endian: under such a key, signatures can
/// be made by anybody (RFC 8725, section 3.4).
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// A provider's public key, ready for use. Clones share it.
#[derive(Clone)]
pub struct VerificationKey(Arc<Inner>);

struct Inner {
    summary: SigningKey,
    /// Once for each algorithm that the key may be used with.
    prepared: Vec<(SigningAlgorithm, ParsedPublicKey)>,
}

/// What a public key consists of, of a kind that is known here.
pub enum KeyMaterial<'a> {
    /// Modulus and exponent, big-endian.
    Rsa { modulus: &'a [u8], exponent: &'a [u8] },
    /// An uncompressed point on this curve (SEC 1, section 2.3.3), or its SubjectPublicKeyInfo (RFC 5280, section 4.1).
    EllipticCurve(Curve, &'a [u8]),
    /// The 32 octets of a key on Curve25519 (RFC 8032, section 5.1.5).
    Ed25519(&'a [u8]),
}

/// The curves of ECDSA (RFC 7518, section 6.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
}

/// A key that can verify nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key is malformed, weak, or not for the algorithm that it names")]
pub struct Unusable;

impl From<KeyRejected> for Unusable {
    fn from(_: KeyRejected) -> Self {
        Self
    }
}

impl VerificationKey {
    /// A key as `status` shows it, which is used with the algorithm that it names, or with every one of its kind.
    ///
    /// # Errors
    /// When it is malformed or weak, or names an algorithm of another kind.
    pub fn new(summary: SigningKey, material: &KeyMaterial<'_>) -> Result<Self, Unusable> {
        let bound = summary.alg.as_deref().map(|name| SigningAlgorithm::from_name(name).ok_or(Unusable)).transpose()?;
        let may_be_used = |algorithm: &SigningAlgorithm| bound.is_none_or(|bound| same_key_use(bound, *algorithm));
        let algorithms = material.algorithms().iter().copied().filter(may_be_used);
        let prepared: Vec<_> = algorithms
            .map(|algorithm| Ok((algorithm, material.prepare(algorithm)?)))
            .collect::<Result<_, Unusable>>()?;
        if prepared.is_empty() {
            return Err(Unusable);
        }
        Ok(Self(Arc::new(Inner { summary, prepared })))
    }

    /// What `status.keys` says of it.
    pub fn summary(&self) -> &SigningKey {
        &self.0.summary
    }

    /// Whether a token of this algorithm may have been signed with it.
    pub fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        self.prepared(algorithm).is_some()
    }

    /// Whether a signature (RFC 7518, section 3) is this key's over the input.
    pub fn verifies(&self, algorithm: SigningAlgorithm, input: &[u8], signature: &[u8]) -> bool {
        self.prepared(algorithm).is_some_and(|key| key.verify_sig(input, signature).is_ok())
    }

    fn prepared(&self, algorithm: SigningAlgorithm) -> Option<&ParsedPublicKey> {
        self.0.prepared.iter().find_map(|(prepared, key)| (*prepared == algorithm).then_some(key))
    }
}

/// RFC 9864, section 2.2: `EdDSA` and `Ed25519` are one algorithm where the key is on Curve25519.
fn same_key_use(bound: SigningAlgorithm, algorithm: SigningAlgorithm) -> bool {
    const BOTH_NAMES: [SigningAlgorithm; 2] = [EdDSA, Ed25519];
    bound == algorithm || (BOTH_NAMES.contains(&bound) && BOTH_NAMES.contains(&algorithm))
}

impl KeyMaterial<'_> {
    /// Every algorithm that a key of this kind can be used with.
    fn algorithms(&self) -> &'static [SigningAlgorithm] {
        match self {
            Self::Rsa { .. } => &[RS256, RS384, RS512, PS256, PS384, PS512],
            Self::EllipticCurve(Curve::P256, _) => &[ES256],
            Self::EllipticCurve(Curve::P384, _) => &[ES384],
            Self::EllipticCurve(Curve::P521, _) => &[ES512],
            Self::Ed25519(_) => &[EdDSA, Ed25519],
        }
    }

    fn prepare(&self, algorithm: SigningAlgorithm) -> Result<ParsedPublicKey, Unusable> {
        match self {
            Self::Rsa { modulus, exponent } => {
                let (n, e) = (without_leading_zeros(modulus), without_leading_zeros(exponent));
                let parameters = rsa(algorithm).filter(|_| is_sound_rsa(n, e)).ok_or(Unusable)?;
                Ok(RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)?)
            }
            Self::EllipticCurve(curve, point) => Ok(ParsedPublicKey::new(curve.ecdsa(), point)?),
            Self::Ed25519(octets) if has_large_order(octets) => Ok(ParsedPublicKey::new(&signature::ED25519, octets)?),
            Self::Ed25519(_) => Err(Unusable),
        }
    }
}

/// A number, big-endian, without the sign octet of a DER integer, which some programs write.
pub fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    &number[zeros..]
}

fn is_sound_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    let odd = |number: &[u8]| number.last().is_some_and(|octet| octet % 2 == 1);
    let bits = modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    let is_strong = RSA_BITS.contains(&bits) && odd(modulus) && !has_roca_fingerprint(modulus);
    is_strong && odd(exponent) && exponent != [1] && exponent.len() <= 4
}

/// Whether the primes were made by a library whose keys can be factored (CVE-2017-15361, "ROCA"): modulo small primes,
/// such a modulus is always a power of 65537. One sound key in 200 million is, too.
fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    ROCA_PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |rest, octet| (rest * 256 + u32::from(*octet)) % prime);
        let mut powers = (0..*prime).scan(1, |power, _| {
            *power = *power * 65537 % prime;
            Some(*power)
        });
        powers.any(|power| power == residue)
    })
}

fn has_large_order(octets: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(octets) else { return false };
    y[31] &= 0x7f;
    let hex: String = y.iter().map(|octet| format!("{octet:02x}")).collect();
    !SMALL_ORDER.contains(&&*hex)
}

impl Curve {
    fn ecdsa(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED,
        }
    }
}

fn rsa(algorithm: SigningAlgorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        RS256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        RS384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        RS512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        PS256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        PS384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        PS512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SigningKey { kid, kty, .. } = self.summary();
        write!(f, "VerificationKey({kty}, kid {kid:?})")
    }
}
