//! How Latchkey shows the provider that it is the client.

use serde_json::{Value, json};

use crate::support::{
    provider::CLIENT_SECRET,
    source::On,
    ways_in::{Way, WaysIn},
};

const RSA_PEM: &str = include_str!("../../../src/oidc/testdata/for-tests-rsa-pkcs8.pem");
const RSA_JWK: &str = include_str!("../../../src/oidc/testdata/for-tests-rsa.jwk.json");
const P256_JWK: &str = include_str!("../../../src/oidc/testdata/for-tests-p256.jwk.json");
const ED25519_PEM: &str = include_str!("../../../src/oidc/testdata/for-tests-ed25519-pkcs8.pem");
const ED25519_JWK: &str = include_str!("../../../src/oidc/testdata/for-tests-ed25519.jwk.json");

on_both_sources! {
    alice_signs_in_however_the_client_shows_who_it_is,
}

async fn alice_signs_in_however_the_client_shows_who_it_is(on: On) {
    let world = WaysIn::start(on, json!({})).await;
    world.latchkey.write("keys.yaml", &keys()).await;
    let ways = [by_secret(), by_key(), without_secret()].into_iter().flatten().collect::<Vec<_>>();
    world.open(&ways).await;
    world.must_lead_in(&ways).await;
}

fn by_secret() -> Vec<Way> {
    vec![
        Way { name: "auto", ..Way::default() },
        Way {
            name: "secret-basic",
            registered: by_secret_as("client_secret_basic"),
            client: "{id: NAME, secretRef: SECRET, authMethod: ClientSecretBasic}",
            ..Way::default()
        },
        Way {
            name: "secret-post",
            registered: by_secret_as("client_secret_post"),
            client: "{id: NAME, secretRef: SECRET, authMethod: ClientSecretPost}",
            seen: shown_as("client_secret_post"),
            ..Way::default()
        },
        Way {
            name: "secret-jwt",
            registered: by_secret_as("client_secret_jwt"),
            client: "{id: NAME, secretRef: SECRET, authMethod: ClientSecretJwt}",
            seen: by_assertion("HS256", None),
            ..Way::default()
        },
        Way {
            name: "id-from-a-secret",
            client: "{idRef: {name: client-keys, key: client-id}, secretRef: SECRET}",
            ..Way::default()
        },
    ]
}

fn by_key() -> Vec<Way> {
    vec![
        Way {
            name: "key-rsa-pem",
            registered: by_key_as(&public(RSA_JWK, None)),
            client: "{id: NAME, privateKeyRef: {name: client-keys, key: rsa.pem}, authMethod: PrivateKeyJwt}",
            seen: by_assertion("RS256", None),
            ..Way::default()
        },
        Way {
            name: "key-ec-jwk",
            registered: by_key_as(&public(P256_JWK, Some("key-of-2026"))),
            client: "{id: NAME, privateKeyRef: {name: client-keys, key: p256.json}, authMethod: PrivateKeyJwt}",
            seen: by_assertion("ES256", Some("key-of-2026")),
            ..Way::default()
        },
        Way {
            name: "key-ed25519-pem",
            registered: by_key_as(&public(ED25519_JWK, None)),
            client: "{id: NAME, privateKeyRef: {name: client-keys, key: ed25519.pem}, authMethod: PrivateKeyJwt}",
            seen: by_assertion("EdDSA", None),
            ..Way::default()
        },
    ]
}

fn without_secret() -> Vec<Way> {
    vec![Way {
        name: "pkce-alone",
        registered: json!({"token_endpoint_auth_method": "none"}),
        client: "{id: NAME, authMethod: None}",
        seen: shown_as("none"),
        ..Way::default()
    }]
}

/// The provider takes no other method from the client.
fn by_secret_as(method: &str) -> Value {
    json!({"client_secret": CLIENT_SECRET, "token_endpoint_auth_method": method})
}

fn by_key_as(key: &Value) -> Value {
    json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key]}})
}

fn shown_as(method: &str) -> Value {
    json!({"pushed by": method, "exchanged by": method})
}

/// RFC 7523, section 3, and OpenID Connect Core 1.0, section 9.
fn by_assertion(algorithm: &str, kid: Option<&str>) -> Value {
    let mut assertion = json!({
        "alg": algorithm, "typ": "JWT", "aud": "ISSUER", "lifetime": 60,
        "claims": ["aud", "exp", "iat", "iss", "jti", "sub"],
    });
    if let Some(kid) = kid {
        assertion["kid"] = json!(kid);
    }
    json!({"pushed by": "client_assertion", "exchanged by": "client_assertion", "assertion": assertion})
}

/// The public half of a JWK, under this name.
fn public(private: &str, kid: Option<&str>) -> Value {
    let mut key = named(private, kid);
    key.as_object_mut().expect("a JWK").retain(|name, _| ["kty", "crv", "x", "y", "n", "e", "kid"].contains(&&**name));
    key
}

fn named(key: &str, kid: Option<&str>) -> Value {
    let mut key: Value = serde_json::from_str(key).expect("a JWK");
    if let Some(kid) = kid {
        key["kid"] = json!(kid);
    }
    key
}

/// The Secret with the private keys, and one of the client ids.
fn keys() -> String {
    let data = json!({
        "rsa.pem": RSA_PEM, "p256.json": named(P256_JWK, Some("key-of-2026")).to_string(), "ed25519.pem": ED25519_PEM,
        "client-id": "id-from-a-secret",
    });
    let metadata = json!({"name": "client-keys", "labels": {"latchkey.dev/usable": "true"}});
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}).to_string()
}
