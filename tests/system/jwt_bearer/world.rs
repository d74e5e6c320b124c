//! A Latchkey with providers of the tests' own and applications that may bring their ID tokens.

use serde_json::{Value, json};

use super::{
    answers::Given,
    ask::{Ask, FLAGS, ask},
    id_token::id_token,
};
use crate::support::{
    fake::{Fake, KEYS, Reply},
    latchkey::Latchkey,
    manifests, signer,
    visitor::{Answer, Visitor},
    wait_for,
};

/// What the application `backend` shows. A colon, a percent sign, a plus and a space are written in their encoded
/// form in `Basic` (RFC 6749, section 2.3.1).
pub const SECRET: &str = "s3cret: 100%+ & more";

/// What every application is known as at every provider.
pub fn at_provider(application: &str) -> String {
    format!("{application}-there")
}

/// Some applications of an organization, and which providers they may bring ID tokens of, each for an audience of
/// their own. `-` before a name: it has a secret.
pub fn applications(all: &[(&str, &[&str])]) -> String {
    let one = |(name, providers): &(&str, &[&str])| {
        let (id, secret) = match name.strip_prefix('-') {
            Some(id) => (id, format!("      secretRef: {{name: {id}-secret, key: secret}}\n")),
            None => (*name, String::new()),
        };
        let provider = |name: &&str| format!("{{name: {name}, audiences: [{}]}}", at_provider(id));
        let providers = providers.iter().map(provider).collect::<Vec<_>>().join(", ");
        format!("    - clientID: {id}\n{secret}      identityProviders: [{providers}]\n")
    };
    format!("  applications:\n{}", all.iter().map(one).collect::<String>())
}

/// The Secret of an application.
pub fn secret_of(application: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": {"secret": SECRET},
        "metadata": {"name": format!("{application}-secret"), "labels": {"latchkey.dev/usable": "true"}},
    })
    .to_string()
}

/// A provider without `client`.
pub fn bearer(name: &str, issuer: &str, more: &str) -> String {
    let jwt_bearer = if more.contains("jwtBearer") { "" } else { "  jwtBearer: {}\n" };
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: {name}}}\nspec:\n  displayName: Provider {name}\n  issuer: {issuer}\n{jwt_bearer}{more}"
    )
}

/// A provider by which people also sign in by browser.
pub fn both(name: &str, issuer: &str, more: &str) -> String {
    manifests::provider(name, issuer, &format!("  jwtBearer: {{}}\n{more}"))
}

/// One provider, `main`, and two applications: `desktop` is a public client, `backend` has a secret.
pub struct World {
    pub latchkey: Latchkey,
    pub main: Fake,
}

impl World {
    /// `spec`: further lines of the provider; `organization`: of the organization.
    pub async fn start(spec: &str, organization: &str) -> Self {
        Self::start_with(FLAGS, spec, organization).await
    }

    pub async fn start_with(flags: &[&str], spec: &str, organization: &str) -> Self {
        let main = with_three_keys().await;
        let provider = bearer("main", &main.issuer, spec);
        let all = applications(&[("desktop", &["main"]), ("-backend", &["main"])]);
        let organization = format!("{}{organization}{all}", manifests::ORGANIZATION);
        let backend = secret_of("backend");
        let all = [("organization.yaml", &*organization), ("main.yaml", &*provider), ("backend.yaml", &*backend)];
        let latchkey = Latchkey::start_with(flags, &all).await;
        latchkey.wait_until_ready("main").await;
        let world = Self { latchkey, main };
        world.wait_until_it_works().await;
        world
    }

    /// An organization is served a moment after its providers.
    pub async fn wait_until_it_works(&self) {
        wait_for("the application gets an access token", async || {
            self.ask("somebody", json!({})).send(&self.latchkey).await.status.eq(&200).then_some(())
        })
        .await;
    }

    pub fn id_token(&self, person: &str, changes: Value) -> String {
        id_token(&self.main, &at_provider("desktop"), person, &changes)
    }

    /// `desktop` brings an ID token of a person, with these changes of its claims.
    pub fn ask(&self, person: &str, changes: Value) -> Ask {
        ask("desktop", &self.id_token(person, changes))
    }

    /// The keys of the organization `default`.
    pub async fn jwks(&self) -> Answer {
        Visitor::new().get(&self.latchkey.at(".well-known/jwks.json")).await
    }

    pub async fn gets(&self, person: &str, changes: Value) -> Given {
        self.ask(person, changes).gets(&self.latchkey).await
    }
}

/// A provider with a key of each kind, and the algorithms of them.
pub async fn with_three_keys() -> Fake {
    let fake = Fake::start().await;
    fake.announce("id_token_signing_alg_values_supported", json!(["ES256", "RS256", "PS256", "EdDSA"]));
    fake.answer(KEYS, Reply::json(&json!({ "keys": [signer::P256.jwk(), signer::RSA.jwk(), signer::ED25519.jwk()] })));
    fake
}
