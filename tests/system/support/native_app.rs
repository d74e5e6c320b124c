//! A desktop application as any provider knows it (RFC 8252): it gets ID tokens by code with PKCE, and has no secret.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use url::Url;

use super::{signer::b64, visitor::Visitor};

const VERIFIER: &str = "a-verifier-of-the-tests-that-is-long-enough-for-rfc-7636";

/// One that the provider has registered.
pub struct NativeApp {
    metadata: Value,
    client_id: String,
    redirect_uri: String,
}

impl NativeApp {
    /// Finds the endpoints of the provider.
    pub async fn new(issuer: &str, client_id: &str, redirect_uri: &str) -> Self {
        let metadata = Visitor::new().get(&format!("{issuer}/.well-known/openid-configuration")).await.json();
        Self { metadata, client_id: client_id.to_owned(), redirect_uri: redirect_uri.to_owned() }
    }

    /// Where the browser is sent, with these parameters besides.
    pub fn begins(&self, more: &[(&str, &str)]) -> String {
        let mut url = Url::parse(self.endpoint("authorization_endpoint")).expect("a URL");
        let challenge = b64(digest(&SHA256, VERIFIER.as_bytes()));
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("state", "a-state")
            .append_pair("nonce", "a-nonce")
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(more);
        url.into()
    }

    /// What the token endpoint gives for the code that came back.
    pub async fn tokens(&self, callback: &str) -> Value {
        let url = Url::parse(callback).expect("a URL");
        let code = url.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("client_id", &*self.client_id),
            ("redirect_uri", &*self.redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let answer = Visitor::new().post(self.endpoint("token_endpoint"), &form).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn endpoint(&self, name: &str) -> &str {
        self.metadata[name].as_str().expect("an endpoint")
    }
}
