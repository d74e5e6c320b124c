//! ID tokens that are signed with the client secret (OpenID Connect Core 1.0, section 10.1).

use serde_json::{Value, json};

use crate::support::{
    manifests,
    provider::CLIENT_SECRET,
    source::On,
    ways_in::{Way, WaysIn},
};

const LONG: &str = "a-client-secret-of-a-test-that-is-longer-than-48-bytes";
const LONGER: &str = "the-client-secret-of-a-test-that-takes-the-place-of-that-one";

on_both_sources! {
    a_secret_that_is_too_short_to_sign_with_is_told_before_any_login,
}

fn known_by(secret: &str) -> Way {
    Way {
        registered: json!({"client_secret": secret, "id_token_signed_response_alg": "HS384"}),
        client: "{id: NAME, secretRef: SECRET, previousSecretRef: {name: demo-client, key: previous}}",
        more: "  tokens: {allowedAlgorithms: [HS384]}\n".to_owned(),
        ..Way::default()
    }
}

async fn a_secret_that_is_too_short_to_sign_with_is_told_before_any_login(on: On) {
    let alone = |secret| Way { client: Way::default().client, ..known_by(secret) };
    let world = WaysIn::start(on, json!({})).await;
    world.register(&[alone(CLIENT_SECRET)]).await;
    world.write(&alone(CLIENT_SECRET)).await;
    let wanted = ["ResolvedRefs", "False", "SecretNotUsable"];
    let message = world.latchkey.wait_for_condition("identityprovider", "demo", wanted).await;
    assert!(message.contains("HS384") && message.contains("48 bytes") && !message.contains(CLIENT_SECRET), "{message}");

    world.latchkey.write("secret.yaml", &manifests::secret(LONG)).await;
    world.open(&[alone(LONG)]).await;
    let keys = world.latchkey.condition("identityprovider", "demo", "KeysUsable").await.expect("KeysUsable");
    assert_eq!((&*keys.status, &*keys.reason), ("True", "NotNeeded"), "{}", keys.message);
    assert_eq!(world.session_of("alice", "demo").await["userName"], "alice");
    assert_eq!(world.provider.requests("jwks").await, [Value::Null; 0]);
}

#[tokio::test]
async fn while_the_secret_rotates_tokens_that_are_signed_with_either_are_believed() {
    let world = WaysIn::start(On::Directory, json!({})).await;
    let both = manifests::secret(LONGER).replace("{client-secret: ", &format!("{{previous: {LONG}, client-secret: "));
    world.latchkey.write("secret.yaml", &both).await;
    world.open(&[known_by(LONG)]).await;
    assert_eq!(world.session_of("alice", "demo").await["userName"], "alice");
    world.register(&[known_by(LONGER)]).await;
    assert_eq!(world.session_of("alice", "demo").await["userName"], "alice");
}
