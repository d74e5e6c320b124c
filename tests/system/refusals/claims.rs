//! ID tokens that are signed as they should be, and say what they should not.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{
    attempt::{ACCESS_TOKEN, Attempt, CODE},
    case::{Case, IN, id_token},
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{fake::sign, refusal::MARK, signer::b64, source::On};

pub const FAMILY: Family = Family {
    title: "ID token: claims",
    about: "An ID token from the token endpoint, with a good signature. `maxAge` stands for a provider with `authorization.maxAge: 1h`, `skew` for one with `tokens.allowedClockSkew: 1m`.",
};

const SETUPS: &[Setup] = &[
    USUAL,
    Setup { name: "max-age", spec: "authorization: {maxAge: 1h}\n", ..USUAL },
    Setup { name: "skew", spec: "tokens: {allowedClockSkew: 1m}\n", ..USUAL },
];

type Row = Case<fn(&mut Value, &Attempt<'_>)>;

#[rustfmt::skip]
const CASES: &[Row] = &[
    Row::new("no `iss`", |c, _| remove(c, "iss"), id_token("iss_wrong"), ISS),
    Row::new("another issuer", |c, _| c["iss"] = "https://m4rk.example".into(), id_token("iss_wrong"), ISS),
    Row::new("the issuer with a slash more", |c, a| c["iss"] = issuer(a, "/"), id_token("iss_wrong"), ISS),
    Row::new("the issuer and NUL", |c, a| c["iss"] = issuer(a, "\0m4rk"), id_token("iss_wrong"), ISS),
    Row::new("the issuer in capitals", |c, a| c["iss"] = capitals(&a.fake.issuer), id_token("iss_wrong"), ISS),
    Row::new("the issuer in a list", |c, a| c["iss"] = json!([a.fake.issuer]), id_token("iss_wrong"), "RFC 7519 4.1.1"),
    Row::new("no `aud`", |c, _| remove(c, "aud"), id_token("aud_malformed"), AUD),
    Row::new("`aud` is null", |c, _| c["aud"] = Value::Null, id_token("aud_malformed"), AUD),
    Row::new("`aud` is an empty list", |c, _| c["aud"] = json!([]), id_token("aud_malformed"), AUD),
    Row::new("`aud` is an object", |c, _| c["aud"] = json!({"latchkey": "m4rk"}), id_token("aud_malformed"), "RFC 7519 4.1.3"),
    Row::new("`aud` lists a number beside us", |c, _| c["aud"] = json!(["latchkey", 1]), id_token("aud_malformed"), "RFC 7519 4.1.3"),
    Row::new("another client's token", |c, _| c["aud"] = "m4rk".into(), id_token("aud_not_ours"), AUD),
    Row::new("our client ID in capitals", |c, _| c["aud"] = "LATCHKEY".into(), id_token("aud_not_ours"), AUD),
    Row::new("our client ID and a space", |c, _| c["aud"] = "latchkey ".into(), id_token("aud_not_ours"), AUD),
    Row::new("our client ID among others in one string", |c, _| c["aud"] = "latchkey m4rk".into(), id_token("aud_not_ours"), AUD),
    Row::new("`aud` lists us and a stranger", |c, _| c["aud"] = json!(["latchkey", "m4rk"]), id_token("aud_stranger"), AUD),
    Row::new("`azp` is another client", |c, _| c["azp"] = "m4rk".into(), id_token("azp_wrong"), AZP),
    Row::new("`azp` is a list", |c, _| c["azp"] = json!(["latchkey"]), id_token("azp_wrong"), AZP),
    Row::new("no `exp`", |c, _| remove(c, "exp"), id_token("exp_malformed"), "Core 2"),
    Row::new("`exp` is text", |c, a| c["exp"] = (a.now + 300).to_string().into(), id_token("exp_malformed"), "RFC 7519 4.1.4"),
    Row::new("`exp` is null", |c, _| c["exp"] = Value::Null, id_token("exp_malformed"), "RFC 7519 4.1.4"),
    Row::new("`exp` is true", |c, _| c["exp"] = true.into(), id_token("exp_malformed"), "RFC 7519 4.1.4"),
    Row::new("`exp` is now", |c, a| c["exp"] = a.now.into(), id_token("exp_over"), "RFC 7519 4.1.4"),
    Row::new("`exp` was a second ago", |c, a| c["exp"] = (a.now - 1).into(), id_token("exp_over"), EXP),
    Row::new("`exp` is negative", |c, a| c["exp"] = (-a.now).into(), id_token("exp_over"), EXP),
    Row::new("`exp` is less than any time", |c, _| c["exp"] = json!(-1e300), id_token("exp_over"), EXP),
    Row::new("skew: `exp` was 70 seconds ago", |c, a| c["exp"] = (a.now - 70).into(), id_token("exp_over"), "RFC 7519 4.1.4").at("skew"),
    Row::new("`nbf` is to come", |c, a| c["nbf"] = (a.now + 60).into(), id_token("nbf_to_come"), "RFC 7519 4.1.5"),
    Row::new("`nbf` is after the end of time", |c, _| c["nbf"] = json!(1e300), id_token("nbf_to_come"), "RFC 7519 4.1.5"),
    Row::new("`nbf` is text", |c, _| c["nbf"] = "m4rk".into(), id_token("nbf_malformed"), "RFC 7519 4.1.5"),
    Row::new("skew: `nbf` in two minutes", |c, a| c["nbf"] = (a.now + 120).into(), id_token("nbf_to_come"), "RFC 7519 4.1.5").at("skew"),
    Row::new("no `iat`", |c, _| remove(c, "iat"), id_token("iat_malformed"), "Core 2"),
    Row::new("`iat` is text", |c, a| c["iat"] = a.now.to_string().into(), id_token("iat_malformed"), "RFC 7519 4.1.6"),
    Row::new("`iat` is null", |c, _| c["iat"] = Value::Null, id_token("iat_malformed"), "RFC 7519 4.1.6"),
    Row::new("issued in the future", |c, a| c["iat"] = (a.now + 60).into(), id_token("iat_to_come"), IAT),
    Row::new("issued two hours ago", |c, a| c["iat"] = (a.now - 7200).into(), id_token("iat_too_old"), IAT),
    Row::new("skew: issued 62 minutes ago", |c, a| c["iat"] = (a.now - 3720).into(), id_token("iat_too_old"), IAT).at("skew"),
    Row::new("no `nonce`", |c, _| remove(c, "nonce"), id_token("nonce_missing"), NONCE),
    Row::new("`nonce` is null", |c, _| c["nonce"] = Value::Null, id_token("nonce_missing"), NONCE),
    Row::new("`nonce` is a number", |c, _| c["nonce"] = 1.into(), id_token("nonce_missing"), NONCE),
    Row::new("`nonce` is a list with the right one", |c, a| c["nonce"] = json!([a.nonce]), id_token("nonce_missing"), NONCE),
    Row::new("another `nonce`", |c, _| c["nonce"] = "m4rk".into(), id_token("nonce_wrong"), NONCE),
    Row::new("an empty `nonce`", |c, _| c["nonce"] = "".into(), id_token("nonce_wrong"), NONCE),
    Row::new("the `nonce` in capitals", |c, a| c["nonce"] = capitals(&a.nonce), id_token("nonce_wrong"), NONCE),
    Row::new("the `nonce` with padding", |c, a| c["nonce"] = format!("{}==", a.nonce).into(), id_token("nonce_wrong"), NONCE),
    Row::new("the `state` as `nonce`", |c, a| c["nonce"] = a.state.clone().into(), id_token("nonce_wrong"), NONCE),
    Row::new("no `sub`", |c, _| remove(c, "sub"), id_token("sub_malformed"), "Core 2"),
    Row::new("`sub` is null", |c, _| c["sub"] = Value::Null, id_token("sub_malformed"), "RFC 7519 4.1.2"),
    Row::new("`sub` is a number", |c, _| c["sub"] = 7.into(), id_token("sub_malformed"), "RFC 7519 4.1.2"),
    Row::new("`sub` is a list", |c, _| c["sub"] = json!(["mallory"]), id_token("sub_malformed"), "RFC 7519 4.1.2"),
    Row::new("`sub` is empty", |c, _| c["sub"] = "".into(), id_token("sub_malformed"), "Core 2"),
    Row::new("`sub` of 256 characters", |c, _| c["sub"] = "a".repeat(256).into(), id_token("sub_malformed"), "Core 2"),
    Row::new("`sub` with NUL", |c, _| c["sub"] = "mallory\0m4rk".into(), id_token("sub_malformed"), "Core 2; *ours*"),
    Row::new("`sub` with a line break", |c, _| c["sub"] = "mallory\nm4rk".into(), id_token("sub_malformed"), "Core 2; *ours*"),
    Row::new("another access token's `at_hash`", |c, _| c["at_hash"] = half("m4rk").into(), id_token("at_hash_wrong"), AT_HASH),
    Row::new("`at_hash` of the whole hash", |c, _| c["at_hash"] = whole(ACCESS_TOKEN).into(), id_token("at_hash_wrong"), AT_HASH),
    Row::new("`at_hash` with padding", |c, _| c["at_hash"] = format!("{}==", half(ACCESS_TOKEN)).into(), id_token("at_hash_wrong"), AT_HASH),
    Row::new("`at_hash` is a number", |c, _| c["at_hash"] = 1.into(), id_token("at_hash_wrong"), AT_HASH),
    Row::new("another code's `c_hash`", |c, _| c["c_hash"] = half(MARK).into(), id_token("c_hash_wrong"), "Core 3.3.2.10"),
    Row::new("`c_hash` is the `at_hash`", |c, _| c["c_hash"] = half(ACCESS_TOKEN).into(), id_token("c_hash_wrong"), "Core 3.3.2.10"),
    Row::new("maxAge: no `auth_time`", |c, _| remove(c, "auth_time"), id_token("auth_time_missing"), AUTH_TIME).at("max-age"),
    Row::new("maxAge: `auth_time` is text", |c, a| c["auth_time"] = a.now.to_string().into(), id_token("auth_time_missing"), AUTH_TIME).at("max-age"),
    Row::new("maxAge: signed in two hours ago", |c, a| c["auth_time"] = (a.now - 7200).into(), id_token("auth_time_too_old"), AUTH_TIME).at("max-age"),
    Row::new("maxAge: signed in in the future", |c, a| c["auth_time"] = (a.now + 60).into(), id_token("auth_time_to_come"), AUTH_TIME).at("max-age"),
    Row::new("a logout token", |c, _| (logout(c), remove(c, "nonce")).1, id_token("kind_wrong"), "Back-Channel 2.4"),
    Row::new("a logout token with the right `nonce`", |c, _| logout(c), id_token("kind_wrong"), "RFC 8725 3.12"),
    Row::new("an access token that has no `typ`", |c, _| (remove(c, "nonce"), c["scope"] = "openid".into()).1, id_token("nonce_missing"), "RFC 8725 3.12"),
    Row::new("`exp` in five seconds", |c, a| c["exp"] = (a.now + 5).into(), IN, EXP),
    Row::new("`exp` has a fraction", |c, a| c["exp"] = json!(a.now as f64 + 60.5), IN, "RFC 7519 2"),
    Row::new("`exp` in centuries", |c, _| c["exp"] = json!(1e10), IN, "RFC 7519 2"),
    Row::new("skew: `exp` was 50 seconds ago", |c, a| c["exp"] = (a.now - 50).into(), IN, "RFC 7519 4.1.4").at("skew"),
    Row::new("skew: `nbf` and `iat` in 55 seconds", |c, a| (c["nbf"] = (a.now + 55).into(), c["iat"] = (a.now + 55).into()).1, IN, "RFC 7519 4.1.5").at("skew"),
    Row::new("`nbf` is now", |c, a| c["nbf"] = a.now.into(), IN, "RFC 7519 4.1.5"),
    Row::new("issued 59 minutes ago", |c, a| c["iat"] = (a.now - 59 * 60).into(), IN, IAT),
    Row::new("`aud` lists us alone", |c, _| c["aud"] = json!(["latchkey"]), IN, AUD),
    Row::new("`azp` is us", |c, _| c["azp"] = "latchkey".into(), IN, AZP),
    Row::new("`sub` of 255 characters", |c, _| (c["sub"] = "a".repeat(255).into(), remove(c, "email")).1, IN, "Core 2"),
    Row::new("`sub` of one character", |c, _| (c["sub"] = "1".into(), remove(c, "email")).1, IN, "Core 2"),
    Row::new("the right `at_hash` and `c_hash`", |c, _| (c["at_hash"] = half(ACCESS_TOKEN).into(), c["c_hash"] = half(CODE).into()).1, IN, AT_HASH),
    Row::new("maxAge: signed in 59 minutes ago", |c, a| c["auth_time"] = (a.now - 59 * 60).into(), IN, AUTH_TIME).at("max-age"),
    Row::new("claims that nobody knows", |c, _| c[MARK] = json!({"a": [MARK]}), IN, "Core 2"),
    Row::new("distributed claims, which are not fetched", distributed, IN, "Core 5.6.2.2"),
];

const ISS: &str = "Core 3.1.3.7 (2)";
const AUD: &str = "Core 3.1.3.7 (3)";
const AZP: &str = "Core 3.1.3.7 (5)";
const EXP: &str = "Core 3.1.3.7 (9)";
const IAT: &str = "Core 3.1.3.7 (10)";
const NONCE: &str = "Core 3.1.3.7 (11)";
const AUTH_TIME: &str = "Core 3.1.3.7 (13)";
const AT_HASH: &str = "Core 3.1.3.8";

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().expect("claims").shift_remove(name);
}

