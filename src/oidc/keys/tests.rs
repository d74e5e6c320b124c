use axum::{Json, Router, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;
use crate::oidc::testing::{ISSUER, b64, outbound, serve};

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn usable(jwk: Value) -> bool {
    !KeySet::from_entries(&[jwk]).0.is_empty()
}

#[test]
fn keys_that_cannot_verify_are_left_out_and_the_others_stay() {
    let [rsa, p256, p384, p521, ed25519] = <[Value; 5]>::try_from(ISSUER.jwks()).expect("five keys");
    let weak = [&[0xff; 127][..], &[0x01]].concat();
    let off_curve = b64([7; 32]);
    let left_out = [
        json!("not an object"),
        json!({}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"kty": "RSA"}),
        json!({"kty": "PQ", "x": "AA"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": off_curve, "y": off_curve}),
        json!({"kty": "OKP", "crv": "Ed448", "x": "AA"}),
        with(rsa.clone(), "use", json!("enc")),
        with(rsa.clone(), "use", json!(7)),
        with(rsa.clone(), "alg", json!("RSA-OAEP")),
        with(rsa.clone(), "alg", json!("HS256")),
        with(rsa.clone(), "key_ops", json!(["encrypt"])),
        with(rsa.clone(), "kid", json!(7)),
        with(rsa.clone(), "kid", json!("x".repeat(257))),
        with(rsa.clone(), "n", json!(b64(weak))),
        with(rsa.clone(), "n", json!(b64(vec![0xff; 1025]))),
        with(rsa.clone(), "n", json!("***")),
        with(rsa.clone(), "n", json!("")),
        with(rsa.clone(), "e", json!("AQ")),
        with(rsa.clone(), "e", json!("AA")),
        with(p256.clone(), "x", json!(off_curve)),
        with(p256.clone(), "x", json!("AA")),
        with(p256.clone(), "crv", json!("P-384")),
        with(ed25519.clone(), "x", json!("AA")),
        // Points of small order: zero, one, and one with the sign bit.
        with(ed25519.clone(), "x", json!(b64([0; 32]))),
        with(ed25519.clone(), "x", json!(b64([&[1][..], &[0; 31]].concat()))),
        with(ed25519.clone(), "x", json!(b64([&[1][..], &[0; 30], &[0x80]].concat()))),
        with(ed25519.clone(), "alg", json!("ES256")),
        with(p256.clone(), "alg", json!("ES384")),
        with(rsa.clone(), "d", json!("AA")),
        with(rsa.clone(), "p", json!("AA")),
        with(rsa.clone(), "dq", json!("AA")),
    ];
    for jwk in &left_out {
        assert!(!usable(jwk.clone()), "{jwk}");
    }
    let all = left_out.into_iter().chain([rsa, p256, p384, p521, ed25519]).collect::<Vec<_>>();
    let kids: Vec<_> = KeySet::from_entries(&all).keys().iter().filter_map(|key| key.summary().kid.clone()).collect();
    assert_eq!(kids, ["rsa", "p256", "p384", "p521", "ed25519"]);
}

#[test]
fn odd_but_sound_keys_are_kept() {
    let rsa = ISSUER.jwks().remove(0);
    let modulus = URL_SAFE_NO_PAD.decode(rsa["n"].as_str().expect("text")).expect("base64url");
    let signed_modulus = b64([&[0], modulus.as_slice()].concat());
    for jwk in [
        with(rsa.clone(), "n", json!(signed_modulus)),
        with(rsa.clone(), "key_ops", json!(["verify"])),
        with(rsa.clone(), "alg", json!("PS512")),
        with(ISSUER.jwks().remove(4), "alg", json!("Ed25519")),
        with(rsa, "x5c", json!(["not looked at"])),
    ] {
        assert!(usable(jwk.clone()), "{jwk}");
    }
}

#[test]
fn no_more_than_a_hundred_keys_are_kept() {
    let key = ISSUER.jwks().remove(4);
    assert_eq!(KeySet::from_entries(&vec![key; 500]).0.len(), MAX_KEYS);
}

#[tokio::test]
async fn a_set_without_a_usable_key_is_no_usable_keys() {
    let good = json!({"keys": ISSUER.jwks()});
    let router = Router::new()
        .route("/good", get(async || Json(good)))
        .route("/empty", get(async || Json(json!({"keys": []}))))
        .route("/symmetric", get(async || Json(json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}))))
        .route("/other", get(async || Json(json!({"hello": "world"}))))
        .route("/broken", get(async || "<html>"));
    let base = serve(router).await;
    let (outbound, base) = (&outbound(), &base);
    let fetch = |path: &'static str| async move {
        let request = KeysRequest { jwks_uri: base.join(path).expect("a URL"), roots: None };
        fetch_keys(outbound, &request).await
    };
    assert_eq!(fetch("good").await.expect("keys").keys().len(), 5);
    for (path, reason) in [
        ("empty", Reason::NoUsableKeys),
        ("symmetric", Reason::NoUsableKeys),
        ("other", Reason::InvalidDocument),
        ("broken", Reason::InvalidDocument),
        ("missing", Reason::HttpStatus),
    ] {
        let error = fetch(path).await.expect_err("no keys");
        assert_eq!(error.reason(), reason, "{path}");
        assert!(!error.to_string().contains("html"), "{error}");
    }
}
