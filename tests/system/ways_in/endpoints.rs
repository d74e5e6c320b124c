//! Where the provider is: what its metadata says, and what the manifest says instead.

use serde_json::{Value, json};

use crate::support::ways_in::{Way, WaysIn};

const MANUAL: &str = "issuer: ISSUER
  discovery: {mode: Manual}
  endpoints: {authorization: ISSUER/auth, token: ISSUER/token, jwks: ISSUER/jwks}";
const MANUAL_AND_PUSHED: &str = "issuer: ISSUER
  discovery: {mode: Manual}
  endpoints:
    authorization: ISSUER/auth
    token: ISSUER/token
    jwks: ISSUER/jwks
    userInfo: ISSUER/me
    pushedAuthorization: ISSUER/request";

#[tokio::test]
async fn alice_signs_in_without_any_discovery() {
    let ways = [
        Way { name: "manual", place: MANUAL, seen: json!({"pushed by": null}), ..Way::default() },
        Way { name: "manual-and-pushed", place: MANUAL_AND_PUSHED, ..Way::default() },
    ];
    let world = WaysIn::with(&ways).await;
    world.must_lead_in(&ways).await;
    assert_eq!(world.provider.requests("discovery").await, [Value::Null; 0]);
}

#[tokio::test]
async fn alice_signs_in_where_the_configuration_url_alone_is_known() {
    let place = "discovery: {url: ISSUER/.well-known/openid-configuration}";
    let ways = [Way { name: "configuration-url", place, ..Way::default() }];
    let world = WaysIn::with(&ways).await;
    world.must_lead_in(&ways).await;
    let status = world.latchkey.status("identityprovider", "configuration-url").await.expect("a status");
    assert_eq!(status["issuer"], world.provider.issuer);
}

/// A query of its own tells an endpoint of the manifest from the discovered one, which is at the same address.
#[tokio::test]
async fn an_endpoint_of_the_manifest_is_asked_instead_of_the_discovered_one() {
    let own = |name, place| Way { name, place, ..Way::default() };
    let ways = [
        own("authorization", "issuer: ISSUER\n  endpoints: {authorization: 'ISSUER/auth?by=manifest'}"),
        own("token", "issuer: ISSUER\n  endpoints: {token: 'ISSUER/token?by=manifest'}"),
        own("pushed", "issuer: ISSUER\n  endpoints: {pushedAuthorization: 'ISSUER/request?by=manifest'}"),
        own("jwks", "issuer: ISSUER\n  endpoints: {jwks: 'ISSUER/jwks?by=manifest'}"),
    ];
    let world = WaysIn::with(&ways).await;
    let by_manifest = |request: &Value| request["query"].as_array().expect("names").contains(&json!("by"));
    for way in &ways {
        world.must_lead_in(std::slice::from_ref(way)).await;
        for (name, endpoint) in
            [("authorization", "authorization"), ("token", "token"), ("pushed", "pushed_authorization_request")]
        {
            let asked = world.provider.requests(endpoint).await;
            let last = asked.last().expect("a request");
            assert_eq!(by_manifest(last), name == way.name, "{}: {last}", way.name);
        }
    }
    assert!(world.provider.requests("jwks").await.iter().any(by_manifest));
}
