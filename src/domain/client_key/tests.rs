use aws_lc_rs::{
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING},
};

use super::*;

fn key(material: KeyMaterial) -> ClientKey {
    ClientKey { kid: None, certificate_sha256: None, algorithm: None, material: Arc::new(material) }
}

fn rsa() -> ClientKey {
    key(KeyMaterial::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")))
}

fn ed25519() -> ClientKey {
    key(KeyMaterial::Ed25519(Ed25519KeyPair::generate().expect("a key")))
}

/// The name of the algorithm that is chosen where these are announced.
fn chosen(key: &ClientKey, announced: &[&str]) -> Option<&'static str> {
    let announced: Vec<_> = announced.iter().map(|name| (*name).to_owned()).collect();
    choose(key, Some(&announced)).map(SigningAlgorithm::as_str)
}

#[test]
fn a_silent_provider_gets_what_most_providers_take() {
    let ec = |algorithm| EcdsaKeyPair::generate(algorithm).expect("a key");
    let cases = [
        (rsa(), "RS256"),
        (ClientKey { certificate_sha256: Some("hash".to_owned()), ..rsa() }, "PS256"),
        (key(KeyMaterial::P256(ec(&ECDSA_P256_SHA256_FIXED_SIGNING))), "ES256"),
        (key(KeyMaterial::P384(ec(&ECDSA_P384_SHA384_FIXED_SIGNING))), "ES384"),
        (key(KeyMaterial::P521(ec(&ECDSA_P521_SHA512_FIXED_SIGNING))), "ES512"),
        (ed25519(), "EdDSA"),
    ];
    for (key, expected) in cases {
        assert_eq!(choose(&key, None).map(SigningAlgorithm::as_str), Some(expected), "{key:?}");
    }
}

#[test]
fn the_first_of_the_keys_algorithms_that_the_provider_announces_is_chosen() {
    let rsa = rsa();
    assert_eq!(chosen(&rsa, &["PS256", "RS256"]), Some("RS256"), "the key's order counts");
    assert_eq!(chosen(&rsa, &["ES256", "PS512", "PS384"]), Some("PS384"));
    assert_eq!(chosen(&rsa, &["ES256", "HS256", "none"]), None);
    assert_eq!(chosen(&rsa, &[]), None);
    let certified = ClientKey { certificate_sha256: Some("hash".to_owned()), ..rsa };
    assert_eq!(chosen(&certified, &["RS256", "PS256"]), Some("PS256"));
    assert_eq!(chosen(&certified, &["RS256"]), Some("RS256"));
    assert_eq!(chosen(&ed25519(), &["Ed25519"]), Some("Ed25519"));
}

#[test]
fn a_key_that_names_its_algorithm_is_used_with_no_other() {
    let bound = ClientKey { algorithm: Some(SigningAlgorithm::PS384), ..rsa() };
    assert_eq!(bound.algorithms(), [SigningAlgorithm::PS384]);
    assert_eq!(choose(&bound, None), Some(SigningAlgorithm::PS384));
    assert_eq!(chosen(&bound, &["RS256", "PS384"]), Some("PS384"));
    assert_eq!(chosen(&bound, &["RS256"]), None);
    for algorithm in [SigningAlgorithm::ES256, SigningAlgorithm::HS256] {
        assert!(ClientKey { algorithm: Some(algorithm), ..bound.clone() }.algorithms().is_empty());
    }
}

#[test]
fn a_secret_signs_with_hs256_unless_the_provider_announces_others() {
    let chosen = |announced: &[&str]| {
        let announced: Vec<_> = announced.iter().map(|name| (*name).to_owned()).collect();
        choose_hmac(Some(&announced))
    };
    assert_eq!(choose_hmac(None), Some(SigningAlgorithm::HS256));
    assert_eq!(chosen(&["RS256", "HS512", "HS384"]), Some(SigningAlgorithm::HS384));
    assert_eq!(chosen(&["RS256"]), None);
}

#[test]
fn a_key_shows_its_kind_and_its_name_alone() {
    let named = ClientKey { kid: Some("2026".to_owned()), ..ed25519() };
    assert_eq!(format!("{named:?}"), r#"ClientKey(Ed25519, kid Some("2026"))"#);
    assert_eq!(format!("{:?}", rsa()), "ClientKey(RSA, kid None)");
}
