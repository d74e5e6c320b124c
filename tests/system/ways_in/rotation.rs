//! Two secrets, while one takes the place of the other.

use serde_json::json;

use crate::support::{
    manifests,
    source::On,
    visitor::Visitor,
    wait_for,
    ways_in::{Way, WaysIn},
};

const OLD: &str = "the-old-client-secret-of-a-test";
const NEW: &str = "the-new-client-secret-of-a-test";
const ALONE: &str = "client: {id: demo, secretRef: {name: demo-client, key: client-secret}}";
const BOTH: &str = "client:
    id: demo
    secretRef: {name: demo-client, key: client-secret}
    previousSecretRef: {name: demo-client, key: previous}";

on_both_sources! {
    no_login_fails_while_a_client_secret_rotates,
}

async fn no_login_fails_while_a_client_secret_rotates(on: On) {
    let world = WaysIn::start(on, json!({})).await;
    world.latchkey.write("secret.yaml", &manifests::secret(OLD)).await;
    world.open(&[known_by(OLD)]).await;
    let others = async {
        loop {
            Visitor::new().sign_in(&world.latchkey, "demo", "bob").await;
        }
    };
    tokio::select! {
        () = rotate(&world) => {}
        () = others => {}
    }
}

fn known_by(secret: &str) -> Way {
    Way { registered: json!({"client_secret": secret}), ..Way::default() }
}

/// As an administrator does it, step by step, while people sign in.
async fn rotate(world: &WaysIn) {
    let WaysIn { latchkey, .. } = world;
    alice_signs_in(world).await;
    assert_eq!(latchkey.condition("identityprovider", "demo", "ClientAccepted").await, None);

    // The old secret stands beside the one in use before that changes.
    latchkey.write("secret.yaml", &two_secrets(OLD, OLD)).await;
    latchkey.edit("demo.yaml", ALONE, BOTH).await;
    the_status_says(world, "spec.client.previousSecretRef").await;
    latchkey.write("secret.yaml", &two_secrets(NEW, OLD)).await;
    alice_signs_in(world).await;
    the_status_says(world, "refused that of spec.client.secretRef and accepted that of").await;

    world.register(&[known_by(NEW)]).await;
    alice_signs_in(world).await;
    the_status_says(world, "accepted that of spec.client.secretRef: spec.client.previousSecretRef can be").await;
    latchkey.edit("demo.yaml", BOTH, ALONE).await;
    wait_for("nothing is said of a previous secret", async || {
        latchkey.condition("identityprovider", "demo", "ClientAccepted").await.is_none().then_some(())
    })
    .await;
    latchkey.write("secret.yaml", &manifests::secret(NEW)).await;
    alice_signs_in(world).await;
}

async fn alice_signs_in(world: &WaysIn) {
    let page = world.somebody().await;
    page.goto(&world.login("demo")).await;
    page.sign_in_at_provider("alice").await;
    world.alice_is_in(&page, "demo").await;
}

async fn the_status_says(world: &WaysIn, what: &str) {
    wait_for(what, async || {
        let accepted = world.latchkey.condition("identityprovider", "demo", "ClientAccepted").await?;
        accepted.message.contains(what).then_some(())
    })
    .await;
    world.latchkey.wait_until_ready("demo").await;
}

/// The Secret `demo-client` with what is and what was.
fn two_secrets(current: &str, previous: &str) -> String {
    manifests::secret(current).replace("{client-secret: ", &format!("{{previous: {previous}, client-secret: "))
}
