//! A provider that changes its signing keys, announced or not.

use crate::support::{source::On, visitor::Visitor, world::World};

on_both_sources! {
    keys_that_the_provider_rotates_stop_no_login,
    keys_that_were_replaced_before_the_login_are_fetched_at_once,
}

async fn keys_that_the_provider_rotates_stop_no_login(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    let rotate = async |keep_old: bool| {
        provider.control("POST", "rotate-keys", &serde_json::json!({"keepOld": keep_old})).await;
    };
    let alice = Visitor::new();
    let during = alice.come_back(&latchkey.at("login/demo"), "alice").await;
    rotate(true).await;
    assert!(alice.get(&during).await.signs_in(), "rotated during the login");
    alice.sign_in(&latchkey, "demo", "alice").await;
}

async fn keys_that_were_replaced_before_the_login_are_fetched_at_once(on: On) {
    let World { latchkey, provider } = World::start_on(on).await;
    provider.control("POST", "rotate-keys", &serde_json::json!({"keepOld": false})).await;
    Visitor::new().sign_in(&latchkey, "demo", "alice").await;
    let asked = provider.control("GET", "requests", &serde_json::json!({})).await;
    let before = asked["counts"]["jwks"].as_u64().expect("a count");
    // Again within the 30 seconds: the provider is not asked a second time, and the login is refused, not delayed.
    provider.control("POST", "rotate-keys", &serde_json::json!({"keepOld": false})).await;
    let answer = Visitor::new().try_to_sign_in(&latchkey, "demo", "alice").await;
    crate::support::refusal::must_be_refused("unknown again", &latchkey, &answer, 502, "id_token");
    let asked = provider.control("GET", "requests", &serde_json::json!({})).await;
    assert_eq!(asked["counts"]["jwks"].as_u64(), Some(before));
}
