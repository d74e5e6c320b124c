//! For how long an access token is good, for whom, and what stands in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{answers::Given, id_token::now, world::World};
use crate::support::signer::b64;

/// `exp` of the ID token, in seconds from now, when no setting is in the way.
const LONG: i64 = 48 * 3600;

fn seconds(claims: &Value, name: &str) -> i64 {
    claims[name].as_i64().unwrap_or_else(|| panic!("{name}: {claims}"))
}

fn lasts(given: &Given) -> i64 {
    let claims = given.claims();
    seconds(&claims, "exp") - seconds(&claims, "iat")
}

fn must_say_when_it_ends(given: &Given) {
    assert_eq!(given.expires_in, lasts(given), "{given:?}");
}

#[tokio::test]
async fn an_access_token_says_who_issued_it_to_whom_for_what_and_for_how_long() {
    let world = World::start("", "").await;
    let issuer = world.latchkey.at("").trim_end_matches('/').to_owned();
    let before = now();
    let given = world.gets("ada", json!({"exp": now() + LONG})).await;
    let (header, claims) = (given.header(), given.claims());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
    let members: BTreeSet<_> = header.as_object().expect("a header").keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["alg", "typ", "kid"]));
    assert_eq!([&claims["iss"], &claims["aud"]], [&json!(issuer), &json!(issuer)]);
    assert_eq!(claims["client_id"], "desktop");
    assert_eq!(claims["sub"], claims["id"]);
    let (iat, exp) = (seconds(&claims, "iat"), seconds(&claims, "exp"));
    assert!((before..=now()).contains(&iat), "{claims}");
    assert_eq!(exp - iat, 600, "ten minutes unless the manifest says otherwise");
    must_say_when_it_ends(&given);
    // Nothing of it is the assertion's.
    for name in ["nonce", "azp", "scope", "acr", "amr", "auth_time"] {
        assert!(claims.get(name).is_none(), "{name}: {claims}");
    }
    let jti = claims["jti"].as_str().expect("a jti");
    uuid::Uuid::parse_str(jti).expect("a UUID");
    assert_ne!(world.gets("ada", json!({})).await.claims()["jti"], jti);
    // RFC 7638, section 3.
    let jwks: Value = world.jwks().await.json();
    let [key] = jwks["keys"].as_array().expect("keys").as_slice() else { panic!("{jwks}") };
    let text = |name: &str| key[name].as_str().expect("text");
    let named = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y"));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, named.as_bytes());
    assert_eq!((text("kid"), &header["kid"]), (&*b64(digest), &json!(b64(digest))));
    assert_eq!((text("use"), text("alg"), key.get("d")), ("sig", "ES256", None));
}

#[tokio::test]
async fn an_access_token_never_outlives_the_id_token_that_it_was_given_for() {
    let world = World::start("  tokens: {allowedClockSkew: 1m}\n", "  tokens: {lifetime: 24h}\n").await;
    for lasts in [30, 60, 599, 3600, 24 * 3600 - 5] {
        let exp = now() + lasts;
        let given = world.gets("ada", json!({"exp": exp})).await;
        let claims = given.claims();
        assert_eq!(seconds(&claims, "exp"), exp, "{lasts}: {claims}");
        must_say_when_it_ends(&given);
    }
    let given = world.gets("ada", json!({"exp": now() + LONG})).await;
    assert_eq!(lasts(&given), 24 * 3600);
    // A fraction of a second is not given away.
    let exp = now() + 100;
    let given = world.gets("ada", json!({"exp": exp as f64 + 0.9})).await;
    assert_eq!(seconds(&given.claims(), "exp"), exp);
    // Within the clock skew an ID token may be over, and what is given out for it would be over as well.
    let over = world.ask("ada", json!({"iat": now() - 60, "exp": now() - 30}));
    over.gets_refused(&world.latchkey, 400, "invalid_grant", "exp_over").await;
}

#[tokio::test]
async fn the_manifest_says_for_whom_and_for_how_long_access_tokens_are() {
    let world = World::start("", "  tokens: {audience: 'https://api.example.com/', lifetime: 1h30m}\n").await;
    let given = world.gets("ada", json!({"exp": now() + LONG})).await;
    let claims = given.claims();
    assert_eq!((&claims["aud"], lasts(&given)), (&json!("https://api.example.com/"), 5400));
    // RFC 8707: what is asked for is what it is for anyway.
    let ask = world.ask("ada", json!({}));
    let wrong = ask.clone().with("resource", world.latchkey.at("").trim_end_matches('/'));
    wrong.gets_refused(&world.latchkey, 400, "invalid_target", "resource").await;
    assert_eq!(
        ask.with("resource", "https://api.example.com/").gets(&world.latchkey).await.claims()["aud"],
        claims["aud"]
    );
}

#[tokio::test]
async fn the_manifest_says_how_old_an_id_token_may_be() {
    let world = World::start("  jwtBearer: {maxTokenAge: 1h}\n", "").await;
    world.gets("ada", json!({"iat": now() - 3590, "exp": now() + 60})).await;
    let old = world.ask("ada", json!({"iat": now() - 3601, "exp": now() + 60}));
    old.gets_refused(&world.latchkey, 400, "invalid_grant", "iat_too_old").await;
    // An ID token that is good for days is not good here for longer than the manifest says.
    let old = world.ask("ada", json!({"iat": now() - 3601, "exp": now() + LONG}));
    old.gets_refused(&world.latchkey, 400, "invalid_grant", "iat_too_old").await;
}

#[tokio::test]
async fn what_other_id_tokens_say_does_not_hinder() {
    let world = World::start("", "").await;
    let there = super::world::at_provider("desktop");
    for changes in [
        json!({"aud": [there]}),
        json!({"azp": there}),
        json!({"aud": [there], "azp": there}),
        json!({"nonce": "n-0S6_WzA2Mj", "at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng", "sid": "08a5019c", "acr": "1", "auth_time": now()}),
        json!({"jti": null}),
        json!({"typ": "ID"}),
        json!({"token_use": "id"}),
        json!({"nbf": now() - 5, "ver": "2.0", "tid": "9188040d"}),
    ] {
        eprintln!("{changes}");
        world.gets("ada", changes).await;
    }
}
