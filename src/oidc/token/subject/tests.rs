use std::{sync::LazyLock, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    domain::{signing_algorithm::SigningAlgorithm::RS256, verification_key::VerificationKey},
    oidc::testing::{ISSUER, at, keys_of},
};

const NOW: i64 = 1_800_000_000;
const SUBJECT: &str = "24400320";

static KEYS: LazyLock<Vec<VerificationKey>> = LazyLock::new(|| keys_of(&ISSUER));

fn parties() -> Parties<'static> {
    Parties {
        issuer: "https://issuer.example.org",
        clients: &["latchkey"],
        algorithms: &[RS256],
        now: at(NOW),
        skew: Duration::ZERO,
    }
}

fn signed(typ: &str, claims: Value) -> String {
    ISSUER.sign(RS256, &json!({"alg": "RS256", "kid": "rsa", "typ": typ}).to_string(), &claims.to_string())
}

fn outcome(verified: Result<Claims, TokenError>) -> &'static str {
    verified.map_or_else(TokenError::as_str, |_| "accepted")
}

/// The claims of the ID token that came along.
fn id_token() -> Claims {
    crate::domain::testing::claims(json!({"sub": SUBJECT, "nonce": "n-0S6_WzA2Mj"}))
}

fn keys() -> KeyRing<'static> {
    KeyRing { published: &KEYS, ..KeyRing::default() }
}

/// Claims, with some replaced; null takes one out.
fn with(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    claims
}

#[test]
fn signed_userinfo_is_about_the_same_person_from_this_issuer_for_this_client() {
    let usual = || json!({"iss": "https://issuer.example.org", "aud": ["latchkey", "other"], "sub": SUBJECT});
    let check = |typ, changes: &Value| {
        outcome(verify_userinfo(&signed(typ, with(usual(), changes)), keys(), &parties(), SUBJECT))
    };
    for (changes, expected) in [
        (json!({}), "accepted"),
        (json!({"exp": NOW + 1, "iat": NOW, "name": "Jane"}), "accepted"),
        (json!({"iss": null}), "iss_wrong"),
        (json!({"iss": "https://evil.example.org"}), "iss_wrong"),
        (json!({"aud": null}), "aud_malformed"),
        (json!({"aud": []}), "aud_malformed"),
        (json!({"aud": "other"}), "aud_not_ours"),
        (json!({"sub": null}), "sub_malformed"),
        (json!({"sub": "other"}), "sub_of_another"),
        (json!({"exp": NOW}), "exp_over"),
        (json!({"exp": "soon"}), "exp_malformed"),
        (json!({"iat": NOW + 1}), "iat_to_come"),
        (json!({"events": {}}), "kind_wrong"),
    ] {
        assert_eq!(check("JWT", &changes), expected, "{changes}");
    }
    assert_eq!(check("at+jwt", &json!({})), "typ_wrong");
    assert_eq!(check("logout+jwt", &json!({})), "typ_wrong");
}

#[test]
fn an_access_token_counts_if_it_is_a_jwt_of_this_issuer_about_the_same_person() {
    let usual = || {
        let client = "latchkey";
        json!({"iss": "https://issuer.example.org", "aud": "https://api.example.org", "sub": SUBJECT, "exp": NOW + 60,
            "iat": NOW, "client_id": client, "azp": client})
    };
    let check = |typ, changes: &Value| {
        let raw = signed(typ, with(usual(), changes));
        outcome(verify_access_token(&raw, &Proof::Signature(keys()), &parties(), &id_token()))
    };
    for (changes, expected) in [
        (json!({}), "accepted"),
        (json!({"aud": null, "client_id": null, "azp": null, "iat": null}), "accepted"),
        (json!({"iss": "https://evil.example.org"}), "iss_wrong"),
        (json!({"sub": "other"}), "sub_of_another"),
        (json!({"sub": null}), "sub_malformed"),
        (json!({"exp": null}), "exp_malformed"),
        (json!({"exp": NOW}), "exp_over"),
        (json!({"nbf": NOW + 1}), "nbf_to_come"),
        (json!({"client_id": "other"}), "azp_wrong"),
        (json!({"azp": "other"}), "azp_wrong"),
        (json!({"events": {}}), "kind_wrong"),
        // Dex, and Keycloak before version 25, write what an ID token has; but that of another login is none of these.
        (json!({"nonce": "n-0S6_WzA2Mj", "at_hash": "x"}), "accepted"),
        (json!({"nonce": "n-other"}), "nonce_wrong"),
    ] {
        for typ in ["at+jwt", "application/at+jwt", "JWT"] {
            assert_eq!(check(typ, &changes), expected, "{typ} {changes}");
        }
    }
    assert_eq!(check("logout+jwt", &json!({})), "typ_wrong");
    assert_eq!(
        outcome(verify_access_token("opaque", &Proof::Signature(keys()), &parties(), &id_token())),
        "token_not_compact"
    );
}
