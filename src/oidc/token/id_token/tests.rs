//! Paragraphs: "Core" is OpenID Connect Core 1.0, "BCL" is OpenID Connect Back-Channel Logout 1.0.

use std::{sync::LazyLock, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    domain::verification_key::VerificationKey,
    oidc::{
        testing::{ISSUER, Issuer, at, b64, keys_of},
        token::{JwsError, KeyRing},
    },
};

const ISSUER_ID: &str = "https://issuer.example.org";
const CLIENT: &str = "s6BhdRkqt3";
const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
const CODE: &str = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
const NOW: i64 = 1_800_000_000;

use SigningAlgorithm::{ES256, ES384, ES512, Ed25519, EdDSA, HS256, PS256, RS256, RS384};

static KEYS: LazyLock<Vec<VerificationKey>> = LazyLock::new(|| keys_of(&ISSUER));

fn proof() -> Proof<'static> {
    Proof::Signature(KeyRing { published: &KEYS, ..KeyRing::default() })
}

fn parties() -> Parties<'static> {
    Parties {
        issuer: ISSUER_ID,
        clients: &[CLIENT],
        algorithms: &[RS256, PS256, ES256, ES384, ES512, EdDSA, Ed25519],
        now: at(NOW),
        skew: Duration::ZERO,
    }
}

const LOGIN: AtLogin<'static> =
    AtLogin { nonce: NONCE, access_token: Some(ACCESS_TOKEN), code: Some(CODE), authenticated_since: None };

fn verify(raw: &str) -> Result<Claims, TokenError> {
    verify_id_token(raw, &proof(), &parties(), &LOGIN)
}

/// The claims of a right ID token, with some replaced; null takes one out.
fn claims(changes: Value) -> String {
    let mut claims = json!({
        "iss": ISSUER_ID, "sub": "24400320", "aud": CLIENT, "nonce": NONCE,
        "exp": NOW + 300, "iat": NOW - 5, "email": "jane@example.org",
    });
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(name),
            value => claims.as_object_mut().expect("an object").insert(name.clone(), value.clone()),
        };
    }
    claims.to_string()
}

/// A right token but for these claims.
fn saying(changes: Value) -> String {
    ISSUER.sign(RS256, r#"{"alg":"RS256","kid":"rsa"}"#, &claims(changes))
}

/// A right token but for its header.
fn headed(algorithm: SigningAlgorithm, header: &str) -> String {
    ISSUER.sign(algorithm, header, &claims(json!({})))
}

fn code(raw: &str) -> &'static str {
    verify(raw).map_or_else(TokenError::as_str, |_| "accepted")
}

fn left_half(text: &str, of: &'static digest::Algorithm) -> String {
    let full = digest::digest(of, text.as_bytes());
    b64(&full.as_ref()[..full.as_ref().len() / 2])
}

