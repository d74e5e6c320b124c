//! Providers that take no pushed request, refuse the client, let people in that signed in too long ago, or announce too
//! little: each has a plain page or a status, and what asks for less goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, PAR, Reply, TOKEN, sign, tokens},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::{MARK, must_be_refused, nothing_is_repeated},
    source::On,
    visitor::{Answer, Visitor},
};

const IDP: &str = "identityprovider";

/// Latchkey with the provider `rogue`, which is asked as `asked` says: the beginning of spec.authorization.
async fn latchkey_with(fake: &Fake, asked: &str) -> Latchkey {
    let manifest = manifests::provider("rogue", &fake.issuer, "");
    let manifest = manifest.replacen("authorization: {", &format!("authorization: {{{asked}"), 1);
    let files = [("provider.yaml", &*manifest), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("rogue").await;
    latchkey
}

/// A provider that wants requests pushed.
async fn pushing() -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    fake.announce("pushed_authorization_request_endpoint", format!("{}{PAR}", fake.issuer));
    fake.announce("require_pushed_authorization_requests", true);
    let latchkey = latchkey_with(&fake, "").await;
    (fake, latchkey)
}

fn error(code: &str) -> String {
    json!({"error": code, "error_description": MARK, "error_uri": "https://m4rk.example"}).to_string()
}

fn pushed(body: &Value) -> Reply {
    Reply::With { status: 201, headers: Vec::new(), body: body.to_string() }
}

/// What some providers announce, they don't have for every tenant and client.
#[tokio::test]
async fn where_nobody_demands_it_the_browser_carries_what_cannot_be_pushed() {
    let fake = Fake::start().await;
    fake.announce("pushed_authorization_request_endpoint", format!("{}{PAR}", fake.issuer));
    let latchkey = latchkey_with(&fake, "").await;
    for (name, reply) in [
        ("access_denied", Reply::status(403, &error("access_denied"))),
        ("unauthorized_client", Reply::status(400, &error("unauthorized_client"))),
        ("an odd error", Reply::status(400, &error(MARK))),
        ("404", Reply::status(404, "")),
        ("500", Reply::status(500, &error("server_error"))),
        ("a page", Reply::text("text/html", MARK)),
        ("no request_uri", pushed(&json!({"expires_in": 60}))),
    ] {
        fake.answer(PAR, reply);
        let visitor = Visitor::new();
        let begun = visitor.begin(&latchkey, "rogue").await;
        fake.give_out(&sign(&fake.claims(&begun.nonce)));
        assert!(visitor.get(&begun.callback).await.signs_in(), "{name}");
    }
    for (name, reply) in [
        ("invalid_request", Reply::status(400, &error("invalid_request"))),
        ("invalid_redirect_uri", Reply::status(400, &error("invalid_redirect_uri"))),
        ("invalid_client", Reply::status(401, &error("invalid_client"))),
    ] {
        fake.answer(PAR, reply);
        let answer = Visitor::new().get(&latchkey.at("login/rogue")).await;
        must_be_refused(name, &latchkey, &answer, 502, "pushed_request");
    }
    nothing_is_repeated(&latchkey, "rogue").await;
}

