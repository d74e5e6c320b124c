//! The examples do what the README and the how-tos say, by their commands.

use std::{fs, path::Path, sync::Arc};

use serde_json::json;

use crate::support::{
    claimed::{login, signed_in},
    cluster::Cluster,
    fake::Fake,
    kubectl::kubectl,
    latchkey::{LOCAL, Latchkey, MANY_VISITORS},
    refusal::must_be_refused,
    source::Source,
    visitor::Visitor,
};

#[tokio::test]
async fn the_example_becomes_ready_and_shows_what_to_register() {
    let fake = Fake::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/kubernetes");
    for file in fs::read_dir(examples).expect("the example").map(|file| file.expect("a file").path()) {
        let text =
            fs::read_to_string(&file).expect("a manifest").replace("https://login.contoso.example", &fake.issuer);
        fs::write(directory.path().join(file.file_name().expect("a name")), text).expect("written");
    }
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let source = Source::in_namespace(namespace.clone(), namespace.access.clone());
    let latchkey = Latchkey::start_from(source, LOCAL, &[]).await;
    let files = directory.path().display().to_string();
    let say = |arguments: &'static [&'static str]| kubectl(&namespace.access, arguments);
    kubectl(&namespace.access, &["apply", "--filename", &files]).await;
    say(&["wait", "idp/contoso", "idpm/admins", "org/default", "--for=condition=Ready", "--timeout=20s"]).await;
    let table = say(&["get", "idp", "--output", "wide"]).await;
    let row: Vec<_> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    let callback = latchkey.at("callback/contoso");
    assert_eq!(row[..5], ["contoso", "True", "Succeeded", &fake.issuer, "1"], "{table}");
    assert_eq!(row[6..], ["contoso", &callback], "{table}");
    let all = say(&["get", "latchkey"]).await;
    for object in
        ["identityprovider.latchkey.dev/contoso", "idpmapper.latchkey.dev/admins", "organization.latchkey.dev/default"]
    {
        assert!(all.contains(object), "{all}");
    }
    kubectl(&namespace.access, &["delete", "secret", "contoso-client"]).await;
    say(&[
        "wait",
        "idp/contoso",
        "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=SecretNotFound",
        "--timeout=20s",
    ])
    .await;
    let described = say(&["describe", "idp", "contoso"]).await;
    assert!(described.contains("there is no Secret \"contoso-client\" in this namespace: create it"), "{described}");
}

#[tokio::test]
async fn the_example_of_two_providers_sends_each_to_theirs_and_keeps_their_names_apart() {
    let (contoso, partners) = (Fake::start().await, Fake::start().await);
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[]).await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/two-providers");
    for (name, fake) in [("contoso", &contoso), ("partners", &partners)] {
        let text = fs::read_to_string(examples.join(format!("{name}.yaml"))).expect("a manifest");
        let there = format!("https://login.{name}.example");
        latchkey.write(&format!("{name}.yaml"), &text.replace(&there, &fake.issuer)).await;
        latchkey.wait_until_ready(name).await;
    }
    let somebody = Visitor::new();
    let page = somebody.get(&latchkey.at("login")).await.body;
    assert!(page.contains("/login/partners\"") && !page.contains("/login/contoso"), "{page}");
    let form = [("organization", latchkey.organization()), ("identifier", "ann@eu.contoso.example")];
    let sent = somebody.post(&latchkey.url("discover"), &form).await.location().expect("a redirect");
    assert_eq!(sent, latchkey.at("login/contoso?login_hint=ann%40eu.contoso.example"));
    let ann = |address: &str| json!({"sub": "ann", "preferred_username": "ann", "email": address});
    let ours = signed_in(&latchkey, "contoso", &contoso, ann("ann@contoso.example")).await;
    let theirs = signed_in(&latchkey, "partners", &partners, ann("ann@partners.example")).await;
    assert_eq!((&ours["userName"], &theirs["userName"]), (&json!("ann"), &json!("partners:ann")));
    let stranger = login(&somebody, &latchkey, "partners", &partners, ann("bob@contoso.example")).await;
    must_be_refused("an address of Contoso", &latchkey, &stranger, 403, "address_of_another_provider");
}

