//! Something is wrong with the assertion alone.

use serde_json::{Value, json};

use super::{Case, court::Court};
use crate::{
    jwt_bearer::{
        ask::{Ask, ask},
        id_token::{changed, claims, id_token, now},
        signatures::other_form,
        world::{SECRET, at_provider},
    },
    support::{
        fake::{sign, sign_with},
        provider::CLIENT_SECRET,
        signer::{self, P256, RSA, STRANGERS, Signer, b64, maced, unsigned},
    },
};

type Make = fn(&Court) -> Case;

#[rustfmt::skip]
pub const CASES: &[(&str, Make)] = &[
    ("another client's ID token", |c| claim(c, json!({"aud": "m4rk"}))),
    ("the client ID here is not the one at the provider", |c| claim(c, json!({"aud": "desktop"}))),
    ("an ID token for another application", |c| claim(c, json!({"aud": at_provider("backend")}))),
    ("aud names a stranger beside", |c| claim(c, json!({"aud": [at_provider("desktop"), "m4rk"]}))),
    ("aud is an empty list", |c| claim(c, json!({"aud": []}))),
    ("no aud", |c| claim(c, json!({"aud": null}))),
    ("azp is another client", |c| claim(c, json!({"azp": "m4rk"}))),
    ("expired", |c| claim(c, json!({"iat": now() - 60, "exp": now() - 1}))),
    ("iat is older than maxTokenAge", old),
    ("older than what the provider has said since", outdated),
    ("no iat", |c| claim(c, json!({"iat": null}))),
    ("iat is text", |c| claim(c, json!({"iat": now().to_string()}))),
    ("no exp", |c| claim(c, json!({"exp": null}))),
    ("exp is text", |c| claim(c, json!({"exp": (now() + 300).to_string()}))),
    ("iat is to come", |c| claim(c, json!({"iat": now() + 60}))),
    ("nbf is to come", |c| two(c, json!({"nbf": now() + 60}), json!({"nbf": now() - 1}))),
    ("no sub", |c| claim(c, json!({"sub": null}))),
    ("sub is empty", |c| claim(c, json!({"sub": ""}))),
    ("sub is a number", |c| claim(c, json!({"sub": 1}))),

    ("the same once more", |c| again(c, json!({}), |token, _| token.to_owned())),
    ("the same for another application that may bring it", shared),
    ("its signature in the other form of ECDSA", |c| again(c, json!({}), |token, _| other_form(token))),
    ("another token with the jti", |c| again(c, json!({}), |_, claims| sign(&changed(claims, &json!({"name": "Other", "iat": now() - 1}))))),
    ("without jti, once more", |c| again(c, json!({"jti": null}), |token, _| token.to_owned())),
    ("without jti, signed anew", |c| again(c, json!({"jti": null}), |_, claims| sign(&claims))),
    ("without jti, its signature in the other form of ECDSA", |c| again(c, json!({"jti": null}), |token, _| other_form(token))),

    ("alg none, without a signature", |c| made(c, |claims| format!("{}.", unsigned(&json!({"alg": "none"}), &claims)))),
    ("alg None, without a signature", |c| made(c, |claims| format!("{}.", unsigned(&json!({"alg": "None"}), &claims)))),
    ("alg none, with a good signature", |c| made(c, |claims| sign_with(&json!({"alg": "none", "kid": "one"}), &claims))),
    ("HS256 with the public key", |c| made(c, |claims| maced(&json!({"alg": "HS256", "kid": "one"}), &claims, P256.jwk().to_string().as_bytes()))),
    ("HS256 with the public key in PEM", |c| made(c, |claims| maced(&json!({"alg": "HS256", "kid": "rsa"}), &claims, RSA.pem().as_bytes()))),
    ("HS256 with the application's secret", with_the_application_s_secret),
    ("HS256 with our secret at the provider, which allows HS256", with_our_secret),
    ("a kid that the provider does not have", |c| made(c, |claims| sign_with(&json!({"alg": "ES256", "kid": "m4rk"}), &claims))),
    ("a stranger's key under the provider's kid", |c| made(c, |claims| by(&STRANGERS, json!({"alg": "ES256", "kid": "one"}), &claims))),
    ("another provider's key", another_provider_s_key),
    ("a stranger's key in the header (jwk)", |c| made(c, |claims| by(&STRANGERS, json!({"alg": "ES256", "jwk": STRANGERS.jwk()}), &claims))),
    ("a stranger's keys at an address (jku)", |c| made(c, |claims| by(&STRANGERS, json!({"alg": "ES256", "jku": "https://m4rk.example/keys"}), &claims))),
    ("a crit that nobody knows", |c| made(c, |claims| sign_with(&json!({"alg": "ES256", "kid": "one", "crit": ["m4rk"], "m4rk": 1}), &claims))),
    ("the signature of another token", |c| made(c, |claims| with_signature_of(&sign(&claims), &sign(&changed(claims, &json!({"sub": "m4rk"})))))),
    ("one octet of the payload changed", |c| made(c, |claims| one_octet_else(&sign(&claims)))),
    ("no signature", |c| made(c, |claims| format!("{}.", sign(&claims).rsplit_once('.').expect("parts").0))),
    ("base64 with padding", |c| made(c, |claims| format!("{}==", sign(&claims)))),
    ("base64 with bits that stand for nothing", |c| made(c, |claims| with_idle_bits(&sign(&claims)))),
    ("the signature in DER", |c| made(c, in_der)),

    ("typ at+jwt", |c| typed(c, "at+jwt")),
    ("typ application/at+jwt", |c| typed(c, "application/at+jwt")),
    ("typ logout+jwt", |c| typed(c, "logout+jwt")),
    ("a scope claim", |c| claim(c, json!({"scope": "openid"}))),
    ("an scp claim", |c| claim(c, json!({"scp": ["m4rk"]}))),
    ("the payload says typ Bearer", |c| two(c, json!({"typ": "Bearer"}), json!({"typ": "ID"}))),
    ("the payload says typ Refresh", |c| claim(c, json!({"typ": "Refresh"}))),
    ("the payload says typ Offline", |c| claim(c, json!({"typ": "Offline"}))),
    ("token_use is access", |c| two(c, json!({"token_use": "access"}), json!({"token_use": "id"}))),
    ("events, as in a logout token", |c| claim(c, json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}))),
    ("our own access token", our_own),
    ("an opaque refresh token", |c| made(c, |_| "m4rk".repeat(10))),
    ("a JWE", |c| made(c, |_| [b64(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#), b64([1; 256]), b64([2; 12]), b64([3; 400]), b64([4; 16])].join("."))),
    ("a payload that is no object", |c| made(c, |_| P256.token(HEADER, "[]"))),
    ("an octet that is no UTF-8 in the payload", |c| made(c, |claims| P256.token(HEADER, with_octet(&claims)))),
    ("NUL in the assertion", |c| made(c, |claims| format!("{}\0", sign(&claims)))),
    ("a member twice in the payload", |c| made(c, |claims| twice(&claims, r#""sub":"m4rk""#))),
    ("iss twice in the payload", |c| made(c, |claims| { let iss = claims["iss"].clone(); twice(&claims, &format!(r#""iss":{iss}"#)) })),
    ("a member twice in the header", |c| made(c, |claims| P256.token(r#"{"alg":"ES256","kid":"one","kid":"one"}"#, claims.to_string()))),
    ("a thousand arrays in one another", |c| made(c, |claims| P256.token(HEADER, nested(&claims)))),
    ("64 KiB and an octet", |c| made(c, |claims| long(&claims, 64 * 1024 + 1))),
];

const HEADER: &str = r#"{"alg":"ES256","kid":"one","typ":"JWT"}"#;

fn right(court: &Court) -> Ask {
    court.desktop("somebody", json!({}))
}

/// These claims are wrong.
fn claim(court: &Court, changes: Value) -> Case {
    Case::new(court.desktop("somebody", changes), right(court))
}

/// These claims are wrong, and those are not.
fn two(court: &Court, wrong: Value, right: Value) -> Case {
    Case::new(court.desktop("somebody", wrong), court.desktop("somebody", right))
}

/// Without `jti`, ID tokens of one second differ in nothing else.
fn unlike_others(court: &Court) -> Value {
    let usual = usual(court);
    let jti = usual["jti"].clone();
    changed(usual, &json!({"nonce": jti}))
}

fn usual(court: &Court) -> Value {
    claims(court.main(), &at_provider("desktop"), "somebody")
}

/// This is made of the right claims, which are then brought as they should be.
fn made(court: &Court, make: impl Fn(Value) -> String) -> Case {
    let claims = usual(court);
    Case::new(ask("desktop", &make(claims.clone())), ask("desktop", &sign(&claims)))
}

/// A token is brought, and then what is made of it.
fn again(court: &Court, changes: Value, make: impl Fn(&str, Value) -> String) -> Case {
    let claims = changed(unlike_others(court), &changes);
    let token = sign(&claims);
    let wrong = ask("desktop", &make(&token, claims));
    let right = court.desktop("somebody", changed(changes, &json!({"name": "Somebody Else"})));
    Case { before: vec![ask("desktop", &token)], wrong, right }
}

/// By somebody of whom nothing newer is known.
fn old(court: &Court) -> Case {
    let by = |age: i64| court.desktop("olaf", json!({"iat": now() - age}));
    Case::new(by(301), by(290))
}

/// Who has lost a role must not get it back by a token that was kept.
fn outdated(court: &Court) -> Case {
    let by = |age: i64| court.desktop("olga", json!({"iat": now() - age}));
    Case { before: vec![by(0)], ..Case::new(by(200), by(0)) }
}

fn shared(court: &Court) -> Case {
    let token = || id_token(court.main(), "shared-there", "somebody", &json!({}));
    let first = token();
    Case { before: vec![ask("desktop", &first)], wrong: ask("tablet", &first), right: ask("tablet", &token()) }
}

fn by(signer: &Signer, header: Value, claims: &Value) -> String {
    signer.token(&header.to_string(), claims.to_string())
}

fn with_the_application_s_secret(court: &Court) -> Case {
    let claims = claims(court.main(), &at_provider("backend"), "somebody");
    let forged = maced(&json!({"alg": "HS256"}), &claims, SECRET.as_bytes());
    let by_backend = |token: &str| ask("backend", token).with("client_secret", SECRET);
    Case::new(by_backend(&forged), by_backend(&sign(&claims)))
}

fn with_our_secret(court: &Court) -> Case {
    let claims = claims(court.fake("hmac"), &at_provider("desktop"), "hmac-somebody");
    let forged = maced(&json!({"alg": "HS256"}), &claims, CLIENT_SECRET.as_bytes());
    Case::new(ask("desktop", &forged), ask("desktop", &sign(&claims)))
}

fn another_provider_s_key(court: &Court) -> Case {
    let theirs = Signer::p256("theirs");
    court.fake("unlisted").answer(
        crate::support::fake::KEYS,
        crate::support::fake::Reply::json(&json!({"keys": [P256.jwk(), theirs.jwk()]})),
    );
    made(court, |claims| by(&theirs, json!({"alg": "ES256", "kid": "theirs"}), &claims))
}

fn typed(court: &Court, typ: &str) -> Case {
    made(court, |claims| sign_with(&json!({"alg": "ES256", "kid": "one", "typ": typ}), &claims))
}

/// What this server might have signed itself.
fn our_own(court: &Court) -> Case {
    let issuer = court.latchkey.at("").trim_end_matches('/').to_owned();
    made(court, |claims| {
        let header = json!({"alg": "ES256", "kid": "one", "typ": "at+jwt"});
        sign_with(&header, &changed(claims, &json!({"iss": issuer, "aud": issuer})))
    })
}

fn with_signature_of(token: &str, other: &str) -> String {
    let (input, _) = token.rsplit_once('.').expect("parts");
    let (_, signature) = other.rsplit_once('.').expect("parts");
    format!("{input}.{signature}")
}

fn one_octet_else(token: &str) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let payload = String::from_utf8(
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, parts[1]).expect("base64url"),
    );
    let payload = payload.expect("text").replacen("SOMEBODY", "SOMEBODX", 1);
    [parts[0], &b64(payload), parts[2]].join(".")
}

/// 64 octets are 86 characters, of which the last stands for two bits only.
fn with_idle_bits(token: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let at = alphabet.find(last).expect("a character of base64url");
    format!("{rest}{}", &alphabet[at + 1..at + 2])
}

fn in_der(claims: Value) -> String {
    let input = unsigned(&json!({"alg": "ES256", "kid": "one"}), &claims);
    let signature = signer::P256.der_signature(input.as_bytes());
    format!("{input}.{}", b64(signature))
}

fn with_octet(claims: &Value) -> Vec<u8> {
    let text = claims.to_string().replacen("SOMEBODY", "SOME\u{1}", 1);
    text.into_bytes().into_iter().map(|octet| if octet == b'\\' { 0xff } else { octet }).collect()
}

fn twice(claims: &Value, member: &str) -> String {
    let text = claims.to_string();
    P256.token(HEADER, format!("{},{member}}}", text.strip_suffix('}').expect("an object")))
}

fn nested(claims: &Value) -> String {
    let text = claims.to_string();
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    format!("{},\"deep\":{deep}}}", text.strip_suffix('}').expect("an object"))
}

/// A good token of exactly this length.
fn long(claims: &Value, wanted: usize) -> String {
    let of = |more: usize| sign(&changed(claims.clone(), &json!({"more": "x".repeat(more)})));
    let rough = (wanted - of(0).len()) * 3 / 4;
    let found = (rough.saturating_sub(8)..rough + 8).map(of).find(|token| token.len() >= wanted);
    found.expect("a token that long")
}

#[tokio::test]
async fn an_assertion_with_one_fault_brings_nothing() {
    let mut court = Court::start().await;
    for (name, make) in CASES {
        let case = make(&court);
        court.judge(name, case).await;
    }
    court.close();
}