#[test]
fn a_token_whose_claims_break_a_rule_is_refused_by_that_rule() {
    let long_sub = "x".repeat(256);
    let cases = [
        // Core 3.1.3.7, point 2
        ("iss absent", json!({"iss": null}), "iss_wrong"),
        ("iss of another", json!({"iss": "https://evil.example.org"}), "iss_wrong"),
        ("iss with a slash more", json!({"iss": format!("{ISSUER_ID}/")}), "iss_wrong"),
        ("iss in capitals", json!({"iss": "HTTPS://issuer.example.org"}), "iss_wrong"),
        ("iss in an array", json!({"iss": [ISSUER_ID]}), "iss_wrong"),
        // Core 3.1.3.7, point 3
        ("aud absent", json!({"aud": null}), "aud_malformed"),
        ("aud empty", json!({"aud": []}), "aud_malformed"),
        ("aud a number", json!({"aud": 7}), "aud_malformed"),
        ("aud not only strings", json!({"aud": [CLIENT, 7]}), "aud_malformed"),
        ("aud of another", json!({"aud": "other"}), "aud_not_ours"),
        ("aud of others", json!({"aud": ["other", "another"]}), "aud_not_ours"),
        ("aud begins like ours", json!({"aud": format!("{CLIENT}x")}), "aud_not_ours"),
        ("aud ours and a stranger", json!({"aud": [CLIENT, "other"]}), "aud_stranger"),
        ("aud a stranger and ours, azp ours", json!({"aud": ["other", CLIENT], "azp": CLIENT}), "aud_stranger"),
        // Core 3.1.3.7, point 5
        ("azp of another", json!({"azp": "other"}), "azp_wrong"),
        ("azp a number", json!({"azp": 7}), "azp_wrong"),
        // Core 3.1.3.7, point 9; Core 2
        ("exp absent", json!({"exp": null}), "exp_malformed"),
        ("exp a string", json!({"exp": (NOW + 300).to_string()}), "exp_malformed"),
        ("exp a boolean", json!({"exp": true}), "exp_malformed"),
        ("exp just now", json!({"exp": NOW}), "exp_over"),
        ("exp long ago", json!({"exp": 1}), "exp_over"),
        ("exp below zero", json!({"exp": -1}), "exp_over"),
        // RFC 7519, 4.1.5
        ("nbf a string", json!({"nbf": "1"}), "nbf_malformed"),
        ("nbf to come", json!({"nbf": NOW + 1}), "nbf_to_come"),
        // Core 2; Core 3.1.3.7, point 10
        ("iat absent", json!({"iat": null}), "iat_malformed"),
        ("iat a string", json!({"iat": NOW.to_string()}), "iat_malformed"),
        ("iat to come", json!({"iat": NOW + 1}), "iat_to_come"),
        ("iat more than an hour ago", json!({"iat": NOW - 3601}), "iat_too_old"),
        // Core 3.1.3.7, point 11
        ("nonce absent", json!({"nonce": null}), "nonce_missing"),
        ("nonce in an array", json!({"nonce": [NONCE]}), "nonce_missing"),
        ("nonce empty", json!({"nonce": ""}), "nonce_wrong"),
        ("nonce of another login", json!({"nonce": "n-other"}), "nonce_wrong"),
        // Core 3.1.3.6 and 3.3.2.11
        ("at_hash of another", json!({"at_hash": left_half("other", &digest::SHA256)}), "at_hash_wrong"),
        ("at_hash of another length", json!({"at_hash": left_half(ACCESS_TOKEN, &digest::SHA512)}), "at_hash_wrong"),
        ("at_hash a number", json!({"at_hash": 7}), "at_hash_wrong"),
        ("c_hash of another", json!({"c_hash": left_half("other", &digest::SHA256)}), "c_hash_wrong"),
        // Core 2
        ("sub absent", json!({"sub": null}), "sub_malformed"),
        ("sub a number", json!({"sub": 24400320}), "sub_malformed"),
        ("sub empty", json!({"sub": ""}), "sub_malformed"),
        ("sub of 256", json!({"sub": long_sub}), "sub_malformed"),
        ("sub with NUL", json!({"sub": "a\u{0}b"}), "sub_malformed"),
        // BCL 2.4
        (
            "a logout token's events",
            json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
            "kind_wrong",
        ),
    ];
    for (what, changes, refused_by) in cases {
        assert_eq!(code(&saying(changes)), refused_by, "{what}");
    }
}

#[test]
fn a_header_that_holds_a_key_and_its_certificates_is_read_and_one_that_holds_many_values_is_not() {
    let holding = |certificates: usize| {
        let key = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa", "use": "sig", "alg": "RS256"});
        let chain = vec!["MIIB"; certificates];
        json!({"alg": "RS256", "kid": "rsa", "typ": "JWT", "x5t": "x", "x5t#S256": "x", "jwk": key, "x5c": chain})
    };
    assert_eq!(code(&headed(RS256, &holding(10).to_string())), "accepted");
    assert_eq!(code(&headed(RS256, &holding(60).to_string())), "header_unreadable");
}

