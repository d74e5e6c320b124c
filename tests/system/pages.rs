//! Every page of ours in each of its states, in a real browser: on a phone and on a large screen, in light and in dark,
//! by axe. `SCREENSHOTS=DIR` keeps a picture of each.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{
    browser::{Browser, Page},
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
};

const ORGANIZATIONS: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: acme}
spec:
  displayName: Acme
  roles: [{name: admin, displayName: Administrators, administrator: true}]
  groups: [{name: builders, displayName: Builders}]
---
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: globex}
spec: {displayName: Globex, signIn: {title: Welcome to Globex}}
---
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: initech}
spec: {displayName: Initech}
---
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: nobody}
spec: {displayName: Nobody}
---
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: umbrella}
spec: {displayName: Umbrella}
---
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: engineers}
spec:
  identityProviderRefs: [{name: contoso}]
  when: {group: engineering}
  grant: {roles: [admin], groups: [builders]}
";

/// Nobody listens there.
const UNREACHABLE: &str = "http://127.0.0.1:9";

/// A provider of an organization, with further lines of its spec.
fn provider(organization: &str, name: &str, display_name: &str, issuer: &str, more: &str) -> String {
    format!(
        "\
apiVersion: latchkey.dev/v1alpha1
kind: IdentityProvider
metadata: {{name: {name}}}
spec:
  organizationRef: {{name: {organization}}}
  displayName: {display_name}
  issuer: {issuer}
  client: {{id: {CLIENT_ID}, secretRef: {{name: demo-client, key: client-secret}}}}
  authorization: {{scopes: [profile, email, groups]}}
{more}---
"
    )
}

/// Acme has buttons and addresses, globex buttons alone, initech addresses alone, nobody nothing, and umbrella very much
/// of everything.
fn providers(issuer: &str) -> String {
    let forty = (1..=40).map(|number| {
        let display_name = if number % 8 == 0 { long_name(number) } else { format!("Customer {number}") };
        provider("umbrella", &format!("customer-{number}"), &display_name, UNREACHABLE, "")
    });
    let domain = |domain: &str| format!("  trust: {{assignedEmailDomains: [{domain}]}}\n");
    [
        provider("acme", "contoso", "Contoso", issuer, "  logout: {mode: Local}\n"),
        provider("acme", "fabrikam", "Fabrikam", issuer, ""),
        provider("acme", "tailspin", "Tailspin", issuer, &domain("shared.example")),
        provider("globex", "litware", "Litware", issuer, ""),
        provider("globex", "northwind", "Northwind", UNREACHABLE, ""),
        provider("initech", "proseware", "Proseware", issuer, &domain("shared.example")),
        provider("initech", "wingtip", "Wingtip", issuer, &domain("wingtip.example")),
        provider("umbrella", "adatum", &long_name(0), issuer, &domain("adatum.example")),
    ]
    .into_iter()
    .chain(forty)
    .collect()
}

/// A name that could not be longer, without a place to break it.
fn long_name(number: usize) -> String {
    format!("{number:W<100}")
}

async fn start(provider: &Provider) -> Latchkey {
    let files = [
        ("organizations.yaml", ORGANIZATIONS),
        ("providers.yaml", &providers(&provider.issuer)),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    let redirect_uris = ["contoso", "tailspin"].map(|key| latchkey.url(&format!("o/acme/callback/{key}")));
    provider.register(CLIENT_SECRET, &redirect_uris.each_ref().map(String::as_str)).await;
    for ready in ["contoso", "fabrikam", "tailspin", "litware", "proseware", "wingtip", "adatum"] {
        latchkey.wait_until_ready(ready).await;
    }
    latchkey.wait_for_condition("identityprovider", "northwind", ["Ready", "False", "ConnectFailed"]).await;
    latchkey
}

#[tokio::test]
async fn every_page_is_accessible_and_fits_on_every_screen() {
    let provider = Provider::start().await;
    let latchkey = start(&provider).await;
    let browser = Browser::start();
    for color_scheme in ["light", "dark"] {
        for width in [320, 1440] {
            let page = browser.open(json!({"colorScheme": color_scheme, "width": width, "height": 800})).await;
            let walk = Walk { latchkey: &latchkey, page, look: format!("{color_scheme}-{width}") };
            walk.the_first_page().await;
            walk.an_address_of_several_organizations().await;
            walk.sign_in_pages().await;
            walk.errors().await;
            walk.signing_in_and_out().await;
        }
    }
}

#[tokio::test]
async fn the_keyboard_is_enough_to_sign_in_and_out() {
    let provider = Provider::start().await;
    let latchkey = start(&provider).await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&latchkey.url("")).await;
    page.wait_for("#identifier:focus").await;
    keys(&page, &["a", "c", "m", "e", "Enter"]).await;
    page.wait_for_url("/o/acme/login").await;
    keys(&page, &["Tab", "Tab", "Tab", "Enter"]).await;
    page.sign_in_at_provider("alice").await;
    page.wait_for_url("/o/acme/account").await;
    keys(&page, &["Tab", "Enter"]).await;
    page.wait_for_url("/o/acme/logout").await;
    keys(&page, &["Tab", "Enter"]).await;
    page.wait_for_url("/o/acme/logout?done").await;
    keys(&page, &["Tab", "Enter"]).await;
    page.wait_for("a.featured").await;
    page.must_be_in_order().await;
    keys(&page, &["Tab", "Tab", "j", "o", "@", "s", "h", "a", "r", "e", "d", ".", "e", "x", "a", "m", "p", "l", "e"])
        .await;
    keys(&page, &["Enter"]).await;
    // There alice is signed in still, who has no address of this domain.
    page.wait_for_url("/o/acme/callback/tailspin").await;
}

