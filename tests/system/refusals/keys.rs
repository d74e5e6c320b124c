//! What a provider serves as its keys.

use aws_lc_rs::rand::fill;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    bodies::{ODD, WRONG},
    case::{Case, Outcome},
    discovery::reason,
    documents::{Script, see, see_only},
    page::{Family, must_say},
};
use crate::support::{
    fake::{Fake, KEYS, Reply},
    refusal::MARK,
    signer::{ED25519, P256, RSA, b64},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Keys",
    about: "What is served where `jwks_uri` leads. One key stands for a set with this key alone. A key that cannot be used is left out, so that others of the set count.",
};

type Row = Case<Script>;
type Key = Case<fn() -> Value>;

#[rustfmt::skip]
const SETS: &[Row] = &[
    Row::new("no `keys`", |f, _| set(f, json!({"m4rk": []})), INVALID, "RFC 7517 5"),
    Row::new("`keys` is text", |f, _| set(f, json!({"keys": MARK})), INVALID, "RFC 7517 5.1"),
    Row::new("`keys` is an object by `kid`", |f, _| set(f, json!({"keys": {"one": P256.jwk()}})), INVALID, "RFC 7517 5.1"),
    Row::new("a key instead of a set", |f, _| set(f, P256.jwk()), INVALID, "RFC 7517 5"),
    Row::new("certificates by `kid`", |f, _| set(f, json!({"m4rk": P256.pem()})), INVALID, "RFC 7517 5"),
    Row::new("no key", |f, _| set(f, json!({"keys": []})), UNUSABLE, "RFC 7517 5.1"),
    Row::new("keys that are texts", |f, _| set(f, json!({"keys": [MARK, P256.jwk().to_string()]})), UNUSABLE, "RFC 7517 5.1"),
    Row::new("keys one list deeper", |f, _| set(f, json!({"keys": [[P256.jwk()]]})), UNUSABLE, "RFC 7517 5.1"),
    Row::new("a URL to the keys", |f, s| set(f, json!({"keys": [{"kty": "EC", "jku": format!("{}/keys", s.issuer), "x5u": format!("{}/x", s.issuer)}]})), UNUSABLE, "RFC 7517 4.6"),
    Row::new("status 201 with the keys", |f, _| f.answer(KEYS, Reply::status(201, &json!({"keys": [P256.jwk()]}).to_string())), HTTP, "RFC 9110 15.3.1"),
    Row::new("status 404", |f, _| f.answer(KEYS, Reply::status(404, MARK)), HTTP, "RFC 9110 15.3.1"),
    Row::new("status 503 with the keys", |f, _| f.answer(KEYS, Reply::status(503, &json!({"keys": [P256.jwk()]}).to_string())), HTTP, "RFC 9110 15.3.1"),
    Row::new("a redirect to another's keys", |f, s| f.answer(KEYS, Reply::redirect(&format!("{}{KEYS}", s.issuer))), HTTP, "RFC 9110 15.4; *ours*"),
    Row::new("`jwks_uri` is a metadata service", |f, _| f.announce("jwks_uri", "http://169.254.169.254/latest/keys"), DENIED, "*ours*"),
    Row::new("`jwks_uri` is a metadata service, written as a number", |f, _| f.announce("jwks_uri", "http://2852039166/latest/keys"), DENIED, "*ours*"),
    Row::new("`jwks_uri` is a metadata service, as IPv4 within IPv6", |f, _| f.announce("jwks_uri", "http://[::ffff:169.254.169.254]/keys"), DENIED, "*ours*"),
    Row::new("`jwks_uri` is this machine, by its other address", |f, _| f.announce("jwks_uri", "http://[::1]/keys"), DENIED, "*ours*"),
    Row::new("`jwks_uri` is this machine, as 0.0.0.0", |f, _| f.announce("jwks_uri", "http://0.0.0.0/keys"), DENIED, "*ours*"),
    Row::new("a good key among keys of every wrong kind", |f, _| set(f, json!({"keys": crowd()})), Outcome::Ready, "RFC 7517 5"),
    Row::new("100 keys", |f, _| set(f, json!({"keys": ([vec![P256.jwk()], vec![RSA.jwk(); 99]].concat())})), Outcome::Ready, "*ours*"),
];

