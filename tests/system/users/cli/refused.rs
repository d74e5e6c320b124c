//! What is refused says what was seen and what to do, by exit status 1; what could not run at all, by 2.

use super::{ORGANIZATION, refused, signs_in, started, told, users};
use crate::support::{
    access::Access,
    ended::Ended,
    latchkey::{Latchkey, command, free_port},
    manifests,
    source::On,
};

#[tokio::test]
async fn odd_people_are_not_made_and_nobody_is_made_twice() {
    let (fake, latchkey) = started(On::Directory, "  users: {userNameSeparator: \":\"}\n").await;
    let issuer = format!("issuer: {}", fake.issuer);
    let url = format!("discovery: {{url: {}/.well-known/openid-configuration}}", fake.issuer);
    let found = manifests::provider("found", &fake.issuer, "").replace(&issuer, &url);
    latchkey.write("found.yaml", &found).await;
    users(&latchkey, &["create", "ann", "--email", "ann@example.com"], 0).await;
    users(&latchkey, &["create", "one", "--provider", "demo", "--external-id", "1"], 0).await;
    for (arguments, said) in [
        (&["create", "ann"][..], "has this user name"),
        (&["create", "b", "--email", "ANN@example.com"], "has this e-mail address"),
        (&["create", "b", "--provider", "demo", "--external-id", "1"], "is linked to this user ID"),
        (&["create", "b", "--email", "a@b@example.com"], "it has 2 @"),
        (&["create", "b", "--email", "b＠example.com"], "'＠' (U+FF20) only looks like an @"),
        (&["create", " b"], "the user name is empty, longer"),
        (&["create", "b\u{7}"], "control characters"),
        (&["create", "b", "--field", "email=b@example.com"], "is no field"),
        (&["create", "b", "--field", "title"], "the field title is empty"),
        (&["create", "b", "--field", "language=no language"], "language"),
        (&["create", "b", "--role", "root"], "it has admin, auditor, viewer"),
        (&["create", "b", "--group", "root"], "it has builders, everyone"),
        (&["create", "b", "--provider", "azure", "--external-id", "1"], "it has demo, found"),
        (&["show", "nobody"], "latchkey users list"),
        (&["create", "b", "--provider", "found", "--external-id", "1"], "external IDs belong: write spec.issuer\n"),
        (&["grant", "nobody", "--administrator"], "no user of the organization default has this id, user name or"),
        (&["show", "ann", "--organization", "acme"], "there is default"),
    ] {
        refused(&latchkey, arguments, &[said]).await;
    }
    assert_eq!(told(&latchkey, &["list"]).await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn somebody_named_as_another_s_address_is_told_apart_by_id() {
    let (_fake, latchkey) = started(On::Directory, "").await;
    let ann = told(&latchkey, &["create", "ann", "--email", "ann@example.com"]).await;
    let other = told(&latchkey, &["create", "ann@example.com"]).await;
    let [ann, other] = [&ann, &other].map(|made| made["id"].as_str().expect("an id"));
    refused(&latchkey, &["show", "ann@example.com"], &[ann, other, "by id"]).await;
    assert_eq!(told(&latchkey, &["show", &other.to_uppercase()]).await["userName"], "ann@example.com");
}

#[tokio::test]
async fn of_several_organizations_one_is_named_and_an_id_is_enough_for_a_user() {
    let (fake, latchkey) = started(On::Directory, "").await;
    let acme = ORGANIZATION.replace("{name: default}", "{name: acme}");
    latchkey.write("acme.yaml", &acme).await;
    let other = "  organizationRef: {name: acme}\n";
    latchkey.write("other.yaml", &manifests::provider("other", &fake.issuer, other)).await;
    let which = users(&latchkey, &["list"], 2).await;
    assert!(which.err.contains("--organization: there is acme, default"), "{}", which.err);
    let made = told(&latchkey, &["create", "ann", "--organization", "acme", "--role", "viewer"]).await;
    assert_eq!(made["organization"], "acme");
    assert_eq!(told(&latchkey, &["list", "--organization", "default"]).await, serde_json::json!([]));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(told(&latchkey, &["show", id]).await["userName"], "ann");
    refused(&latchkey, &["show", id, "--organization", "default"], &["no user of the organization default"]).await;
}

#[tokio::test]
async fn without_the_manifests_people_are_shown_by_uids_and_nothing_is_given() {
    let (fake, latchkey) = started(On::Directory, "").await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    let nowhere = ["--manifests", "/nonexistent"];
    let with = |arguments: &[&'static str]| [arguments, &nowhere[..]].concat();
    let which = users(&latchkey, &with(&["list"]), 2).await;
    assert!(which.err.contains("NAMESPACE/NAME"), "{}", which.err);
    let listed = users(&latchkey, &with(&["list", "--organization", "default/default"]), 0).await;
    assert!(listed.out.contains("ann") && listed.err.contains("/nonexistent"), "{}{}", listed.out, listed.err);
    let shown = users(&latchkey, &with(&["show", "ann", "--organization", "default/default"]), 0).await;
    let uid = told(&latchkey, &["show", "ann"]).await["links"][0]["provider"]["uid"].clone();
    assert!(shown.out.contains(uid.as_str().expect("a UID")), "{}", shown.out);
    for verb in ["grant", "revoke"] {
        let arguments = [verb, "ann", "--role", "auditor", "--organization", "default/default"];
        let ended = users(&latchkey, &[&arguments[..], &nowhere].concat(), 2).await;
        assert!(ended.err.contains("the manifests must be known"), "{}", ended.err);
    }
    users(&latchkey, &with(&["end-sessions", "ann", "--organization", "default/default"]), 0).await;
    super::by_hand::is_out(&ann, &latchkey).await;
    // A broken file may hide a mapper.
    latchkey.write("broken.yaml", "kind: IdpMapper\n  : [").await;
    let ended = users(&latchkey, &["grant", "ann", "--role", "auditor"], 2).await;
    assert!(ended.err.contains("broken.yaml"), "{}", ended.err);
    // So may it hide an organization.
    let id = told(&latchkey, &["show", "ann", "--organization", "default"]).await["id"].clone();
    let id = id.as_str().expect("an id");
    for verb in [&["show"][..], &["sessions"], &["end-sessions"], &["revoke", "--role", "auditor"]] {
        let which = users(&latchkey, &[verb, &["ann"]].concat(), 2).await;
        assert!(which.err.contains("which organization?") && which.err.contains("broken.yaml"), "{}", which.err);
    }
    for verb in ["show", "sessions", "end-sessions"] {
        users(&latchkey, &[verb, id], 0).await;
        users(&latchkey, &[verb, "ann", "--organization", "default"], 0).await;
    }
    let listed = users(&latchkey, &["list"], 0).await;
    assert!(listed.out.contains("demo") && listed.err.contains("broken.yaml"), "{}{}", listed.out, listed.err);
}

#[tokio::test]
async fn while_the_api_server_is_down_people_are_shown_and_signed_out_all_the_same() {
    let (fake, latchkey) = started(On::Directory, "").await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    let kubeconfig = latchkey.dir().join("to-nowhere");
    Access::plain(&format!("http://127.0.0.1:{}", free_port())).write(&kubeconfig);
    let beside = async |arguments: &[&str]| {
        let mut command = command();
        command.args([&["users"], arguments, &["--organization", "default/default"]].concat());
        command.env("KUBECONFIG", &kubeconfig).current_dir(latchkey.dir());
        Ended::of(command, "").await
    };
    let listed = beside(&["list"]).await;
    assert!(listed.status == 0 && listed.out.contains("ann@example.com"), "{}{}", listed.out, listed.err);
    assert!(listed.err.contains("the Organizations cannot be listed"), "{}", listed.err);
    let ended = beside(&["end-sessions", "ann"]).await;
    assert_eq!(ended.status, 0, "{}", ended.err);
    super::by_hand::is_out(&ann, &latchkey).await;
    assert_eq!(beside(&["grant", "ann", "--role", "auditor"]).await.status, 2);
}

#[tokio::test]
async fn no_database_is_made_and_nothing_is_written_where_there_is_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = command();
    command.args(["users", "list", "--database-url", "sqlite:none.db", "--manifests", "."]).current_dir(dir.path());
    let ended = Ended::of(command, "").await;
    assert!(ended.status == 2 && ended.err.contains("none.db"), "{}{}", ended.out, ended.err);
    assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0);
}

#[tokio::test]
async fn what_is_to_be_given_has_to_be_said() {
    let latchkey = Latchkey::start(&[("organization.yaml", ORGANIZATION)]).await;
    let ended = users(&latchkey, &["grant", "ann"], 2).await;
    assert!(ended.err.contains("--role, --group or --administrator"), "{}", ended.err);
    for arguments in [&["create", "b", "--external-id", "1"][..], &["create", "b", "--email-verified"], &["create"]] {
        users(&latchkey, arguments, 2).await;
    }
}
