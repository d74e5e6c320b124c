//! `tokens.publicKeys`: the keys that the manifest has of the provider.

use aws_lc_rs::rsa::PublicKey;
use rcgen::{CertificateParams, Issuer, KeyPair, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use rustls::pki_types::pem::{PemObject, SectionKind};
use serde_json::{Value, json};

use crate::support::{
    fake::Fake,
    source::On,
    ways_in::{WITHOUT_KEYS, Way, WaysIn},
};

on_both_sources! {
    a_key_of_the_manifest_is_believed_until_the_provider_signs_with_another,
}

async fn a_key_of_the_manifest_is_believed_until_the_provider_signs_with_another(on: On) {
    let world = WaysIn::start(on, json!({})).await;
    let key = rsa_key(&world).await;
    let ways = [
        Way { name: "key", place: WITHOUT_KEYS, more: trusting(&key), ..Way::default() },
        Way { name: "certificate", place: WITHOUT_KEYS, more: trusting(&certificate_of(&key)), ..Way::default() },
        Way { name: "beside", more: trusting(&key), ..Way::default() },
    ];
    world.open(&ways).await;
    for way in &ways {
        assert_eq!(world.session_of("alice", way.name).await["provider"], way.name);
    }
    let status = world.latchkey.status("identityprovider", "certificate").await.expect("a status");
    assert_eq!(status["keys"], json!([{"kty": "RSA"}]));
    world.provider.control("POST", "rotate-keys", &json!({})).await;
    assert_eq!(world.session_of("alice", "beside").await["provider"], "beside", "by the JWKS URL");
    for name in ["key", "certificate"] {
        world.refuses_alice(name, "id_token", "key_unknown").await;
    }
}

#[tokio::test]
async fn a_key_of_the_manifest_counts_where_the_jwks_url_has_others_or_none() {
    let (world, elsewhere) = (WaysIn::start(On::Directory, json!({})).await, Fake::start().await);
    let key = rsa_key(&world).await;
    let endpoints = |jwks: &str| format!("  endpoints: {{jwks: '{}{jwks}'}}\n", elsewhere.issuer);
    let ways = [
        Way { name: "others", more: endpoints("/keys") + &trusting(&key), ..Way::default() },
        Way { name: "none", more: endpoints("/nothing") + &trusting(&key), ..Way::default() },
    ];
    world.open(&ways).await;
    for way in &ways {
        assert_eq!(world.session_of("alice", way.name).await["provider"], way.name);
    }
    let keys = world.latchkey.condition("identityprovider", "none", "KeysUsable").await.expect("KeysUsable");
    assert!(keys.status == "True" && keys.message.contains("404"), "{}", keys.message);
}

/// What the provider shows of its RSA key, in PEM.
async fn rsa_key(world: &WaysIn) -> String {
    let keys = world.provider.control("GET", "public-keys", &Value::Null).await;
    let rsa = keys.as_array().expect("keys").iter().find(|key| key["kty"] == "RSA").expect("one of RSA");
    rsa["pem"].as_str().expect("PEM").to_owned()
}

/// Lines of the spec. JSON is YAML.
fn trusting(pem: &str) -> String {
    format!("  tokens: {}\n", json!({"publicKeys": [pem]}))
}

/// An RSA key as rcgen takes it.
struct RsaKey(PublicKey);

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

/// What an authority makes of the key.
fn certificate_of(pem: &str) -> String {
    let (_, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(pem.as_bytes()).expect("PEM");
    let key = RsaKey(PublicKey::from_der(&der).expect("a key"));
    let authority = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(CertificateParams::default(), authority);
    let params = CertificateParams::new(vec!["signing.idp.example".to_owned()]).expect("a name");
    params.signed_by(&key, &issuer).expect("a certificate").pem()
}
