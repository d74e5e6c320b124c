//! The example for a cluster does what the README says, by the README's commands.

use std::{fs, path::Path, sync::Arc};

use crate::support::{
    cluster::Cluster,
    fake::Fake,
    kubectl::kubectl,
    latchkey::{LOCAL, Latchkey},
    source::Source,
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
