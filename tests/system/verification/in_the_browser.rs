//! A real person's way, with a real provider, a real browser and a real mail server, past every page of it.

use serde_json::json;

use super::{FROM, demanding};
use crate::support::{
    browser::{Browser, Page},
    latchkey::{LOCAL, Latchkey},
    mail_server::{MailServer, Tls},
    manifests,
    provider::{CLIENT_SECRET, Provider},
};

/// As if the provider did not say which addresses are verified.
const SAYS_NOTHING: &str = "  claims: {emailVerified: {claim: nobody_says_so}}\n";

async fn start(provider: &Provider, mail: &MailServer) -> Latchkey {
    let url = mail.url();
    let flags = [LOCAL, &["--smtp-url", &url, "--mail-from", FROM]].concat();
    let files = [
        ("organization.yaml", demanding()),
        ("provider.yaml", manifests::provider("demo", &provider.issuer, SAYS_NOTHING)),
        ("secret.yaml", manifests::usual_secret()),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let latchkey = Latchkey::start_with(&flags, &files).await;
    provider.register(CLIENT_SECRET, &[&latchkey.at("callback/demo")]).await;
    latchkey.wait_until_ready("demo").await;
    latchkey
}

/// The page says this once it is there, can be used by everybody, and fits.
async fn must_show(page: &Page<'_>, said: &str) {
    page.wait_for(&format!("main:has-text({said:?})")).await;
    page.must_be_accessible().await;
    page.must_fit().await;
}

#[tokio::test]
async fn people_verify_their_address_and_get_in_on_every_screen() {
    let (provider, mail) = (Provider::start().await, MailServer::start(Tls::Never).await);
    let latchkey = start(&provider, &mail).await;
    let browser = Browser::start();
    for (name, color_scheme, width) in [("alice", "light", 320), ("bob", "dark", 1440)] {
        let look = json!({"colorScheme": color_scheme, "width": width, "height": 800});
        let (page, phone) = (browser.open(look.clone()).await, browser.open(look).await);
        page.goto(&latchkey.at("login")).await;
        page.sign_in_at_provider(name).await;
        must_show(&page, "We have sent a mail to").await;
        page.click("form button").await;
        must_show(&page, "We have already sent a mail to").await;
        let link = mail.next().await.link();
        assert_eq!(phone.goto(&link).await, 200);
        must_show(&phone, "Sign in first").await;
        assert_eq!(page.goto(&link).await, 200);
        must_show(&page, "Is this your e-mail address?").await;
        page.click("button.primary").await;
        must_show(&page, "Your e-mail address is confirmed").await;
        page.click("a.primary").await;
        page.wait_for_url("/account").await;
        // Back to the link on the phone, which works no more.
        phone.click("a.primary").await;
        phone.sign_in_at_provider(name).await;
        must_show(&phone, "This link works no more").await;
        phone.click("form button").await;
        must_show(&phone, "Your e-mail address is confirmed").await;
    }
}

#[tokio::test]
async fn the_keyboard_is_enough_to_confirm_an_address() {
    let (provider, mail) = (Provider::start().await, MailServer::start(Tls::Never).await);
    let latchkey = start(&provider, &mail).await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.at("login")).await;
    page.sign_in_at_provider("alice").await;
    must_show(&page, "We have sent a mail to").await;
    page.goto(&mail.next().await.link()).await;
    for key in ["Tab", "Enter"] {
        page.press(key).await;
    }
    must_show(&page, "Your e-mail address is confirmed").await;
    for key in ["Tab", "Enter"] {
        page.press(key).await;
    }
    page.wait_for_url("/account").await;
    page.must_be_in_order().await;
}
