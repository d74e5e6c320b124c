//! Signing out, here and at the provider, and being signed out by it.

mod at_another_make;
mod at_the_provider;
mod by_a_page;
mod by_latchkey;
mod by_the_provider;

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, sign},
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
    visitor::Visitor,
    wait_for,
};

/// The certified provider, with every URI of the status registered as an administrator would, and Latchkey, which has it
/// as `demo`.
struct Registered {
    latchkey: Latchkey,
    provider: Provider,
}

/// Latchkey with a provider of the tests' own as `demo`; `more` are lines of its spec.
async fn beside(fake: &Fake, more: &str) -> Latchkey {
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &manifests::provider("demo", &fake.issuer, more)),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey
}

/// A provider of the tests' own, which has an end-session endpoint.
const END_SESSION: &str = "/logout";

/// Signs somebody in at a provider of the tests' own; the ID token.
async fn signs_in(latchkey: &Latchkey, fake: &Fake, visitor: &Visitor, change: impl Fn(&mut Value)) -> String {
    let begun = visitor.begin(latchkey, "demo").await;
    let mut claims = fake.claims(&begun.nonce);
    change(&mut claims);
    let id_token = sign(&claims);
    fake.give_out(&id_token);
    let answer = visitor.get(&begun.callback).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    id_token
}

/// Whether a browser still has the cookie of a session.
fn has_session_cookie(latchkey: &Latchkey, visitor: &Visitor) -> bool {
    visitor.cookies(&latchkey.at("account")).iter().any(|(name, _)| name.contains("latchkey.session."))
}

/// Where a POST to the logout page sends the browser.
async fn target(latchkey: &Latchkey, visitor: &Visitor) -> String {
    let answer = visitor.post(&latchkey.at("logout"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(visitor.session(latchkey).await, None);
    answer.location().expect("a redirect")
}

impl Registered {
    /// `more` are lines of the provider's spec; ISSUER stands for where it is.
    async fn start(more: &str) -> Self {
        let provider = Provider::start().await;
        let demo = manifests::provider("demo", &provider.issuer, &more.replace("ISSUER", &provider.issuer));
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("provider.yaml", &demo),
            ("secret.yaml", &manifests::usual_secret()),
        ];
        let latchkey = Latchkey::start(&files).await;
        let registered = Self { latchkey, provider };
        registered.register().await;
        registered.latchkey.wait_until_ready("demo").await;
        registered
    }

    async fn register(&self) {
        let status = wait_for("the URIs to register", async || {
            let status = self.latchkey.status("identityprovider", "demo").await?;
            status.get("redirectURI").is_some().then_some(status)
        })
        .await;
        let mut client = json!({
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [status["redirectURI"]],
            "post_logout_redirect_uris": [status["postLogoutRedirectURI"]],
        });
        if let Some(uri) = status.get("backchannelLogoutURI") {
            client["backchannel_logout_uri"] = uri.clone();
            client["backchannel_logout_session_required"] = true.into();
        }
        self.provider.register_client(&client).await;
    }

    /// Writes the provider's spec anew with these lines, and waits until they count.
    async fn change(&self, more: &str) {
        let more = more.replace("ISSUER", &self.provider.issuer);
        let served = async || {
            let status = self.latchkey.status("identityprovider", "demo").await?;
            status["servingGeneration"].as_i64()
        };
        let before = served().await;
        self.latchkey.write("provider.yaml", &manifests::provider("demo", &self.provider.issuer, &more)).await;
        wait_for("the manifest is served", async || (served().await > before).then_some(())).await;
    }

    /// The session endpoint of the provider.
    fn end_session(&self) -> String {
        format!("{}/session/end", self.provider.issuer)
    }
}

/// The parameters of a URL.
fn parameters(url: &str) -> Vec<(String, String)> {
    url::Url::parse(url).expect("a URL").query_pairs().into_owned().collect()
}

fn parameter(url: &str, name: &str) -> Option<String> {
    parameters(url).into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

/// What a JWT says, unchecked.
fn claims_of(token: &str) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = token.split('.').nth(1).expect("a token");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}
