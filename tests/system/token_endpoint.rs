//! A hostile provider behind a good discovery document: what its token endpoint may answer, and who gets in by it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, Reply, TOKEN, sign, sign_with, tokens, unsigned},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::{MARK, must_be_refused},
    source::{On, Source},
    visitor::{Answer, Visitor},
};

async fn latchkey_with(source: Source, fake: &Fake) -> Latchkey {
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &manifests::provider("rogue", &fake.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start_from(source, MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("rogue").await;
    latchkey
}

/// A login at which the fake answers with what `script` makes it.
async fn login(fake: &Fake, latchkey: &Latchkey, script: impl Fn(&Fake, &str)) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "rogue").await;
    script(fake, &begun.nonce);
    visitor.get(&begun.callback).await
}

type ClaimsChange = fn(&mut Value, now: i64);

const CLAIMS: &[(&str, ClaimsChange)] = &[
    ("another nonce", |c, _| c["nonce"] = "m4rk".into()),
    ("no nonce", |c, _| remove(c, "nonce")),
    ("a nonce that is no text", |c, _| c["nonce"] = 1.into()),
    ("for somebody else", |c, _| c["aud"] = "m4rk".into()),
    ("for us and a stranger", |c, _| c["aud"] = json!(["latchkey", "m4rk"])),
    ("for nobody", |c, _| c["aud"] = json!([])),
    ("no aud", |c, _| remove(c, "aud")),
    ("authorized for somebody else", |c, _| c["azp"] = "m4rk".into()),
    ("expired", |c, now| c["exp"] = (now - 1).into()),
    ("no exp", |c, _| remove(c, "exp")),
    ("an exp of text", |c, now| c["exp"] = (now + 300).to_string().into()),
    ("not valid yet", |c, now| c["nbf"] = (now + 60).into()),
    ("no iat", |c, _| remove(c, "iat")),
    ("issued in the future", |c, now| c["iat"] = (now + 60).into()),
    ("issued two hours ago", |c, now| c["iat"] = (now - 7200).into()),
    ("another issuer", |c, _| c["iss"] = "https://m4rk.example".into()),
    ("no issuer", |c, _| remove(c, "iss")),
    ("no sub", |c, _| remove(c, "sub")),
    ("an empty sub", |c, _| c["sub"] = "".into()),
    ("a sub of 256 characters", |c, _| c["sub"] = "a".repeat(256).into()),
    ("a sub that is no text", |c, _| c["sub"] = 7.into()),
    ("another access token's hash", |c, _| c["at_hash"] = "m4rk".into()),
    ("another code's hash", |c, _| c["c_hash"] = "m4rk".into()),
];

on_both_sources!(an_id_token_with_wrong_claims_signs_nobody_in);

async fn an_id_token_with_wrong_claims_signs_nobody_in(on: On) {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(Source::new(on).await, &fake).await;
    let now = jiff::Timestamp::now().as_second();
    for (name, change) in CLAIMS {
        let answer = login(&fake, &latchkey, |fake, nonce| {
            let mut claims = fake.claims(nonce);
            change(&mut claims, now);
            fake.give_out(&sign(&claims));
        })
        .await;
        must_be_refused(name, &latchkey, &answer, 502, "id_token");
    }
    must_get_in(&fake, &latchkey).await;
}

#[tokio::test]
async fn an_id_token_that_is_not_signed_as_it_should_be_signs_nobody_in() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(Source::Directory, &fake).await;
    type Forge = fn(&Value) -> String;
    let cases: &[(&str, Forge)] = &[
        ("alg none", |claims| format!("{}.", unsigned(&json!({"alg": "none", "kid": "one"}), claims))),
        ("alg None, with a signature", |claims| sign_with(&json!({"alg": "None", "kid": "one"}), claims)),
        ("a symmetric alg", |claims| sign_with(&json!({"alg": "HS256", "kid": "one"}), claims)),
        ("another alg", |claims| sign_with(&json!({"alg": "RS256", "kid": "one"}), claims)),
        ("no alg", |claims| sign_with(&json!({"kid": "one"}), claims)),
        ("an unknown key", |claims| sign_with(&json!({"alg": "ES256", "kid": "m4rk"}), claims)),
        ("a key that it brings", |claims| {
            sign_with(&json!({"alg": "ES256", "kid": "m4rk", "jwk": crate::support::fake::keys()["keys"][0]}), claims)
        }),
        ("an unknown crit", |claims| {
            sign_with(&json!({"alg": "ES256", "kid": "one", "crit": ["m4rk"], "m4rk": 1}), claims)
        }),
        ("no signature", |claims| unsigned(&json!({"alg": "ES256", "kid": "one"}), claims)),
        ("an empty signature", |claims| format!("{}.", unsigned(&json!({"alg": "ES256", "kid": "one"}), claims))),
        ("a signature over something else", |claims| {
            let other = sign(&json!({"sub": "other"}));
            let signature = other.rsplit('.').next().expect("a signature");
            format!("{}.{signature}", unsigned(&json!({"alg": "ES256", "kid": "one"}), claims))
        }),
        ("a part more", |claims| format!("{}.m4rk", sign(claims))),
        ("padding", |claims| format!("{}=", sign(claims))),
        ("no token", |_| MARK.to_owned()),
    ];
    for (name, forge) in cases {
        let answer = login(&fake, &latchkey, |fake, nonce| fake.give_out(&forge(&fake.claims(nonce)))).await;
        must_be_refused(name, &latchkey, &answer, 502, "id_token");
    }
    must_get_in(&fake, &latchkey).await;
}