async fn keys(page: &Page<'_>, keys: &[&str]) {
    for key in keys {
        page.press(key).await;
    }
}

/// A walk past every page, with cookies of its own.
struct Walk<'a> {
    latchkey: &'a Latchkey,
    page: Page<'a>,
    /// Color scheme and width.
    look: String,
}

impl Walk<'_> {
    async fn the_first_page(&self) {
        self.visit("", 200).await;
        self.check("organization", "Which organization do you belong to?").await;
        self.answer("acne").await;
        self.check("organization-unknown", "There is no organization with this ID.").await;
        assert_eq!(self.value("#identifier").await, "acne");
        self.answer("jo@nowhere.example").await;
        self.check("organization-unknown-address", "No sign-in belongs to this address.").await;
        self.answer("jo@nowhere").await;
        self.check("organization-malformed", "write an e-mail address like name@example.com").await;
        self.answer(" Acme ").await;
        self.page.wait_for_url("/o/acme/login").await;
    }

    async fn an_address_of_several_organizations(&self) {
        self.visit("?return_to=/o/acme/session", 200).await;
        self.answer("jo@shared.example").await;
        self.check("organization-several", "More than one organization has addresses like jo@shared.example").await;
        self.answer("acne").await;
        self.check("organization-several-unknown", "There is no organization with this ID.").await;
        assert_eq!(self.value("[name=address]").await, "jo@shared.example");
        assert_eq!(self.value("[name=return_to]").await, "/o/acme/session");
    }

    async fn sign_in_pages(&self) {
        self.visit("o/globex/login", 200).await;
        self.check("sign-in-unavailable", "Not available right now").await;
        assert_eq!(self.page.count("a.provider[href]").await, 1, "who cannot be reached cannot be clicked");
        self.visit("o/initech/login", 200).await;
        self.check("sign-in-address", "E-mail address").await;
        self.answer("jo@nowhere.example").await;
        self.check("sign-in-address-unknown", "Check the spelling").await;
        self.visit("o/acme/login", 200).await;
        self.check("sign-in", "Choose how you want to sign in.").await;
        self.answer("jo@nowhere").await;
        self.check("sign-in-malformed", "Please write it like name@example.com.").await;
        self.answer("jo@nowhere.example").await;
        self.check("sign-in-unknown", "Choose another way").await;
        assert_eq!(self.value("#identifier").await, "jo@nowhere.example");
        self.visit("o/nobody/login", 200).await;
        self.check("sign-in-nothing", "There is no way to sign in here yet.").await;
        self.visit("o/umbrella/login", 200).await;
        self.check("sign-in-many", "Customer 39").await;
    }

    async fn errors(&self) {
        self.visit("o/globex/login/northwind", 503).await;
        self.check("error-unavailable", "This way to sign in is not available right now").await;
        self.visit("o/acme/callback/contoso?state=x&code=y", 400).await;
        self.check("error", "This sign-in can't be continued").await;
        self.visit("nowhere", 404).await;
        self.check("error-nowhere", "There is no such page").await;
    }

    async fn signing_in_and_out(&self) {
        self.visit("o/acme/login", 200).await;
        self.page.click("a.provider[href*=contoso]").await;
        self.page.sign_in_at_provider("alice").await;
        self.page.wait_for_url("/o/acme/account").await;
        self.check("signed-in", "Alice Archer").await;
        self.visit("o/acme/logout", 200).await;
        self.check("sign-out", "Sign out?").await;
        self.page.click("form button").await;
        self.page.wait_for_url("/o/acme/logout?done").await;
        self.check("signed-out", "You are signed out").await;
        self.visit("o/acme/login", 200).await;
        self.check("sign-in-last", "Continue with Contoso Last used").await;
        self.visit("", 200).await;
        self.check("organization-last", "Continue to Acme").await;
    }

    async fn visit(&self, path: &str, status: u64) {
        assert_eq!(self.page.goto(&self.latchkey.url(path)).await, status, "{path}");
    }

    /// Types this into the only field and presses Enter.
    async fn answer(&self, identifier: &str) {
        self.page.fill("#identifier", identifier).await;
        self.page.press("Enter").await;
    }

    async fn value(&self, selector: &str) -> String {
        self.page.attribute(selector, "value").await.expect("a value")
    }

    /// The page says this once it is there, can be used by everybody, and is kept as a picture of this name where that is asked for.
    async fn check(&self, name: &str, said: &str) {
        self.page.wait_for(&format!("main:has-text({said:?})")).await;
        self.page.must_be_accessible().await;
        self.page.must_fit().await;
        if let Some(directory) = screenshots() {
            self.page.screenshot(&directory.join(format!("{name}-{}.png", self.look))).await;
        }
    }
}

/// Where pictures are wanted.
fn screenshots() -> Option<PathBuf> {
    std::env::var_os("SCREENSHOTS").map(|directory| Path::new(env!("CARGO_MANIFEST_DIR")).join(directory))
}
