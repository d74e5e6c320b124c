//! What the how-to for applications shows, as it is written there: its manifests are served, and its commands get tokens.

use std::{collections::HashMap, fs, path::Path};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    markdown::{Document, documents},
    support::{
        access_token::{published_keys, verified},
        ended::Ended,
        fake::{Fake, sign},
        latchkey::{LOCAL, Latchkey},
        wait_for,
    },
};

fn page() -> Document {
    let page = documents().into_iter().find(|document| document.path.ends_with("how-to/let-applications-sign-in.md"));
    page.expect("the page")
}

/// The blocks of a language, in their order.
fn blocks(page: &Document, language: &str) -> Vec<String> {
    page.blocks().into_iter().filter(|block| block.language == language).map(|block| block.text).collect()
}

/// Writes the manifests of a block, each under the name of its kind; `issuer` is where Contoso is here.
async fn write(latchkey: &Latchkey, block: &str, issuer: &str) {
    for manifest in block.split("---\n") {
        let kind = manifest.lines().find_map(|line| line.strip_prefix("kind: ")).expect("a kind");
        let text = manifest.replace("https://login.contoso.example", issuer);
        latchkey.write(&format!("{kind}.yaml"), &text).await;
    }
}

/// An ID token that Contoso has just issued to one of its clients, for somebody of the editorial department.
fn id_token(fake: &Fake, client: &str) -> String {
    let now = Timestamp::now().as_second();
    sign(&json!({
        "iss": fake.issuer, "sub": "ann", "aud": client, "iat": now, "exp": now + 3600, "jti": format!("of-{client}"),
        "preferred_username": "ann", "groups": ["editorial"],
    }))
}

/// Runs a command of the page in this directory, with Latchkey where it is here.
async fn run(command: &str, latchkey: &Latchkey, directory: &Path) -> Value {
    let script = command.replace("https://login.example.com", latchkey.url("").trim_end_matches('/'));
    let mut shell = Command::new("sh");
    shell.args(["-euc", &script]).current_dir(directory);
    Ended::of(shell, "").await.json()
}

#[tokio::test]
async fn the_manifests_and_the_commands_of_the_how_to_get_access_tokens() {
    let (fake, page) = (Fake::start().await, page());
    let (manifests, commands) = (blocks(&page, "yaml"), blocks(&page, "sh"));
    let [metadata, public, confidential, _of_the_log] = &commands[..] else { panic!("{commands:?}") };
    let latchkey = Latchkey::start_with(LOCAL, &[]).await;
    let (directory, here) = (latchkey.dir(), latchkey.url(""));
    write(&latchkey, &manifests[0], &fake.issuer).await;
    latchkey.wait_until_ready("contoso").await;
    latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
    latchkey.wait_for_condition("idpmapper", "editors", ["Ready", "True", "Succeeded"]).await;

    let said = run(metadata, &latchkey, directory).await;
    assert_eq!(said["token_endpoint"], format!("{here}o/default/token"), "{said}");
    assert_eq!(latchkey.status("organization", "default").await.expect("a status")["tokenURL"], said["token_endpoint"]);

    fs::write(directory.join("id-token.txt"), id_token(&fake, "desktop-app-at-contoso")).expect("written");
    must_be_a_token(&latchkey, &run(public, &latchkey, directory).await, "desktop-app").await;
    let again = run(public, &latchkey, directory).await;
    assert_eq!(again["error"], "invalid_grant", "it counts once: {again}");

    write(&latchkey, &manifests[1], &fake.issuer).await;
    fs::write(directory.join("id-token.txt"), id_token(&fake, "portal-at-contoso")).expect("written");
    let given = wait_for("the portal gets a token", async || {
        let said = run(confidential, &latchkey, directory).await;
        said.get("access_token").is_some().then_some(said)
    });
    must_be_a_token(&latchkey, &given.await, "portal").await;
}

/// The answer has what the page shows, and the token what its manifests give.
async fn must_be_a_token(latchkey: &Latchkey, said: &Value, client_id: &str) {
    let shown: HashMap<String, Value> = serde_json::from_str(&blocks(&page(), "json")[0]).expect("JSON");
    let members: Vec<_> = said.as_object().expect("an answer").keys().collect();
    assert!(members.len() == shown.len() && members.iter().all(|member| shown.contains_key(*member)), "{said}");
    let seconds = said["expires_in"].as_i64().expect("seconds");
    assert!((590..=600).contains(&seconds), "{seconds}");
    let token = said["access_token"].as_str().expect("a token");
    let (keys, issuer) = (published_keys(latchkey).await, latchkey.url("o/default"));
    let claims = verified(token, &keys, &issuer, "https://api.example.com").expect("a good token");
    assert_eq!((&claims["client_id"], &claims["roles"]), (&json!(client_id), &json!(["editor"])));
}
