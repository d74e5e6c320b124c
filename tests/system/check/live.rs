//! `check` asks the providers themselves, gently, unless it is told not to.

use std::{io::ErrorKind, net::TcpListener};

use super::{directory, run};
use crate::support::{fake::Fake, latchkey::LOCAL, manifests, provider::Provider};

/// `latchkey check` of the directory itself, with the flags for providers on this machine.
fn local<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let json = ["--output", "json"];
    ["check", "."].into_iter().chain(LOCAL.iter().copied()).chain(json).chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_provider_is_asked_for_its_metadata_and_keys() {
    let provider = Provider::start().await;
    let by_name = provider.issuer.replace("127.0.0.1", "localhost");
    for (issuer, expected) in [
        (&*provider.issuer, &[][..]),
        (&by_name, &["provider.yaml:6:3 condition/Discovered/IssuerMismatch"]),
        ("http://127.0.0.1:1", &["provider.yaml:6:3 condition/Discovered/ConnectFailed"]),
    ] {
        let demo = manifests::provider("demo", issuer, "");
        let dir = directory(&[("provider.yaml", &demo), ("secret.yaml", &manifests::usual_secret())]);
        let ended = run(dir.path(), &local(&["--egress-allow", "::1/128"])).await;
        assert_eq!(ended.findings(), expected, "{}", ended.err);
        assert_eq!(ended.status, i32::from(!expected.is_empty()));
        assert_eq!(ended.json()["summary"]["live"], true);
    }
}

/// A repository seldom has the secrets, and a pipeline checks it all the same.
#[tokio::test]
async fn a_provider_whose_secret_is_elsewhere_is_proven_too() {
    let fake = Fake::start().await;
    let plain = manifests::provider("demo", &fake.issuer, "  tokens: {allowedAlgorithms: [ES512]}\n");
    let dir = directory(&[("provider.yaml", &plain)]);
    let ended = run(dir.path(), &local(&[])).await;
    let expected =
        ["provider.yaml:7:26 reference/not-among-manifests", "provider.yaml:9:12 condition/Discovered/Incompatible"];
    assert_eq!(ended.findings(), expected, "{}", ended.err);
}

#[tokio::test]
async fn an_address_that_serve_would_not_dial_is_not_dialled() {
    let provider = Provider::start().await;
    let dir = directory(&[("provider.yaml", &manifests::provider("demo", &provider.issuer, ""))]);
    let ended = run(dir.path(), &["check", "--allow-http", "--output", "json", "."]).await;
    assert!(ended.findings().contains(&"provider.yaml:6:3 condition/Discovered/EgressDenied".to_owned()));
    let ended = run(dir.path(), &["check", "--egress-allow", "127.0.0.0/8", "--output", "json", "."]).await;
    assert!(ended.findings().contains(&"provider.yaml:6:3 condition/Discovered/InsecureEndpoint".to_owned()));
}

#[tokio::test]
async fn one_issuer_is_asked_once_however_many_providers_name_it() {
    let fake = Fake::start().await;
    let many: Vec<_> = (0..20).map(|number| manifests::provider(&format!("p{number}"), &fake.issuer, "")).collect();
    let dir = directory(&[("providers.yaml", &many.join("---\n")), ("secret.yaml", &manifests::usual_secret())]);
    let ended = run(dir.path(), &local(&[])).await;
    assert_eq!((ended.status, ended.findings()), (0, Vec::new()), "{}", ended.err);
    assert_eq!(fake.every_request().len(), 2, "metadata and keys");
}

#[tokio::test]
async fn offline_nobody_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let issuer = format!("http://{}", listener.local_addr().expect("an address"));
    let demo = manifests::provider("demo", &issuer, &format!("  iconURL: {issuer}/icon.png\n"));
    let dir = directory(&[("provider.yaml", &demo), ("secret.yaml", &manifests::usual_secret())]);
    let ended = run(dir.path(), &local(&["--offline"])).await;
    assert_eq!((ended.status, ended.findings()), (0, Vec::new()), "{}", ended.err);
    assert_eq!(listener.accept().expect_err("nobody").kind(), ErrorKind::WouldBlock);
}
