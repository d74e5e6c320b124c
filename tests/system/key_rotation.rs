//! A provider that changes its signing keys, announced or not.

use serde_json::{Value, json};

use crate::support::{source::On, visitor::Visitor, world::World};

on_both_sources! {
    keys_that_the_provider_rotates_stop_no_login,
    keys_that_were_replaced_before_the_login_are_fetched_at_once,
    keys_that_take_the_names_of_others_are_believed_within_the_same_login,
}

async fn keys_that_the_provider_rotates_stop_no_login(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    let rotate = async |keep_old: bool| {
        provider.control("POST", "rotate-keys", &json!({"keepOld": keep_old})).await;
    };
    let alice = Visitor::new();
    let during = alice.come_back(&latchkey.at("login/demo"), "alice").await;
    rotate(true).await;
    assert!(alice.get(&during).await.signs_in(), "rotated during the login");
    alice.sign_in(&latchkey, "demo", "alice").await;
}

async fn keys_that_were_replaced_before_the_login_are_fetched_at_once(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    provider.control("POST", "rotate-keys", &json!({"keepOld": false})).await;
    Visitor::new().sign_in(&latchkey, "demo", "alice").await;
    let asked = provider.control("GET", "requests", &json!({})).await;
    let before = asked["counts"]["jwks"].as_u64().expect("a count");
    // Again within the 30 seconds: the provider is not asked a second time, and the login is refused, not delayed.
    provider.control("POST", "rotate-keys", &json!({"keepOld": false})).await;
    let answer = Visitor::new().try_to_sign_in(&latchkey, "demo", "alice").await;
    crate::support::refusal::must_be_refused("unknown again", &latchkey, &answer, 502, "id_token");
    let asked = provider.control("GET", "requests", &json!({})).await;
    assert_eq!(asked["counts"]["jwks"].as_u64(), Some(before));
}

/// What a `kid` names is the provider's to choose, also twice.
async fn keys_that_take_the_names_of_others_are_believed_within_the_same_login(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    let kids = async || {
        let keys = provider.control("GET", "public-keys", &Value::Null).await;
        keys.as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let (before, asked) = (kids().await, provider.requests("jwks").await.len());
    let alice = Visitor::new();
    let during = alice.come_back(&latchkey.at("login/demo"), "alice").await;
    provider.control("POST", "rotate-keys", &json!({"sameNames": true})).await;
    assert_eq!(kids().await, before);
    assert!(alice.get(&during).await.signs_in(), "replaced during the login");
    alice.sign_in(&latchkey, "demo", "alice").await;
    assert_eq!(provider.requests("jwks").await.len(), asked + 1, "and known from then on");
}
