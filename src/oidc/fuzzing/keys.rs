//! Keys, as JWK sets and in PEM: one that is accepted is public, for signatures, strong, and verifies nothing that
//! anybody can make.

use aws_lc_rs::rsa;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::{Map, Value};

use crate::{
    domain::{signing_algorithm::SigningAlgorithm, verification_key::VerificationKey},
    oidc::{
        json::parse_object,
        keys::KeySet,
        verification_key::{read_jwk, read_public_keys},
    },
};

/// What providers send fits into this many keys.
const MAX_KEYS: usize = 100;

/// The input is a JWK set; or after `d` the DER of a public key, after `c` that of a certificate; or a text in PEM.
pub fn keys(data: &[u8]) -> bool {
    match data.split_first() {
        Some((b'{', _)) => parse_object(data).is_ok_and(|set| key_set(&set)),
        Some((b'd', der)) => pem(&wrapped("PUBLIC KEY", der)),
        Some((b'c', der)) => pem(&wrapped("CERTIFICATE", der)),
        _ => str::from_utf8(data).is_ok_and(pem),
    }
}

fn wrapped(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn key_set(set: &Map<String, Value>) -> bool {
    let Some(entries) = set.get("keys").and_then(Value::as_array) else { return false };
    let mut read = Vec::new();
    for jwk in entries.iter().filter_map(Value::as_object) {
        if let Some(key) = read_jwk(jwk) {
            keeps_the_rules_of_a_jwk(jwk, &key);
            verifies_nothing_that_anybody_can_make(&key);
            read.push(key.summary().clone());
        }
    }
    read.truncate(MAX_KEYS);
    let set = KeySet::from_entries(entries);
    assert!(set.keys().iter().map(VerificationKey::summary).eq(&read), "one bad key hides no good one");
    !read.is_empty()
}

/// A member of a JWK; null says that it is absent.
fn member<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    jwk.get(name).filter(|value| !value.is_null())
}

/// One that is a string, or absent.
fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    member(jwk, name).map(|value| value.as_str().expect("a string"))
}

/// RFC 7517, section 4.
fn keeps_the_rules_of_a_jwk(jwk: &Map<String, Value>, key: &VerificationKey) {
    assert!(member(jwk, "d").is_none(), "it is public");
    assert!(text(jwk, "use").is_none_or(|use_| use_ == "sig"));
    let operations = member(jwk, "key_ops").map(|operations| operations.as_array().expect("an array"));
    let verify = |operations: &Vec<Value>| operations.is_empty() || operations.iter().any(|one| one == "verify");
    assert!(operations.is_none_or(verify));
    is_strong(jwk);
    let summary = key.summary();
    let shown = [Some(&*summary.kty), summary.kid.as_deref(), summary.alg.as_deref(), summary.use_.as_deref()];
    assert_eq!(shown, ["kty", "kid", "alg", "use"].map(|member| text(jwk, member)));
    assert!(text(jwk, "kid").is_none_or(|kid| kid.chars().count() <= 256));
    if let Some(alg) = text(jwk, "alg") {
        let algorithm = SigningAlgorithm::from_name(alg).expect("a known algorithm");
        assert!(key.fits(algorithm), "it is used for what it says");
        // RFC 9864 calls EdDSA on this curve Ed25519.
        let one_kind = |other: &SigningAlgorithm| alg.starts_with("Ed") && other.as_str().starts_with("Ed");
        let others = SigningAlgorithm::ASYMMETRIC.into_iter().filter(|other| *other != algorithm && !one_kind(other));
        assert_eq!(others.filter(|other| key.fits(*other)).count(), 0, "and for nothing else");
    }
}

/// RFC 7518, sections 3 and 6; RFC 8037, section 2.
fn is_strong(jwk: &Map<String, Value>) {
    let octets = |member: &str| URL_SAFE_NO_PAD.decode(text(jwk, member).expect("there")).expect("base64url");
    match (text(jwk, "kty"), text(jwk, "crv")) {
        (Some("RSA"), _) => {
            let (modulus, exponent) = (octets("n"), octets("e"));
            assert!((2048..=8192).contains(&bits(&modulus)));
            assert!(bits(&exponent) > 1 && exponent.last().is_some_and(|octet| octet % 2 == 1));
        }
        (Some("EC"), Some("P-256")) => assert_eq!((octets("x").len(), octets("y").len()), (32, 32)),
        (Some("EC"), Some("P-384")) => assert_eq!((octets("x").len(), octets("y").len()), (48, 48)),
        (Some("EC"), Some("P-521")) => assert_eq!((octets("x").len(), octets("y").len()), (66, 66)),
        (Some("OKP"), Some("Ed25519")) => assert_eq!(octets("x").len(), 32),
        kind => panic!("of the kind {kind:?}"),
    }
}

/// Of a number, big-endian.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros).map_or(0, |first| (number.len() - zeros) * 8 - first.leading_zeros() as usize)
}

fn pem(text: &str) -> bool {
    let Ok(keys) = read_public_keys(text) else { return false };
    assert!(!keys.is_empty() && !text.contains("PRIVATE KEY-----"));
    let blocks = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()).map(|block| block.expect("PEM"));
    for ((kind, der), key) in blocks.zip(&keys) {
        assert!(matches!(kind, SectionKind::PublicKey | SectionKind::Certificate));
        if let (SectionKind::PublicKey, Ok(rsa)) = (kind, rsa::PublicKey::from_der(&der)) {
            assert!((2048..=8192).contains(&bits(rsa.modulus().big_endian_without_leading_zero())));
        }
        assert!(key.summary().kid.is_none() && key.summary().alg.is_none());
        verifies_nothing_that_anybody_can_make(key);
    }
    true
}

/// No signature of zeros, and none by the neutral point of Curve25519, which fits keys of small order (RFC 8032,
/// section 8.9).
fn verifies_nothing_that_anybody_can_make(key: &VerificationKey) {
    assert!(SigningAlgorithm::SYMMETRIC.iter().all(|algorithm| !key.fits(*algorithm)), "it is no secret");
    let fitting: Vec<_> = SigningAlgorithm::ASYMMETRIC.into_iter().filter(|algorithm| key.fits(*algorithm)).collect();
    assert!(!fitting.is_empty());
    let mut neutral = [0; 64];
    neutral[0] = 1;
    for algorithm in fitting {
        for signature in [&[][..], &[0; 64], &neutral, &[0; 96], &[0; 132], &[0; 256]] {
            assert!(!key.verifies(algorithm, b"anything", signature), "{algorithm:?}");
        }
    }
}
