//! A real ingress in front of an application: nginx asks Latchkey about every request.

use reqwest::{
    Method,
    header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue},
};
use serde_json::json;

use crate::support::{
    AT_ONCE,
    access_token::{published_keys, verified},
    nginx::Nginx,
    visitor::{Answer, Visitor},
    wait_within,
    world::World,
};

/// A request to the application with the cookies that a visitor has from Latchkey: browsers send them to every port
/// of a host. It claims to be somebody else.
async fn ask(world: &World, nginx: &Nginx, visitor: &Visitor, method: Method, path: &str) -> Answer {
    let cookies = visitor.cookie_header(&world.latchkey.url("").parse().expect("a URL"));
    let mut headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&cookies).expect("a value"))]);
    for name in ["x-auth-request-user", "x-auth-request-email", "x-auth-request-roles", "x-auth-request-groups"] {
        headers.insert(name, HeaderValue::from_static("forged"));
    }
    if path.starts_with("/api") {
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer forged"));
    }
    let body = (method == Method::POST).then(|| "a=b".repeat(1000));
    visitor.request(method, &format!("{}{path}", nginx.url), headers, body).await
}

#[tokio::test]
async fn nginx_lets_through_whom_latchkey_knows_and_tells_the_application_who_it_is() {
    let world = World::start().await;
    let nginx = Nginx::start(&world.latchkey).await;
    let (alice, bob, nobody) = (Visitor::new(), Visitor::new(), Visitor::new());
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    bob.sign_in(&world.latchkey, "demo", "bob").await;

    let answer = ask(&world, &nginx, &nobody, Method::GET, "/some/path?a=b").await;
    let sign_in = format!("{}?return_to={}/some/path?a=b", world.latchkey.url("o/default/login"), nginx.url);
    assert_eq!((answer.status, answer.location()), (302, Some(sign_in)));
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let answer = ask(&world, &nginx, &alice, method, "/some/path?a=b").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let seen = answer.json();
        assert_eq!(seen["x-auth-request-preferred-username"], "alice");
        assert_eq!(seen["x-auth-request-email"], "alice@example.com");
        assert_eq!(seen["x-auth-request-roles"], "admin,viewer");
        assert_eq!(seen["x-auth-request-groups"], "builders,everyone");
        assert_eq!(seen["x-auth-request-administrator"], "true");
        assert!(!answer.body.contains("forged"), "{}", answer.body);
    }
    assert_eq!(ask(&world, &nginx, &alice, Method::GET, "/admin").await.status, 200);
    assert_eq!(ask(&world, &nginx, &bob, Method::GET, "/admin").await.status, 403);

    // Somebody whom no mapper gives anything: the headers are empty, and what the client sent is not in their place.
    world.latchkey.remove("mappers.yaml").await;
    let what = "bob has no roles any more";
    let seen = wait_within(AT_ONCE, what, async || {
        let seen = ask(&world, &nginx, &bob, Method::GET, "/").await.json();
        (seen["x-auth-request-roles"] != "viewer").then_some(seen)
    })
    .await;
    assert!(!seen.to_string().contains("forged"), "{seen}");
    assert_eq!(seen["x-auth-request-administrator"], json!("false"));

    world.latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true").await;
    wait_within(AT_ONCE, "nobody is let through", async || {
        (ask(&world, &nginx, &alice, Method::GET, "/").await.status == 302).then_some(())
    })
    .await;
}

#[tokio::test]
async fn behind_nginx_an_api_gets_a_token_that_it_can_verify_by_itself_and_no_other() {
    let world = World::start().await;
    let nginx = Nginx::start(&world.latchkey).await;
    let alice = Visitor::new();
    assert_eq!(ask(&world, &nginx, &alice, Method::GET, "/api").await.status, 401);
    alice.sign_in(&world.latchkey, "demo", "alice").await;
    let (issuer, keys) = (world.latchkey.url("o/default"), published_keys(&world.latchkey).await);
    for method in [Method::GET, Method::POST] {
        let answer = ask(&world, &nginx, &alice, method, "/api/things?token=false").await;
        let seen = answer.json();
        let token = seen["authorization"].as_str().and_then(|value| value.strip_prefix("Bearer ")).expect("a token");
        let claims = verified(token, &keys, &issuer, &issuer).expect("claims");
        assert_eq!((&claims["userName"], &claims["roles"]), (&json!("alice"), &json!(["admin", "viewer"])));
    }
}
