//! Paragraphs: "BCL" is OpenID Connect Back-Channel Logout 1.0.

use std::{sync::LazyLock, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    domain::{signing_algorithm::SigningAlgorithm::RS256, verification_key::VerificationKey},
    oidc::testing::{ISSUER, at, keys_of},
};

const NOW: i64 = 1_800_000_000;

static KEYS: LazyLock<Vec<VerificationKey>> = LazyLock::new(|| keys_of(&ISSUER));

fn verify(header: Value, changes: Value) -> Result<LogoutToken, TokenError> {
    let mut claims = json!({
        "iss": "https://issuer.example.org", "aud": "latchkey", "iat": NOW - 5, "exp": NOW + 120, "jti": "bWJq",
        "sub": "24400320", "sid": "08a5019c", "events": {EVENT: {}},
    });
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => claims.as_object_mut().expect("an object").remove(name),
            value => claims.as_object_mut().expect("an object").insert(name.clone(), value.clone()),
        };
    }
    let parties = Parties {
        issuer: "https://issuer.example.org",
        clients: &["latchkey"],
        algorithms: &[RS256],
        now: at(NOW),
        skew: Duration::ZERO,
    };
    let raw = ISSUER.sign(RS256, &header.to_string(), &claims.to_string());
    verify_logout_token(&raw, KeyRing { published: &KEYS, ..KeyRing::default() }, &parties)
}

fn usual() -> Value {
    json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"})
}

#[test]
fn a_right_logout_token_names_the_person_the_session_or_both() {
    let both = LogoutToken {
        sub: Some("24400320".to_owned()),
        sid: Some("08a5019c".to_owned()),
        jti: "bWJq".to_owned(),
        issued_at: at(NOW - 5),
    };
    assert_eq!(verify(usual(), json!({})), Ok(both.clone()));
    assert_eq!(verify(usual(), json!({"sub": null})), Ok(LogoutToken { sub: None, ..both.clone() }));
    assert_eq!(verify(usual(), json!({"sid": null})), Ok(LogoutToken { sid: None, ..both.clone() }));
    for typ in ["JWT", "application/logout+jwt", "LOGOUT+JWT"] {
        assert_eq!(verify(json!({"alg": "RS256", "kid": "rsa", "typ": typ}), json!({})), Ok(both.clone()), "{typ}");
    }
    assert_eq!(verify(json!({"alg": "RS256", "kid": "rsa"}), json!({})), Ok(both));
}

#[test]
fn a_logout_token_that_breaks_a_rule_is_refused_by_that_rule() {
    let cases = [
        // BCL 2.4 and 2.6, points 4 to 8
        (json!({"iss": "https://evil.example.org"}), "iss_wrong"),
        (json!({"aud": "other"}), "aud_not_ours"),
        (json!({"aud": ["latchkey", "other"]}), "aud_stranger"),
        (json!({"iat": null}), "iat_malformed"),
        (json!({"exp": null}), "exp_malformed"),
        (json!({"exp": NOW}), "exp_over"),
        (json!({"iat": NOW + 1}), "iat_to_come"),
        (json!({"iat": NOW - 3601}), "iat_too_old"),
        (json!({"sub": null, "sid": null}), "sid_malformed"),
        (json!({"sid": ""}), "sid_malformed"),
        (json!({"sid": 7}), "sid_malformed"),
        (json!({"sid": "x".repeat(256)}), "sid_malformed"),
        (json!({"sub": 7}), "sub_malformed"),
        (json!({"events": null}), "events_wrong"),
        (json!({"events": {}}), "events_wrong"),
        (json!({"events": [EVENT]}), "events_wrong"),
        (json!({"events": {EVENT: null}}), "events_wrong"),
        (json!({"events": {EVENT: "{}"}}), "events_wrong"),
        (json!({"nonce": "n-0S6_WzA2Mj"}), "kind_wrong"),
        (json!({"jti": null}), "jti_malformed"),
        (json!({"jti": ""}), "jti_malformed"),
        (json!({"jti": 7}), "jti_malformed"),
    ];
    for (changes, refused_by) in cases {
        let refused = verify(usual(), changes.clone()).map_err(TokenError::as_str);
        assert_eq!(refused, Err(refused_by), "{changes}");
    }
    for (typ, refused_by) in [("at+jwt", "typ_wrong"), ("secevent+jwt", "typ_wrong")] {
        let header = json!({"alg": "RS256", "kid": "rsa", "typ": typ});
        assert_eq!(verify(header, json!({})).map_err(TokenError::as_str), Err(refused_by), "{typ}");
    }
    let unsigned = json!({"alg": "none", "typ": "logout+jwt"});
    assert_eq!(verify(unsigned, json!({})).map_err(TokenError::as_str), Err("alg_refused"));
}