#[tokio::test]
async fn a_request_that_cannot_be_pushed_begins_no_login() {
    let (fake, latchkey) = pushing().await;
    let html = format!("<html>{MARK}</html>");
    let long = format!("urn:m4rk:{}", "a".repeat(1024));
    let cases = [
        ("invalid_request", Reply::status(400, &error("invalid_request")), 502),
        ("invalid_redirect_uri", Reply::status(400, &error("invalid_redirect_uri")), 502),
        ("invalid_client", Reply::status(401, &error("invalid_client")), 502),
        ("access_denied", Reply::status(403, &error("access_denied")), 403),
        ("temporarily_unavailable", Reply::status(400, &error("temporarily_unavailable")), 503),
        ("an odd error", Reply::status(400, &error(MARK)), 502),
        ("an error that is no text", Reply::status(400, &json!({"error": {"m4rk": 1}}).to_string()), 502),
        ("400 and a page", Reply::status(400, &html), 502),
        ("401 and a page", Reply::status(401, &html), 502),
        ("404", Reply::status(404, ""), 502),
        ("429", Reply::status(429, &html), 502),
        ("500", Reply::status(500, &error("server_error")), 502),
        ("a page", Reply::text("text/html", &html), 502),
        ("201 and a page", Reply::status(201, &html), 502),
        ("no request_uri", pushed(&json!({"expires_in": 60, "m4rk": 1})), 502),
        ("an empty request_uri", pushed(&json!({"request_uri": "", "expires_in": 60})), 502),
        ("a request_uri that is no text", pushed(&json!({"request_uri": ["m4rk"]})), 502),
        ("a request_uri that is too long", pushed(&json!({"request_uri": long})), 502),
        ("a request_uri and an error", pushed(&json!({"request_uri": "urn:m4rk", "error": "m4rk"})), 502),
        ("a redirect", Reply::redirect("/stolen"), 502),
    ];
    for (name, reply, status) in cases {
        fake.answer(PAR, reply);
        let answer = Visitor::new().get(&latchkey.at("login/rogue")).await;
        must_be_refused(name, &latchkey, &answer, status, "pushed_request");
        assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{name}: {answer:?}");
    }
    assert_eq!((fake.count("/stolen"), fake.count("/authorize")), (0, 0));
    nothing_is_repeated(&latchkey, "rogue").await;
    fake.answer(PAR, pushed(&json!({"request_uri": "urn:example:1&x=y", "expires_in": 60})));
    let sent = Visitor::new().get(&latchkey.at("login/rogue")).await.location().expect("a redirect");
    let address = format!("{}/authorize?client_id=latchkey&request_uri=urn%3Aexample%3A1%26x%3Dy", fake.issuer);
    assert_eq!(sent, address, "what is good again is used at once");
}

#[tokio::test]
async fn an_endpoint_that_never_takes_the_request_is_given_up_and_holds_up_nobody_else() {
    let (fake, latchkey) = pushing().await;
    let other = Fake::start().await;
    latchkey.write("other.yaml", &manifests::provider("other", &other.issuer, "")).await;
    latchkey.wait_until_ready("other").await;
    fake.answer(PAR, Reply::Held);
    let (visitor, address, began) = (Visitor::new(), latchkey.at("login/rogue"), Instant::now());
    let (answer, ()) = tokio::join!(visitor.get(&address), async {
        assert_eq!(Visitor::new().get(&latchkey.at("login/other")).await.status, 303);
        assert!(began.elapsed() < Duration::from_secs(5), "the others wait, too");
    });
    must_be_refused("slow", &latchkey, &answer, 504, "pushed_request");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// What the token endpoint answers to an assertion for the issuer, and whether one for its own URL follows.
#[tokio::test]
async fn only_a_client_that_was_refused_shows_something_else() {
    let fake = Fake::start().await;
    fake.announce("token_endpoint_auth_methods_supported", json!(["client_secret_jwt"]));
    let latchkey = latchkey_with(&fake, "").await;
    let html = format!("<html>{MARK}</html>");
    let cases = [
        ("invalid_client", Reply::status(400, &error("invalid_client")), true),
        ("invalid_client with 401", Reply::status(401, &error("invalid_client")), true),
        ("invalid_client with 200", Reply::status(200, &error("invalid_client")), true),
        ("unauthorized_client with 401", Reply::status(401, &error("unauthorized_client")), true),
        ("access_denied with 401", Reply::status(401, &error("access_denied")), true),
        ("an odd error with 401", Reply::status(401, &error(MARK)), true),
        ("401 and a page", Reply::status(401, &html), true),
        ("401 and nothing", Reply::status(401, ""), true),
        ("unauthorized_client", Reply::status(400, &error("unauthorized_client")), false),
        ("invalid_grant", Reply::status(400, &error("invalid_grant")), false),
        ("invalid_request", Reply::status(400, &error("invalid_request")), false),
        ("403", Reply::status(403, &html), false),
        ("500", Reply::status(500, &error("invalid_client")), false),
        ("200 and a page", Reply::status(200, &html), false),
    ];
    for (name, refusal, another) in cases {
        let before = fake.count(TOKEN);
        let answer = login(&fake, &latchkey, |claims| vec![refusal.clone(), tokens(&sign(claims))]).await;
        let asked = fake.count(TOKEN) - before;
        if another {
            assert!(answer.signs_in() && asked == 2, "{name}: asked {asked} times, {}", answer.body);
        } else {
            assert_eq!(asked, 1, "{name}");
            must_be_refused(name, &latchkey, &answer, 502, "code_exchange");
        }
    }
    // What was taken last comes first.
    let refusal = Reply::status(401, &error("invalid_client"));
    for (replies, asks) in [(vec![refusal.clone()], 2), (Vec::new(), 1), (Vec::new(), 1), (vec![refusal.clone()], 2)] {
        let before = fake.count(TOKEN);
        let answer = login(&fake, &latchkey, |claims| [replies.clone(), vec![tokens(&sign(claims))]].concat()).await;
        assert!(answer.signs_in() && fake.count(TOKEN) - before == asks, "{asks}: {}", answer.body);
    }
    let answer = login(&fake, &latchkey, |_| vec![refusal.clone()]).await;
    must_be_refused("refused for good", &latchkey, &answer, 502, "code_exchange");
    nothing_is_repeated(&latchkey, "rogue").await;
}

type ClaimsChange = fn(&mut Value, now: i64);

const AUTH_TIMES: &[(&str, ClaimsChange)] = &[
    ("no auth_time", |_, _| {}),
    ("an auth_time of text", |claims, now| claims["auth_time"] = now.to_string().into()),
    ("no time", |claims, _| claims["auth_time"] = Value::Null),
    ("two hours ago", |claims, now| claims["auth_time"] = (now - 7200).into()),
];

#[tokio::test]
async fn who_signed_in_at_the_provider_longer_ago_than_max_age_is_refused() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&fake, "maxAge: 1h, ").await;
    let now = jiff::Timestamp::now().as_second();
    for (name, change) in AUTH_TIMES {
        let answer = login(&fake, &latchkey, |claims| {
            change(claims, now);
            vec![tokens(&sign(claims))]
        })
        .await;
        must_be_refused(name, &latchkey, &answer, 502, "id_token");
    }
    let answer = login(&fake, &latchkey, |claims| {
        claims["auth_time"] = (now - 1800).into();
        vec![tokens(&sign(claims))]
    })
    .await;
    assert!(answer.signs_in(), "{}", answer.body);
}

