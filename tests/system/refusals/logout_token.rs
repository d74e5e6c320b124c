//! Logout tokens that a provider, or anybody else, sends without a browser.

use serde_json::{Value, json};

use super::{
    attempt::Attempt,
    bodies::with,
    case::{Case, Outcome, refused, some},
    forgery::of_length,
    page::{Family, Row, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::sign,
    provider::CLIENT_SECRET,
    refusal::must_repeat_nothing,
    signer::{P256, STRANGERS, b64, maced, unsigned},
    source::On,
    visitor::Visitor,
};

pub const FAMILY: Family = Family {
    title: "Logout token",
    about: "A form that is posted to the back-channel logout URI. The answer to each of these is 400 with `{\"error\":\"invalid_request\"}`; the code is in the log alone. Somebody is signed in meanwhile, in the session at the provider that a right token names, and stays so. `skew` stands for a provider with `tokens.allowedClockSkew: 1m`, `symmetric` for one with `tokens.allowedAlgorithms: [ES256, HS256]`, `unchecked` for one with `tokens.validateSignatures: false`.",
};

const SETUPS: &[Setup] = &[
    USUAL,
    Setup { name: "skew", spec: "tokens: {allowedClockSkew: 1m}\n", ..USUAL },
    Setup { name: "symmetric", spec: "tokens: {allowedAlgorithms: [ES256, HS256]}\n", ..USUAL },
    Setup { name: "unchecked", spec: "tokens: {validateSignatures: false}\n", ..USUAL },
];

/// Makes a token of the claims of a right one.
type Script = fn(&Attempt<'_>, Value) -> String;
type Logout = Case<Script>;

#[rustfmt::skip]
const CLAIMS: &[Logout] = &[
    Logout::new("no `iss`", |_, c| without(c, "iss"), refused(400, "iss_wrong"), RULES),
    Logout::new("another issuer", |_, c| saying(c, "iss", "https://m4rk.example"), refused(400, "iss_wrong"), RULES),
    Logout::new("the issuer with a slash more", |a, c| saying(c, "iss", format!("{}/", a.fake.issuer)), refused(400, "iss_wrong"), RULES),
    Logout::new("no `aud`", |_, c| without(c, "aud"), refused(400, "aud_malformed"), RULES),
    Logout::new("another client's token", |_, c| saying(c, "aud", "m4rk"), refused(400, "aud_not_ours"), RULES),
    Logout::new("`aud` lists us and a stranger", |_, c| saying(c, "aud", json!(["latchkey", "m4rk"])), refused(400, "aud_stranger"), RULES),
    Logout::new("`azp` is another client", |_, c| saying(c, "azp", "m4rk"), refused(400, "azp_wrong"), RULES),
    Logout::new("no `exp`", |_, c| without(c, "exp"), refused(400, "exp_malformed"), "Back-Channel 2.4"),
    Logout::new("`exp` is text", |a, c| saying(c, "exp", (a.now + 60).to_string()), refused(400, "exp_malformed"), "RFC 7519 4.1.4"),
    Logout::new("`exp` was a second ago", |a, c| saying(c, "exp", a.now - 1), refused(400, "exp_over"), RULES),
    Logout::new("skew: `exp` was 70 seconds ago", |a, c| saying(c, "exp", a.now - 70), refused(400, "exp_over"), RULES).at("skew"),
    Logout::new("`nbf` is to come", |a, c| saying(c, "nbf", a.now + 60), refused(400, "nbf_to_come"), "RFC 7519 4.1.5"),
    Logout::new("no `iat`", |_, c| without(c, "iat"), refused(400, "iat_malformed"), "Back-Channel 2.4"),
    Logout::new("`iat` is text", |a, c| saying(c, "iat", a.now.to_string()), refused(400, "iat_malformed"), "RFC 7519 4.1.6"),
    Logout::new("issued in the future", |a, c| saying(c, "iat", a.now + 60), refused(400, "iat_to_come"), RULES),
    Logout::new("issued two hours ago", |a, c| saying(c, "iat", a.now - 7200), refused(400, "iat_too_old"), "*ours*"),
    Logout::new("no `jti`", |_, c| without(c, "jti"), refused(400, "jti_malformed"), "Back-Channel 2.4"),
    Logout::new("`jti` is a number", |_, c| saying(c, "jti", 7), refused(400, "jti_malformed"), "RFC 7519 4.1.7"),
    Logout::new("an empty `jti`", |_, c| saying(c, "jti", ""), refused(400, "jti_malformed"), "Back-Channel 2.4"),
    Logout::new("`jti` of 256 characters", |_, c| saying(c, "jti", "j".repeat(256)), refused(400, "jti_malformed"), "*ours*"),
    Logout::new("no `events`", |_, c| without(c, "events"), refused(400, "events_wrong"), EVENTS),
    Logout::new("`events` is null", |_, c| saying(c, "events", Value::Null), refused(400, "events_wrong"), EVENTS),
    Logout::new("`events` is text", |_, c| saying(c, "events", EVENT), refused(400, "events_wrong"), EVENTS),
    Logout::new("`events` is a list", |_, c| saying(c, "events", json!([EVENT])), refused(400, "events_wrong"), EVENTS),
    Logout::new("`events` has no logout", |_, c| saying(c, "events", json!({"http://schemas.openid.net/event/m4rk": {}})), refused(400, "events_wrong"), EVENTS),
    Logout::new("the logout in `events` is text", |_, c| saying(c, "events", json!({EVENT: "m4rk"})), refused(400, "events_wrong"), EVENTS),
    Logout::new("a `nonce`", |_, c| saying(c, "nonce", "m4rk"), refused(400, "kind_wrong"), "Back-Channel 2.4"),
    Logout::new("a `nonce` that is null", |_, c| saying(c, "nonce", Value::Null), refused(400, "kind_wrong"), "Back-Channel 2.4"),
    Logout::new("neither `sub` nor `sid`", |_, mut c| { remove(&mut c, "sid"); without(c, "sub") }, refused(400, "sid_malformed"), "Back-Channel 2.4"),
    Logout::new("`sid` is a number", |_, c| saying(c, "sid", 7), refused(400, "sid_malformed"), "Back-Channel 2.4"),
    Logout::new("`sid` is null", |_, c| saying(c, "sid", Value::Null), refused(400, "sid_malformed"), "Back-Channel 2.4"),
    Logout::new("an empty `sid`", |_, c| saying(c, "sid", ""), refused(400, "sid_malformed"), "Back-Channel 2.4"),
    Logout::new("`sub` is a number", |_, c| saying(c, "sub", 7), refused(400, "sub_malformed"), "RFC 7519 4.1.2"),
    Logout::new("an empty `sub`", |_, c| saying(c, "sub", ""), refused(400, "sub_malformed"), "Core 2"),
    Logout::new("`sub` with NUL", |_, c| saying(c, "sub", "mallory\0m4rk"), refused(400, "sub_malformed"), "Core 2; *ours*"),
    Logout::new("the ID token of the login", |a, _| sign(&a.claims()), refused(400, "kind_wrong"), "RFC 8725 3.12"),
    Logout::new("an ID token without `nonce`", |a, _| { let mut c = a.claims(); remove(&mut c, "nonce"); sign(&c) }, refused(400, "events_wrong"), "RFC 8725 3.12"),
    Logout::new("right", |_, c| signed(&c), OUT, RULES),
    Logout::new("by `sid` alone", |_, c| without(c, "sub"), OUT, "Back-Channel 2.4"),
    Logout::new("by `sub` alone", |_, c| without(c, "sid"), OUT, "Back-Channel 2.4"),
    Logout::new("by `sid`, with another `sub`", |_, c| saying(c, "sub", "m4rk"), OUT, "Back-Channel 2.7"),
    Logout::new("`aud` is a list with us alone", |_, c| saying(c, "aud", json!(["latchkey"])), OUT, "RFC 7519 4.1.3"),
    Logout::new("issued 59 minutes ago", |a, c| saying(c, "iat", a.now - 59 * 60), OUT, "*ours*"),
    Logout::new("`exp` in a year", |a, c| saying(c, "exp", a.now + 31_536_000), OUT, "RFC 7519 4.1.4"),
    Logout::new("skew: `exp` was 30 seconds ago", |a, c| saying(c, "exp", a.now - 30), OUT, "RFC 7519 4.1.4").at("skew"),
    Logout::new("skew: issued in 30 seconds", |a, c| saying(c, "iat", a.now + 30), OUT, "RFC 7519 4.1.6").at("skew"),
    Logout::new("another event beside the logout", |_, c| saying(c, "events", json!({EVENT: {}, "urn:m4rk": {}})), OUT, "Back-Channel 2.4"),
    Logout::new("a member in the logout of `events`", |_, c| saying(c, "events", json!({EVENT: {"m4rk": 1}})), OUT, "Back-Channel 2.4"),
    Logout::new("an unknown claim", |_, c| saying(c, "trace", "m4rk"), OUT, "Back-Channel 2.4"),
    Logout::new("`jti` of 255 characters", |a, c| saying(c, "jti", format!("{:0>255}", a.state)), OUT, "*ours*"),
];

#[rustfmt::skip]
const FORMS: &[Logout] = &[
    Logout::new("no token", |_, _| String::new(), refused(400, "malformed_parameters"), "Back-Channel 2.5"),
    Logout::new("words", |_, _| "m4rk".to_owned(), refused(400, "token_not_compact"), "Back-Channel 2.6 (1)"),
    Logout::new("claims in JSON", |_, c| c.to_string(), refused(400, "token_not_compact"), "Back-Channel 2.6 (1)"),
    Logout::new("encrypted", |_, _| format!("{}.m4rk.m4rk.m4rk.m4rk", b64(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)), refused(400, "token_encrypted"), "Back-Channel 2.6 (1)"),
    Logout::new("64 KiB and an octet", |_, c| of_length(&c, 64 * 1024 + 1), refused(400, "token_too_large"), "*ours*"),
    Logout::new("alg `none`, unsigned", |_, c| unsigned(&json!({"alg": "none", "typ": "logout+jwt"}), &c) + ".", refused(400, "alg_refused"), NONE),
    Logout::new("unchecked: alg `none`, unsigned", |_, c| unsigned(&json!({"alg": "none"}), &c) + ".", refused(400, "alg_refused"), NONE).at("unchecked"),
    Logout::new("HS256 with the public key in PEM", |_, c| maced(&json!({"alg": "HS256"}), &c, P256.pem().as_bytes()), refused(400, "alg_refused"), "RFC 8725 2.1"),
    Logout::new("symmetric: HS256 with the public key in PEM", |_, c| maced(&json!({"alg": "HS256"}), &c, P256.pem().as_bytes()), refused(400, "signature_wrong"), "RFC 8725 2.1").at("symmetric"),
    Logout::new("signed by a key of another provider, of the same name", |_, c| STRANGERS.token(HEADER, c.to_string()), refused(400, "signature_wrong"), SIGNATURE),
    Logout::new("unchecked: signed by a key of another provider", |_, c| STRANGERS.token(HEADER, c.to_string()), refused(400, "signature_wrong"), SIGNATURE).at("unchecked"),
    Logout::new("the signature cut off", |_, c| unsigned(&json!({"alg": "ES256", "kid": "one"}), &c) + ".", refused(400, "signature_wrong"), SIGNATURE),
    Logout::new("another `kid`", |_, c| P256.token(r#"{"alg":"ES256","kid":"m4rk"}"#, c.to_string()), refused(400, "key_unknown"), "RFC 7515 4.1.4"),
    Logout::new("with the key in the header", |_, c| STRANGERS.token(&json!({"alg": "ES256", "jwk": STRANGERS.jwk()}).to_string(), c.to_string()), refused(400, "key_unknown"), "RFC 8725 3.10"),
    Logout::new("an unknown `crit`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","crit":["m4rk"],"m4rk":1}"#, c.to_string()), refused(400, "crit_refused"), "RFC 7515 4.1.11"),
    Logout::new("an access token, by its `typ`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","typ":"at+jwt"}"#, c.to_string()), refused(400, "typ_wrong"), "RFC 9068 2.1"),
    Logout::new("a claim twice", |_, c| P256.token(HEADER, with(&c, r#""sub":"m4rk""#)), refused(400, "claims_duplicate_member"), "RFC 7519 4"),
    Logout::new("a logout twice in `events`", |_, c| P256.token(HEADER, c.to_string().replacen("\"events\":{", &format!("\"events\":{{\"{EVENT}\":{{}},"), 1)), refused(400, "claims_duplicate_member"), "RFC 8259 4"),
    Logout::new("without `typ`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one"}"#, c.to_string()), OUT, "Back-Channel 2.4"),
    Logout::new("`typ` `JWT`", |_, c| P256.token(r#"{"alg":"ES256","kid":"one","typ":"JWT"}"#, c.to_string()), OUT, "Back-Channel 2.4"),
    Logout::new("symmetric: HS256 with the client secret", |_, c| maced(&json!({"alg": "HS256"}), &c, CLIENT_SECRET.as_bytes()), OUT, "Core 10.1").at("symmetric"),
    Logout::new("unchecked: right", |_, c| signed(&c), OUT, RULES).at("unchecked"),
];

const OUT: Outcome = Outcome::SignedOut;
const RULES: &str = "Back-Channel 2.6";
const EVENTS: &str = "Back-Channel 2.4";
const SIGNATURE: &str = "Back-Channel 2.6 (2)";
const NONE: &str = "Back-Channel 2.6 (3)";
const HEADER: &str = r#"{"alg":"ES256","kid":"one","typ":"logout+jwt"}"#;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn signed(claims: &Value) -> String {
    P256.token(HEADER, claims.to_string())
}

fn saying(mut claims: Value, name: &str, value: impl Into<Value>) -> String {
    claims[name] = value.into();
    signed(&claims)
}

fn without(mut claims: Value, name: &str) -> String {
    remove(&mut claims, name);
    signed(&claims)
}

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().expect("claims").shift_remove(name);
}

/// Signs somebody in who has nothing to do with the other cases; the claims of a logout token that ends the session.
async fn sign_in(attempt: &Attempt<'_>, number: usize) -> Value {
    let mut claims = attempt.claims();
    let (sub, sid) = (format!("mallory {number}"), format!("session {number}"));
    claims["email"] = format!("mallory-{number}@{}.example", attempt.name).into();
    claims["sub"] = sub.clone().into();
    claims["sid"] = sid.clone().into();
    attempt.give_out(&sign(&claims));
    let answer = attempt.bring(attempt.right()).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    json!({
        "iss": attempt.fake.issuer, "aud": "latchkey", "iat": attempt.now, "exp": attempt.now + 120,
        "jti": format!("{number}"), "sub": sub, "sid": sid, "events": {EVENT: {}},
    })
}

/// What comes of a case, as the page shows it.
async fn see(world: &World, case: &Logout, number: usize) -> String {
    let attempt = Attempt::begin(world, case.provider).await;
    let claims = sign_in(&attempt, number).await;
    let token = (case.script)(&attempt, claims);
    let uri = world.latchkey.at(&format!("backchannel-logout/{}", attempt.name));
    let answer = Visitor::new().post(&uri, &[("logout_token", &token)]).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", case.sent);
    must_repeat_nothing(case.sent, &answer.body);
    let log = world.latchkey.log();
    let line = log.lines().rev().find(|line| line.contains("logout token")).unwrap_or_default();
    let goes_on = attempt.visitor.session(&world.latchkey).await.is_some();
    match (answer.status, &*answer.body, goes_on) {
        (200, "", false) => OUT.shown(),
        (400, "{\"error\":\"invalid_request\"}", true) => match case.outcome {
            Outcome::Refused { code, .. } if line.contains(&format!("code=\"{code}\"")) => case.outcome.shown(),
            _ => line.to_owned(),
        },
        (status, body, goes_on) => format!("{status} {body}, the session goes on: {goes_on}; {line}"),
    }
}

on_both_sources!(a_wrong_logout_token_ends_no_session);

async fn a_wrong_logout_token_ends_no_session(on: On) {
    let world = World::start(on, SETUPS).await;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (number, case) in some(on, &[CLAIMS, FORMS].concat()).iter().enumerate() {
        let seen = see(&world, case, number).await;
        world.must_keep_to_itself(case.sent, |_| true);
        if seen != case.outcome.shown() {
            wrong.push(format!("{}: {seen} instead of {}", case.sent, case.outcome.shown()));
        }
        rows.push(Row { sent: case.sent, seen, says: case.says });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.must_get_in().await;
    must_say(on, &FAMILY, &rows);
}
