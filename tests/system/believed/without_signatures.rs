//! `validateSignatures: false`: the provider's TLS certificate vouches for what comes straight from its token endpoint.

use serde_json::{Value, json};

use crate::support::{
    provider::CLIENT_SECRET,
    source::On,
    ways_in::{WITHOUT_KEYS, Way, WaysIn},
};

on_both_sources! {
    a_provider_whose_keys_nobody_knows_is_believed_by_its_token_endpoint,
}

async fn a_provider_whose_keys_nobody_knows_is_believed_by_its_token_endpoint(on: On) {
    let way = |name, algorithm: &str, listed: &str| Way {
        name,
        registered: json!({"client_secret": CLIENT_SECRET, "id_token_signed_response_alg": algorithm}),
        place: WITHOUT_KEYS,
        more: format!("  tokens: {{validateSignatures: false{listed}}}\n"),
        ..Way::default()
    };
    let ways = [way("rs256", "RS256", ""), way("hs256", "HS256", ", allowedAlgorithms: [HS256]")];
    let world = WaysIn::start(on, json!({})).await;
    world.open(&ways).await;
    for Way { name, .. } in &ways {
        let keys = world.latchkey.condition("identityprovider", name, "KeysUsable").await.expect("KeysUsable");
        assert_eq!((&*keys.status, &*keys.reason), ("True", "NotNeeded"), "{}", keys.message);
        assert_eq!(world.session_of("alice", name).await["userName"], "alice");
        let status = world.latchkey.status("identityprovider", name).await.expect("a status");
        assert_eq!(status.get("keys"), None);
    }
    assert_eq!(world.provider.requests("jwks").await, [Value::Null; 0]);
}

#[tokio::test]
async fn what_else_the_tokens_say_is_checked_all_the_same() {
    let unsigned = "  tokens: {validateSignatures: false}\n".to_owned();
    let world = WaysIn::start(On::Directory, json!({"lifetimes": {"IdToken": 10}})).await;
    world.open(&[Way { more: unsigned, ..Way::default() }]).await;
    world.provider.control("POST", "rotate-keys", &json!({"keepOld": false})).await;
    assert_eq!(world.session_of("alice", "demo").await["userName"], "alice", "by keys that were never fetched");
    world.provider.control("POST", "clock", &json!({"ahead": -20})).await;
    world.refuses_alice("demo", "id_token", "exp_over").await;
}
