//! What a browser brings to the redirect URI at another time, in another place or in another way. What else can be wrong
//! with it: `refusals/callback.rs`.

use reqwest::{
    Method,
    header::{COOKIE, HeaderMap, HeaderValue},
};
use url::form_urlencoded;

use crate::support::{
    AT_ONCE,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::must_be_refused,
    visitor::Visitor,
    wait_within,
    world::World,
};

#[tokio::test]
async fn an_answer_counts_once_and_only_in_the_browser_that_asked() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    let (alice, eve) = (Visitor::new(), Visitor::new());
    let login = latchkey.url("o/default/login/demo");

    let callback = alice.come_back(&login, "alice").await;
    must_be_refused("no cookie", latchkey, &eve.get(&callback).await, 400, "no_attempt");
    eve.get(&login).await;
    must_be_refused("a cookie of another attempt", latchkey, &eve.get(&callback).await, 400, "no_attempt");
    eve.forget_cookies();

    // Eve plants her own answer on Alice, who has an attempt under way.
    let planted = eve.come_back(&login, "bob").await;
    must_be_refused("somebody else's answer", latchkey, &alice.get(&planted).await, 400, "no_attempt");

    let looked_at = alice.request(Method::HEAD, &callback, HeaderMap::new(), None).await;
    assert_eq!(looked_at.status, 405, "to look at it uses up nothing");
    let cookies = alice.cookie_header(&callback.parse().expect("a URL"));
    assert!(alice.get(&callback).await.signs_in());
    must_be_refused("used, and the cookie gone", latchkey, &alice.get(&callback).await, 400, "no_attempt");
    let replay = Visitor::new().get_with(&callback, &[("cookie", &cookies)]).await;
    must_be_refused("used, with the old cookie", latchkey, &replay, 400, "attempt_used");

    let failed = eve.come_back(&login, "bob").await;
    let wrong = changed(&failed, |q| set(q, "iss", "https://elsewhere.example"));
    must_be_refused("a wrong answer first", latchkey, &eve.get(&wrong).await, 400, "wrong_issuer");
    must_be_refused("the right one afterwards", latchkey, &eve.get(&failed).await, 400, "no_attempt");
}

#[tokio::test]
async fn a_cookie_that_was_tampered_with_is_no_attempt() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    type Tamper = fn(&str) -> String;
    let cases: &[(&str, Tamper)] = &[
        ("another last byte", |value| flipped(value, value.len() - 4)),
        ("another nonce", |value| flipped(value, 10)),
        ("another key", |value| flipped(value, 0)),
        ("cut short", |value| value[..value.len() / 2].to_owned()),
        ("empty", |_| String::new()),
        ("not base64", |_| "%%%".to_owned()),
        ("very long", |value| value.repeat(20)),
    ];
    for (name, tamper) in cases {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
        visitor.tamper("latchkey.login.default.", tamper);
        must_be_refused(name, latchkey, &visitor.get(&callback).await, 400, "no_attempt");
    }
    // The sealed session of one person under the name of an attempt, and the other way round.
    let visitor = Visitor::new();
    visitor.sign_in(latchkey, "demo", "alice").await;
    let (_, session) = visitor.session_cookie(latchkey);
    let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
    visitor.tamper("latchkey.login.default.", |_| session.clone());
    must_be_refused("a session", latchkey, &visitor.get(&callback).await, 400, "no_attempt");
}

#[tokio::test]
async fn an_answer_goes_nowhere_but_to_the_provider_and_organization_that_it_began_with() {
    let world = World::start_with(MANY_VISITORS).await;
    let (latchkey, provider) = (&world.latchkey, &world.provider);
    latchkey.write("other.yaml", &manifests::provider("other", &provider.issuer, "")).await;
    let acme =
        "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {name: acme}\nspec: {displayName: Acme}\n";
    let of_acme =
        manifests::provider("demo-at-acme", &provider.issuer, "  key: demo\n  organizationRef: {name: acme}\n");
    latchkey.write("acme.yaml", &format!("{acme}---\n{of_acme}")).await;
    latchkey.wait_until_ready("other").await;
    latchkey.wait_until_ready("demo-at-acme").await;
    let places = [
        ("/o/default/callback/other", 400, "attempt_of_another_provider"),
        ("/o/acme/callback/demo", 400, "no_attempt"),
        ("/o/default/callback/DEMO", 404, "no_such_provider"),
        ("/o/default/callback/demo%00", 404, "no_such_provider"),
        ("/o/default/callback/%FFm4rk", 404, "no_such_page"),
        ("/o/%FFm4rk/callback/demo", 404, "no_such_page"),
        ("/o/default/callback/m4rk", 404, "no_such_provider"),
        ("/o/DEFAULT/callback/demo", 404, "no_such_organization"),
        ("/o/m4rk/callback/demo", 404, "no_such_organization"),
        ("/o/default/callback/demo/", 404, "no_such_page"),
        ("/o/default/callback/", 404, "no_such_page"),
    ];
    for (place, status, code) in places {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
        let elsewhere = callback.replacen("/o/default/callback/demo", place, 1);
        must_be_refused(place, latchkey, &visitor.get(&elsewhere).await, status, code);
        assert!(visitor.get(&callback).await.signs_in(), "{place} must not spoil the attempt");
    }
}

