//! The commands of the how-tos that need nothing but what is installed are run as they are written.

use std::{path::Path, process::Command};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, crypto,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use latchkey::source::directory::{Schemas, parse};

use crate::markdown::{documents, read};

/// Runs a script and answers with what it writes; what needs a cluster is left out.
fn run(script: &str, dir: &Path) -> String {
    let script: String =
        script.lines().filter(|line| !line.starts_with("kubectl ")).map(|line| format!("{line}\n")).collect();
    let mut shell = Command::new("sh");
    let latchkey = Path::new(env!("CARGO_BIN_EXE_latchkey")).parent().expect("a directory");
    let path = format!("{}:{}", latchkey.display(), std::env::var("PATH").unwrap_or_default());
    shell.env("PATH", path);
    let output = shell.args(["-euc", &script]).current_dir(dir).env("KEY_ID", "of-the-provider").output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// With the page's manifests in the directory `manifests`, by their numbers; what a command writes stands behind it.
#[test]
fn the_commands_for_mappers_write_what_the_page_shows() {
    let page = documents().into_iter().find(|document| document.path.ends_with("how-to/test-mappers.md"));
    let page = page.expect("the page");
    let directory = tempfile::tempdir().expect("a directory");
    let manifests = directory.path().join("manifests");
    std::fs::create_dir(&manifests).expect("a directory");
    let blocks = page.blocks();
    for (index, block) in blocks.iter().filter(|block| block.language == "yaml").enumerate() {
        std::fs::write(manifests.join(format!("{}.yaml", index + 1)), &block.text).expect("written");
    }
    let mut ran = 0;
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.language == "sh") {
        let written = run(&block.text, directory.path());
        let lines = block.text.lines().count();
        let shown = blocks.get(index + 1).filter(|next| next.language == "text" && next.line == block.line + lines + 3);
        if !written.is_empty() {
            let shown = shown.unwrap_or_else(|| panic!("after line {} of the page belongs:\n{written}", block.line));
            assert!(shown.text == written, "line {} of the page must be:\n{written}", shown.line);
        }
        ran += 1;
    }
    assert_eq!(ran, 3);
    let failing = std::fs::read_to_string(manifests.join("2.yaml")).expect("a mapper");
    let failing = failing.replacen("true, roles: [], groups: [us-users]", "true, roles: [], groups: [us-user]", 1);
    std::fs::write(manifests.join("2.yaml"), failing).expect("written");
    let said = run("latchkey check --offline manifests/ || true", directory.path());
    let shown = blocks.iter().find(|block| block.text.contains("TestsFailed")).expect("what a failure looks like");
    assert!(said.contains(&shown.text), "line {} of the page is of:\n{said}", shown.line);
}

#[test]
fn the_commands_for_private_keys_make_a_pair_that_fits() {
    let page = documents().into_iter().find(|document| document.path.ends_with("how-to/generic-provider.md"));
    let page = page.expect("the page");
    let begin = page.text.lines().position(|line| line == "## By private key").expect("the section");
    let end = page.text.lines().skip(begin + 1).position(|line| line.starts_with("## ")).expect("the next one");
    let within = begin..begin + 1 + end;
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("manifests")).expect("a directory");
    for block in page.blocks().into_iter().filter(|block| block.language == "sh" && within.contains(&block.line)) {
        run(&block.text, directory.path());
    }

    let made = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect(name);
    let public: JwkSet = serde_json::from_str(&made("jwks.json")).expect("a JWK set");
    let public = &public.keys[0];
    let thumbprint = public.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint");
    run("printf signed > text; openssl dgst -sha256 -sign client.pem -out signature text", directory.path());
    let signature = URL_SAFE_NO_PAD.encode(std::fs::read(directory.path().join("signature")).expect("a signature"));
    let key = DecodingKey::from_jwk(public).expect("a key");
    assert!(crypto::verify(&signature, b"signed", &key, Algorithm::RS256).expect("an answer"));

    let private: Jwk = serde_json::from_str(&made("client.jwk")).expect("a JWK");
    assert_eq!(private.common.key_id.as_deref(), Some("of-the-provider"));
    assert_eq!(private.thumbprint(ThumbprintHash::SHA256).expect("a thumbprint"), thumbprint);

    let secret = made("manifests/private-key-jwt-client.yaml");
    assert!(parse(&Schemas::new(), &secret).is_ok(), "{secret}");
    let example = read("examples/providers/private-key-jwt.yaml");
    for name in ["name: private-key-jwt-client\n", "client.pem"] {
        assert!(secret.contains(name) && example.contains(name), "{name}");
    }
}
