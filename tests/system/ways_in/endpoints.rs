//! Where the provider is: what its metadata says, and what the manifest says instead.

use serde_json::{Value, json};

use crate::support::{
    source::On,
    ways_in::{Way, WaysIn},
};

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

/// A query of its own tells an endpoint from the discovered one, which is elsewhere at the same address.
#[tokio::test]
async fn an_endpoint_of_the_manifest_is_asked_instead_of_the_discovered_one() {
    let cases = [
        ("authorization", "auth", "authorization"),
        ("token", "token", "token"),
        ("jwks", "jwks", "jwks"),
        ("pushedAuthorization", "request", "pushed_authorization_request"),
    ];
    for (field, path, endpoint) in cases {
        let place = format!("issuer: ISSUER\n  endpoints: {{{field}: 'ISSUER/{path}?by=manifest'}}");
        let ways = [Way { name: "demo", place: place.leak(), ..Way::default() }];
        let world = WaysIn::start(On::Directory, json!({})).await;
        world.open(&ways).await;
        world.must_lead_in(&ways).await;
        for other in ["authorization", "token", "jwks", "pushed_authorization_request"] {
            let asked = world.provider.requests(other).await;
            assert!(!asked.is_empty(), "{field}: {other}");
            let by_manifest =
                asked.iter().all(|request| request["query"].as_array().expect("names").contains(&json!("by")));
            assert_eq!(by_manifest, other == endpoint, "{field}: {asked:#?}");
        }
    }
}
