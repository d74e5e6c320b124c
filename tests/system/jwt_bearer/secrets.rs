//! Whatever is brought and given out stays between the application and Latchkey, however much is logged.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::{
    ask::{Ask, FLAGS, ask, bare},
    id_token::id_token,
    world::{SECRET, World, at_provider, bearer},
};
use crate::support::{latchkey::Latchkey, source::Source, visitor::Visitor};

/// The parts of a token, in both alphabets of base64.
fn parts(token: &str) -> Vec<String> {
    let both = |part: &str| {
        let octets = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        [part.to_owned(), STANDARD_NO_PAD.encode(octets)]
    };
    token.split('.').flat_map(both).collect()
}

/// What stands in `Basic` for a secret of `backend`.
fn in_basic(secret: &str) -> String {
    STANDARD_NO_PAD.encode(format!("backend:{secret}"))
}

/// As RFC 6749, section 2.3.1, has it.
fn encoded(secret: &str) -> String {
    url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()
}

#[tokio::test]
async fn neither_tokens_nor_secrets_nor_what_they_say_are_in_logs_statuses_metrics_and_answers() {
    let world = World::logging_everything().await;
    let latchkey = &world.latchkey;
    let for_backend = || id_token(&world.main, &at_provider("backend"), "secretive", &json!({"phone_number": "m4rk"}));
    let by_form = |token: &str| ask("backend", token).with("client_secret", SECRET);
    let mut secret: Vec<String> = vec![SECRET.to_owned(), "s3cret".to_owned(), "m4rk".to_owned()];
    secret.extend([SECRET, "m4rk-secret"].iter().flat_map(|shown| [in_basic(shown), in_basic(&encoded(shown))]));
    let basic = |secret: &str| -> Box<dyn Fn(&str) -> Ask> {
        let encoded = encoded(secret);
        Box::new(move |token| bare(token).basic("backend", &encoded))
    };
    // What is right, and what is wrong in all places where it could be repeated.
    let mut said = String::new();
    for way in [Box::new(by_form) as Box<dyn Fn(&str) -> Ask>, basic(SECRET), basic("m4rk-secret")] {
        for changes in [json!({}), json!({"aud": "m4rk"}), json!({"email": "secretive@private.example", "exp": 1})] {
            let token = id_token(&world.main, &at_provider("backend"), "secretive", &changes);
            let (first, again) = (way(&token).send(latchkey).await, way(&token).send(latchkey).await);
            secret.extend(parts(&token));
            for answer in [first, again] {
                match answer.status {
                    200 => secret.extend(parts(answer.json()["access_token"].as_str().expect("a token"))),
                    _ => said += &answer.body,
                }
            }
        }
    }
    let token = for_backend();
    secret.extend(parts(&token));
    for wrong in [
        by_form(&token).query("client_secret", "m4rk-in-the-query"),
        by_form(&token).query("assertion", &token),
        by_form(&token).with("assertion", &token),
        by_form(&token).body("application/json", &token),
        ask(&token, &token),
        by_form(&token).with("scope", &token),
        by_form(&token).without("grant_type").with("grant_type", &token),
        by_form("m4rk.m4rk.m4rk"),
        bare(&token).header("authorization", "Bearer m4rk"),
    ] {
        let answer = wrong.send(latchkey).await;
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.body);
        said += &answer.body;
    }
    by_form(&token).gets(latchkey).await;
    said += &world.everything_said().await;
    for secret in &secret {
        if let Some(at) = said.find(&**secret) {
            let around = &said[at.saturating_sub(300)..(at + 60).min(said.len())];
            panic!("{secret} is told: …{around}");
        }
    }
    assert!(!said.contains("secretive@private.example"), "an address is told");
    assert!(said.contains("DEBUG"), "everything is logged");
}

impl World {
    async fn logging_everything() -> Self {
        let plain = World::start("", "").await;
        let read = |file: &str| std::fs::read_to_string(plain.latchkey.manifests().join(file)).expect("a manifest");
        let organization = read("organization.yaml");
        let files = [
            ("organization.yaml", &*organization),
            ("main.yaml", &*bearer("main", &plain.main.issuer, "")),
            ("backend.yaml", &*read("backend.yaml")),
        ];
        let environment = [("RUST_LOG", "trace")];
        let latchkey = Latchkey::start_in(&environment, Source::Directory, FLAGS, &files).await;
        latchkey.wait_until_ready("main").await;
        let world = Self { latchkey, main: plain.main };
        world.wait_until_it_works().await;
        world
    }

    /// Log, statuses, metrics, keys and the sign-in page.
    async fn everything_said(&self) -> String {
        let (_, metrics) = self.latchkey.management("metrics").await;
        assert!(metrics.contains("latchkey_tokens_total{") && metrics.contains("latchkey_token_failures_total{"));
        let mut all = self.latchkey.log() + &metrics + &self.jwks().await.body;
        for (kind, name) in [("organization", "default"), ("identityprovider", "main")] {
            all += &self.latchkey.status(kind, name).await.expect("a status").to_string();
        }
        all += &Visitor::new().get(&self.latchkey.at("login")).await.body;
        all
    }
}
