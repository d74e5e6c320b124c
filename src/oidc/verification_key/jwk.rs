//! A public key as a JWK (RFC 7517; RFC 7518, section 6; RFC 8037, section 2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::{
    api::SigningKey,
    domain::verification_key::{Curve, KeyMaterial, VerificationKey},
};

const MAX_KID_CHARS: usize = 256;
/// What only private keys have (RFC 7518, sections 6.2.2 and 6.3.2). From any of the numbers of an RSA key follow the
/// others; whose private half is published could be anybody's.
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// None for a key that is for something else, of an unknown kind, weak, malformed, or not secret any more.
pub fn read(jwk: &Map<String, Value>) -> Option<VerificationKey> {
    let text = |name: &str| member(jwk, name).map_or(Ok(None), |value| value.as_str().map(Some).ok_or(()));
    let (kid, alg, use_) = (text("kid").ok()?, text("alg").ok()?, text("use").ok()?);
    let for_signatures = use_.is_none_or(|use_| use_ == "sig") && may_verify(member(jwk, "key_ops"));
    let is_public = PRIVATE.iter().all(|name| member(jwk, name).is_none());
    if !for_signatures || !is_public || kid.is_some_and(|kid| kid.chars().count() > MAX_KID_CHARS) {
        return None;
    }
    let kty = text("kty").ok()??;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let summary = SigningKey { kid: owned(kid), kty: kty.to_owned(), alg: owned(alg), use_: owned(use_) };
    let key = |material: &KeyMaterial<'_>| VerificationKey::new(summary, material).ok();
    match (kty, text("crv").ok()?) {
        ("RSA", _) => key(&KeyMaterial::Rsa { modulus: &octets(jwk, "n")?, exponent: &octets(jwk, "e")? }),
        ("EC", Some("P-256")) => key(&KeyMaterial::EllipticCurve(Curve::P256, &point(jwk, 32)?)),
        ("EC", Some("P-384")) => key(&KeyMaterial::EllipticCurve(Curve::P384, &point(jwk, 48)?)),
        ("EC", Some("P-521")) => key(&KeyMaterial::EllipticCurve(Curve::P521, &point(jwk, 66)?)),
        ("OKP", Some("Ed25519")) => key(&KeyMaterial::Ed25519(&octets(jwk, "x")?)),
        _ => None,
    }
}

/// What is null counts as absent: some providers write out what they don't have.
fn member<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    jwk.get(name).filter(|value| !value.is_null())
}

/// Whether `key_ops`, if there is one, lists "verify" (RFC 7517, section 4.3).
fn may_verify(key_ops: Option<&Value>) -> bool {
    let allows = |ops: &Vec<Value>| ops.is_empty() || ops.iter().any(|op| op == "verify");
    key_ops.is_none_or(|ops| ops.as_array().is_some_and(allows))
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()
}

/// Both coordinates have the full length of the curve's field, in octets (RFC 7518, section 6.2.1.2).
fn point(jwk: &Map<String, Value>, length: usize) -> Option<Vec<u8>> {
    let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
    (x.len() == length && y.len() == length).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
}
