//! A signature by ECDSA has two forms: what is (r, s) is also (r, n − s).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The order of P-256 (SEC 2, section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The token with the other form of its signature, which is as good.
pub fn other_form(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').expect("parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let (r, s) = signature.split_at(32);
    format!("{input}.{}", URL_SAFE_NO_PAD.encode([r, &less(&ORDER, s)].concat()))
}

/// `a - b`, both big-endian.
fn less(a: &[u8; 32], b: &[u8]) -> [u8; 32] {
    let mut difference = [0; 32];
    let mut borrowed = 0;
    for place in (0..32).rev() {
        let one = i16::from(a[place]) - i16::from(b[place]) - borrowed;
        borrowed = i16::from(one < 0);
        difference[place] = u8::try_from(one.rem_euclid(256)).expect("an octet");
    }
    difference
}

#[test]
fn the_other_form_of_a_signature_is_another_and_as_good() {
    use crate::support::{fake::sign, signer::P256};
    let token = sign(&serde_json::json!({"sub": "somebody", "exp": jiff::Timestamp::now().as_second() + 300}));
    let other = other_form(&token);
    assert!(other != token && other_form(&other) == token);
    let jwk = serde_json::from_value(P256.jwk()).expect("a JWK");
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).expect("a key");
    let demands = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::ES256);
    jsonwebtoken::decode::<serde_json::Value>(&other, &key, &demands).expect("it is good");
}
