//! The keys that access tokens are signed with, from outside: what is published, and what happens when the store fails.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    access_token::{published_keys, verified},
    database::Database,
    latchkey::Latchkey,
    visitor::Visitor,
    world::World,
};

fn kids(keys: &Value) -> BTreeSet<String> {
    let keys = keys["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

async fn token(visitor: &Visitor, latchkey: &Latchkey) -> String {
    let answer = visitor.get(&latchkey.url("o/default/auth?token=true")).await;
    assert_eq!(answer.status, 200);
    answer.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token").to_owned()
}

#[tokio::test]
async fn metadata_and_keys_say_all_that_an_api_needs_and_may_be_kept_for_a_quarter_of_an_hour() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let metadata = latchkey.url(".well-known/oauth-authorization-server/o/default");
    let keys = latchkey.url("o/default/.well-known/jwks.json");
    for url in [&metadata, &keys] {
        for method in [Method::GET, Method::HEAD] {
            let answer = Visitor::new().request(method, url, Default::default(), None).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{url}");
            assert_eq!(answer.header("cache-control"), Some("public, max-age=900"));
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert!(answer.set_cookies().is_empty());
        }
        assert_eq!(Visitor::new().post(url, &[]).await.status, 405);
    }
    let expected = json!({
        "issuer": latchkey.url("o/default"),
        "token_endpoint": latchkey.url("o/default/token"),
        "jwks_uri": keys,
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "response_types_supported": [],
    });
    assert_eq!(Visitor::new().get(&metadata).await.json(), expected);
    let status = latchkey.status("organization", "default").await.expect("a status");
    assert_eq!([&status["tokenURL"], &status["jwksURI"]], [&expected["token_endpoint"], &expected["jwks_uri"]]);
    let published = published_keys(latchkey).await;
    let key = published["keys"].as_array().filter(|keys| keys.len() == 1).expect("one key")[0].clone();
    let members: BTreeSet<_> = key.as_object().expect("a key").keys().map(String::as_str).collect();
    assert_eq!(members, BTreeSet::from(["alg", "crv", "kid", "kty", "use", "x", "y"]), "nothing private");

    for id in ["nobody", "DEFAULT", "default%2F", "%FF"] {
        for url in [format!("o/{id}/.well-known/jwks.json"), format!(".well-known/oauth-authorization-server/o/{id}")] {
            let answer = Visitor::new().get(&latchkey.url(&url)).await;
            assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")), "{url}");
            // What is no text reaches no endpoint, and has a page.
            let json = answer.header("content-type") == Some("application/json");
            assert!(json || id == "%FF", "{url}: {}", answer.body);
            assert!(!answer.body.contains(id), "{url}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn while_the_store_fails_at_first_use_there_is_no_token_and_later_there_is() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let database = Database::of(latchkey).await;
    database.run("ALTER TABLE keys RENAME TO away", &[]).await;
    for _ in 0..3 {
        let answer = alice.get(&latchkey.url("o/default/auth?token=true&login=redirect")).await;
        assert_eq!((answer.status, answer.body.as_str()), (403, ""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-auth-request-user"), None);
        let answer = alice.get(&latchkey.url("o/default/.well-known/jwks.json")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (503, Some("no-store")));
    }
    assert_eq!(alice.get(&latchkey.url("o/default/auth")).await.status, 200, "who demands no token needs no key");
    let told = "the keys that access tokens are signed with could not be made or read";
    assert_eq!(latchkey.log().matches(told).count(), 1, "once");

    database.run("ALTER TABLE away RENAME TO keys", &[]).await;
    let (token, issuer) = (token(&alice, latchkey).await, latchkey.url("o/default"));
    assert!(verified(&token, &published_keys(latchkey).await, &issuer, &issuer).is_some());
    // From now on memory is enough.
    database.run("ALTER TABLE keys RENAME TO away", &[]).await;
    assert_eq!(alice.get(&latchkey.url("o/default/auth?token=true")).await.status, 200);
    assert_eq!(kids(&published_keys(latchkey).await).len(), 1);
}