fn issuer(attempt: &Attempt<'_>, more: &str) -> Value {
    format!("{}{more}", attempt.fake.issuer).into()
}

fn capitals(text: &str) -> Value {
    let capitals = text.to_ascii_uppercase();
    assert_ne!(capitals, text);
    capitals.into()
}

fn whole(text: &str) -> String {
    b64(digest(&SHA256, text.as_bytes()))
}

fn half(text: &str) -> String {
    b64(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

fn logout(claims: &mut Value) {
    claims["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    claims["jti"] = "m4rk".into();
}

fn distributed(claims: &mut Value, attempt: &Attempt<'_>) {
    let endpoint = format!("{}/claims", attempt.world.stranger.issuer);
    claims["_claim_names"] = json!({"name": "src1", "groups": "src1"});
    claims["_claim_sources"] = json!({"src1": {"endpoint": endpoint, "access_token": "m4rk"}});
    remove(claims, "name");
}

on_both_sources!(an_id_token_with_wrong_claims_signs_nobody_in);

async fn an_id_token_with_wrong_claims_signs_nobody_in(on: On) {
    let world = World::start(on, SETUPS).await;
    let rows = world.see(CASES, async |attempt, change| {
        let mut claims = attempt.claims();
        change(&mut claims, attempt);
        attempt.give_out(&sign(&claims));
        attempt.right()
    });
    must_say(on, &FAMILY, &rows.await);
}
