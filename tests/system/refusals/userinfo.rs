//! What the userinfo endpoint answers about the person whom the ID token has named, or about somebody else.

use serde_json::{Value, json};

use super::{
    attempt::{Attempt, USERINFO},
    bodies::{ODD, WRONG},
    case::{Case, IN, Outcome, signed_in_as, userinfo},
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::{Reply, sign},
    refusal::MARK,
    signer::{P256, STRANGERS, b64, maced, unsigned},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Userinfo",
    about: "What the userinfo endpoint answers after a right ID token, at a provider with `claims.source: UserInfo`. *Signed*: a JWT as `application/jwt`.",
};

const ENDPOINT: (&str, &str) = ("userinfo_endpoint", "\"PROVIDER/userinfo\"");

const SETUPS: &[Setup] = &[
    Setup { name: "userinfo", spec: "claims: {source: UserInfo}\n", announced: &[ENDPOINT], ..USUAL },
    Setup { name: "default", announced: &[ENDPOINT], ..USUAL },
    Setup {
        name: "inside",
        spec: "claims: {source: UserInfo}\n",
        announced: &[("userinfo_endpoint", "\"http://169.254.169.254/latest/userinfo\"")],
        works: false,
    },
];

type Row = Case<fn(&Attempt<'_>) -> Reply>;

#[rustfmt::skip]
const PLAIN: &[Row] = &[
    Row::new("another `sub`", |_| plain(json!({"sub": "m4rk", "name": MARK})), OTHER, SUB),
    Row::new("no `sub`", |_| plain(json!({"name": MARK})), OTHER, SUB),
    Row::new("an empty object", |_| plain(json!({})), OTHER, SUB),
    Row::new("`sub` is null", |_| plain(json!({"sub": null})), OTHER, SUB),
    Row::new("`sub` in a list", |_| plain(json!({"sub": ["mallory"]})), OTHER, SUB),
    Row::new("`sub` in capitals", |_| plain(json!({"sub": "MALLORY"})), OTHER, "Core 2"),
    Row::new("`sub` and a space", |_| plain(json!({"sub": "mallory "})), OTHER, SUB),
    Row::new("`sub` and NUL", |_| plain(json!({"sub": "mallory\0m4rk"})), OTHER, SUB),
    Row::new("another `sub`, where userinfo only completes the ID token", |_| plain(json!({"sub": "m4rk", "name": MARK})), OTHER, SUB).at("default"),
    Row::new("everything within a member", |_| plain(json!({"userinfo": {"sub": "mallory"}})), OTHER, SUB),
    Row::new("status 401", |_| Reply::status(401, MARK), userinfo("answered 401"), "RFC 6750 3.1"),
    Row::new("status 401 with the claims", |_| Reply::status(401, &claims().to_string()), userinfo("answered 401"), "RFC 6750 3.1"),
    Row::new("status 403", |_| Reply::status(403, MARK), userinfo("answered 403"), "RFC 6750 3.1"),
    Row::new("status 201 with the claims", |_| Reply::status(201, &claims().to_string()), userinfo("answered 201"), "Core 5.3.2"),
    Row::new("status 204", |_| Reply::status(204, ""), userinfo("answered 204"), "Core 5.3.2"),
    Row::new("status 500 with the claims", |_| Reply::status(500, &claims().to_string()), userinfo("answered 500"), "Core 5.3.3"),
    Row::new("status 500, where userinfo only completes the ID token", |_| Reply::status(500, MARK), userinfo("answered 500"), "Core 5.3.3").at("default"),
    Row::new("a redirect to somebody else", |a| Reply::redirect(&format!("{}/userinfo", a.world.stranger.issuer)), userinfo("answered 302"), "RFC 9110 15.4; *ours*"),
    Row::new("a redirect to the inside", |_| Reply::redirect("http://169.254.169.254/m4rk"), userinfo("answered 302"), "RFC 9110 15.4; *ours*"),
    Row::new("a userinfo endpoint that is a metadata service", |_| plain(claims()), userinfo("is not dialled"), "*ours*").at("inside"),
    Row::new("right", |_| plain(claims()), HEARD, "Core 5.3.2"),
    Row::new("distributed claims, which are not fetched", distributed, IN, "Core 5.6.2.2"),
    Row::new("the address of the ID token as verified, which it does not say itself", unverified, signed_in_as(|s| s["emailVerified"] == false, "the address is not verified"), "*ours*").at("default"),
    Row::new("another name than the ID token's, where userinfo only completes it", |_| plain(claims()), signed_in_as(|s| s["fullName"] == "Mallory", "the name is the ID token's"), "*ours*").at("default"),
];

#[rustfmt::skip]
const SIGNED: &[Row] = &[
    Row::new("signed by a key of another provider, of the same name", |a| jwt(&STRANGERS.token(HEADER, signed(a).to_string())), userinfo("the signature is wrong"), "Core 5.3.4"),
    Row::new("signed, with another `kid`", |a| jwt(&P256.token(r#"{"alg":"ES256","kid":"m4rk"}"#, signed(a).to_string())), userinfo("none of the issuer's keys fits"), "RFC 7515 4.1.4"),
    Row::new("signed, alg `none`", |a| jwt(&(unsigned(&json!({"alg": "none"}), &signed(a)) + ".")), userinfo(ALG), "RFC 8725 3.2"),
    Row::new("signed, HS256 with the public key in PEM", |a| jwt(&maced(&json!({"alg": "HS256"}), &signed(a), P256.pem().as_bytes())), userinfo(ALG), "RFC 8725 2.1"),
    Row::new("signed, with the key in the header", |a| jwt(&STRANGERS.token(&json!({"alg": "ES256", "jwk": STRANGERS.jwk()}).to_string(), signed(a).to_string())), userinfo("none of the issuer's keys fits"), "RFC 8725 3.10"),
    Row::new("signed, the signature cut off", |a| jwt(&(unsigned(&json!({"alg": "ES256", "kid": "one"}), &signed(a)) + ".")), userinfo("the signature is wrong"), "Core 5.3.4"),
    Row::new("signed, an unknown `crit`", |a| jwt(&P256.token(r#"{"alg":"ES256","kid":"one","crit":["m4rk"],"m4rk":1}"#, signed(a).to_string())), userinfo("the header demands extensions"), "RFC 7515 4.1.11"),
    Row::new("signed, without `iss`", |a| changed(a, |c| c["iss"] = Value::Null), userinfo("iss is not the configured issuer"), "Core 5.3.2"),
    Row::new("signed, without `aud`", |a| changed(a, |c| c["aud"] = Value::Null), userinfo("aud is absent"), "Core 5.3.2"),
    Row::new("signed, `iss` in a list", |a| changed(a, |c| c["iss"] = json!([a.fake.issuer])), userinfo("iss is not the configured issuer"), "RFC 7519 4.1.1"),
    Row::new("signed, another `iss`", |a| changed(a, |c| c["iss"] = "https://m4rk.example".into()), userinfo("iss is not the configured issuer"), "Core 5.3.2"),
    Row::new("signed, `aud` is an empty list", |a| changed(a, |c| c["aud"] = json!([])), userinfo("aud is absent"), "Core 5.3.2"),
    Row::new("signed, for another client", |a| changed(a, |c| c["aud"] = "m4rk".into()), userinfo("aud does not name this client"), "Core 5.3.2"),
    Row::new("signed, another `sub`", |a| changed(a, |c| c["sub"] = "m4rk".into()), userinfo("sub is not the ID token's"), SUB),
    Row::new("signed, no `sub`", |a| changed(a, |c| c["sub"] = Value::Null), userinfo("sub is not a string"), SUB),
    Row::new("signed, `exp` over", |a| changed(a, |c| c["exp"] = (a.now - 1).into()), userinfo("exp is over"), "RFC 7519 4.1.4"),
    Row::new("signed, `exp` is text", |a| changed(a, |c| c["exp"] = "m4rk".into()), userinfo("exp is absent or not a number"), "RFC 7519 4.1.4"),
    Row::new("signed, `nbf` to come", |a| changed(a, |c| c["nbf"] = (a.now + 60).into()), userinfo("nbf is still to come"), "RFC 7519 4.1.5"),
    Row::new("signed, `iat` to come", |a| changed(a, |c| c["iat"] = (a.now + 60).into()), userinfo("iat is still to come"), "RFC 7519 4.1.6"),
    Row::new("an access token, by its `typ`", |a| jwt(&P256.token(r#"{"alg":"ES256","kid":"one","typ":"at+jwt"}"#, signed(a).to_string())), userinfo("typ says that the token is of another kind"), "RFC 9068 2.1"),
    Row::new("a logout token, by its `typ`", |a| jwt(&P256.token(r#"{"alg":"ES256","kid":"one","typ":"logout+jwt"}"#, signed(a).to_string())), userinfo("typ says that the token is of another kind"), "Back-Channel 2.4"),
    Row::new("a logout token, by its `events`", |a| changed(a, |c| c["events"] = json!({})), userinfo("it has the claim events"), "RFC 8725 3.12"),
    Row::new("an access token without `typ`, for an API", |a| changed(a, |c| c["aud"] = "https://m4rk.example/api".into()), userinfo("aud does not name this client"), "RFC 8725 3.12"),
    Row::new("signed, a claim twice", |a| jwt(&P256.token(HEADER, signed(a).to_string().replacen('{', "{\"sub\":\"m4rk\",", 1))), userinfo("it has a member twice"), "RFC 7519 4"),
    Row::new("encrypted", |_| jwt(&format!("{}.m4rk.m4rk.m4rk.m4rk", b64(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#))), userinfo("the token is encrypted"), "Core 5.3.2"),
    Row::new("signed, in JSON serialization", in_json, userinfo("three parts, parted by dots"), "RFC 7519 1"),
    Row::new("plain claims, said to be signed", |_| Reply::text("application/jwt", &claims().to_string()), userinfo("three parts, parted by dots"), "Core 5.3.2"),
    Row::new("signed, and said to be plain", |a| Reply::text("application/json", &sign(&signed(a))), userinfo("it is not JSON"), "Core 5.3.2"),
    Row::new("octets that are no UTF-8, said to be signed", |_| Reply::Odd { headers: vec![("content-type", "application/jwt".to_owned())], body: crate::support::fake::OddBody::Octets(b"m4rk.\xff.m4rk".to_vec()) }, userinfo("it is not JSON"), "RFC 7515 7.1"),
    Row::new("signed, of 64 KiB and more", |a| changed(a, |c| c["more"] = "m4rk".repeat(16 * 1024).into()), userinfo("the token is longer than 64 KiB"), "*ours*"),
    Row::new("signed", |a| jwt(&sign(&signed(a))), HEARD, "Core 5.3.2"),
    Row::new("signed, with `exp` and `iat`", |a| changed(a, |c| (c["exp"] = (a.now + 60).into(), c["iat"] = a.now.into()).1), HEARD, "Core 5.3.2"),
    Row::new("signed, for others, too", |a| changed(a, |c| c["aud"] = json!(["m4rk", "latchkey"])), HEARD, "Core 5.3.2"),
    Row::new("signed, the content type in capitals and with a charset", |a| Reply::text("Application/JWT; charset=UTF-8", &sign(&signed(a))), HEARD, "RFC 9110 8.3.1"),
    Row::new("signed, where userinfo only completes the ID token", |a| jwt(&sign(&signed(a))), IN, "Core 5.3.2").at("default"),
];

const OTHER: Outcome = userinfo("sub of userinfo is not the ID token's");
const HEARD: Outcome =
    signed_in_as(|session| session["fullName"] == "Mallory of userinfo", "the name is that of userinfo");
const SUB: &str = "Core 5.3.2";
const ALG: &str = "alg is not among the algorithms allowed";
const HEADER: &str = r#"{"alg":"ES256","kid":"one"}"#;

fn claims() -> Value {
    json!({"sub": "mallory", "name": "Mallory of userinfo"})
}

fn plain(claims: Value) -> Reply {
    Reply::json(&claims)
}

fn jwt(token: &str) -> Reply {
    Reply::text("application/jwt", token)
}

/// The claims of signed userinfo as they should be.
fn signed(attempt: &Attempt<'_>) -> Value {
    let mut claims = claims();
    claims["iss"] = attempt.fake.issuer.clone().into();
    claims["aud"] = "latchkey".into();
    claims
}

fn changed(attempt: &Attempt<'_>, change: impl FnOnce(&mut Value)) -> Reply {
    let mut claims = signed(attempt);
    change(&mut claims);
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    jwt(&sign(&claims))
}

fn in_json(attempt: &Attempt<'_>) -> Reply {
    let token = sign(&signed(attempt));
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    jwt(&json!({"protected": header, "payload": payload, "signature": signature}).to_string())
}

fn distributed(attempt: &Attempt<'_>) -> Reply {
    let endpoint = format!("{}/claims", attempt.world.stranger.issuer);
    let mut claims = claims();
    claims["_claim_names"] = json!({"email": "src1"});
    claims["_claim_sources"] = json!({"src1": {"endpoint": endpoint, "access_token": "m4rk"}});
    plain(claims)
}

fn unverified(attempt: &Attempt<'_>) -> Reply {
    let mut id_token = attempt.claims();
    id_token.as_object_mut().expect("claims").shift_remove("email_verified");
    attempt.give_out(&sign(&id_token));
    plain(json!({"sub": "mallory", "email": "mallory@m4rk.example", "email_verified": true}))
}

on_both_sources!(userinfo_that_is_not_to_be_believed_signs_nobody_in);

async fn userinfo_that_is_not_to_be_believed_signs_nobody_in(on: On) {
    let world = World::start(on, SETUPS).await;
    let mut rows = world
        .see(&[PLAIN, SIGNED].concat(), async |attempt, reply| {
            attempt.fake.answer(USERINFO, reply(attempt));
            attempt.right()
        })
        .await;
    let wrong = WRONG.iter().map(|&(sent, reply, why, says)| Case::new(sent, reply, userinfo(why), says));
    let odd = ODD.iter().map(|&(sent, reply, _, says)| Case::new(sent, reply, HEARD, says));
    let bodies: Vec<_> = wrong.chain(odd).collect();
    let seen = world.see(&bodies, async |attempt, reply| {
        attempt.fake.answer(USERINFO, reply(&claims()));
        attempt.right()
    });
    rows.extend(seen.await);
    must_say(on, &FAMILY, &rows);
}
