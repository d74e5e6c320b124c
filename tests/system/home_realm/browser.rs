//! Two organizations, two real providers of different make, and a real browser.

use serde_json::{Value, json};

use super::{AT_GLOBEX, GLOBEX};
use crate::support::{
    browser::{Browser, Page},
    canaille::{Canaille, Registered, consent_at_canaille, sign_in_at_canaille},
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_SECRET, Provider},
};

const ALICE: &str = "alice@example.com";
const OF_EXAMPLE: &str = "  trust: {assignedEmailDomains: [example.com]}\n";

/// The certified provider has the people of example.com in `default`, beside one way for everybody; Canaille is a way
/// for everybody in `globex`, beside one that nobody can reach.
struct Stage {
    latchkey: Latchkey,
    _provider: Provider,
    canaille: Canaille,
}

impl Stage {
    async fn set() -> Self {
        let (provider, canaille) = (Provider::start().await, Canaille::start().await);
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("globex.yaml", GLOBEX),
            ("secret.yaml", &manifests::usual_secret()),
            ("demo.yaml", &manifests::provider("demo", &provider.issuer, OF_EXAMPLE)),
            ("guests.yaml", &manifests::provider("guests", &provider.issuer, "")),
            ("closed.yaml", &manifests::provider("closed", "http://127.0.0.1:9", AT_GLOBEX)),
        ];
        let latchkey = Latchkey::start(&files).await;
        let uris = ["demo", "guests"].map(|key| latchkey.at(&format!("callback/{key}")));
        provider.register(CLIENT_SECRET, &[&uris[0], &uris[1]]).await;
        let stage = Self { latchkey, _provider: provider, canaille };
        stage.write_canaille("").await;
        for name in ["demo", "guests", "canaille"] {
            stage.latchkey.wait_until_ready(name).await;
        }
        stage
    }

    /// Registers anew, as Canaille knows only clients of its own making.
    async fn write_canaille(&self, more: &str) {
        let redirect_uri = self.latchkey.url("o/globex/callback/canaille");
        let registered = json!({"token_endpoint_auth_method": "client_secret_basic"});
        let Registered { id, secret } = self.canaille.register(&redirect_uri, &registered).await;
        let provider = manifests::provider("canaille", &self.canaille.issuer, &format!("{AT_GLOBEX}{more}"))
            .replace("id: latchkey,", &format!("id: {id},"))
            .replace("demo-client", "canaille-client");
        let secret = manifests::secret(&secret).replace("demo-client", "canaille-client");
        self.latchkey.write("canaille.yaml", &format!("{provider}---\n{secret}")).await;
    }

    async fn type_on_first_page(&self, page: &Page<'_>, typed: &str) {
        page.goto(&self.latchkey.url("")).await;
        page.must_be_in_order().await;
        page.fill("#identifier", typed).await;
        page.press("Enter").await;
    }

    /// Alice is at the certified provider, which knows already who comes; she signs in, and is here by `demo`.
    async fn alice_comes_in_by_her_address(&self, page: &Page<'_>) {
        page.wait_for("#login").await;
        assert_eq!(page.attribute("#login", "value").await.as_deref(), Some(ALICE), "filled in");
        page.sign_in_at_provider("alice").await;
        page.wait_for_url("/o/default/account").await;
        self.must_be_alice(page, "default", "demo").await;
    }

    async fn must_be_alice(&self, page: &Page<'_>, organization: &str, provider: &str) {
        let (status, body) = page.fetch(&self.latchkey.url(&format!("o/{organization}/session"))).await;
        assert_eq!(status, 200, "{body}");
        let session: Value = serde_json::from_str(&body).expect("JSON");
        let who = ["organization", "provider", "userName", "email"].map(|member| &session[member]);
        assert_eq!(who, [organization, provider, "alice", ALICE], "{session}");
    }
}

