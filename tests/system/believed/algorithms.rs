//! Which signatures count: those of the algorithms that the provider announces, or of the few that the manifest lists.

use serde_json::{Value, json};

use crate::support::{
    fake::{Fake, KEYS, Reply, keys, sign_with},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    provider::CLIENT_SECRET,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
    ways_in::{Way, WaysIn},
};

const ANOTHER_KEY: &str = include_str!("../../../src/oidc/testdata/for-tests-p256.jwk.json");

/// The provider signs the ID tokens of this client so.
fn signed_by(name: &'static str, algorithm: &str, more: &str) -> Way {
    let registered = json!({"client_secret": CLIENT_SECRET, "id_token_signed_response_alg": algorithm});
    Way { name, registered, more: more.to_owned(), ..Way::default() }
}

#[tokio::test]
async fn id_tokens_are_believed_by_whichever_algorithm_the_provider_signs_them() {
    let ways = [
        signed_by("rs256", "RS256", ""),
        signed_by("rs384", "RS384", ""),
        signed_by("rs512", "RS512", ""),
        signed_by("ps256", "PS256", ""),
        signed_by("ps384", "PS384", ""),
        signed_by("ps512", "PS512", ""),
        signed_by("es256", "ES256", ""),
        signed_by("es384", "ES384", ""),
        signed_by("es512", "ES512", ""),
        signed_by("eddsa", "EdDSA", ""),
        signed_by("ed25519", "Ed25519", ""),
        signed_by("hs256", "HS256", "  tokens: {allowedAlgorithms: [HS256]}\n"),
    ];
    let world = WaysIn::with(&ways).await;
    for way in &ways {
        assert_eq!(world.session_of("alice", way.name).await["provider"], way.name);
    }
}

#[tokio::test]
async fn an_algorithm_that_the_manifest_does_not_allow_is_refused_though_the_provider_announces_it() {
    let narrow = "  tokens: {allowedAlgorithms: [ES256, EdDSA]}\n";
    let ways = [
        signed_by("es256", "ES256", narrow),
        signed_by("ed25519", "Ed25519", narrow),
        signed_by("rs256", "RS256", narrow),
        signed_by("es384", "ES384", narrow),
        signed_by("hs256", "HS256", narrow),
        signed_by("hs256-unasked", "HS256", ""),
    ];
    let world = WaysIn::with(&ways).await;
    let (allowed, refused) = ways.split_at(2);
    for way in allowed {
        assert_eq!(world.session_of("alice", way.name).await["provider"], way.name);
    }
    for way in refused {
        world.refuses_alice(way.name, "id_token", "alg_refused").await;
    }
}

/// RFC 7515, section 4.1.4: a `kid` is a hint, and few providers with one key leave it out.
#[tokio::test]
async fn a_token_that_names_no_key_is_believed_by_those_that_fit_and_one_that_names_a_key_by_that_alone() {
    let fake = Fake::start().await;
    let mut both = keys();
    let mut other: Value = serde_json::from_str(ANOTHER_KEY).expect("a JWK");
    other.as_object_mut().expect("a JWK").retain(|name, _| ["kty", "crv", "x", "y"].contains(&&**name));
    other["kid"] = json!("two");
    both["keys"].as_array_mut().expect("keys").insert(0, other);
    let files = [
        ("provider.yaml", &*manifests::provider("rogue", &fake.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    for (case, published) in [("one key", keys()), ("several keys", both)] {
        fake.answer(KEYS, Reply::json(&published));
        let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
        latchkey.wait_until_ready("rogue").await;
        let answer = login(&fake, &latchkey, &json!({"alg": "ES256"})).await;
        assert!(answer.signs_in(), "{case}: {}", answer.body);
        let answer = login(&fake, &latchkey, &json!({"alg": "ES256", "kid": "two"})).await;
        must_be_refused(case, &latchkey, &answer, 502, "id_token");
    }
}

/// A login at which the fake gives out an ID token with this header.
async fn login(fake: &Fake, latchkey: &Latchkey, header: &Value) -> Answer {
    let visitor = Visitor::new();
    let begun = visitor.begin(latchkey, "rogue").await;
    fake.give_out(&sign_with(header, &fake.claims(&begun.nonce)));
    visitor.get(&begun.callback).await
}
