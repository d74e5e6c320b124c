//! The commands of the how-tos that need nothing but what is installed are run as they are written.

use std::{path::Path, process::Command};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, crypto,
    jwk::{Jwk, JwkSet, ThumbprintHash},
};
use latchkey::source::directory::{Schemas, parse};

use crate::markdown::{documents, read};

/// Runs a script; what needs a cluster is left out.
fn run(script: &str, dir: &Path) {
    let script: String =
        script.lines().filter(|line| !line.starts_with("kubectl ")).map(|line| format!("{line}\n")).collect();
    let mut shell = Command::new("sh");
    let output = shell.args(["-euc", &script]).current_dir(dir).env("KEY_ID", "of-the-provider").output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
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
