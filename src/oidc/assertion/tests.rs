use aws_lc_rs::{
    hmac,
    signature::{self, KeyPair, UnparsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;

use super::{
    super::{
        client_key::read_client_key,
        keys::KeySet,
        testing::{at, secret},
    },
    *,
};
use crate::domain::{client_key::KeyMaterial, verification_key::VerificationKey};

macro_rules! for_tests {
    ($name:literal) => {
        include_str!(concat!("../testdata/for-tests-", $name))
    };
}

const RSA: &str = for_tests!("rsa-pkcs8.pem");
const NOW: i64 = 1_700_000_000;

fn key(text: &str) -> ClientKey {
    read_client_key(&secret(text)).expect("a key")
}

/// An assertion of the client `s6BhdRkqt3`, as it goes over the wire.
fn made(signer: &Signer<'_>, jti: &str) -> Result<String, SigningFailed> {
    let assertion = client_assertion(signer, "s6BhdRkqt3", "https://op.example/token", at(NOW), jti)?;
    Ok(assertion.expose_secret().to_owned())
}

/// Header and claims as text, what is signed, and the signature.
fn parts(assertion: &str) -> (String, String, &str, Vec<u8>) {
    let (input, signature) = assertion.rsplit_once('.').expect("three parts");
    let (header, claims) = input.split_once('.').expect("three parts");
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let text = |part: &str| String::from_utf8(decoded(part)).expect("UTF-8");
    (text(header), text(claims), input, decoded(signature))
}

#[test]
fn an_assertion_says_who_it_is_for_whom_and_until_when() {
    let key = ClientKey { kid: Some("2026".to_owned()), ..key(RSA) };
    let assertion = made(&Signer::Key(&key, SigningAlgorithm::RS256), "first").expect("an assertion");
    let (header, claims, ..) = parts(&assertion);
    assert_eq!(header, r#"{"alg":"RS256","typ":"JWT","kid":"2026"}"#);
    assert_eq!(
        claims,
        r#"{"iss":"s6BhdRkqt3","sub":"s6BhdRkqt3","aud":"https://op.example/token","jti":"first","iat":1700000000,"exp":1700000060}"#
    );
}

#[test]
fn the_header_names_the_key_and_its_certificate_if_they_have_names() {
    let certified = format!("{RSA}{}", for_tests!("rsa-certificate.pem"));
    let certified = ClientKey { kid: None, ..key(&certified) };
    let hash = certified.certificate_sha256.clone().expect("a certificate");
    let header = |signer: Signer<'_>| parts(&made(&signer, "1").expect("an assertion")).0;
    let expected = format!(r#"{{"alg":"PS256","typ":"JWT","x5t#S256":"{hash}"}}"#);
    assert_eq!(header(Signer::Key(&certified, SigningAlgorithm::PS256)), expected);
    let client_secret = secret("a client secret of more than 32 octets");
    let expected = r#"{"alg":"HS256","typ":"JWT"}"#;
    assert_eq!(header(Signer::Secret(&client_secret, SigningAlgorithm::HS256)), expected);
}

#[test]
fn what_a_client_is_called_cannot_leave_its_claim() {
    let key = key(for_tests!("ed25519-pkcs8.pem"));
    let odd = "\",\"aud\":\"https://evil.example\u{0}ü";
    let signer = Signer::Key(&key, SigningAlgorithm::EdDSA);
    let assertion = client_assertion(&signer, odd, "https://op.example", at(NOW), "1").expect("an assertion");
    let claims: Value = serde_json::from_str(&parts(assertion.expose_secret()).1).expect("JSON");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(odd), &json!(odd)));
    assert_eq!(claims["aud"], "https://op.example");
}

#[test]
fn assertions_differ_in_jti_alone() {
    let key = key(for_tests!("ed25519-pkcs8.pem"));
    let claims = |jti: &str| {
        let assertion = made(&Signer::Key(&key, SigningAlgorithm::EdDSA), jti).expect("an assertion");
        serde_json::from_str::<Value>(&parts(&assertion).1).expect("JSON")
    };
    let (first, mut second) = (claims("first"), claims("second"));
    assert_ne!(first, second);
    second["jti"] = json!("first");
    assert_eq!(first, second);
}

#[test]
fn every_key_signs_with_every_algorithm_that_it_says_it_can() {
    let keys = [
        (RSA, 6, 256),
        (for_tests!("p256-pkcs8.pem"), 1, 64),
        (for_tests!("p384-sec1.pem"), 1, 96),
        (for_tests!("p521-pkcs8.pem"), 1, 132),
        (for_tests!("ed25519-pkcs8.pem"), 2, 64),
    ];
    for (text, algorithms, signature_bytes) in keys {
        let key = key(text);
        assert_eq!(key.algorithms().len(), algorithms);
        for algorithm in key.algorithms() {
            let assertion = made(&Signer::Key(&key, *algorithm), "1").expect("an assertion");
            let (header, _, input, signature) = parts(&assertion);
            assert!(header.starts_with(&format!(r#"{{"alg":"{}","#, algorithm.as_str())), "{header}");
            assert_eq!(signature.len(), signature_bytes, "{algorithm:?}");
            let public_key = UnparsedPublicKey::new(verification(*algorithm), public_key(&key));
            assert_eq!(public_key.verify(input.as_bytes(), &signature), Ok(()), "{algorithm:?}");
        }
    }
}

fn public_key(key: &ClientKey) -> Vec<u8> {
    match &*key.material {
        KeyMaterial::Rsa(key) => key.public_key().as_ref().to_vec(),
        KeyMaterial::P256(key) | KeyMaterial::P384(key) | KeyMaterial::P521(key) => key.public_key().as_ref().to_vec(),
        KeyMaterial::Ed25519(key) => key.public_key().as_ref().to_vec(),
    }
}

fn verification(algorithm: SigningAlgorithm) -> &'static dyn VerificationAlgorithm {
    use SigningAlgorithm::*;
    match algorithm {
        RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        ES256 => &signature::ECDSA_P256_SHA256_FIXED,
        ES384 => &signature::ECDSA_P384_SHA384_FIXED,
        ES512 => &signature::ECDSA_P521_SHA512_FIXED,
        EdDSA | Ed25519 => &signature::ED25519,
        HS256 | HS384 | HS512 => unreachable!("not of a key pair"),
    }
}

/// The way that a provider's own tokens are checked, with the public half of the same JWK.
#[test]
fn an_assertion_is_a_jws_that_verifies_by_its_jwk() {
    for text in [for_tests!("rsa.jwk.json"), for_tests!("p256.jwk.json"), for_tests!("p384.jwk.json")] {
        let (key, mut jwk) = (key(text), serde_json::from_str::<Value>(text).expect("JSON"));
        jwk.as_object_mut()
            .expect("a key")
            .retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        let keys = KeySet::from_entries(&[jwk]);
        for algorithm in key.algorithms() {
            let assertion = made(&Signer::Key(&key, *algorithm), "1").expect("an assertion");
            let (_, _, input, signature) = parts(&assertion);
            let verifies = |key: &VerificationKey| key.verifies(*algorithm, input.as_bytes(), &signature);
            assert!(keys.keys().iter().any(verifies), "{algorithm:?}");
        }
    }
}

#[test]
fn a_client_secret_signs_what_who_knows_it_can_check() {
    let client_secret = secret("a client secret of more than 32 octets: ü");
    let hashes = [
        (SigningAlgorithm::HS256, hmac::HMAC_SHA256),
        (SigningAlgorithm::HS384, hmac::HMAC_SHA384),
        (SigningAlgorithm::HS512, hmac::HMAC_SHA512),
    ];
    for (algorithm, hash) in hashes {
        let assertion = made(&Signer::Secret(&client_secret, algorithm), "1").expect("an assertion");
        let (_, _, input, signature) = parts(&assertion);
        let key = hmac::Key::new(hash, client_secret.expose_secret().as_bytes());
        assert_eq!(hmac::verify(&key, input.as_bytes(), &signature), Ok(()), "{algorithm:?}");
    }
}

#[test]
fn a_key_never_signs_with_an_algorithm_of_another_kind() {
    let (rsa, p256) = (key(RSA), key(for_tests!("p256-pkcs8.pem")));
    let client_secret = secret("a client secret");
    let wrong = [
        Signer::Key(&rsa, SigningAlgorithm::ES256),
        Signer::Key(&rsa, SigningAlgorithm::HS256),
        Signer::Key(&p256, SigningAlgorithm::ES384),
        Signer::Key(&p256, SigningAlgorithm::RS256),
        Signer::Key(&p256, SigningAlgorithm::HS256),
        Signer::Secret(&client_secret, SigningAlgorithm::RS256),
    ];
    for signer in wrong {
        assert_eq!(made(&signer, "1"), Err(SigningFailed), "{signer:?}");
    }
}

#[test]
fn neither_key_nor_secret_nor_assertion_is_printed() {
    let (key, client_secret) = (key(for_tests!("p256.jwk.json")), secret("hunter2hunter2"));
    let signers = [Signer::Key(&key, SigningAlgorithm::ES256), Signer::Secret(&client_secret, SigningAlgorithm::HS256)];
    for signer in signers {
        let assertion = client_assertion(&signer, "me", "https://op.example", at(NOW), "1").expect("an assertion");
        let printed = format!("{signer:?} {assertion:?}");
        let signature = assertion.expose_secret().rsplit_once('.').expect("three parts").1;
        assert!(!printed.contains("hunter2") && !printed.contains(signature), "{printed}");
    }
}
