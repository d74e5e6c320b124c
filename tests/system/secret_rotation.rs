//! Two client secrets overlap: no login fails, and the status says which one the provider accepts.

use serde_json::json;

use crate::support::{
    fake::{Fake, PAR, Reply, TOKEN, sign, tokens},
    latchkey::Latchkey,
    refusal::{MARK, must_be_refused, nothing_is_repeated},
    source::On,
    visitor::{Answer, Visitor},
};

const IDP: &str = "identityprovider";
const PREVIOUS: &str = ", previousSecretRef: {name: rotating, key: previous}";

fn provider(issuer: &str, previous: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: demo}}\nspec:\n  displayName: Demo\n  issuer: {issuer}\n  client: {{id: latchkey, secretRef: {{name: rotating, key: current}}{previous}}}\n"
    )
}

fn secret(current: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: rotating, labels: {{latchkey.dev/usable: \"true\"}}}}\nstringData: {{current: {current}, previous: the-0ld-secret}}\n"
    )
}

/// A login at a provider that refuses the client so often before it takes a credential.
async fn login(fake: &Fake, latchkey: &Latchkey, refusals: usize) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "demo").await;
    let body = json!({"error": "invalid_client", "error_description": MARK}).to_string();
    let refused = std::iter::repeat_n(Reply::status(401, &body), refusals);
    fake.answer_in_turn(TOKEN, refused.chain([tokens(&sign(&fake.claims(&begun.nonce)))]));
    visitor.get(&begun.callback).await
}

async fn accepted(latchkey: &Latchkey, status: &str, reason: &str, message: &str) {
    let said = latchkey.wait_for_condition(IDP, "demo", ["ClientAccepted", status, reason]).await;
    // Two of them have one status and reason.
    crate::support::wait_for(&format!("{message:?} in {said:?}"), async || {
        let condition = latchkey.condition(IDP, "demo", "ClientAccepted").await?;
        condition.message.contains(message).then_some(())
    })
    .await;
}

on_both_sources! {
    the_status_says_which_of_two_secrets_is_in_force,
    a_provider_that_knows_neither_secret_is_stalled_and_recovers_by_itself,
}

async fn the_status_says_which_of_two_secrets_is_in_force(on: On) {
    let fake = Fake::start().await;
    let files = [("secret.yaml", &*secret("the-n3w-secret")), ("provider.yaml", &provider(&fake.issuer, PREVIOUS))];
    let latchkey = Latchkey::start_on(on, &files).await;
    latchkey.wait_until_ready("demo").await;
    accepted(&latchkey, "Unknown", "NotProbed", "No login has shown yet").await;
    let ready = latchkey.condition(IDP, "demo", "Ready").await;

    assert!(login(&fake, &latchkey, 1).await.signs_in(), "the previous secret does");
    accepted(&latchkey, "True", "Succeeded", "accepted that of spec.client.previousSecretRef").await;
    assert!(login(&fake, &latchkey, 0).await.signs_in());
    accepted(&latchkey, "True", "Succeeded", "spec.client.previousSecretRef can be removed").await;
    assert_eq!(latchkey.condition(IDP, "demo", "Ready").await, ready, "Ready never moved");

    latchkey.edit("provider.yaml", PREVIOUS, "").await;
    crate::support::wait_for("nothing is said of one secret", async || {
        latchkey.condition(IDP, "demo", "ClientAccepted").await.is_none().then_some(())
    })
    .await;
    no_secret_is_told(&latchkey).await;
}

async fn a_provider_that_knows_neither_secret_is_stalled_and_recovers_by_itself(on: On) {
    let fake = Fake::start().await;
    let files = [("secret.yaml", &*secret("the-n3w-secret")), ("provider.yaml", &provider(&fake.issuer, PREVIOUS))];
    let latchkey = Latchkey::start_on(on, &files).await;
    latchkey.wait_until_ready("demo").await;

    let answer = login(&fake, &latchkey, 2).await;
    must_be_refused("neither", &latchkey, &answer, 502, "code_exchange");
    accepted(&latchkey, "False", "InvalidClient", "spec.client.secretRef").await;
    latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "InvalidClient"]).await;
    assert!(latchkey.condition(IDP, "demo", "Stalled").await.is_some());
    assert!(latchkey.condition(IDP, "demo", "Reconciling").await.is_none());
    let status = latchkey.status(IDP, "demo").await.expect("a status");
    assert_eq!(status["servingGeneration"], status["observedGeneration"], "it goes on being served");

    // The provider takes the new secret after all.
    assert!(login(&fake, &latchkey, 0).await.signs_in());
    accepted(&latchkey, "True", "Succeeded", "can be removed").await;
    latchkey.wait_until_ready("demo").await;

    // Both are wrong again, and somebody mends the Secret.
    must_be_refused("neither again", &latchkey, &login(&fake, &latchkey, 2).await, 502, "code_exchange");
    latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "InvalidClient"]).await;
    latchkey.write("secret.yaml", &secret("the-r1ght-secret")).await;
    accepted(&latchkey, "Unknown", "NotProbed", "No login has shown yet").await;
    latchkey.wait_until_ready("demo").await;
    assert!(login(&fake, &latchkey, 0).await.signs_in());
    accepted(&latchkey, "True", "Succeeded", "can be removed").await;
    no_secret_is_told(&latchkey).await;
}

/// The endpoint of pushed requests tells as well as the token endpoint does.
#[tokio::test]
async fn a_pushed_request_shows_the_previous_secret_where_the_new_one_is_refused() {
    let fake = Fake::start().await;
    fake.announce("pushed_authorization_request_endpoint", format!("{}{PAR}", fake.issuer));
    let files = [("secret.yaml", &*secret("the-n3w-secret")), ("provider.yaml", &provider(&fake.issuer, PREVIOUS))];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    let refusal = Reply::status(401, &json!({"error": "invalid_client", "error_description": MARK}).to_string());
    let begin = async || Visitor::new().get(&latchkey.at("login/demo")).await;

    fake.answer(PAR, refusal.clone());
    must_be_refused("neither", &latchkey, &begin().await, 502, "pushed_request");
    accepted(&latchkey, "False", "InvalidClient", "spec.client.secretRef").await;
    let taken = Reply::json(&json!({"request_uri": "urn:example:1", "expires_in": 60}));
    fake.answer_in_turn(PAR, [refusal, taken]);
    assert_eq!(begin().await.status, 303);
    accepted(&latchkey, "True", "Succeeded", "accepted that of spec.client.previousSecretRef").await;
    assert_eq!(begin().await.status, 303);
    accepted(&latchkey, "True", "Succeeded", "can be removed").await;
    no_secret_is_told(&latchkey).await;
}

async fn no_secret_is_told(latchkey: &Latchkey) {
    nothing_is_repeated(latchkey, "demo").await;
    let status = latchkey.status(IDP, "demo").await.expect("a status").to_string();
    for text in [latchkey.log(), status] {
        for secret in ["the-n3w-secret", "the-0ld-secret", "the-r1ght-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
