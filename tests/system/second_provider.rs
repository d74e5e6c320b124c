//! A provider of another make, which reads the specifications in its own way. It takes no other method of client
//! authentication than the one that a client is registered with.

use serde_json::{Value, json};

use crate::support::{
    browser::{Browser, Page},
    canaille::{Canaille, Registered, consent_at_canaille, sign_in_at_canaille},
    latchkey::Latchkey,
    manifests,
    provider::CLIENT_ID,
};

const KEY: &str = include_str!("../../src/oidc/testdata/for-tests-p256.jwk.json");
const SECRET: &str = "secretRef: {name: demo-client, key: client-secret}";

const MANUAL: &str = "  discovery: {mode: Manual}
  endpoints:
    authorization: ISSUER/oauth/authorize
    token: ISSUER/oauth/token
    jwks: ISSUER/oauth/jwks.json
    userInfo: ISSUER/oauth/userinfo
";

/// How Latchkey is registered there, and what its manifest says.
struct Way {
    name: &'static str,
    /// Of the client, in the words of OpenID Connect Dynamic Client Registration.
    registered: Value,
    /// Of spec.client beside the id; NAME stands for the name of the way's Secret.
    client: &'static str,
    /// Further lines of the spec; ISSUER stands for the provider's.
    more: &'static str,
}

fn by_method(name: &'static str, method: &str, client: &'static str) -> Way {
    Way { name, registered: json!({"token_endpoint_auth_method": method}), client, more: "" }
}

fn ways() -> Vec<Way> {
    const BY_SECRET: &str = "secretRef: {name: NAME, key: client-secret}";
    vec![
        by_method("auto", "client_secret_basic", BY_SECRET),
        by_method(
            "post",
            "client_secret_post",
            "secretRef: {name: NAME, key: client-secret}, authMethod: ClientSecretPost",
        ),
        by_method("public", "none", "authMethod: None"),
        Way {
            name: "key",
            registered: json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public_key()]}}),
            client: "privateKeyRef: {name: NAME, key: client-secret}, authMethod: PrivateKeyJwt",
            more: "",
        },
        Way { more: MANUAL, ..by_method("manual", "client_secret_basic", BY_SECRET) },
        signing("signed-userinfo", "RS256", "  claims: {source: UserInfo}\n"),
        signing("other-key", "ES256", "  claims: {source: UserInfo}\n  tokens: {allowedAlgorithms: [ES256]}\n"),
    ]
}

/// The provider signs ID tokens and userinfo by this algorithm.
fn signing(name: &'static str, algorithm: &str, more: &'static str) -> Way {
    let registered = json!({
        "token_endpoint_auth_method": "client_secret_basic", "id_token_signed_response_alg": algorithm,
        "userinfo_signed_response_alg": algorithm,
    });
    Way { name, registered, client: "secretRef: {name: NAME, key: client-secret}", more }
}

/// Latchkey with Canaille under the name of each of the ways, ready.
async fn latchkey_for(canaille: &Canaille, ways: &[Way]) -> Latchkey {
    let latchkey = Latchkey::start(&[("organization.yaml", manifests::ORGANIZATION)]).await;
    for Way { name, registered, client, more } in ways {
        let redirect_uri = latchkey.at(&format!("callback/{name}"));
        let Registered { id, secret } = canaille.register(&redirect_uri, registered).await;
        let secret = if *name == "key" { private_key().to_string() } else { secret };
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": {"client-secret": secret},
            "metadata": {"name": name, "labels": {"latchkey.dev/usable": "true"}},
        });
        latchkey.write(&format!("secret-{name}.yaml"), &secret.to_string()).await;
        let manifest = manifests::provider(name, &canaille.issuer, &more.replace("ISSUER", &canaille.issuer));
        let manifest = manifest.replace(&format!("id: {CLIENT_ID}"), &format!("id: {id}"));
        let manifest = manifest.replace(SECRET, &client.replace("NAME", name));
        latchkey.write(&format!("{name}.yaml"), &manifest).await;
        let mappers = manifests::MAPPERS.replace("name: demo", &format!("name: {name}"));
        latchkey
            .write(&format!("mappers-{name}.yaml"), &mappers.replace("{name: e", &format!("{{name: {name}-e")))
            .await;
    }
    for way in ways {
        latchkey.wait_until_ready(way.name).await;
    }
    latchkey
}

fn private_key() -> Value {
    let mut key: Value = serde_json::from_str(KEY).expect("a JWK");
    key["kid"] = json!("key-of-2026");
    key
}

fn public_key() -> Value {
    let mut key = private_key();
    key.as_object_mut().expect("a JWK").remove("d");
    key
}

async fn alice_is_in(latchkey: &Latchkey, page: &Page<'_>, name: &str) {
    page.wait_for_url(&latchkey.path("account")).await;
    let (status, body) = page.fetch(&latchkey.at("session")).await;
    assert_eq!(status, 200, "{name}: {body}");
    let session: Value = serde_json::from_str(&body).expect("JSON");
    let seen = ["userName", "fullName", "email", "emailVerified", "provider", "roles"].map(|member| &session[member]);
    let wanted = [
        json!("alice"),
        json!("Alice Archer"),
        json!("alice@example.com"),
        json!(false),
        json!(name),
        json!(["admin", "viewer"]),
    ];
    assert_eq!(seen, wanted.each_ref(), "{name}");
}

#[tokio::test]
async fn alice_signs_in_at_a_provider_of_another_make_however_it_is_asked() {
    let canaille = Canaille::start().await;
    let mut ways = ways();
    ways.push(signed_unlike_allowed());
    let latchkey = latchkey_for(&canaille, &ways).await;
    let browser = Browser::start();
    for (number, Way { name, .. }) in ways.iter().enumerate() {
        // A failure shows the last of these.
        eprintln!("the way in: {name}");
        let page = browser.open(json!({})).await;
        page.goto(&latchkey.at(&format!("login/{name}"))).await;
        assert!(page.url().await.starts_with(&canaille.issuer));
        sign_in_at_canaille(&page, "alice").await;
        if number == 0 {
            consent_at_canaille(&page).await;
        }
        if *name == "unlike-allowed" {
            nobody_is_in(&latchkey, &page).await;
        } else {
            alice_is_in(&latchkey, &page, name).await;
        }
    }
}

/// The ID token is signed by what the manifest allows, userinfo is not.
fn signed_unlike_allowed() -> Way {
    let more = "  claims: {source: UserInfo}\n  tokens: {allowedAlgorithms: [ES256]}\n";
    let mut way = signing("unlike-allowed", "ES256", more);
    way.registered["userinfo_signed_response_alg"] = json!("RS256");
    way
}

async fn nobody_is_in(latchkey: &Latchkey, page: &Page<'_>) {
    page.wait_for("code").await;
    assert!(page.text().await.contains("didn't answer as it should"));
    assert!(latchkey.log().contains("the signed userinfo is not to be believed: alg is not among"));
    assert_eq!(page.fetch(&latchkey.at("session")).await.0, 401);
}