#[tokio::test]
async fn the_callback_takes_nothing_but_get_and_forms() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
        let answer = visitor.request(method.clone(), &callback, HeaderMap::new(), Some(String::new())).await;
        must_be_refused(method.as_str(), latchkey, &answer, 405, "wrong_method");
    }
    let visitor = Visitor::new();
    let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
    let answer = visitor.request(Method::POST, &callback, HeaderMap::new(), Some(String::new())).await;
    must_be_refused("a POST with a query", latchkey, &answer, 400, "malformed_parameters");
    assert!(visitor.get(&callback).await.signs_in(), "which spoils nothing");
}

#[tokio::test]
async fn a_provider_that_goes_away_during_a_login_finishes_none() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    let begin = async || {
        let visitor = Visitor::new();
        let callback = visitor.come_back(&latchkey.url("o/default/login/demo"), "alice").await;
        (visitor, callback)
    };
    let (suspended, deleted, moved) = (begin().await, begin().await, begin().await);
    latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true").await;
    latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "True", "Suspended"]).await;
    must_be_refused("suspended", latchkey, &suspended.0.get(&suspended.1).await, 503, "provider_suspended");
    latchkey.remove("provider.yaml").await;
    gone(latchkey).await;
    must_be_refused("deleted", latchkey, &deleted.0.get(&deleted.1).await, 404, "no_such_provider");
    let other = crate::support::provider::Provider::start().await;
    latchkey.write("provider.yaml", &manifests::provider("demo", &other.issuer, "")).await;
    latchkey.wait_until_ready("demo").await;
    let answer = moved.0.get(&moved.1).await;
    must_be_refused("another issuer", latchkey, &answer, 400, "attempt_of_another_provider");
    let asked = other.control("GET", "requests", &serde_json::json!({})).await;
    assert_eq!(asked["counts"]["token"], serde_json::Value::Null, "the code went to a stranger");
}

async fn gone(latchkey: &Latchkey) {
    let login = latchkey.url("o/default/login/demo");
    wait_within(AT_ONCE, "the provider is gone", async || {
        (Visitor::new().get(&login).await.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bytes_that_no_browser_sends_are_refused_plainly() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    let callback = latchkey.url("o/default/callback/demo");
    let queries = ["state=%FF%FE&code=%C0%80", "state=%", "%FF=%FF", "=&=", "&&&", "state[]=1&code[]=2", "state"];
    for query in queries {
        let answer = Visitor::new().get(&format!("{callback}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(!answer.signs_in() && answer.reference().len() == 10, "{query}");
    }
    let huge = Visitor::new().get(&format!("{callback}?state={}", "A".repeat(60_000))).await;
    assert!((400..500).contains(&huge.status) && !huge.signs_in(), "{}", huge.status);
    for cookie in
        [&b"latchkey.login.default.\xFF=\xFF"[..], b";;;=;", b"latchkey.login.default.AAAAAAAAAAA=", b"\xF0\x28"]
    {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(cookie).expect("a value"))]);
        let url = format!("{callback}?state=AAAAAAAAAAAAAAAAAAAAAA&code=x");
        let answer = Visitor::new().request(Method::GET, &url, headers, None).await;
        must_be_refused("an odd cookie", latchkey, &answer, 400, "no_attempt");
    }
}

fn changed(callback: &str, change: impl Fn(&mut Vec<(String, String)>)) -> String {
    let (address, query) = callback.split_once('?').expect("a query");
    let mut parameters: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    change(&mut parameters);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{address}?{query}")
}

fn flipped(value: &str, at: usize) -> String {
    let other = if value.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &value[..at], &value[at + 1..])
}

fn value_of<'a>(query: &'a mut [(String, String)], name: &str) -> &'a mut String {
    &mut query.iter_mut().find(|(other, _)| other == name).expect("the parameter").1
}

fn set(query: &mut [(String, String)], name: &str, value: &str) {
    *value_of(query, name) = value.to_owned();
}