#[rustfmt::skip]
const WEAK: &[Key] = &[
    Key::new("a secret, `kty` `oct`", || json!({"kty": "oct", "kid": "m4rk", "k": b64("m4rk".repeat(8))}), UNUSABLE, "RFC 7518 6.4"),
    Key::new("no `kty`", || without(&P256.jwk(), "kty"), UNUSABLE, "RFC 7517 4.1"),
    Key::new("`kty` in small letters", || with(&P256.jwk(), "kty", "ec"), UNUSABLE, "RFC 7517 4.1"),
    Key::new("for encryption, by `use`", || with(&P256.jwk(), "use", "enc"), UNUSABLE, "RFC 7517 4.2"),
    Key::new("`use` is a list", || with(&P256.jwk(), "use", json!(["sig"])), UNUSABLE, "RFC 7517 4.2"),
    Key::new("for encryption, by `key_ops`", || with(&RSA.jwk(), "key_ops", json!(["encrypt", "wrapKey"])), UNUSABLE, "RFC 7517 4.3"),
    Key::new("`key_ops` is text", || with(&P256.jwk(), "key_ops", "verify"), UNUSABLE, "RFC 7517 4.3"),
    Key::new("an `alg` of another kind of key", || with(&P256.jwk(), "alg", "RS256"), UNUSABLE, "RFC 7517 4.4"),
    Key::new("`alg` of another curve", || with(&P256.jwk(), "alg", "ES384"), UNUSABLE, "RFC 7518 3.4"),
    Key::new("an RSA key with `alg` HS256", || with(&RSA.jwk(), "alg", "HS256"), UNUSABLE, "RFC 8725 3.1"),
    Key::new("an RSA key with `alg` none", || with(&RSA.jwk(), "alg", "none"), UNUSABLE, "RFC 8725 3.2"),
    Key::new("an RSA key with `alg` RSA-OAEP", || with(&RSA.jwk(), "alg", "RSA-OAEP"), UNUSABLE, "RFC 7517 4.4"),
    Key::new("`kid` is a number", || with(&P256.jwk(), "kid", 1), UNUSABLE, "RFC 7517 4.5"),
    Key::new("`kid` of 257 characters", || with(&P256.jwk(), "kid", "m".repeat(257)), UNUSABLE, "*ours*"),
    Key::new("RSA of 1024 bits", || rsa(1024, &[1, 0, 1]), UNUSABLE, "RFC 7518 3.3"),
    Key::new("RSA of 2047 bits", || rsa(2047, &[1, 0, 1]), UNUSABLE, "RFC 7518 3.3"),
    Key::new("RSA of 8193 bits", || rsa(8193, &[1, 0, 1]), UNUSABLE, "*ours*"),
    Key::new("RSA with an even modulus", || with(&RSA.jwk(), "n", b64([0xc0; 256])), UNUSABLE, "RFC 8017 3.1"),
    Key::new("RSA with the exponent 1", || rsa(2048, &[1]), UNUSABLE, "RFC 8017 3.1"),
    Key::new("RSA with the exponent 0", || rsa(2048, &[0]), UNUSABLE, "RFC 8017 3.1"),
    Key::new("RSA with an even exponent", || rsa(2048, &[2]), UNUSABLE, "RFC 8017 3.1"),
    Key::new("RSA with an exponent of 40 bits", || rsa(2048, &[1, 0, 0, 0, 1]), UNUSABLE, "*ours*"),
    Key::new("RSA without a modulus", || without(&RSA.jwk(), "n"), UNUSABLE, "RFC 7518 6.3.1"),
    Key::new("RSA with a modulus in hexadecimal", || with(&RSA.jwk(), "n", "c0ffee=="), UNUSABLE, "RFC 7518 6.3.1.1"),
    Key::new("a private RSA key, published", || with(&RSA.jwk(), "d", b64([7; 256])), UNUSABLE, "RFC 7517 9.2"),
    Key::new("the primes of an RSA key, published", || with(&with(&RSA.jwk(), "p", b64([7; 128])), "q", b64([9; 128])), UNUSABLE, "RFC 7518 6.3.2"),
    Key::new("one prime of an RSA key, published", || with(&RSA.jwk(), "p", b64([7; 128])), UNUSABLE, "RFC 7518 6.3.2"),
    Key::new("an RSA key's exponent for one prime, published", || with(&RSA.jwk(), "dp", b64([7; 128])), UNUSABLE, "RFC 7518 6.3.2"),
    Key::new("a private key on P-256, published", || with(&P256.jwk(), "d", b64([7; 32])), UNUSABLE, "RFC 7517 9.2"),
    Key::new("a point that is not on the curve", || with(&P256.jwk(), "y", b64([7; 32])), UNUSABLE, "RFC 8725 3.4"),
    Key::new("the point 0, 0", || with(&with(&P256.jwk(), "x", b64([0; 32])), "y", b64([0; 32])), UNUSABLE, "RFC 8725 3.4"),
    Key::new("a coordinate that is too large", || with(&P256.jwk(), "x", b64([0xff; 32])), UNUSABLE, "RFC 8725 3.4"),
    Key::new("a coordinate with an octet more", || with(&P256.jwk(), "x", signed(&P256.jwk(), "x")), UNUSABLE, "RFC 7518 6.2.1.2"),
    Key::new("no second coordinate", || without(&P256.jwk(), "y"), UNUSABLE, "RFC 7518 6.2.1.3"),
    Key::new("a coordinate that is padded", || with(&P256.jwk(), "x", format!("{}=", text(&P256.jwk(), "x"))), UNUSABLE, "RFC 7518 2"),
    Key::new("a point on P-256, said to be of P-384", || with(&without(&P256.jwk(), "alg"), "crv", "P-384"), UNUSABLE, "RFC 7518 6.2.1.1"),
    Key::new("another curve, secp256k1", || with(&without(&P256.jwk(), "alg"), "crv", "secp256k1"), UNUSABLE, "RFC 7518 6.2.1.1"),
    Key::new("no `crv`", || without(&P256.jwk(), "crv"), UNUSABLE, "RFC 7518 6.2.1.1"),
    Key::new("Ed25519 of order 1", || ed25519(&point(0, 1)), UNUSABLE, "RFC 8725 3.4"),
    Key::new("Ed25519 of order 1, with the other sign", || ed25519(&point(0x80, 1)), UNUSABLE, "RFC 8725 3.4"),
    Key::new("Ed25519 of order 4", || ed25519(&[0; 32]), UNUSABLE, "RFC 8725 3.4"),
    Key::new("Ed25519 of order 8", || ed25519(&ORDER_8), UNUSABLE, "RFC 8725 3.4"),
    Key::new("Ed25519 of 31 octets", || ed25519(&[7; 31]), UNUSABLE, "RFC 8037 2"),
    Key::new("a key for agreement, X25519", || with(&without(&ED25519.jwk(), "alg"), "crv", "X25519"), UNUSABLE, "RFC 8037 3.2"),
    Key::new("another curve, Ed448", || with(&without(&ED25519.jwk(), "alg"), "crv", "Ed448"), UNUSABLE, "*ours*"),
];

