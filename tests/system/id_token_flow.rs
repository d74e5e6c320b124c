//! `responseType: IdToken`: the ID token comes by form post. What is refused there: `refusals/callback.rs`.

use serde_json::json;

use crate::support::{
    fake::{Fake, TOKEN, sign},
    latchkey::{Latchkey, MANY_VISITORS},
    refusal::must_be_refused,
    visitor::{Begun, Visitor},
};

/// A client without a secret, at a provider without a token endpoint.
async fn world() -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    fake.withdraw("token_endpoint");
    fake.announce("response_types_supported", json!(["id_token"]));
    let manifest = format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: rogue}}\nspec:\n  displayName: Rogue\n  issuer: {}\n  client: {{id: latchkey}}\n  authorization: {{responseType: IdToken}}\n",
        fake.issuer
    );
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[("provider.yaml", &manifest)]).await;
    latchkey.wait_until_ready("rogue").await;
    (fake, latchkey)
}

/// The redirect URI and the state of an attempt.
fn place(begun: &Begun) -> (String, String) {
    let (address, query) = begun.callback.split_once('?').expect("a query");
    let state = query.strip_prefix("state=").and_then(|query| query.split('&').next()).expect("a state");
    (address.to_owned(), state.to_owned())
}

#[tokio::test]
async fn an_id_token_counts_once_and_in_the_browser_that_asked() {
    let (fake, latchkey) = world().await;
    let alice = Visitor::new();
    let begun = alice.begin(&latchkey, "rogue").await;
    let (address, state) = place(&begun);
    let token = sign(&fake.claims(&begun.nonce));
    let form = [("id_token", &*token), ("state", &*state)];
    must_be_refused("no cookie", &latchkey, &Visitor::new().post(&address, &form).await, 400, "no_attempt");
    assert!(alice.post(&address, &form).await.signs_in());
    assert_eq!(fake.count(TOKEN), 0);
    must_be_refused("again", &latchkey, &alice.post(&address, &form).await, 400, "no_attempt");
}
