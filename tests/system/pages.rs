//! Our pages that the story does not pass, in a real browser: on a phone, in the dark, and by axe.

use serde_json::json;

use crate::support::{browser::Browser, fake::Fake, latchkey::Latchkey, manifests};

#[tokio::test]
async fn every_page_is_accessible_on_a_phone_and_in_the_dark() {
    let fake = Fake::start().await;
    let acme =
        "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {name: acme}\nspec: {displayName: Acme}\n";
    let globex = acme.replace("acme", "globex").replace("Acme", "Globex");
    let at_globex = manifests::provider("at-globex", &fake.issuer, "  organizationRef: {name: globex}\n");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("acme.yaml", acme),
        ("one.yaml", &manifests::provider("one", &fake.issuer, "")),
        ("two.yaml", &manifests::provider("two", "http://127.0.0.1:9", "")),
        ("globex.yaml", &format!("{globex}---\n{at_globex}")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("one").await;
    latchkey.wait_for_condition("identityprovider", "two", ["Ready", "False", "ConnectFailed"]).await;
    let browser = Browser::start();
    let pages = [
        ("", 200, "Which organization do you belong to?"),
        ("?organization=nobody", 404, "There is no organization with this ID."),
        ("o/default/login", 200, "Not available right now"),
        ("o/acme/login", 200, "There is no way to sign in here yet."),
        ("o/default/login/two", 503, "This way to sign in is not available right now"),
        ("o/default/callback/one?state=x&code=y", 400, "This sign-in can't be continued"),
        ("o/default/logout", 200, "You are signed out"),
        ("nowhere", 404, "There is no such page"),
    ];
    for options in [json!({"width": 360, "height": 640}), json!({"colorScheme": "dark", "javaScriptEnabled": true})] {
        let page = browser.open(options).await;
        for (path, status, said) in pages {
            assert_eq!(page.goto(&latchkey.url(path)).await, status, "{path}");
            let text = page.text().await;
            assert!(text.replace('\u{2019}', "'").contains(said), "{path}: {text}");
            page.must_be_accessible().await;
        }
    }
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.url("")).await;
    page.fill("input[name=organization]", "Default").await;
    page.press("Enter").await;
    page.wait_for_url("/o/default/login").await;
    assert_eq!(page.count("a.provider[href]").await, 1, "who cannot be reached cannot be clicked");
    page.must_be_in_order().await;
}