#[rustfmt::skip]
const GOOD: &[Key] = &[
    Key::new("without `use` and `alg`", || without(&without(&P256.jwk(), "use"), "alg"), Outcome::Ready, "RFC 7517 4"),
    Key::new("`key_ops` with `verify`", || with(&without(&P256.jwk(), "use"), "key_ops", json!(["verify", MARK])), Outcome::Ready, "RFC 7517 4.3"),
    Key::new("no operation in `key_ops`, which counts as no `key_ops`", || with(&without(&P256.jwk(), "use"), "key_ops", json!([])), Outcome::Ready, "*ours*"),
    Key::new("null for what it does not have", || with(&with(&P256.jwk(), "d", Value::Null), "key_ops", Value::Null), Outcome::Ready, "*ours*"),
    Key::new("a certificate beside it, not looked at", || with(&with(&P256.jwk(), "x5c", json!([MARK])), "x5u", "https://m4rk.example"), Outcome::Ready, "RFC 7517 4.7"),
    Key::new("members that nobody knows", || with(&P256.jwk(), MARK, MARK), Outcome::Ready, "RFC 7517 4"),
];

/// Nobody has their other half.
#[rustfmt::skip]
const GOOD_OF_NOBODY: &[Key] = &[
    Key::new("RSA with the exponent 3", || rsa(2048, &[3]), Outcome::Ready, "RFC 8017 3.1"),
    Key::new("RSA of 8192 bits", || rsa(8192, &[1, 0, 1]), Outcome::Ready, "*ours*"),
    Key::new("RSA with the sign octet of DER before the modulus", || with(&RSA.jwk(), "n", signed(&RSA.jwk(), "n")), Outcome::Ready, "*ours*"),
];