/// A login at which the token endpoint answers with what `script` makes of good claims, one after the other.
async fn login(fake: &Fake, latchkey: &Latchkey, script: impl Fn(&mut Value) -> Vec<Reply>) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "rogue").await;
    fake.answer_in_turn(TOKEN, script(&mut fake.claims(&begun.nonce)));
    visitor.get(&begun.callback).await
}

on_both_sources!(an_endpoint_that_is_not_announced_can_be_written_into_the_manifest);

async fn an_endpoint_that_is_not_announced_can_be_written_into_the_manifest(on: On) {
    let fake = Fake::start().await;
    let latchkey = Latchkey::start_on(on, &[("secret.yaml", &manifests::usual_secret())]).await;
    let endpoints = [
        ("authorization_endpoint", "authorization", "/authorize"),
        ("token_endpoint", "token", "/token"),
        ("jwks_uri", "jwks", "/keys"),
    ];
    for (member, field, path) in endpoints {
        let (fake, name) = (Fake::start().await, member.replace('_', "-"));
        fake.withdraw(member);
        let file = format!("{name}.yaml");
        latchkey.write(&file, &manifests::provider(&name, &fake.issuer, "")).await;
        let message = latchkey.wait_for_condition(IDP, &name, ["Ready", "False", "InvalidDocument"]).await;
        assert!(message.contains(member) && message.contains(&format!("spec.endpoints.{field}")), "{message}");
        let endpoint = format!("  endpoints: {{{field}: '{}{path}'}}\n", fake.issuer);
        latchkey.write(&file, &manifests::provider(&name, &fake.issuer, &endpoint)).await;
        latchkey.wait_until_ready(&name).await;
    }
    // What the flow does not need is missed by nobody.
    fake.withdraw("token_endpoint");
    fake.announce("response_types_supported", json!(["id_token"]));
    let id_token = manifests::provider("id-token", &fake.issuer, "").replacen(
        "authorization: {",
        "authorization: {responseType: IdToken, ",
        1,
    );
    latchkey.write("id-token.yaml", &id_token).await;
    latchkey.wait_until_ready("id-token").await;
}
