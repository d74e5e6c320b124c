//! Keys that change, keys of the same name, and tokens that name none: which key verifies what.

use serde_json::{Value, json};

use super::{
    attempt::Attempt,
    case::{Case, IN, Outcome, id_token, some},
    page::{Family, Row, must_say},
    world::World,
};
use crate::support::{
    fake::{Fake, KEYS, Reply, sign},
    refusal::MARK,
    signer::{ED25519, P256, RSA, STRANGERS, Signer},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Keys that change",
    about: "An ID token whose claims are right, and keys that were fetched before it came. A token that none of them verifies makes Latchkey fetch them once more, at most every 30 seconds. *Now*: the provider has changed its keys since they were fetched. `one` and `two` are names of keys.",
};

/// The keys that were fetched before, those that are served now, and the token.
struct Keys {
    before: Vec<Value>,
    /// None: they stay.
    now: Option<Reply>,
    token: fn(&Value) -> String,
    /// How often they are fetched for this token.
    fetches: usize,
}

type Script = fn() -> Keys;

#[rustfmt::skip]
const CASES: &[Case<Script>] = &[
    Case::new("no `kid`, and the right key is the fifth that fits", || stay([strangers(4), vec![one()]].concat(), without_kid, 1), id_token("key_unknown"), "Core 10.1"),
    Case::new("`kid` `one`, and keys without names", || stay(vec![without(one(), "kid")], by_one, 1), id_token("key_unknown"), "RFC 7515 4.1.4"),
    Case::new("`kid` `two`, which is another key of the provider", || stay(vec![one(), two()], |c| token(&P256, "two", c), 1), id_token("signature_wrong"), "RFC 7515 4.1.4"),
    Case::new("`kid` `one`, which is a key of the provider for RS256", || stay(vec![renamed(RSA.jwk(), "one")], by_one, 1), id_token("key_unknown"), "RFC 7517 4.4"),
    Case::new("`kid` `one`, which is a key of the provider for encryption", || stay(vec![with(one(), "use", "enc"), two()], by_one, 1), id_token("key_unknown"), "RFC 7517 4.2"),
    Case::new("a key on Curve25519 that is no point", || stay(vec![one(), no_point()], eddsa, 1), id_token("signature_wrong"), "RFC 8032 5.1.7"),
    Case::new("now: the key withdrawn, and an unknown `kid` asked for", || now(vec![one()], keys(vec![two()]), |c| token(&P256, "m4rk", c), 1), id_token("key_unknown"), "Core 10.1.1"),
    Case::new("now: a set without the key that signed", || now(vec![two()], keys(vec![two(), RSA.jwk()]), by_one, 1), id_token("key_unknown"), "Core 10.1.1"),
    Case::new("now: a page instead of keys, and a new `kid`", || now(vec![two()], Reply::text("text/html", MARK), by_one, 1), id_token("key_unknown"), "Core 10.1.1"),
    Case::new("now: no keys, and a new `kid`", || now(vec![two()], keys(Vec::new()), by_one, 1), id_token("key_unknown"), "Core 10.1.1"),
    Case::new("now: status 500, and a new `kid`", || now(vec![two()], Reply::status(500, MARK), by_one, 1), id_token("key_unknown"), "Core 10.1.1"),
    Case::new("now: the key of that name is one that nobody knew, and did not sign", || now(vec![one()], keys(vec![STRANGERS.jwk()]), |c| token(&TWO, "one", c), 1), id_token("signature_wrong"), "Core 10.1.1"),
    Case::new("no `kid`, and one key", || stay(vec![one()], without_kid, 0), IN, "Core 10.1"),
    Case::new("no `kid`, and a key without a name", || stay(vec![without(one(), "kid")], without_kid, 0), IN, "Core 10.1"),
    Case::new("no `kid`, and the right key is the fourth that fits", || stay([strangers(3), vec![one()]].concat(), without_kid, 0), IN, "*ours*"),
    Case::new("no `kid`, and keys of other kinds", || stay(vec![RSA.jwk(), ED25519.jwk(), one()], without_kid, 0), IN, "Core 10.1"),
    Case::new("two keys of one name, the second of which signed", || stay(vec![STRANGERS.jwk(), one()], by_one, 0), IN, "RFC 7517 4.5"),
    Case::new("two keys of one name and of different kinds", || stay(vec![renamed(RSA.jwk(), "one"), one()], by_one, 0), IN, "RFC 7517 4.5"),
    Case::new("now: a new key beside the old one, and a token by it", || now(vec![two()], keys(vec![two(), one()]), by_one, 1), IN, "Core 10.1.1"),
    Case::new("now: a new key instead of the old one, and a token by it", || now(vec![two()], keys(vec![one()]), by_one, 1), IN, "Core 10.1.1"),
    Case::new("now: another key of the same name, and a token by it", || now(vec![STRANGERS.jwk()], keys(vec![one()]), by_one, 1), IN, "Core 10.1.1"),
    Case::new("now: a page instead of keys, and a token by the key that was known", || now(vec![one()], Reply::text("text/html", MARK), by_one, 0), IN, "Core 10.1.1"),
];

