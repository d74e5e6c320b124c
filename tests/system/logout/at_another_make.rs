//! Signing out at a provider of another make, which asks nobody who brings a hint.

use serde_json::json;

use crate::support::{
    browser::Browser,
    canaille::{Canaille, consent_at_canaille, sign_in_at_canaille},
    latchkey::Latchkey,
    manifests,
    provider::CLIENT_ID,
    wait_for,
};

#[tokio::test]
async fn with_a_hint_nobody_is_asked_and_without_one_people_are() {
    let canaille = Canaille::start().await;
    let latchkey = Latchkey::start(&[("organization.yaml", manifests::ORGANIZATION)]).await;
    let more = json!({
        "token_endpoint_auth_method": "client_secret_basic",
        "post_logout_redirect_uris": [latchkey.at("signout-oidc/demo")],
    });
    let client = canaille.register(&latchkey.at("callback/demo"), &more).await;
    latchkey.write("secret.yaml", &manifests::secret(&client.secret)).await;
    let manifest = |more: &str| {
        let manifest = manifests::provider("demo", &canaille.issuer, more);
        manifest.replace(&format!("id: {CLIENT_ID}"), &format!("id: {}", client.id))
    };
    latchkey.write("provider.yaml", &manifest("  logout: {sendIDTokenHint: true}\n")).await;
    latchkey.wait_until_ready("demo").await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.at("login/demo")).await;
    sign_in_at_canaille(&page, "alice").await;
    consent_at_canaille(&page).await;
    page.wait_for_url(&latchkey.path("account")).await;
    page.goto(&latchkey.at("logout")).await;
    page.click("form button").await;
    page.wait_for_url(&latchkey.path("logout?done")).await;
    page.goto(&latchkey.at("login/demo")).await;
    sign_in_at_canaille(&page, "alice").await;
    page.wait_for_url(&latchkey.path("account")).await;

    latchkey.edit("provider.yaml", "  logout: {sendIDTokenHint: true}\n", "").await;
    wait_for("the manifest is served", async || {
        let status = latchkey.status("identityprovider", "demo").await?;
        (status["servingGeneration"] == 2).then_some(())
    })
    .await;
    page.goto(&latchkey.at("logout")).await;
    page.click("form button").await;
    page.wait_for("#logout").await;
    page.click("#logout").await;
    page.wait_for_url(&latchkey.path("logout?done")).await;
    assert_eq!(page.fetch(&latchkey.at("session")).await.0, 401);
}
