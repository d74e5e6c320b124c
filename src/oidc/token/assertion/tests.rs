//! Paragraphs: "Core" is OpenID Connect Core 1.0, "7523" is RFC 7523.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::{
    domain::{
        signing_algorithm::SigningAlgorithm::{self, ES256, RS256},
        verification_key::VerificationKey,
    },
    oidc::testing::{ISSUER, at, b64, keys_of},
};

const ISSUER_ID: &str = "https://issuer.example.org";
const OURS: [&str; 2] = ["desktop-app-at-azure", "mobile-app-at-azure"];
const NOW: i64 = 1_800_000_000;
const MAX_AGE: Duration = Duration::from_secs(300);

static KEYS: LazyLock<Vec<VerificationKey>> = LazyLock::new(|| keys_of(&ISSUER));

fn parties() -> Parties<'static> {
    Parties { issuer: ISSUER_ID, clients: &OURS, algorithms: &[RS256, ES256], now: at(NOW), skew: Duration::ZERO }
}

fn verify_by(raw: &str, parties: &Parties<'_>) -> Result<Assertion, TokenError> {
    verify_assertion(raw, KeyRing { published: &KEYS, ..KeyRing::default() }, parties, MAX_AGE)
}

fn verify(raw: &str) -> Result<Assertion, TokenError> {
    verify_by(raw, &parties())
}

fn sign(algorithm: SigningAlgorithm, typ: Value, changes: Value) -> String {
    let mut claims = json!({"iss": ISSUER_ID, "sub": "24400320", "aud": OURS[0], "exp": NOW + 300, "iat": NOW - 5});
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(name),
            value => claims.as_object_mut().expect("an object").insert(name.clone(), value.clone()),
        };
    }
    let mut header = json!({"alg": algorithm.as_str()});
    if !typ.is_null() {
        header["typ"] = typ;
    }
    ISSUER.sign(algorithm, &header.to_string(), &claims.to_string())
}

fn with(changes: Value) -> Result<Assertion, TokenError> {
    verify(&sign(ES256, Value::Null, changes))
}

#[test]
fn an_id_token_for_a_listed_audience_counts_with_or_without_a_nonce() {
    for changes in [
        json!({}),
        json!({"nonce": "n", "at_hash": "x", "jti": "1", "auth_time": NOW - 5}),
        json!({"aud": [OURS[1]]}),
        // Core, 3.1.3.7, points 3 to 5: none of them is a stranger.
        json!({"aud": OURS, "azp": OURS[1]}),
        json!({"typ": "ID", "token_use": "id"}),
    ] {
        let assertion = with(changes.clone()).unwrap_or_else(|error| panic!("{changes}: {error}"));
        assert_eq!((assertion.claims["sub"].as_str(), assertion.expires_at), (Some("24400320"), at(NOW + 300)));
    }
}

#[test]
fn what_is_for_others_counts_for_nobody_here() {
    for (changes, error) in [
        (json!({"aud": "another-client"}), TokenError::AudienceNotOurs),
        (json!({"aud": [OURS[0], "another-client"]}), TokenError::AudienceStranger),
        (json!({"aud": []}), TokenError::AudienceMalformed),
        (json!({"aud": null}), TokenError::AudienceMalformed),
        (json!({"azp": "another-client"}), TokenError::AuthorizedParty),
        (json!({"azp": 1}), TokenError::AuthorizedParty),
        (json!({"iss": "https://issuer.example.org/"}), TokenError::Issuer),
    ] {
        assert_eq!(with(changes.clone()).err(), Some(error), "{changes}");
    }
}

#[test]
fn tokens_of_other_kinds_are_no_id_tokens() {
    let wrong_type = TokenError::Jws(JwsError::WrongType);
    for (typ, changes, error) in [
        (json!("at+jwt"), json!({}), wrong_type),
        (json!("application/at+jwt"), json!({}), wrong_type),
        (json!("logout+jwt"), json!({}), wrong_type),
        (Value::Null, json!({"events": {}}), TokenError::OfAnotherKind { claim: "events" }),
        (Value::Null, json!({"scope": "openid"}), TokenError::OfAnotherKind { claim: "scope" }),
        (json!("JWT"), json!({"scp": ["openid"]}), TokenError::OfAnotherKind { claim: "scp" }),
        (json!("JWT"), json!({"idtyp": "app"}), TokenError::OfAnotherKind { claim: "idtyp" }),
        // As Keycloak and Amazon Cognito say it.
        (json!("JWT"), json!({"typ": "Bearer"}), wrong_type),
        (json!("JWT"), json!({"typ": "Refresh"}), wrong_type),
        (Value::Null, json!({"token_use": "access"}), wrong_type),
        (Value::Null, json!({"token_use": 1}), wrong_type),
    ] {
        assert_eq!(verify(&sign(RS256, typ.clone(), changes.clone())).err(), Some(error), "{typ} {changes}");
    }
}