#[tokio::test]
async fn people_come_in_by_their_address_by_the_id_of_their_organization_and_by_a_button() {
    let (stage, browser) = (Stage::set().await, Browser::start());
    let latchkey = &stage.latchkey;

    // By the address, at the first page.
    let page = browser.open(json!({})).await;
    stage.type_on_first_page(&page, ALICE).await;
    stage.alice_comes_in_by_her_address(&page).await;

    // By the address, on the page of the organization, in the dark and without JavaScript; what is wrong is said first.
    let page = browser.open(json!({"javaScriptEnabled": false, "colorScheme": "dark"})).await;
    page.goto(&latchkey.at("login")).await;
    assert_eq!((page.count("a.provider").await, page.count("#identifier").await), (1, 1), "demo has no button");
    page.fill("#identifier", "alice@nowhere.example").await;
    page.press("Enter").await;
    page.wait_for("#wrong").await;
    assert_eq!(page.attribute("#identifier", "value").await.as_deref(), Some("alice@nowhere.example"));
    page.fill("#identifier", ALICE).await;
    page.press("Enter").await;
    stage.alice_comes_in_by_her_address(&page).await;

    // By the link of an application that knows her address.
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.at(&format!("login?login_hint={ALICE}&return_to=/o/default/session"))).await;
    page.wait_for("#login").await;
    assert_eq!(page.attribute("#login", "value").await.as_deref(), Some(ALICE));
    page.sign_in_at_provider("alice").await;
    page.wait_for_url("/o/default/session").await;
    stage.must_be_alice(&page, "default", "demo").await;

    // By the id of the organization, and a button there, by keyboard.
    let page = browser.open(json!({})).await;
    stage.type_on_first_page(&page, "Globex").await;
    page.wait_for_url("/o/globex/login").await;
    page.must_be_in_order().await;
    assert_eq!((page.count("a.provider").await, page.count("a.provider[href]").await), (2, 1));
    assert_eq!(page.count("#identifier").await, 0, "nobody is found by an address there");
    page.press("Tab").await;
    page.press("Enter").await;
    sign_in_at_canaille(&page, "alice").await;
    consent_at_canaille(&page).await;
    page.wait_for_url("/o/globex/account").await;
    stage.must_be_alice(&page, "globex", "canaille").await;

    // What was used last on this device comes first the next time.
    page.goto(&latchkey.url("")).await;
    assert!(page.text().await.contains("Continue to Globex"), "{}", page.text().await);
    page.click("a.primary").await;
    page.wait_for_url("/o/globex/login").await;
    assert!(page.text().await.contains("Last used"), "{}", page.text().await);
    page.must_be_accessible().await;
}

#[tokio::test]
async fn an_address_of_two_organizations_asks_which_and_goes_on_with_it() {
    let (stage, browser) = (Stage::set().await, Browser::start());
    stage.write_canaille(OF_EXAMPLE).await;
    stage.latchkey.wait_until_ready("canaille").await;
    let page = browser.open(json!({"width": 320, "height": 640})).await;
    stage.type_on_first_page(&page, ALICE).await;
    page.wait_for("#identifier[autocomplete=organization]").await;
    let text = page.text().await;
    assert!(text.contains("More than one organization") && text.contains(ALICE), "{text}");
    page.must_be_in_order().await;
    page.fill("#identifier", "nobody").await;
    page.press("Enter").await;
    page.wait_for("#wrong").await;
    assert_eq!(page.attribute("input[name=address]", "value").await.as_deref(), Some(ALICE), "it is kept");
    page.fill("#identifier", "globex").await;
    page.press("Enter").await;
    sign_in_at_canaille(&page, "alice").await;
    consent_at_canaille(&page).await;
    page.wait_for_url("/o/globex/account").await;
    stage.must_be_alice(&page, "globex", "canaille").await;

    let page = browser.open(json!({})).await;
    stage.type_on_first_page(&page, ALICE).await;
    page.wait_for("#identifier[autocomplete=organization]").await;
    page.fill("#identifier", "default").await;
    page.press("Enter").await;
    stage.alice_comes_in_by_her_address(&page).await;
}
