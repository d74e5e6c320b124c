//! Logins in a real browser where Latchkey is served over https, at another site than the provider's.

use serde_json::{Value, json};

use crate::support::{browser::Browser, browser::Page, cross_site::CrossSite};

/// The one cookie of Latchkey's that begins with this.
async fn cookie(page: &Page<'_>, name: &str) -> Value {
    let mut cookies = page.cookies().await;
    cookies.retain(|cookie| cookie["name"].as_str().is_some_and(|other| other.starts_with(name)));
    assert_eq!(cookies.len(), 1, "{name}: {cookies:?}");
    cookies.remove(0)
}

#[tokio::test]
async fn alice_signs_in_over_https_from_a_provider_at_another_site() {
    let CrossSite { latchkey, provider } = CrossSite::start().await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.at("login/demo")).await;
    assert!(page.url().await.starts_with(&provider.issuer));
    let attempt = cookie(&page, "__Host-latchkey.login.default").await;
    assert_eq!((&attempt["domain"], &attempt["secure"]), (&json!("login.localhost"), &json!(true)));
    assert_eq!((&attempt["sameSite"], &attempt["httpOnly"]), (&json!("Lax"), &json!(true)));

    page.sign_in_at_provider("alice").await;
    page.wait_for_url(&latchkey.at("account")).await;
    assert!(page.text().await.contains("Alice Archer"));
    page.must_be_in_order().await;
    assert_eq!(page.fetch(&latchkey.at("session")).await.0, 200);
    let session = cookie(&page, "__Host-latchkey.").await;
    assert_eq!((&session["name"], &session["secure"]), (&json!("__Host-latchkey.session.default"), &json!(true)));
}
