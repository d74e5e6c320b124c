//! Access tokens as a source of claims: they count only where they are this issuer's about this person, and never say who
//! the person is.

use serde_json::{Value, json};

use super::{
    attempt::{ACCESS_TOKEN, Attempt},
    case::{Case, Outcome, signed_in_as},
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::{Reply, TOKEN, sign},
    refusal::MARK,
    signer::{P256, STRANGERS, b64, maced, unsigned},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Access token as a source of claims",
    about: "The access token beside a right ID token, at a provider with `claims.source: AccessToken`. Most access tokens are meant for others, and may be in any form: one that is not to be believed is no reason to refuse the login, but says nothing. *Ignored*: the claims are those of the token response alone.",
};

const SETUPS: &[Setup] = &[Setup { name: "access", spec: "claims: {source: AccessToken}\n", ..USUAL }];

/// Makes the access token.
type Row = Case<fn(&Attempt<'_>, Value) -> String>;
/// Changes the token response.
type Member = Case<fn(&Attempt<'_>, &mut Value)>;

#[rustfmt::skip]
const CASES: &[Row] = &[
    Row::new("another person's", |_, c| changed(c, "sub", "m4rk"), ignored("sub is not the ID token's"), "RFC 9068 2.2"),
    Row::new("no `sub`", |_, c| changed(c, "sub", Value::Null), ignored("sub is not a string"), "RFC 9068 2.2"),
    Row::new("another issuer's", |_, c| changed(c, "iss", "https://m4rk.example"), ignored("iss is not the configured issuer"), "RFC 9068 4"),
    Row::new("no `iss`", |_, c| changed(c, "iss", Value::Null), ignored("iss is not the configured issuer"), "RFC 9068 4"),
    Row::new("another client's, by `client_id`", |_, c| changed(c, "client_id", "m4rk"), ignored("azp, or client_id, is not this client"), "RFC 9068 2.2"),
    Row::new("another client's, by `azp`", |_, c| changed(c, "azp", "m4rk"), ignored("azp, or client_id, is not this client"), "Core 2"),
    Row::new("`exp` over", |a, c| changed(c, "exp", a.now - 1), ignored("exp is over"), "RFC 9068 4"),
    Row::new("no `exp`", |_, c| changed(c, "exp", Value::Null), ignored("exp is absent or not a number"), "RFC 9068 2.2"),
    Row::new("`exp` is text", |_, c| changed(c, "exp", "m4rk"), ignored("exp is absent or not a number"), "RFC 7519 4.1.4"),
    Row::new("`nbf` to come", |a, c| changed(c, "nbf", a.now + 60), ignored("nbf is still to come"), "RFC 7519 4.1.5"),
    Row::new("`iat` to come", |a, c| changed(c, "iat", a.now + 60), ignored("iat is still to come"), "RFC 7519 4.1.6"),
    Row::new("a key of another provider, of the same name", |_, c| STRANGERS.token(HEADER, c.to_string()), ignored("the signature is wrong"), "RFC 9068 4"),
    Row::new("an unknown `kid`", |_, c| P256.token(r#"{"alg":"ES256","kid":"m4rk","typ":"at+jwt"}"#, c.to_string()), ignored("none of the issuer's keys fits"), "RFC 9068 4"),
    Row::new("`jku` where the key that signed is", |a, c| STRANGERS.token(&json!({"alg": "ES256", "jku": format!("{}/keys", a.world.stranger.issuer)}).to_string(), c.to_string()), ignored("none of the issuer's keys fits"), "RFC 8725 3.10"),
    Row::new("alg `none`", |_, c| unsigned(&json!({"alg": "none", "typ": "at+jwt"}), &c) + ".", ignored("alg is not among the algorithms allowed"), "RFC 9068 2.1"),
    Row::new("HS256 with the public key in PEM", |_, c| maced(&json!({"alg": "HS256"}), &c, P256.pem().as_bytes()), ignored("alg is not among the algorithms allowed"), "RFC 8725 2.1"),
    Row::new("an unknown `crit`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","crit":["m4rk"],"m4rk":1}"#, c.to_string()), ignored("the header demands extensions"), "RFC 7515 4.1.11"),
    Row::new("the ID token of another login", |a, _| sign(&of_another_login(a)), ignored("nonce is not the one of this login"), "RFC 8725 3.12"),
    Row::new("the ID token of another login, said to be an access token", |a, _| P256.token(HEADER, of_another_login(a).to_string()), ignored("nonce is not the one of this login"), "RFC 8725 3.12"),
    Row::new("a logout token", |_, c| changed(c, "events", json!({})), ignored("it has the claim events"), "RFC 8725 3.12"),
    Row::new("`typ` `dpop+jwt`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","typ":"dpop+jwt"}"#, c.to_string()), ignored("typ says that the token is of another kind"), "RFC 9068 4"),
    Row::new("encrypted", |_, _| format!("{}.m4rk.m4rk.m4rk.m4rk", b64(r#"{"alg":"dir","enc":"A256GCM"}"#)), ignored("the token is encrypted"), "RFC 7516 3.1"),
    Row::new("claims twice", |_, c| P256.token(HEADER, c.to_string().replacen('{', "{\"name\":\"m4rk\",", 1)), ignored("it has a member twice"), "RFC 7519 4"),
    Row::new("no JWT", |_, _| ACCESS_TOKEN.to_owned(), ignored("three parts, parted by dots"), "RFC 6749 1.4"),
    Row::new("of more than 64 KiB", |_, c| changed(c, "more", "m4rk".repeat(16 * 1024)), ignored("the token is longer than 64 KiB"), "*ours*"),
    Row::new("right", |_, c| P256.token(HEADER, c.to_string()), HEARD, "RFC 9068 2"),
    Row::new("without `typ`, as older providers have it", |_, c| P256.token(r#"{"alg":"ES256","kid":"one"}"#, c.to_string()), HEARD, "RFC 8725 3.12"),
    Row::new("`typ` `application/at+jwt`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","typ":"application/at+jwt"}"#, c.to_string()), HEARD, "RFC 9068 4"),
    Row::new("for an API, or for nobody that it names", |_, c| changed(c, "aud", Value::Null), HEARD, "RFC 9068 4, the API's to check"),
    Row::new("with the `nonce` of the ID token, as some providers write it", |a, c| changed(c, "nonce", a.nonce.clone()), HEARD, "RFC 9068 2.2"),
    Row::new("`azp` and `client_id` are us", |_, mut c| { c["azp"] = "latchkey".into(); P256.token(HEADER, c.to_string()) }, HEARD, "RFC 9068 2.2"),
];

#[rustfmt::skip]
const MEMBERS: &[Member] = &[
    Member::new("the ID token once more", |_, r| r["access_token"] = r["id_token"].clone(), IGNORED, "RFC 8725 3.12"),
    Member::new("a token response with `sub` of somebody else", |_, r| r["sub"] = "m4rk".into(), STAYS, "Core 3.1.3.3"),
    Member::new("a token response with `iss` and `aud` of somebody else", |_, r| (r["iss"] = "https://m4rk.example".into(), r["aud"] = "m4rk".into()).1, STAYS, "Core 3.1.3.3"),
    Member::new("a token response that calls the address verified that only the access token has", |a, r| { r["email_verified"] = true.into(); with_address(a, r) }, signed_in_as(|s| s["emailVerified"] == false, "the address is not verified"), "*ours*"),
    Member::new("an access token of nobody's, beside an address and a name in the token response", |_, r| (r["email"] = "mallory@access.example".into(), r["email_verified"] = true.into()).1, signed_in_as(|s| s["emailVerified"] == true, "those of the token response count"), "*ours*"),
];

/// Once more is not another token, which the log would tell.
const IGNORED: Outcome = ignored("");
const HEARD: Outcome =
    signed_in_as(|s| s["fullName"] == "Mallory of the access token" && s["userName"] == "mallory", "its claims count");
const STAYS: Outcome = signed_in_as(|s| s["userName"] == "mallory", "as the person of the ID token");

const HEADER: &str = r#"{"alg":"ES256","kid":"one","typ":"at+jwt"}"#;

const fn ignored(why: &'static str) -> Outcome {
    let is = |s: &Value| s["fullName"] == "Mallory of the response" && s["userName"] == "mallory";
    Outcome::SignedInAs { is, note: "ignored", why }
}

fn changed(mut claims: Value, claim: &str, value: impl Into<Value>) -> String {
    claims[claim] = value.into();
    claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    P256.token(HEADER, claims.to_string())
}

fn of_another_login(attempt: &Attempt<'_>) -> Value {
    let mut claims = attempt.claims();
    (claims["name"], claims["nonce"]) = (MARK.into(), "m4rk".into());
    claims
}

/// The claims of an access token as it should be.
fn claims(attempt: &Attempt<'_>) -> Value {
    json!({
        "iss": attempt.fake.issuer, "sub": "mallory", "aud": "https://api.example", "client_id": "latchkey",
        "iat": attempt.now, "exp": attempt.now + 300, "jti": "m4rk", "name": "Mallory of the access token"
    })
}

fn with_address(attempt: &Attempt<'_>, response: &mut Value) {
    let mut claims = claims(attempt);
    claims["email"] = "mallory@access.example".into();
    response["access_token"] = P256.token(HEADER, claims.to_string()).into();
}

/// A token response with another name than the access token has.
fn response(attempt: &Attempt<'_>) -> Value {
    let mut response = attempt.response(&sign(&attempt.claims()));
    response["name"] = "Mallory of the response".into();
    response
}

on_both_sources!(an_access_token_that_is_not_to_be_believed_says_nothing);

async fn an_access_token_that_is_not_to_be_believed_says_nothing(on: On) {
    let world = World::start(on, SETUPS).await;
    let mut rows = world
        .see(CASES, async |attempt, forge| {
            let mut response = response(attempt);
            response["access_token"] = forge(attempt, claims(attempt)).into();
            attempt.fake.answer(TOKEN, Reply::json(&response));
            attempt.right()
        })
        .await;
    let seen = world.see(MEMBERS, async |attempt, change| {
        let mut response = response(attempt);
        change(attempt, &mut response);
        attempt.fake.answer(TOKEN, Reply::json(&response));
        attempt.right()
    });
    rows.extend(seen.await);
    must_say(on, &FAMILY, &rows);
}