static TWO: std::sync::LazyLock<Signer> = std::sync::LazyLock::new(|| Signer::p256("two"));

fn stay(before: Vec<Value>, token: fn(&Value) -> String, fetches: usize) -> Keys {
    Keys { before, now: None, token, fetches }
}

fn now(before: Vec<Value>, now: Reply, token: fn(&Value) -> String, fetches: usize) -> Keys {
    Keys { before, now: Some(now), token, fetches }
}

fn one() -> Value {
    P256.jwk()
}

fn two() -> Value {
    TWO.jwk()
}

/// Keys of one kind, none of which signs here.
fn strangers(count: usize) -> Vec<Value> {
    (0..count).map(|number| renamed(Signer::p256("").jwk(), &format!("key-{number}"))).collect()
}

fn no_point() -> Value {
    with(ED25519.jwk(), "x", crate::support::signer::b64([0xff; 32]))
}

fn keys(keys: Vec<Value>) -> Reply {
    Reply::json(&json!({ "keys": keys }))
}

fn renamed(jwk: Value, kid: &str) -> Value {
    with(jwk, "kid", kid)
}

fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    jwk[member] = value.into();
    jwk
}

fn without(mut jwk: Value, member: &str) -> Value {
    jwk.as_object_mut().expect("a key").shift_remove(member);
    jwk
}

fn token(signer: &Signer, kid: &str, claims: &Value) -> String {
    signer.token(&json!({"alg": "ES256", "kid": kid}).to_string(), claims.to_string())
}

fn by_one(claims: &Value) -> String {
    sign(claims)
}

fn without_kid(claims: &Value) -> String {
    P256.token(r#"{"alg":"ES256"}"#, claims.to_string())
}

fn eddsa(claims: &Value) -> String {
    ED25519.token(r#"{"alg":"EdDSA","kid":"ed25519"}"#, claims.to_string())
}

on_both_sources!(a_token_of_a_key_that_is_not_the_providers_now_signs_nobody_in);

/// Each provider fetches its keys out of turn for one token alone, so each case has one of its own.
async fn a_token_of_a_key_that_is_not_the_providers_now_signs_nobody_in(on: On) {
    let (mut world, cases) = (World::empty(on).await, some(on, CASES));
    for (number, case) in cases.iter().enumerate() {
        let fake = Fake::start().await;
        fake.announce("id_token_signing_alg_values_supported", json!(["ES256", "RS256", "EdDSA"]));
        fake.answer(KEYS, keys((case.script)().before));
        world.add(&format!("case-{number}"), "", false, fake).await;
    }
    for provider in &world.providers {
        world.latchkey.wait_until_ready(&provider.name).await;
    }
    world.must_keep_to_itself("the start", |_| false);
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        let seen = see(&world, &format!("case-{number}"), case).await;
        if seen != case.outcome.shown() {
            wrong.push(format!("{}: {seen} instead of {}", case.sent, case.outcome.shown()));
        }
        rows.push(Row { sent: case.sent, seen, says: case.says });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    must_say(on, &FAMILY, &rows);
}

async fn see(world: &World, name: &str, case: &Case<Script>) -> String {
    let keys = (case.script)();
    let attempt = Attempt::begin(world, name).await;
    if let Some(now) = keys.now {
        attempt.fake.answer(KEYS, now);
    }
    attempt.give_out(&(keys.token)(&attempt.claims()));
    let answer = attempt.bring(attempt.right()).await;
    let seen = world.outcome(case, &attempt.visitor, &answer).await;
    assert_eq!(attempt.fake.count(KEYS), keys.fetches, "{}: the keys are fetched again", case.sent);
    world.must_keep_to_itself(case.sent, |other| other == name);
    if !matches!(case.outcome, Outcome::SignedIn) {
        again(world, name, case).await;
    }
    seen
}

/// The same token again: the keys are not fetched a second time within the 30 seconds.
async fn again(world: &World, name: &str, case: &Case<Script>) {
    let attempt = Attempt::begin(world, name).await;
    attempt.give_out(&((case.script)().token)(&attempt.claims()));
    let answer = attempt.bring(attempt.right()).await;
    world.outcome(case, &attempt.visitor, &answer).await;
    assert_eq!(attempt.fake.count(KEYS), 0, "{}: the keys are fetched a second time", case.sent);
    world.must_keep_to_itself(case.sent, |other| other == name);
}