/// Every example of a provider, and the issuer that its status names before anybody has answered.
const ISSUERS: &[(&str, &str)] = &[
    ("auth0", "https://contoso.eu.auth0.com/"),
    ("dex", "https://dex.contoso.example/dex"),
    ("entra", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"),
    ("entra-certificate", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"),
    ("form-post", "https://login.contoso.example/form-post"),
    ("generic", "https://login.contoso.example/tenant"),
    ("google", "https://accounts.google.com"),
    ("id-token", "https://login.contoso.example/id-token"),
    ("keycloak", "https://sso.contoso.example/realms/contoso"),
    ("manual", "https://legacy.contoso.example"),
    ("okta", "https://contoso.okta.com/oauth2/default"),
    ("okta-org", "https://contoso.okta.com"),
    ("private-key-jwt", "https://login.contoso.example/private-key"),
    ("public-client", "https://login.contoso.example/public"),
    ("public-keys", "https://legacy.contoso.example/keys"),
    ("pushed", "https://login.contoso.example/pushed"),
    ("rotation", "https://login.contoso.example/rotation"),
    ("single-endpoint", "https://login.contoso.example/gateway"),
];

#[tokio::test]
async fn every_example_of_a_provider_is_accepted_and_shows_what_to_register() {
    let namespace = Arc::new(Cluster::shared().await.namespace().await);
    let source = Source::in_namespace(namespace.clone(), namespace.access.clone());
    let latchkey = Latchkey::start_from(source, &[], &[]).await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/providers");
    let files = fs::read_dir(&examples).expect("the examples").count();
    assert_eq!(files, ISSUERS.len() + 1, "beside the organization, each example is in the list");
    kubectl(&namespace.access, &["apply", "--filename", &examples.display().to_string()]).await;
    let keys = tempfile::tempdir().expect("a directory");
    let key = rcgen::KeyPair::generate().expect("a key");
    let subject = rcgen::CertificateParams::new(vec!["latchkey".to_owned()]).expect("a name");
    let certificate = subject.self_signed(&key).expect("a certificate").pem();
    let key = key.serialize_pem();
    for (secret, pem) in [("private-key-jwt-client", key.clone()), ("entra-certificate", key + &certificate)] {
        let file = keys.path().join("client.pem");
        fs::write(&file, pem).expect("written");
        let from = format!("--from-file={}", file.display());
        kubectl(&namespace.access, &["create", "secret", "generic", secret, &from]).await;
        kubectl(&namespace.access, &["label", "secret", secret, "latchkey.dev/usable=true"]).await;
    }

    for (name, issuer) in ISSUERS {
        for type_ in ["Accepted", "ResolvedRefs"] {
            latchkey.wait_for_condition("identityprovider", name, [type_, "True", "Succeeded"]).await;
        }
        let status = latchkey.status("identityprovider", name).await.expect("a status");
        assert_eq!(status["issuer"], **issuer, "{name}");
        assert_eq!(status["redirectURI"], latchkey.at(&format!("callback/{name}")), "{name}");
        assert_eq!(status["initiateLoginURI"], latchkey.at(&format!("initiate/{name}")), "{name}");
        assert_eq!(status["loginURL"], latchkey.at(&format!("login/{name}")), "{name}");
        // Nobody has these names, so nothing answers there, wherever the test runs (RFC 6761). Nothing is asked by Manual.
        if issuer.contains(".example/") && !["manual", "public-keys"].contains(name) {
            let discovered = latchkey.condition("identityprovider", name, "Discovered").await.expect("a condition");
            assert_ne!(discovered.status, "True", "{name}: {}", discovered.message);
        }
    }
    // With its keys in the manifest, all that a login needs is there.
    latchkey.wait_for_condition("identityprovider", "public-keys", ["Ready", "True", "Succeeded"]).await;
    let status = latchkey.status("identityprovider", "public-keys").await.expect("a status");
    assert_eq!(status["keys"], serde_json::json!([{"kty": "EC"}]));
    kubectl(&namespace.access, &["wait", "idpm", "--all", "--for=condition=Ready", "--timeout=20s"]).await;
    let uris = r#"jsonpath={.status.redirectURI}{"\n"}{.status.initiateLoginURI}{"\n"}"#;
    let said = kubectl(&namespace.access, &["get", "idp", "okta", "--output", uris]).await;
    assert_eq!(said, format!("{}\n{}\n", latchkey.at("callback/okta"), latchkey.at("initiate/okta")));
}
