//! Providers that are absent, slow, broken or lying: the status says which and what to do, nobody else suffers, and
//! what mends itself is Ready without an edit. Documents that are wrong: `refusals/discovery.rs` and `refusals/keys.rs`.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    fake::{DISCOVERY, Fake, Reply},
    latchkey::{Latchkey, free_port},
    manifests,
    refusal::{MARK, nothing_is_repeated},
    source::On,
    wait_for,
};

on_both_sources! {
    a_document_of_another_issuer_needs_a_person,
    a_provider_that_comes_up_late_becomes_ready_without_an_edit,
    a_provider_that_never_answers_times_out_while_others_are_ready_at_once,
    a_provider_that_does_not_offer_what_the_manifest_asks_for_is_incompatible,
    a_provider_that_fails_later_goes_on_serving_and_says_so,
}

const IDP: &str = "identityprovider";

/// Latchkey with providers by name, issuer and more lines of the spec.
async fn latchkey_with(on: On, providers: &[(&str, &str, &str)]) -> Latchkey {
    let latchkey = Latchkey::start_on(on, &[("secret.yaml", &manifests::usual_secret())]).await;
    write(&latchkey, providers).await;
    latchkey
}

async fn write(latchkey: &Latchkey, providers: &[(&str, &str, &str)]) {
    for (name, issuer, more) in providers {
        latchkey.write(&format!("{name}.yaml"), &manifests::provider(name, issuer, more)).await;
    }
}

/// Ready is False for `reason`, and kstatus sees `kind` (Stalled or Reconciling) alone.
async fn held_back(latchkey: &Latchkey, name: &str, reason: &str, kind: &str) -> String {
    let message = latchkey.wait_for_condition(IDP, name, ["Ready", "False", reason]).await;
    assert_eq!(latchkey.condition(IDP, name, kind).await.expect(kind).reason, reason);
    let other = if kind == "Stalled" { "Reconciling" } else { "Stalled" };
    assert_eq!(latchkey.condition(IDP, name, other).await, None, "{name}");
    message
}

async fn a_document_of_another_issuer_needs_a_person(on: On) {
    let (other, slash) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(on, &[]).await;
    let with_slash = format!("{}/", slash.issuer);
    for (name, fake, found) in [("other", &other, "https://elsewhere.example"), ("slash", &slash, &with_slash)] {
        fake.announce("issuer", found);
        write(&latchkey, &[(name, &fake.issuer, "")]).await;
        let message = held_back(&latchkey, name, "IssuerMismatch", "Stalled").await;
        assert!(message.contains(&format!("{found:?}")) && message.contains("spec.issuer"), "{message}");
    }
    // Either side can mend it: the provider, or the manifest.
    other.behave(DISCOVERY);
    latchkey.edit("slash.yaml", &slash.issuer, &with_slash).await;
    latchkey.wait_until_ready("other").await;
    latchkey.wait_until_ready("slash").await;
}

async fn a_provider_that_comes_up_late_becomes_ready_without_an_edit(on: On) {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], free_port()));
    let latchkey = latchkey_with(on, &[("late", &format!("http://{address}"), "")]).await;
    held_back(&latchkey, "late", "ConnectFailed", "Reconciling").await;
    let uri = latchkey.status(IDP, "late").await.expect("a status")["redirectURI"].clone();
    assert_eq!(uri, latchkey.at("callback/late"), "it can be registered before");
    let _fake = Fake::start_at(address).await;
    latchkey.wait_until_ready("late").await;
    assert_eq!(latchkey.condition(IDP, "late", "Reconciling").await, None);
}

async fn a_provider_that_never_answers_times_out_while_others_are_ready_at_once(on: On) {
    let (slow, quick) = (Fake::start().await, Fake::start().await);
    slow.answer(DISCOVERY, Reply::Held);
    let latchkey = latchkey_with(on, &[("slow", &slow.issuer, "")]).await;
    wait_for("the slow one is asked", async || (slow.count(DISCOVERY) > 0).then_some(())).await;
    write(&latchkey, &[("quick", &quick.issuer, "")]).await;
    let ready = ["Ready", "True", "Succeeded"];
    latchkey.wait_within_for_condition(Duration::from_secs(3), IDP, "quick", ready).await;
    assert_ne!(latchkey.condition(IDP, "slow", "Ready").await.map(|ready| ready.status), Some("True".to_owned()));
    held_back(&latchkey, "slow", "Timeout", "Reconciling").await;
}

async fn a_provider_that_does_not_offer_what_the_manifest_asks_for_is_incompatible(on: On) {
    let latchkey = latchkey_with(on, &[]).await;
    let pkce = ("authorization: {", "authorization: {pkce: Required, ");
    let post = ("client: {", "client: {authMethod: ClientSecretPost, ");
    let none = ("", "");
    let cases = [
        ("flow", "response_types_supported", json!(["id_token"]), none),
        ("pkce", "code_challenge_methods_supported", json!(["plain"]), pkce),
        ("alg", "id_token_signing_alg_values_supported", json!(["HS256"]), none),
        ("method", "token_endpoint_auth_methods_supported", json!(["client_secret_basic"]), post),
    ];
    for (name, member, value, (from, to)) in cases {
        let fake = Fake::start().await;
        fake.announce(member, value);
        let manifest = manifests::provider(name, &fake.issuer, "").replacen(from, to, 1);
        latchkey.write(&format!("{name}.yaml"), &manifest).await;
        let message = held_back(&latchkey, name, "Incompatible", "Stalled").await;
        assert!(message.contains(member), "{message}");
    }
}

async fn a_provider_that_fails_later_goes_on_serving_and_says_so(on: On) {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(on, &[("demo", &fake.issuer, "  discovery: {interval: 1s}\n")]).await;
    latchkey.wait_until_ready("demo").await;
    fake.answer(DISCOVERY, Reply::status(500, MARK));
    latchkey.wait_for_condition(IDP, "demo", ["ServingStale", "True", "HTTPStatus"]).await;
    let ready = latchkey.condition(IDP, "demo", "Ready").await.expect("Ready");
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("True", "Succeeded"));
    let login = crate::support::visitor::Visitor::new().get(&latchkey.at("login/demo")).await;
    assert_eq!(login.status, 303, "logins go on");
    nothing_is_repeated(&latchkey, "demo").await;
    fake.behave(DISCOVERY);
    wait_for("it is as before", async || latchkey.condition(IDP, "demo", "ServingStale").await.is_none().then_some(()))
        .await;
    assert_eq!(latchkey.condition(IDP, "demo", "Ready").await, Some(ready), "Ready never moved");
}
