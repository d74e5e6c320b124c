//! By which of the provider's keys an ID token is checked: its JWKS, as it rotates, or keys in PEM.

use serde_json::json;

use super::{
    ask::{Ask, ask},
    id_token::claims,
    world::{World, applications, at_provider},
};
use crate::support::{
    fake::{Fake, KEYS, Reply},
    latchkey::Latchkey,
    manifests,
    signer::{ED25519, P256, RSA, STRANGERS, Signer},
    wait_for,
};

fn signed(signer: &Signer, header: &str, fake: &Fake) -> Ask {
    ask("desktop", &signer.token(header, claims(fake, &at_provider("desktop"), "ada").to_string()))
}

#[tokio::test]
async fn every_usual_algorithm_is_good() {
    let world = World::start("", "").await;
    let with = |signer: &Signer, header: &str| signed(signer, header, &world.main);
    for (signer, header) in [
        (&*P256, r#"{"alg":"ES256","kid":"one"}"#),
        (&*P256, r#"{"alg":"ES256"}"#),
        (&*RSA, r#"{"alg":"RS256","kid":"rsa","typ":"JWT"}"#),
        (&*ED25519, r#"{"alg":"EdDSA","kid":"ed25519","typ":"jwt"}"#),
    ] {
        eprintln!("{header}");
        with(signer, header).gets(&world.latchkey).await;
    }
}

#[tokio::test]
async fn keys_in_pem_need_nothing_of_the_provider_but_its_name() {
    // Nobody listens there.
    let mut fake = Fake::start().await;
    fake.issuer = "https://idp.invalid/tenant".to_owned();
    let pem = |signer: &Signer| signer.pem().lines().map(|line| format!("        {line}\n")).collect::<String>();
    let keys = format!("      - |\n{}      - |\n{}", pem(&RSA), pem(&P256));
    let provider = format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: main}}\nspec:\n  displayName: By PEM\n  \
         issuer: {}\n  discovery: {{mode: Manual}}\n  jwtBearer: {{}}\n  tokens:\n    publicKeys:\n{keys}",
        fake.issuer
    );
    let organization = format!("{}{}", manifests::ORGANIZATION, applications(&[("desktop", &["main"])]));
    let files = [("organization.yaml", &*organization), ("main.yaml", &*provider)];
    let latchkey = Latchkey::start_with(&["--trusted-proxies", "127.0.0.1/32"], &files).await;
    latchkey.wait_until_ready("main").await;
    // The external URL is https, and nothing here speaks it.
    let latchkey_listens = format!("http://{}", latchkey.listens_at());
    for (signer, header) in [(&*RSA, r#"{"alg":"RS256"}"#), (&*P256, r#"{"alg":"ES256","kid":"whatever"}"#)] {
        wait_for("a token signed by a key in PEM is good", async || {
            let answer = signed(signer, header, &fake).send_to(&latchkey_listens, "default").await.expect("an answer");
            (answer.status == 200).then_some(())
        })
        .await;
    }
    let wrong = signed(&STRANGERS, r#"{"alg":"ES256","kid":"one"}"#, &fake);
    assert_eq!(wrong.send_to(&latchkey_listens, "default").await.expect("an answer").status, 400);
    assert!(fake.every_request().is_empty());
}

#[tokio::test]
async fn the_provider_may_rotate_its_keys() {
    let world = World::start("", "").await;
    let (old, new) = (r#"{"alg":"ES256","kid":"one"}"#, r#"{"alg":"ES256","kid":"two"}"#);
    let next = Signer::p256("two");
    signed(&P256, old, &world.main).gets(&world.latchkey).await;
    let of_new = signed(&next, new, &world.main);
    of_new.clone().gets_refused(&world.latchkey, 400, "invalid_grant", "key_unknown").await;
    world.main.answer(KEYS, Reply::json(&json!({"keys": [P256.jwk(), next.jwk()]})));
    // What was refused for want of a key is as good as before.
    wait_for("the new key is known", async || (of_new.clone().send(&world.latchkey).await.status == 200).then_some(()))
        .await;
    signed(&P256, old, &world.main).gets(&world.latchkey).await;
    of_new.gets_refused(&world.latchkey, 400, "invalid_grant", "token_used").await;
    // A document that cannot be had takes no good key away.
    world.main.answer(KEYS, Reply::status(500, ""));
    for _ in 0..3 {
        signed(&next, new, &world.main).gets(&world.latchkey).await;
    }
}

#[tokio::test]
async fn guessed_kids_cost_the_provider_next_to_nothing() {
    let world = World::start("", "").await;
    let before = world.main.count(KEYS);
    for number in 0..50 {
        let header = format!(r#"{{"alg":"ES256","kid":"guess-{number}"}}"#);
        signed(&P256, &header, &world.main).gets_refused(&world.latchkey, 400, "invalid_grant", "key_unknown").await;
    }
    // At most one request every 30 seconds.
    assert!(world.main.count(KEYS) - before <= 3, "{}", world.main.count(KEYS) - before);
}
