//! The examples do what the README and the how-tos say, by their commands.

use std::{fs, path::Path, sync::Arc};

use latchkey::source::directory::{Schemas, parse};
use serde_json::{Value, json};

use crate::support::{
    claimed::{login, signed_in},
    cluster::Cluster,
    fake::{Fake, sign},
    kubectl::kubectl,
    latchkey::{LOCAL, Latchkey, MANY_VISITORS},
    refusal::must_be_refused,
    source::{On, Source},
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

on_both_sources! {
    every_example_of_a_mapper_is_served_and_its_tests_pass,
}

/// The files of a folder of `examples/`, with their names.
fn example(folder: &str) -> Vec<(String, String)> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(folder)).expect("an example");
    let file = |path: std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a manifest"))
    };
    files.map(|entry| file(entry.expect("a file").path())).collect()
}

async fn every_example_of_a_mapper_is_served_and_its_tests_pass(on: On) {
    let schemas = Schemas::new();
    for folder in
        ["mappers", "mapped-groups", "response-attributes", "known-in-advance", "verified-addresses", "update-modes"]
    {
        let files = example(folder);
        let texts: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let latchkey = Latchkey::start_on(on, &texts).await;
        let mut tests = 0;
        for manifest in files.iter().flat_map(|(name, text)| parse(&schemas, text).unwrap_or_else(|_| panic!("{name}")))
        {
            let (kind, name) = (manifest.object.kind().to_lowercase(), manifest.object.name().to_owned());
            match &*kind {
                "idpmapper" => {
                    latchkey.wait_for_condition(&kind, &name, ["Ready", "True", "Succeeded"]).await;
                    let status = latchkey.status(&kind, &name).await.expect("a status");
                    assert_eq!(status["tests"]["failed"], 0, "{name}: {status}");
                    tests += status["tests"]["passed"].as_u64().expect("a number");
                }
                "identityprovider" => {
                    latchkey.wait_for_condition(&kind, &name, ["Accepted", "True", "Succeeded"]).await;
                }
                "organization" => {
                    latchkey.wait_for_condition(&kind, &name, ["Ready", "True", "Succeeded"]).await;
                }
                _ => {}
            }
        }
        assert!(tests >= 4, "{folder}: only {tests} tests were run");
    }
}

/// Latchkey with the files of an example, whose provider is `fake`; everything else in them is as it stands there.
async fn served(folder: &str, provider: &str, issuer: &str, fake: &Fake) -> Latchkey {
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[]).await;
    for (file, text) in example(folder) {
        latchkey.write(&file, &text.replace(issuer, &fake.issuer)).await;
    }
    latchkey.wait_until_ready(provider).await;
    latchkey
}

/// Some members of a session.
fn members<const N: usize>(session: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| session[name].clone())
}

