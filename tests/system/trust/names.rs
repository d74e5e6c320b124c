//! User names: those of one provider are kept apart from those of another, or nobody gets in by them.

use serde_json::{Value, json};

use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login, signed_in},
    fake::Fake,
    latchkey::Latchkey,
    refusal::must_be_refused,
    visitor::Visitor,
    wait_within,
};

const SEPARATED: &str = "  users: {userNameSeparator: \":\"}\n";

fn named(name: &str) -> Value {
    json!({"sub": name, "preferred_username": name, "email": null})
}

async fn user_name(visitor: &Visitor, latchkey: &Latchkey) -> Value {
    let session = visitor.session(latchkey).await.expect("a session");
    let auth = visitor.get(&latchkey.at("auth")).await;
    let header = auth.header("x-auth-request-preferred-username").expect("a header");
    assert_eq!(session["userName"], header, "applications and ingresses are told the same name");
    session["userName"].clone()
}

#[tokio::test]
async fn with_a_separator_two_providers_may_have_people_of_one_name() {
    let (azure, google) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(&[("azure", &azure, SEPARATED), ("google", &google, "")]).await;
    let (theirs, ours) = (Visitor::new(), Visitor::new());
    assert!(login(&theirs, &latchkey, "azure", &azure, named("testuser")).await.signs_in());
    assert!(login(&ours, &latchkey, "google", &google, named("testuser")).await.signs_in());
    assert_eq!(user_name(&theirs, &latchkey).await, "azure:testuser");
    assert_eq!(user_name(&ours, &latchkey).await, "testuser");
    let ids = [theirs.session(&latchkey).await, ours.session(&latchkey).await]
        .map(|session| session.expect("one")["id"].clone());
    assert_ne!(ids[0], ids[1]);
    // Nobody of another provider gets such a name, taken or free.
    for name in ["azure:testuser", "azure:somebody", "azure:", "Azure:testuser", "AZURE:x"] {
        let answer = login(&Visitor::new(), &latchkey, "google", &google, named(name)).await;
        must_be_refused(name, &latchkey, &answer, 403, "user_name_of_another_provider");
    }
    let log = latchkey.log();
    assert!(log.contains("users.userNameSeparator") && log.contains("default/azure"), "{log}");
    // What begins alike is no such name.
    for name in ["azure", "azure;testuser", "xazure:testuser"] {
        assert_eq!(signed_in(&latchkey, "google", &google, named(name)).await["userName"], name);
    }
    assert_eq!(
        signed_in(&latchkey, "azure", &azure, named("azure:testuser")).await["userName"],
        "azure:azure:testuser"
    );
}

#[tokio::test]
async fn no_user_name_is_an_address_of_another_provider() {
    let (owner, plain) = (Fake::start().await, Fake::start().await);
    let domains = "  trust: {assignedEmailDomains: [contoso.example]}\n";
    let latchkey = latchkey_with(&[("owner", &owner, domains), ("plain", &plain, "")]).await;
    for name in ["boss@contoso.example", "Boss@CONTOSO.example", "boss@ｃｏｎｔｏｓｏ.example"] {
        let answer = login(&Visitor::new(), &latchkey, "plain", &plain, named(name)).await;
        must_be_refused(name, &latchkey, &answer, 403, "address_name_of_another_provider");
    }
    assert_eq!(
        signed_in(&latchkey, "plain", &plain, named("boss@free.example")).await["userName"],
        "boss@free.example"
    );
    let boss = json!({"sub": "boss", "email": "boss@contoso.example"});
    assert_eq!(signed_in(&latchkey, "owner", &owner, boss).await["userName"], "boss@contoso.example");
}

#[tokio::test]
async fn without_a_separator_the_second_of_one_name_is_refused_and_the_log_says_what_to_write() {
    let (azure, google) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(&[("azure", &azure, ""), ("google", &google, "")]).await;
    let first = signed_in(&latchkey, "azure", &azure, named("testuser")).await;
    assert_eq!(first["userName"], "testuser");
    let answer = login(&Visitor::new(), &latchkey, "google", &google, named("testuser")).await;
    must_be_refused("the same name", &latchkey, &answer, 403, "user_name_taken");
    let (log, reference) = (latchkey.log(), answer.reference());
    let line = log.lines().find(|line| line.contains(&reference)).expect("a line of the log");
    assert!(line.contains("users.userNameSeparator") && line.contains("default/google"), "{line}");
    assert!(!line.contains("testuser"), "{line}");
}

#[tokio::test]
async fn a_separator_that_comes_later_renames_people_at_their_next_login() {
    let (azure, google) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey_with(&[("azure", &azure, ""), ("google", &google, "")]).await;
    let ann = Visitor::new();
    assert!(login(&ann, &latchkey, "azure", &azure, named("ann")).await.signs_in());
    let before = ann.session(&latchkey).await.expect("a session");
    latchkey.edit("azure.yaml", "  displayName:", "  users: {userNameSeparator: \"-\"}\n  displayName:").await;
    // Once it counts, its names are nobody else's.
    wait_within(AT_ONCE, "the separator counts", async || {
        let answer = login(&Visitor::new(), &latchkey, "google", &google, named("azure-eve")).await;
        (answer.status == 403).then_some(())
    })
    .await;
    assert_eq!(user_name(&ann, &latchkey).await, "ann", "until the next login");
    assert!(login(&ann, &latchkey, "azure", &azure, named("ann")).await.signs_in());
    let after = ann.session(&latchkey).await.expect("a session");
    assert_eq!((&after["id"], &after["userName"]), (&before["id"], &json!("azure-ann")));
    // And the name is free for somebody else.
    assert_eq!(signed_in(&latchkey, "google", &google, named("ann")).await["userName"], "ann");
}