#[test]
fn a_token_whose_header_breaks_a_rule_is_refused_by_that_rule() {
    let cases = [
        // RFC 8725, 3.1 and 3.2
        (RS256, r#"{"kid":"rsa"}"#, "alg_refused"),
        (RS256, r#"{"alg":7,"kid":"rsa"}"#, "alg_refused"),
        (RS256, r#"{"alg":"none"}"#, "alg_refused"),
        (RS256, r#"{"alg":"NONE"}"#, "alg_refused"),
        (RS256, r#"{"alg":"HS256","kid":"rsa"}"#, "alg_refused"),
        (RS256, r#"{"alg":"rs256","kid":"rsa"}"#, "alg_refused"),
        (RS384, r#"{"alg":"RS384","kid":"rsa"}"#, "alg_refused"),
        // RFC 7515, 4.1.11
        (RS256, r#"{"alg":"RS256","kid":"rsa","crit":["exp"]}"#, "crit_refused"),
        (RS256, r#"{"alg":"RS256","kid":"rsa","crit":[]}"#, "crit_refused"),
        (RS256, r#"{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}"#, "crit_refused"),
        // RFC 8725, 3.11; RFC 9068, 2.1; BCL 2.4
        (RS256, r#"{"alg":"RS256","kid":"rsa","typ":"at+jwt"}"#, "typ_wrong"),
        (RS256, r#"{"alg":"RS256","kid":"rsa","typ":"application/AT+JWT"}"#, "typ_wrong"),
        (RS256, r#"{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}"#, "typ_wrong"),
        (RS256, r#"{"alg":"RS256","kid":"rsa","typ":["JWT"]}"#, "typ_wrong"),
        // RFC 7515, 4.1.4 and 6
        (RS256, r#"{"alg":"RS256","kid":7}"#, "kid_malformed"),
        (RS256, r#"{"alg":"RS256","kid":"other"}"#, "key_unknown"),
        (RS256, r#"{"alg":"RS256","kid":"p256"}"#, "key_unknown"),
        (ES256, r#"{"alg":"ES256","kid":"p384"}"#, "key_unknown"),
        (RS256, r#"{"alg":"PS256","kid":"rsa"}"#, "signature_wrong"),
        // RFC 7515, 4 and 5.2
        (RS256, r#"{"alg":"RS256","kid":"rsa","kid":"rsa"}"#, "header_duplicate_member"),
        (RS256, r#"{"alg":"RS256","\u0061lg":"none","kid":"rsa"}"#, "header_duplicate_member"),
        (RS256, r#"["RS256"]"#, "header_unreadable"),
        (RS256, r#"{"alg":"RS256""#, "header_unreadable"),
        (RS256, "", "header_unreadable"),
    ];
    for (algorithm, header, refused_by) in cases {
        assert_eq!(code(&headed(algorithm, header)), refused_by, "{header}");
    }
}

#[test]
fn a_token_whose_form_breaks_a_rule_is_refused_by_that_rule() {
    let right = saying(json!({}));
    let (input, signature) = right.rsplit_once('.').expect("three parts");
    let (header, payload) = input.split_once('.').expect("three parts");
    let other_payload = b64(claims(json!({"sub": "somebody-else"})));
    let twice = format!("{},\"sub\":\"other\"}}", claims(json!({})).trim_end_matches('}'));
    let deep = format!("{},\"x\":{}{}}}", claims(json!({})).trim_end_matches('}'), "[".repeat(100), "]".repeat(100));
    let signed = |claims: &str| ISSUER.sign(RS256, r#"{"alg":"RS256","kid":"rsa"}"#, claims);
    // The unused bits of the last character: 256 octets leave four of them.
    let last = signature.chars().last().expect("a character");
    let sibling = char::from(u8::try_from(last).expect("ASCII") + 1);
    let cases = [
        // RFC 7515, 3.1 and 5.2
        ("empty", String::new(), "token_not_compact"),
        ("one part", "x".to_owned(), "token_not_compact"),
        ("no signature part", input.to_owned(), "token_not_compact"),
        ("four parts", format!("{right}."), "token_not_compact"),
        ("an encrypted token", format!("{right}.x.y"), "token_encrypted"),
        ("six parts", format!("{right}.x.y.z"), "token_not_compact"),
        ("longer than 64 KiB", format!("{right}{}", "A".repeat(64 * 1024)), "token_too_large"),
        // RFC 7515, 2: base64url without padding, line breaks or other characters
        ("padding", format!("{right}=="), "token_not_base64url"),
        ("a line break", format!("{right}\n"), "token_not_base64url"),
        ("a blank before", format!(" {right}"), "token_not_base64url"),
        ("the other alphabet", format!("{header}.{payload}.+/+/"), "token_not_base64url"),
        (
            "unused bits that are set",
            format!("{input}.{}{sibling}", &signature[..signature.len() - 1]),
            "token_not_base64url",
        ),
        // RFC 7515, 5.2, point 8
        ("no signature", format!("{input}."), "signature_wrong"),
        ("other claims", format!("{header}.{other_payload}.{signature}"), "signature_wrong"),
        ("a cut signature", format!("{input}.{}", &signature[..signature.len() - 2]), "signature_wrong"),
        (
            "another issuer's signature",
            Issuer::new().sign(RS256, r#"{"alg":"RS256","kid":"rsa"}"#, &claims(json!({}))),
            "signature_wrong",
        ),
        (
            "another issuer's signature, unnamed",
            Issuer::new().sign(ES256, r#"{"alg":"ES256"}"#, &claims(json!({}))),
            "key_unknown",
        ),
        // RFC 7519, 4 and 7.2
        ("a claim twice", signed(&twice), "claims_duplicate_member"),
        ("deep nesting", signed(&deep), "claims_unreadable"),
        ("an array", signed("[]"), "claims_unreadable"),
        ("no JSON", signed("hello"), "claims_unreadable"),
        ("not UTF-8", signed_bytes(b"{\"sub\":\"\xff\"}"), "claims_unreadable"),
    ];
    for (what, raw, refused_by) in cases {
        assert_eq!(code(&raw), refused_by, "{what}");
    }
}

fn signed_bytes(claims: &[u8]) -> String {
    ISSUER.sign_bytes(RS256, r#"{"alg":"RS256","kid":"rsa"}"#, claims)
}

#[test]
fn a_key_that_the_token_brings_along_is_not_looked_at() {
    let thief = Issuer::new();
    let jwk = &thief.jwks()[0];
    let header =
        json!({"alg": "RS256", "kid": "rsa", "jwk": jwk, "jku": "https://evil.example.org/jwks", "x5c": ["AA"]});
    assert_eq!(code(&thief.sign(RS256, &header.to_string(), &claims(json!({})))), "signature_wrong");
    assert_eq!(code(&headed(RS256, &header.to_string())), "accepted");
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let input = format!("{}.{}", b64(r#"{"alg":"HS256","kid":"rsa"}"#), b64(claims(json!({}))));
    let modulus = ISSUER.jwks()[0]["n"].as_str().expect("a modulus").to_owned();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, modulus.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    assert_eq!(code(&format!("{input}.{}", b64(tag))), "alg_refused");
}

#[test]
fn a_right_token_of_every_algorithm_is_accepted_with_and_without_kid() {
    for (algorithm, kid, hash) in [
        (RS256, "rsa", &digest::SHA256),
        (PS256, "rsa", &digest::SHA256),
        (ES256, "p256", &digest::SHA256),
        (ES384, "p384", &digest::SHA384),
        (ES512, "p521", &digest::SHA512),
        (Ed25519, "ed25519", &digest::SHA512),
        (EdDSA, "ed25519", &digest::SHA512),
    ] {
        let hashes = json!({"at_hash": left_half(ACCESS_TOKEN, hash), "c_hash": left_half(CODE, hash)});
        for header in [json!({"alg": algorithm.as_str(), "kid": kid, "typ": "JWT"}), json!({"alg": algorithm.as_str()})]
        {
            let raw = ISSUER.sign(algorithm, &header.to_string(), &claims(hashes.clone()));
            assert_eq!(code(&raw), "accepted", "{header}");
        }
    }
}

#[test]
fn a_token_at_the_edge_of_the_rules_is_accepted() {
    let cases = [
        ("aud in an array", json!({"aud": [CLIENT]})),
        ("aud ours twice", json!({"aud": [CLIENT, CLIENT]})),
        ("azp ours", json!({"azp": CLIENT})),
        ("exp a second ahead", json!({"exp": NOW + 1})),
        ("exp with a fraction", json!({"exp": NOW as f64 + 0.5})),
        ("nbf now", json!({"nbf": NOW})),
        ("iat now", json!({"iat": NOW})),
        ("iat an hour ago", json!({"iat": NOW - 3600})),
        ("sub of 255", json!({"sub": "ü".repeat(255)})),
        ("claims that we don't know", json!({"acr": "0", "address": {"country": "NL"}})),
    ];
    for (what, changes) in cases {
        assert_eq!(code(&saying(changes)), "accepted", "{what}");
    }
}

#[test]
fn a_hash_of_what_did_not_come_along_is_not_checked() {
    let raw = saying(json!({"at_hash": "x", "c_hash": "x"}));
    let bare = AtLogin { access_token: None, code: None, ..LOGIN };
    assert!(verify_id_token(&raw, &proof(), &parties(), &bare).is_ok());
}

#[test]
fn the_skew_widens_every_time_limit_and_no_further() {
    let skewed = Parties { skew: Duration::from_secs(60), ..parties() };
    let code = |changes| {
        let verified = verify_id_token(&saying(changes), &proof(), &skewed, &LOGIN);
        verified.map_or_else(TokenError::as_str, |_| "accepted")
    };
    for (claim, inside, outside, refused_by) in [
        ("exp", NOW - 59, NOW - 60, "exp_over"),
        ("nbf", NOW + 60, NOW + 61, "nbf_to_come"),
        ("iat", NOW + 60, NOW + 61, "iat_to_come"),
        ("iat", NOW - 3660, NOW - 3661, "iat_too_old"),
    ] {
        assert_eq!(code(json!({claim: inside})), "accepted", "{claim}");
        assert_eq!(code(json!({claim: outside})), refused_by, "{claim}");
    }
}

#[test]
fn the_claims_come_back_as_they_were_sent() {
    let claims = verify(&saying(json!({"groups": ["a", "b"]}))).expect("a right token");
    assert_eq!((&claims["sub"], &claims["groups"]), (&json!("24400320"), &json!(["a", "b"])));
}

#[test]
fn only_a_token_whose_key_may_have_changed_asks_for_newer_keys() {
    let fault = |raw: &str| verify(raw).expect_err("a wrong token");
    let other = Issuer::new().sign(RS256, r#"{"alg":"RS256","kid":"rsa"}"#, &claims(json!({})));
    assert!(fault(&other).asks_for_newer_keys(), "another key of the same name");
    assert!(fault(&headed(RS256, r#"{"alg":"RS256","kid":"new"}"#)).asks_for_newer_keys());
    assert!(fault(&Issuer::new().sign(ES256, r#"{"alg":"ES256"}"#, &claims(json!({})))).asks_for_newer_keys());
    assert!(!fault(&saying(json!({"exp": 1}))).asks_for_newer_keys());
    assert!(!fault(&headed(RS256, r#"{"alg":"none"}"#)).asks_for_newer_keys());
}

#[test]
fn where_max_age_was_asked_for_the_token_must_say_when_the_person_signed_in() {
    let since = AtLogin { authenticated_since: Some(at(NOW - 60)), ..LOGIN };
    let signed_in_at = |auth_time: Value| saying(json!({ "auth_time": auth_time }));
    for (auth_time, skew, outcome) in [
        (json!(null), 0, Some(TokenError::AuthTimeMissing)),
        (json!("now"), 0, Some(TokenError::AuthTimeMissing)),
        (json!(NOW - 61), 0, Some(TokenError::AuthTimeTooLongAgo)),
        (json!(NOW - 61), 2, None),
        (json!(NOW - 60), 0, None),
        (json!(NOW), 0, None),
        (json!(NOW + 2), 2, None),
        (json!(NOW + 3), 2, Some(TokenError::AuthTimeInFuture)),
    ] {
        let skewed = Parties { skew: Duration::from_secs(skew), ..parties() };
        let result = verify_id_token(&signed_in_at(auth_time.clone()), &proof(), &skewed, &since);
        assert_eq!(result.err(), outcome, "{auth_time} with {skew} seconds of skew");
    }
    assert!(verify(&signed_in_at(json!("now"))).is_ok(), "nobody asked");
}

#[test]
fn a_client_secret_signs_only_where_its_algorithm_is_allowed() {
    let secrets = [b"a client secret of more than 32 octets".to_vec().into(), b"short".to_vec().into()];
    let proof = Proof::Signature(KeyRing { published: &KEYS, pinned: &[], secrets: &secrets });
    let allowing = |algorithms| Parties { algorithms, ..parties() };
    let signed = |secret: &[u8]| {
        let input = format!("{}.{}", b64(r#"{"alg":"HS256","kid":"rsa"}"#), b64(claims(json!({}))));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        format!("{input}.{}", b64(aws_lc_rs::hmac::sign(&key, input.as_bytes())))
    };
    let good = signed(b"a client secret of more than 32 octets");
    let check = |raw: &str, algorithms| verify_id_token(raw, &proof, &allowing(algorithms), &LOGIN).err();
    assert_eq!(check(&good, &[HS256]), None);
    assert_eq!(check(&good, &[RS256]), Some(JwsError::AlgorithmRefused(Some(HS256)).into()));
    let wrong = Some(JwsError::BadMac.into());
    assert_eq!(check(&signed(b"another secret of more than 32 octets!"), &[RS256, HS256]), wrong);
    assert_eq!(check(&signed(b"short"), &[HS256]), wrong, "anybody could guess it");
    assert!(!TokenError::from(JwsError::BadMac).asks_for_newer_keys());
}

#[test]
fn straight_from_the_provider_everything_but_the_signature_counts() {
    let verify = |raw: &str| verify_id_token(raw, &Proof::Channel, &parties(), &LOGIN).err();
    let right = saying(json!({}));
    let input = right.rsplit_once('.').expect("three parts").0;
    assert_eq!(verify(&right), None);
    assert_eq!(verify(&format!("{input}.")), None, "no signature is looked at");
    assert_eq!(verify(&headed(RS256, r#"{"alg":"RS256","kid":"whatever"}"#)), None);
    assert_eq!(verify(&headed(RS256, r#"{"alg":"none"}"#)), Some(JwsError::AlgorithmRefused(None).into()));
    assert_eq!(verify(&saying(json!({"aud": "other"}))), Some(TokenError::AudienceNotOurs));
    assert_eq!(verify(&saying(json!({"nonce": "other"}))), Some(TokenError::NonceMismatch));
}

#[test]
fn a_clock_that_is_ahead_by_less_than_a_second_is_right() {
    let now = at(NOW) + jiff::SignedDuration::from_millis(900);
    let login = AtLogin { authenticated_since: Some(at(NOW)), ..LOGIN };
    let check = |second: i64| {
        let raw = saying(json!({"iat": second, "nbf": second, "auth_time": second}));
        verify_id_token(&raw, &proof(), &Parties { now, ..parties() }, &login).err()
    };
    assert_eq!(check(NOW + 1), None);
    assert_eq!(check(NOW + 2), Some(TokenError::NotYetValid));
}