#[tokio::test]
async fn in_the_example_of_mapped_groups_bob_adams_gets_what_his_groups_say() {
    let fake = Fake::start().await;
    let latchkey = served("mapped-groups", "contoso", "https://login.contoso.example", &fake).await;
    for mapper in ["administrators", "us-users"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let bob = |groups: &[&str]| {
        json!({
            "sub": "another-id", "Id": "1017", "Username": "bob.adams", "Mail": "bob.adams@contoso.example",
            "UserGroups": groups, "name": null, "email": null, "groups": null,
        })
    };
    let mut ids = Vec::new();
    for (groups, here, administrator, language) in [
        (&["US Users"][..], json!(["us-users"]), false, "en"),
        (&["Administrators"], json!([]), true, "de"),
        (&["Administrators", "US Users", "Sales"], json!(["us-users"]), true, "en"),
    ] {
        let session = signed_in(&latchkey, "contoso", &fake, bob(groups)).await;
        assert_eq!(
            members(&session, ["userName", "email", "groups", "administrator", "language"]),
            [json!("bob.adams"), json!("bob.adams@contoso.example"), here, json!(administrator), json!(language)],
            "{groups:?}"
        );
        ids.push(session["id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "he is one user: {ids:?}");
    let refused = login(&Visitor::new(), &latchkey, "contoso", &fake, bob(&["Sales"])).await;
    must_be_refused("somebody for whom no mapper is", &latchkey, &refused, 403, "not_mapped");
}

#[tokio::test]
async fn the_examples_of_mappers_give_john_all_that_they_say() {
    let fake = Fake::start().await;
    let latchkey = served("mappers", "azure", "https://login.contoso.example", &fake).await;
    for mapper in ["first-name-john", "engineering", "employees", "attributes"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let john = |amr: Value| {
        json!({
            "sub": "john", "email": "john@contoso.example", "FirstName": "John", "givenName": "John",
            "surname": "Smith", "amr": amr, "groups": ["US Sales", "Engineering", "app-wiki"], "locale": "en_us",
            "zoneinfo": "Pacific Standard Time", "jobTitle": "CTO", "employeeType": "employee",
            "roles": ["admin", "editor"],
        })
    };
    let session = signed_in(&latchkey, "azure", &fake, john(json!(["pwd", "mfa"]))).await;
    assert_eq!(
        members(&session, ["fullName", "roles", "groups", "administrator", "language", "timeZone", "culture"]),
        [
            json!("John Smith"),
            json!(["admin", "editor"]),
            json!(["canteen", "engineering", "wiki"]),
            json!(true),
            json!("en"),
            json!("America/Los_Angeles"),
            json!("en-US"),
        ]
    );
    assert_eq!(session["attributes"], json!({"title": "CTO", "company": "Contoso", "office": "remote"}));
    for amr in [json!(["pwd"]), json!("mfa"), json!(null)] {
        let refused = login(&Visitor::new(), &latchkey, "azure", &fake, john(amr)).await;
        must_be_refused("without a second factor", &latchkey, &refused, 403, "claim_rule");
        assert!(refused.body.contains("Sign in with a second factor, and try again."), "{}", refused.body);
    }
}

#[tokio::test]
async fn in_the_example_of_update_modes_the_first_login_gives_what_later_ones_leave_alone() {
    let fake = Fake::start().await;
    let latchkey = served("update-modes", "contoso", "https://login.contoso.example", &fake).await;
    for mapper in ["newcomers", "auditors"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let joe = |title: Value, groups: Value| json!({"sub": "joe", "preferred_username": "joe", "email": null, "jobTitle": title, "groups": groups});
    for (title, groups, roles) in [
        ("Clerk", json!(["Auditors"]), json!(["auditor"])),
        ("CEO", json!([]), json!([])),
        ("CTO", json!(["Auditors"]), json!(["auditor"])),
    ] {
        let session = signed_in(&latchkey, "contoso", &fake, joe(json!(title), groups)).await;
        assert_eq!(
            members(&session, ["fullName", "roles", "groups", "attributes"]),
            [json!(null), roles, json!(["welcome"]), json!({"title": "Clerk"})],
            "{title}"
        );
    }
}

#[tokio::test]
async fn in_the_example_of_verified_addresses_each_provider_s_word_counts_as_its_manifest_says() {
    let (contoso, partners) = (Fake::start().await, Fake::start().await);
    let latchkey = Latchkey::start_with(MANY_VISITORS, &[]).await;
    for (file, text) in example("verified-addresses") {
        let text = text.replace("https://login.contoso.example", &contoso.issuer);
        latchkey.write(&file, &text.replace("https://login.partners.example", &partners.issuer)).await;
    }
    latchkey.wait_until_ready("contoso").await;
    latchkey.wait_until_ready("partners").await;
    latchkey.wait_for_condition("idpmapper", "newsletter", ["Ready", "True", "Succeeded"]).await;
    let person = |name: &str, checked: Value| {
        let address = format!("{name}@contoso.example");
        json!({"sub": name, "preferred_username": name, "email": address, "email_verified": false, "mail_checked": checked})
    };
    let ann = signed_in(&latchkey, "contoso", &contoso, person("ann", json!(null))).await;
    let joe = signed_in(&latchkey, "partners", &partners, person("joe", json!(true))).await;
    for session in [ann, joe] {
        assert_eq!(members(&session, ["emailVerified", "groups"]), [json!(true), json!(["newsletter"])]);
    }
    let jim = Visitor::new();
    login(&jim, &latchkey, "partners", &partners, person("jim", json!(false))).await;
    assert_eq!(jim.session(&latchkey).await, None, "nobody has verified his address");
}

#[tokio::test]
async fn in_the_example_of_people_known_in_advance_nobody_else_gets_in() {
    let fake = Fake::start().await;
    let latchkey = served("known-in-advance", "contoso", "https://login.contoso.example", &fake).await;
    latchkey.wait_for_condition("idpmapper", "employees", ["Ready", "True", "Succeeded"]).await;
    let eve = json!({"sub": "eve", "preferred_username": "eve", "email": null, "employeeType": "employee"});
    let refused = login(&Visitor::new(), &latchkey, "contoso", &fake, eve).await;
    must_be_refused("an employee whom nobody knows", &latchkey, &refused, 403, "not_known");
}

#[tokio::test]
async fn in_the_example_of_response_attributes_oid_and_email_id_say_who_somebody_is() {
    let fake = Fake::start().await;
    let latchkey = served("response-attributes", "contoso", "https://login.contoso.example", &fake).await;
    for mapper in ["guests", "what-is-read"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    let visitor = Visitor::new();
    let begun = visitor.begin_at(&latchkey.url("o/partners/login/contoso")).await;
    let mut claims = fake.claims(&begun.nonce);
    for (name, value) in [("oid", "5f1d"), ("emailId", "ann@contoso.example"), ("preferred_username", "ann")] {
        claims[name] = json!(value);
    }
    fake.give_out(&sign(&claims));
    let answer = visitor.get(&begun.callback).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    let session = visitor.get(&latchkey.url("o/partners/session")).await.json();
    assert_eq!(
        members(&session, ["organization", "userName", "email", "groups"]),
        [json!("partners"), json!("ann"), json!("ann@contoso.example"), json!(["guests"])]
    );
    assert_eq!(session["attributes"], json!({"contosoId": "5f1d", "contact": "ann@contoso.example"}));
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