const INVALID: Outcome = Outcome::HeldBack("InvalidDocument");
const UNUSABLE: Outcome = Outcome::HeldBack("NoUsableKeys");
const HTTP: Outcome = Outcome::HeldBack("HTTPStatus");
const DENIED: Outcome = Outcome::HeldBack("EgressDenied");

/// A point of order 8 on Curve25519.
const ORDER_8: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53,
    0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

/// At a provider that announces every algorithm, so that a key is left out for nothing but its own fault.
fn set(fake: &Fake, document: Value) {
    let every = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "HS256"];
    fake.announce("id_token_signing_alg_values_supported", every.to_vec());
    fake.answer(KEYS, Reply::json(&document));
}

fn with(jwk: &Value, member: &str, value: impl Into<Value>) -> Value {
    let mut jwk = jwk.clone();
    jwk[member] = value.into();
    jwk
}

fn without(jwk: &Value, member: &str) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().expect("a key").shift_remove(member).expect("it has the member");
    jwk
}

fn text(jwk: &Value, member: &str) -> String {
    jwk[member].as_str().expect("a text").to_owned()
}

fn octets(jwk: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text(jwk, member)).expect("base64url")
}

/// With an octet of zeros before it.
fn signed(jwk: &Value, member: &str) -> String {
    b64([vec![0], octets(jwk, member)].concat())
}

/// An odd modulus of so many bits.
fn rsa(bits: usize, exponent: &[u8]) -> Value {
    let mut modulus = vec![0; bits.div_ceil(8)];
    fill(&mut modulus).expect("random octets");
    let highest = 1 << ((bits - 1) % 8);
    modulus[0] = (modulus[0] & (highest - 1)) | highest;
    *modulus.last_mut().expect("an octet") |= 1;
    json!({"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": b64(modulus), "e": b64(exponent)})
}

fn ed25519(octets: &[u8]) -> Value {
    json!({"kty": "OKP", "kid": "ed25519", "use": "sig", "alg": "EdDSA", "crv": "Ed25519", "x": b64(octets)})
}

/// With this highest and this lowest octet.
fn point(highest: u8, lowest: u8) -> [u8; 32] {
    let mut point = [0; 32];
    (point[31], point[0]) = (highest, lowest);
    point
}

/// Every key that cannot be used, and a good one among them. Names of keys stand in the status.
fn crowd() -> Vec<Value> {
    let keys = WEAK.iter().map(|case| (case.script)());
    keys.chain([json!(MARK), json!(1), Value::Null, P256.jwk()]).collect()
}

on_both_sources!(keys_that_are_not_to_be_used_let_nobody_begin);

async fn keys_that_are_not_to_be_used_let_nobody_begin(on: On) {
    let mut rows = see(on, SETS, |fake, stranger, script| script(fake, stranger)).await;
    let keys = [WEAK, GOOD].concat();
    rows.extend(see(on, &keys, |fake, _, key| set(fake, json!({"keys": [key()]}))).await);
    rows.extend(see_only(on, GOOD_OF_NOBODY, |fake, _, key| set(fake, json!({"keys": [key()]}))).await);
    let wrong = WRONG.iter().map(|&(sent, reply, why, says)| Case::new(sent, reply, reason(why), says));
    let odd = ODD.iter().map(|&(sent, reply, _, says)| Case::new(sent, reply, Outcome::Ready, says));
    let bodies: Vec<_> = wrong.chain(odd).collect();
    let right = || json!({"keys": [P256.jwk()]});
    rows.extend(see(on, &bodies, |fake, _, reply| fake.answer(KEYS, reply(&right()))).await);
    must_say(on, &FAMILY, &rows);
}
