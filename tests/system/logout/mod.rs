//! Signing out, here and at the provider, and being signed out by it.

mod at_another_make;
mod at_the_provider;
mod by_a_page;
mod by_the_provider;

use serde_json::{Value, json};

use crate::support::{
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
    wait_for,
};

/// The certified provider, with every URI of the status registered as an administrator would, and Latchkey, which has it
/// as `demo`.
struct Registered {
    latchkey: Latchkey,
    provider: Provider,
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
