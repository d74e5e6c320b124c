//! Signing out at the provider without the browser, and where there is no provider to sign out at.

use serde_json::json;

use super::{END_SESSION, beside, signs_in, target};
use crate::support::{
    fake::{Fake, Reply},
    latchkey::Latchkey,
    manifests,
    provider::CLIENT_ID,
    visitor::Visitor,
    wait_for,
};

/// Latchkey with a provider of the tests' own that has an end-session endpoint, in mode Backchannel.
async fn called_by_latchkey(fake: &Fake) -> Latchkey {
    fake.announce("end_session_endpoint", format!("{}{END_SESSION}?tenant=1", fake.issuer));
    fake.answer(END_SESSION, Reply::text("text/plain", "bye m4rk"));
    beside(fake, "  logout: {mode: Backchannel}\n").await
}

#[tokio::test]
async fn in_mode_backchannel_latchkey_calls_the_provider_itself_with_the_id_token() {
    let fake = Fake::start().await;
    let latchkey = called_by_latchkey(&fake).await;
    let mallory = Visitor::new();
    let id_token = signs_in(&latchkey, &fake, &mallory, |_| {}).await;
    assert_eq!(target(&latchkey, &mallory).await, latchkey.at("logout?done"), "the browser is not sent there");
    let [asked] = &fake.requests(END_SESSION)[..] else { panic!("one call") };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.query, [pair("tenant", "1"), pair("client_id", CLIENT_ID), pair("id_token_hint", &id_token)]);
    assert!(!latchkey.log().contains("could not be ended"), "{}", latchkey.log());

    fake.answer(END_SESSION, Reply::redirect("https://m4rk.example/"));
    signs_in(&latchkey, &fake, &mallory, |_| {}).await;
    assert_eq!(target(&latchkey, &mallory).await, latchkey.at("logout?done"), "a redirect is followed by nobody");
    assert!(!latchkey.log().contains("could not be ended"), "{}", latchkey.log());
}

#[tokio::test]
async fn a_provider_that_cannot_be_called_delays_nobody_for_long_and_is_logged_once() {
    let fake = Fake::start().await;
    let latchkey = called_by_latchkey(&fake).await;
    let mallory = Visitor::new();
    let failures = || latchkey.log().lines().filter(|line| line.contains("could not be ended")).count();
    // A page is for a person, who is to say yes first.
    let page = Reply::text("Text/HTML; charset=utf-8", "<p>Sign out? m4rk");
    let failing = [Reply::status(500, "m4rk"), page, Reply::Held];
    for (number, reply) in failing.into_iter().enumerate() {
        let id_token = signs_in(&latchkey, &fake, &mallory, |_| {}).await;
        fake.answer(END_SESSION, reply);
        let began = std::time::Instant::now();
        assert_eq!(target(&latchkey, &mallory).await, latchkey.at("logout?done"));
        assert!(began.elapsed().as_secs() < 9, "{:?}", began.elapsed());
        wait_for("it is logged", async || (failures() == number + 1).then_some(())).await;
        let log = latchkey.log();
        assert!(!log.contains("id_token_hint") && !log.contains(&id_token) && !log.contains("m4rk"), "{log}");
        assert!(!log.contains(END_SESSION), "{log}");
    }
    assert!(latchkey.log().contains("within 5 seconds"), "{}", latchkey.log());
}

#[tokio::test]
async fn latchkey_s_call_trusts_the_ca_bundle_of_the_manifest_and_goes_through_the_egress_guard() {
    let (fake, certificate) = Fake::start_tls().await;
    fake.answer(END_SESSION, Reply::text("text/plain", "bye"));
    let at = |url: &str| {
        let more = format!(
            "  tls: {{caBundleRef: {{kind: ConfigMap, name: ca, key: ca.crt}}}}\n  logout: {{mode: Backchannel, endSessionURL: \"{url}\"}}\n"
        );
        manifests::provider("demo", &fake.issuer, &more)
    };
    let ca = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": certificate},
        "metadata": {"name": "ca", "labels": {"latchkey.dev/usable": "true"}},
    });
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &at(&format!("{}{END_SESSION}", fake.issuer))),
        ("secret.yaml", &manifests::usual_secret()),
        ("ca.yaml", &ca.to_string()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    let mallory = Visitor::new();
    signs_in(&latchkey, &fake, &mallory, |_| {}).await;
    target(&latchkey, &mallory).await;
    assert_eq!(fake.count(END_SESSION), 1, "{}", latchkey.log());

    latchkey.write("provider.yaml", &at("https://169.254.169.254/logout")).await;
    wait_for("the manifest is served", async || {
        let status = latchkey.status("identityprovider", "demo").await?;
        (status["servingGeneration"] == 2).then_some(())
    })
    .await;
    signs_in(&latchkey, &fake, &mallory, |_| {}).await;
    assert_eq!(target(&latchkey, &mallory).await, latchkey.at("logout?done"));
    assert!(latchkey.log().contains("is not dialled"), "{}", latchkey.log());
    let (_, metrics) = latchkey.management("metrics").await;
    assert!(metrics.contains("latchkey_logouts_total{provider=\"default/demo\",by=\"person\"} 2"), "{metrics}");
}

#[tokio::test]
async fn while_the_provider_is_not_served_signing_out_is_local_and_leads_to_its_page() {
    let fake = Fake::start().await;
    let more = "  logout: {pageURL: \"https://example.com/goodbye\"}\n";
    fake.announce("end_session_endpoint", format!("{}{END_SESSION}", fake.issuer));
    let latchkey = beside(&fake, more).await;
    let mallory = Visitor::new();
    signs_in(&latchkey, &fake, &mallory, |_| {}).await;
    latchkey.write("secret.yaml", &manifests::usual_secret().replace("\"true\"", "\"false\"")).await;
    latchkey.wait_for_condition("identityprovider", "demo", ["Ready", "False", "SecretNotUsable"]).await;
    assert!(mallory.session(&latchkey).await.is_some());
    assert_eq!(target(&latchkey, &mallory).await, "https://example.com/goodbye");
}