#[test]
fn an_id_token_is_young_and_not_over() {
    for (changes, error) in [
        (json!({"iat": NOW - 300}), None),
        (json!({"iat": NOW - 301}), Some(TokenError::IssuedTooLongAgo)),
        (json!({"iat": NOW + 1}), Some(TokenError::IssuedInFuture)),
        (json!({"iat": null}), Some(TokenError::IssuedAtMalformed)),
        (json!({"exp": NOW}), Some(TokenError::Expired)),
        (json!({"exp": null}), Some(TokenError::ExpiryMalformed)),
        (json!({"exp": "soon"}), Some(TokenError::ExpiryMalformed)),
        (json!({"exp": 1e300}), None),
        (json!({"nbf": NOW + 1}), Some(TokenError::NotYetValid)),
    ] {
        assert_eq!(with(changes.clone()).err(), error, "{changes}");
    }
}

#[test]
fn clocks_that_may_differ_lengthen_no_life() {
    let skewed = Parties { skew: Duration::from_secs(60), ..parties() };
    let by = |changes| verify_by(&sign(ES256, Value::Null, changes), &skewed);
    assert!(by(json!({"iat": NOW - 350})).is_ok());
    assert!(by(json!({"iat": NOW + 50})).is_ok());
    assert_eq!(by(json!({"exp": NOW - 1})).err(), Some(TokenError::Expired), "nothing could be given for it");
    assert_eq!(with(json!({"exp": 1e300})).expect("a token").expires_at, Timestamp::MAX);
}

#[test]
fn the_signature_is_always_looked_at() {
    let token = sign(ES256, Value::Null, json!({}));
    let (input, _) = token.rsplit_once('.').expect("three parts");
    assert!(verify(&format!("{input}.")).is_err());
    let claims = token.split('.').nth(1).expect("three parts");
    assert!(verify(&format!("{}.{claims}.", b64(r#"{"alg":"none"}"#))).is_err());
    let swapped = sign(ES256, Value::Null, json!({"sub": "1"}));
    let (_, signature) = swapped.rsplit_once('.').expect("three parts");
    assert_eq!(verify(&format!("{input}.{signature}")).err(), Some(TokenError::Jws(JwsError::UnknownKey)));
}

/// ECDSA signs anew each time, and each signature has a twin: r, n - s.
#[test]
fn one_id_token_is_the_same_under_every_signature() {
    let mark = |raw: &str| verify(raw).expect("a token").mark;
    let (one, other) = (sign(ES256, Value::Null, json!({})), sign(ES256, Value::Null, json!({})));
    assert_ne!(one, other);
    assert_eq!(mark(&one), mark(&other));
    let (input, signature) = one.rsplit_once('.').expect("three parts");
    let twin = twin(&URL_SAFE_NO_PAD.decode(signature).expect("base64url"));
    assert_eq!(mark(&format!("{input}.{}", b64(twin))), mark(&one));
    assert_ne!(mark(&sign(ES256, Value::Null, json!({"iat": NOW - 6}))), mark(&one));
}

#[test]
fn a_jti_names_an_id_token_whatever_else_it_says() {
    let mark = |changes| with(changes).expect("a token").mark;
    assert_eq!(mark(json!({"jti": "1"})), mark(json!({"jti": "1", "iat": NOW - 6})));
    assert_ne!(mark(json!({"jti": "1"})), mark(json!({"jti": "2"})));
    assert_ne!(mark(json!({"jti": ""})), mark(json!({"jti": "", "iat": NOW - 6})), "no name");
    assert_ne!(mark(json!({"jti": 1})), mark(json!({"jti": 1, "iat": NOW - 6})), "no name");
}

#[test]
fn who_a_token_says_that_it_is_from_is_read_without_belief() {
    let of = |claims: Value| claimed(&format!("e30.{}.", b64(claims.to_string())));
    let expected = |audiences: &[&str]| {
        let audiences = audiences.iter().map(|audience| (*audience).to_owned()).collect();
        Ok(Claimed { issuer: "a".to_owned(), audiences })
    };
    assert_eq!(of(json!({"iss": "a", "aud": "b", "x": [{}]})), expected(&["b"]));
    assert_eq!(of(json!({"iss": "a", "aud": ["b", "c"]})), expected(&["b", "c"]));
    assert_eq!(of(json!({"iss": "a"})), expected(&[]));
    for odd in [json!({}), json!({"iss": 1}), json!({"iss": "a", "aud": 1}), json!([])] {
        assert_eq!(of(odd.clone()), Err(JwsError::Payload(JsonError::Syntax)), "{odd}");
    }
    let deep = format!("e30.{}.", b64(format!(r#"{{"iss":"a","x":{}{}}}"#, "[".repeat(500), "]".repeat(500))));
    assert!(claimed(&deep).is_ok(), "what nobody reads is passed over, however deep");
    let twice = format!("e30.{}.", b64(r#"{"iss":"a","iss":"b"}"#));
    assert!(claimed(&twice).is_err());
    assert_eq!(claimed("a.b"), Err(JwsError::NotCompact));
    assert_eq!(claimed(&"a".repeat(70_000)), Err(JwsError::TooLarge));
}

/// The other signature with the same meaning, for P-256.
fn twin(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (r, s) = signature.split_at(32);
    let mut negated = [0; 32];
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i32::from(ORDER[index]) - i32::from(s[index]) - borrow;
        borrow = i32::from(difference < 0);
        negated[index] = difference.rem_euclid(256) as u8;
    }
    [r, &negated].concat()
}