#[tokio::test]
async fn a_token_endpoint_that_answers_anything_else_signs_nobody_in() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(Source::Directory, &fake).await;
    let stolen = format!("{}/stolen", fake.issuer);
    let html = format!("<html>{MARK}</html>");
    let big = format!("{{\"access_token\": \"{}\"}}", "m4rk".repeat(512 * 1024));
    let refused = json!({"error": "invalid_grant", "error_description": MARK}).to_string();
    let oddly = json!({"error": MARK, "error_description": MARK}).to_string();
    let twice = r#"{"access_token":"a","token_type":"Bearer","id_token":"x.y.z","id_token":"m4rk"}"#;
    let cases = [
        ("no id_token", Reply::json(&json!({"access_token": "m4rk", "token_type": "Bearer"}))),
        ("an empty id_token", tokens("")),
        ("no access_token", Reply::json(&json!({"id_token": "m4rk", "token_type": "Bearer"}))),
        ("another token type", Reply::json(&json!({"access_token": "m4rk", "token_type": "mac", "id_token": "x.y.z"}))),
        ("a list", Reply::json(&json!(["m4rk"]))),
        ("a member twice", Reply::text("application/json", twice)),
        ("no JSON", Reply::text("application/json", &html)),
        ("a page", Reply::text("text/html", &html)),
        ("nothing", Reply::status(200, "")),
        ("too much", Reply::text("application/json", &big)),
        ("invalid_grant", Reply::status(400, &refused)),
        ("an odd error", Reply::status(400, &oddly)),
        ("401", Reply::status(401, &html)),
        ("404", Reply::status(404, &html)),
        ("500", Reply::status(500, &html)),
        ("a redirect", Reply::redirect(&stolen)),
    ];
    for (name, reply) in cases {
        let answer = login(&fake, &latchkey, |fake, _| fake.answer(TOKEN, reply.clone())).await;
        must_be_refused(name, &latchkey, &answer, 502, "code_exchange");
    }
    assert_eq!(fake.count("/stolen"), 0, "no redirect is followed");
    must_get_in(&fake, &latchkey).await;
}

#[tokio::test]
async fn a_token_endpoint_that_never_answers_is_given_up_and_holds_up_nobody_else() {
    let (slow, fake) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(Source::Directory, &slow).await;
    latchkey.write("other.yaml", &manifests::provider("other", &fake.issuer, "")).await;
    latchkey.wait_until_ready("other").await;
    slow.answer(TOKEN, Reply::Held);
    let visitor = Visitor::new();
    let callback = visitor.begin(&latchkey, "rogue").await.callback;
    let began = Instant::now();
    let (answer, ()) = tokio::join!(visitor.get(&callback), async {
        let other = Visitor::new().get(&latchkey.at("login/other")).await;
        assert_eq!(other.status, 303);
        assert!(began.elapsed() < Duration::from_secs(5), "the others wait, too");
    });
    must_be_refused("slow", &latchkey, &answer, 504, "code_exchange");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// What was wrong before leaves nothing behind: a good answer gets its person in.
async fn must_get_in(fake: &Fake, latchkey: &Latchkey) {
    let answer = login(fake, latchkey, |fake, nonce| fake.give_out(&sign(&fake.claims(nonce)))).await;
    assert!(answer.status == 303 && answer.signs_in(), "{} {}", answer.status, answer.body);
    let log = latchkey.log();
    assert!(!log.contains("m4rk") && !log.contains("panic"), "{log}");
}

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().expect("claims").remove(name);
}
