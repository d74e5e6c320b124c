//! Tokens that are made in another way than they should be.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::attempt::Attempt;
use crate::support::{
    fake::sign,
    signer::{P256, RSA, STRANGERS, b64, maced, unsigned},
};

/// Of a token as it should be.
pub const HEADER: &str = r#"{"alg":"ES256","kid":"one"}"#;

/// Of P-256 (SEC 2, section 2.4.2).
pub const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// Of Curve25519's base point, little-endian (RFC 8032, section 5.1).
const ORDER_25519: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Signed by the right key, whatever the header says.
pub fn es256(header: Value, claims: &Value) -> String {
    P256.token(&header.to_string(), claims.to_string())
}

/// Signed by the key of another provider.
pub fn strange(header: Value, claims: &Value) -> String {
    STRANGERS.token(&header.to_string(), claims.to_string())
}

/// A payload, signed as it should be.
pub fn usual(payload: impl AsRef<[u8]>) -> String {
    P256.token(HEADER, payload)
}

/// With a MAC under this key.
pub fn hs256(claims: &Value, key: impl AsRef<[u8]>) -> String {
    maced(&json!({"alg": "HS256"}), claims, key.as_ref())
}

/// Of the provider's RSA key.
pub fn modulus() -> Vec<u8> {
    let jwk = RSA.jwk();
    URL_SAFE_NO_PAD.decode(jwk["n"].as_str().expect("a text")).expect("base64url")
}

/// A URL where nobody may ask anything.
pub fn elsewhere(attempt: &Attempt<'_>, path: &str) -> String {
    format!("{}{path}", attempt.world.stranger.issuer)
}

fn split(token: &str) -> (&str, Vec<u8>) {
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    (input, URL_SAFE_NO_PAD.decode(signature).expect("base64url"))
}

/// Another signature over the same.
pub fn changed(token: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (input, mut signature) = split(token);
    change(&mut signature);
    format!("{input}.{}", b64(signature))
}

/// What the second says, with the signature of the first.
pub fn swapped(signed: &str, said: &str) -> String {
    format!("{}.{}", split(said).0, b64(split(signed).1))
}

/// With the signature as X.509 has it.
pub fn in_der(_: &Attempt<'_>, claims: Value) -> String {
    let input = format!("{}.{}", b64(HEADER), b64(claims.to_string()));
    format!("{input}.{}", b64(P256.der_signature(input.as_bytes())))
}

/// A token of the RSA key whose header says one algorithm, and whose signature is made by the other.
pub fn relabelled(said: &str, made: &str, claims: &Value) -> String {
    let input = unsigned(&json!({"alg": said, "kid": "rsa"}), claims);
    format!("{input}.{}", b64(RSA.signature(made, input.as_bytes())))
}

/// S and the order: the same number in its field, which must be below the order.
pub fn with_large_s(signature: &mut [u8]) {
    let mut carry = 0;
    for (digit, more) in signature[32..].iter_mut().zip(ORDER_25519) {
        carry += u16::from(*digit) + u16::from(more);
        *digit = carry.to_le_bytes()[0];
        carry >>= 8;
    }
}

/// With the signature over the payload as it is (RFC 7797).
pub fn unencoded(header: Value, claims: &Value) -> String {
    let (header, payload) = (b64(header.to_string()), claims.to_string());
    let signature = P256.signature("ES256", format!("{header}.{payload}").as_bytes());
    format!("{header}.{}.{}", b64(payload), b64(signature))
}

/// Claims as JWE may compress them (RFC 7516, section 4.1.3).
pub fn deflated(claims: &Value) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, claims.to_string().as_bytes()).expect("written");
    encoder.finish().expect("written")
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().expect("three parts")
}

/// RFC 7515, section 7.2.2.
pub fn flattened(token: &str) -> String {
    let [header, payload, signature] = parts(token);
    json!({"protected": header, "payload": payload, "signature": signature}).to_string()
}

/// RFC 7515, section 7.2.1.
pub fn general(token: &str) -> String {
    let [header, payload, signature] = parts(token);
    json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}).to_string()
}

/// The signature as `base64` writes it; made again until that differs.
pub fn in_the_other_alphabet(_: &Attempt<'_>, claims: Value) -> String {
    loop {
        let token = sign(&claims);
        let (input, signature) = split(&token);
        let other = STANDARD_NO_PAD.encode(signature);
        if other.contains(['+', '/']) {
            return format!("{input}.{other}");
        }
    }
}

/// The last letter holds two bits of the signature; the other four should be 0.
pub fn with_spare_bits(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    let other = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        "w" => "x",
        _ => panic!("{last} holds more than two bits"),
    };
    format!("{rest}{other}")
}

/// With so much white space around header and claims that it is of this many octets in all.
pub fn of_length(claims: &Value, length: usize) -> String {
    let signature = b64([0; 64]).len();
    let fitting = (0..4).find_map(|spaces| {
        let header = format!("{}{HEADER}", " ".repeat(spaces));
        let payload = length - b64(&header).len() - signature - 2;
        let octets = payload * 3 / 4;
        ((octets * 4).div_ceil(3) == payload).then(|| P256.token(&header, format!("{:>octets$}", claims.to_string())))
    });
    fitting.filter(|token| token.len() == length).expect("a token of this length")
}

/// Big-endian.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
