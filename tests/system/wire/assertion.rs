//! A client assertion, taken apart and verified by the public key that the provider would have.

use aws_lc_rs::{
    hmac,
    rsa::PublicKeyComponents,
    signature::{self, UnparsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::cases::{ED25519_JWK, P256_JWK, RSA_JWK, SECRET};

/// The header and the claims of an assertion with a good signature.
pub fn verified(assertion: &str) -> [Map<String, Value>; 2] {
    let (input, signature) = assertion.rsplit_once('.').expect("three parts");
    let (header, claims) = input.split_once('.').expect("three parts");
    let parts = [header, claims].map(|part| serde_json::from_slice::<Map<_, _>>(&decoded(part)).expect("JSON"));
    let algorithm = parts[0]["alg"].as_str().expect("a text");
    assert!(is_signed(algorithm, input.as_bytes(), &decoded(signature)), "{algorithm}: the signature is bad");
    parts
}

fn decoded(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

fn is_signed(algorithm: &str, input: &[u8], signature: &[u8]) -> bool {
    let by = |algorithm: &'static dyn VerificationAlgorithm, key: Vec<u8>| {
        UnparsedPublicKey::new(algorithm, key).verify(input, signature).is_ok()
    };
    match algorithm {
        "HS256" => hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), input, signature).is_ok(),
        "RS256" => rsa().verify(&signature::RSA_PKCS1_2048_8192_SHA256, input, signature).is_ok(),
        "PS256" => rsa().verify(&signature::RSA_PSS_2048_8192_SHA256, input, signature).is_ok(),
        "ES256" => {
            let point = [vec![4], member(P256_JWK, "x"), member(P256_JWK, "y")].concat();
            by(&signature::ECDSA_P256_SHA256_FIXED, point)
        }
        "EdDSA" => by(&signature::ED25519, member(ED25519_JWK, "x")),
        _ => panic!("no case has {algorithm}"),
    }
}

fn rsa() -> PublicKeyComponents<Vec<u8>> {
    PublicKeyComponents { n: member(RSA_JWK, "n"), e: member(RSA_JWK, "e") }
}

fn member(jwk: &str, name: &str) -> Vec<u8> {
    let jwk: Value = serde_json::from_str(jwk).expect("a JWK");
    decoded(jwk[name].as_str().expect("a text"))
}
