//! A provider of another make, which reads the specifications in its own way.

use serde_json::{Value, json};

use crate::support::{
    browser::Browser,
    canaille::{Canaille, Registered, sign_in_at_canaille},
    latchkey::Latchkey,
    manifests,
    provider::CLIENT_ID,
};

/// Latchkey with Canaille as `demo`, ready.
async fn latchkey_for(canaille: &Canaille) -> Latchkey {
    let latchkey = Latchkey::start(&[("organization.yaml", manifests::ORGANIZATION)]).await;
    let Registered { id, secret } = canaille.register(&[&latchkey.at("callback/demo")]).await;
    latchkey.write("secret.yaml", &manifests::secret(&secret)).await;
    let provider = manifests::provider("demo", &canaille.issuer, "");
    let provider = provider.replace(&format!("id: {CLIENT_ID}"), &format!("id: {id}"));
    latchkey.write("provider.yaml", &provider).await;
    latchkey.write("mappers.yaml", manifests::MAPPERS).await;
    latchkey.wait_until_ready("demo").await;
    latchkey
}

#[tokio::test]
async fn alice_signs_in_at_a_provider_of_another_make() {
    let canaille = Canaille::start().await;
    let latchkey = latchkey_for(&canaille).await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.at("login/demo")).await;
    assert!(page.url().await.starts_with(&canaille.issuer));
    sign_in_at_canaille(&page, "alice").await;
    page.wait_for_url(&latchkey.path("account")).await;

    let (status, body) = page.fetch(&latchkey.at("session")).await;
    assert_eq!(status, 200, "{body}");
    let session: Value = serde_json::from_str(&body).expect("JSON");
    let seen = ["userName", "fullName", "email", "emailVerified", "roles"].map(|member| &session[member]);
    let wanted =
        [json!("alice"), json!("Alice Archer"), json!("alice@example.com"), json!(false), json!(["admin", "viewer"])];
    assert_eq!(seen, wanted.each_ref());
}
