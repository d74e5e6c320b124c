//! Logins that the provider begins (OpenID Connect Core 1.0, section 4).

use reqwest::{Method, Url, header::HeaderMap};
use url::form_urlencoded;

use crate::support::{
    fake::{DISCOVERY, Fake, sign},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
};

/// A provider whose issuer has a path, as Okta's has.
async fn world() -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    fake.announce("issuer", issuer(&fake));
    let url = format!("  discovery: {{url: '{}{DISCOVERY}'}}\n", fake.issuer);
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &manifests::provider("demo", &issuer(&fake), &url)),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("demo").await;
    (fake, latchkey)
}

fn issuer(fake: &Fake) -> String {
    format!("{}/oauth2/default", fake.issuer)
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The same parameters by GET or by POST, which leads to the same by GET.
async fn initiate(visitor: &Visitor, latchkey: &Latchkey, method: &Method, key: &str, parameters: &str) -> Answer {
    let address = latchkey.at(&format!("initiate/{key}"));
    if *method == Method::GET {
        return visitor.get(&format!("{address}?{parameters}")).await;
    }
    let answer = visitor.request(method.clone(), &address, HeaderMap::new(), Some(parameters.to_owned())).await;
    match answer.location() {
        Some(here) => visitor.get(&here).await,
        None => answer,
    }
}

/// Key, parameters with ISSUER for the provider's, status and code.
const REFUSED: &[(&str, &str, &str, u16, &str)] = &[
    ("nothing", "demo", "", 400, "malformed_request"),
    ("no iss", "demo", "login_hint=m4rk", 400, "malformed_request"),
    ("an empty iss", "demo", "iss=", 400, "malformed_request"),
    ("another iss", "demo", "iss=https%3A%2F%2Fm4rk.example", 400, "malformed_request"),
    ("an iss with a slash more", "demo", "iss=ISSUER%2F", 400, "malformed_request"),
    ("an iss with another path", "demo", "iss=ISSUER%2Fm4rk", 400, "malformed_request"),
    ("an iss that is no URL", "demo", "iss=m4rk", 400, "malformed_request"),
    ("a repeated iss", "demo", "iss=ISSUER&iss=ISSUER", 400, "malformed_request"),
    ("a repeated target", "demo", "iss=ISSUER&target_link_uri=%2Fm4rk&target_link_uri=%2F", 400, "malformed_request"),
    ("a repeated hint", "demo", "iss=ISSUER&login_hint=m4rk&login_hint=m4rk", 400, "malformed_request"),
    ("an unknown key", "m4rk", "iss=ISSUER", 404, "no_such_provider"),
];

#[tokio::test]
async fn a_login_begins_for_nobody_but_the_provider_of_the_path() {
    let (fake, latchkey) = world().await;
    let (issuer, origin) = (encoded(&issuer(&fake)), encoded(&fake.issuer));
    for method in [Method::GET, Method::POST] {
        for (name, key, parameters, status, code) in REFUSED {
            let parameters = parameters.replace("ISSUER", &issuer);
            let answer = initiate(&Visitor::new(), &latchkey, &method, key, &parameters).await;
            must_be_refused(&format!("{method}: {name}"), &latchkey, &answer, *status, code);
            assert!(answer.location().is_none() && answer.set_cookies().is_empty(), "{method}: {name}");
        }
        for iss in [&issuer, &origin, &format!("{origin}%2F")] {
            let answer = initiate(&Visitor::new(), &latchkey, &method, "demo", &format!("iss={iss}")).await;
            assert_eq!(answer.status, 303, "{method} {iss}: {}", answer.body);
        }
    }
    let json =
        HeaderMap::from_iter([("content-type".parse().expect("a name"), "application/json".parse().expect("a value"))]);
    let body = Some(format!("iss={issuer}"));
    let answer = Visitor::new().request(Method::POST, &latchkey.at("initiate/demo"), json, body).await;
    must_be_refused("no form", &latchkey, &answer, 400, "malformed_request");
    // A form is read from the body alone.
    let address = latchkey.at(&format!("initiate/demo?iss={issuer}"));
    let answer = Visitor::new().request(Method::POST, &address, HeaderMap::new(), Some(String::new())).await;
    let answer = Visitor::new().get(&answer.location().expect("a redirect")).await;
    must_be_refused("iss in the query of a POST", &latchkey, &answer, 400, "malformed_request");
}

#[tokio::test]
async fn the_target_is_followed_only_to_where_people_may_return() {
    let (fake, latchkey) = world().await;
    let account = latchkey.at("account");
    let targets = [
        ("", account.as_str()),
        ("https://m4rk.example/", &account),
        ("//m4rk.example/", &account),
        ("javascript:alert(1)", &account),
        ("https://app.example.com.m4rk.example/", &account),
        ("https://app.example.com/welcome?a=b", "https://app.example.com/welcome?a=b"),
    ];
    for method in [Method::GET, Method::POST] {
        for (target, end) in targets {
            let visitor = Visitor::new();
            let parameters = [("iss", &*issuer(&fake)), ("target_link_uri", target), ("login_hint", "alice")];
            let parameters = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
            let begun = initiate(&visitor, &latchkey, &method, "demo", &parameters).await;
            let sent: Url = begun.location().expect("a redirect").parse().expect("a URL");
            let parameter =
                |name: &str| sent.query_pairs().find(|(other, _)| other == name).expect(name).1.into_owned();
            assert_eq!(parameter("login_hint"), "alice");
            assert!(!sent.as_str().contains("target_link_uri") && !sent.as_str().contains("m4rk"), "{sent}");
            let mut claims = fake.claims(&parameter("nonce"));
            claims["iss"] = issuer(&fake).into();
            fake.give_out(&sign(&claims));
            let callback = format!("{}?state={}&code=1", parameter("redirect_uri"), parameter("state"));
            let answer = visitor.get(&callback).await;
            assert!(answer.signs_in(), "{target}: {}", answer.body);
            assert_eq!(answer.location().as_deref(), Some(end), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_hint_that_is_too_long_is_not_passed_on() {
    let (fake, latchkey) = world().await;
    for (length, is_sent) in [(256, true), (257, false)] {
        let parameters = format!("iss={}&login_hint={}", encoded(&fake.issuer), "a".repeat(length));
        let answer = initiate(&Visitor::new(), &latchkey, &Method::GET, "demo", &parameters).await;
        assert_eq!(answer.location().expect("a redirect").contains("login_hint=aaa"), is_sent, "{length}");
    }
}
