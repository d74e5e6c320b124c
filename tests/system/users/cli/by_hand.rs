//! What administrators give and take by hand, and which sessions they end, counts within a second.

use serde_json::json;

use super::{refused, signs_in, started, told, users};
use crate::support::{AT_ONCE, claimed::login, latchkey::Latchkey, source::On, visitor::Visitor, wait_within};

on_both_sources!(
    what_is_given_and_taken_by_hand_shows_in_the_session_at_once,
    what_a_mapper_can_grant_is_nobodys_to_give_or_take_until_that_mapper_is_gone,
    who_is_signed_out_by_hand_is_out_at_once,
);

async fn what_is_given_and_taken_by_hand_shows_in_the_session_at_once(on: On) {
    let (fake, latchkey) = started(on, "").await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    users(&latchkey, &["grant", "ann", "--role", "auditor", "--group", "builders", "--group", "everyone"], 0).await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["auditor", "viewer"]).await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "groups", &["builders", "everyone"]).await;
    let again = users(&latchkey, &["grant", "ANN@example.com", "--role", "auditor"], 0).await;
    assert!(again.out.contains("given by hand before"), "{}", again.out);

    users(&latchkey, &["revoke", "ann", "--role", "auditor", "--group", "builders"], 0).await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["viewer"]).await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "groups", &["everyone"]).await;
    // The mapper gives the group, too: what was given by hand is gone, and who asked learns why it stays.
    let stays = users(&latchkey, &["revoke", "ann", "--group", "everyone"], 1).await;
    assert!(stays.out.contains("group everyone") && stays.err.contains("IdpMapper"), "{}{}", stays.out, stays.err);
    refused(&latchkey, &["revoke", "ann", "--role", "auditor"], &["role auditor", "does not have it"]).await;
}

async fn what_a_mapper_can_grant_is_nobodys_to_give_or_take_until_that_mapper_is_gone(on: On) {
    let (fake, latchkey) = started(on, "").await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    let mapper = format!("{}/everybody", latchkey.organization());
    refused(&latchkey, &["grant", "ann", "--role", "viewer"], &[&mapper, "until that mapper is gone"]).await;
    refused(&latchkey, &["create", "bob", "--role", "viewer"], &[&mapper]).await;
    refused(&latchkey, &["revoke", "ann", "--role", "viewer"], &[&mapper, "would give it again"]).await;
    // Nothing is given where a part of it may not be.
    refused(&latchkey, &["grant", "ann", "--role", "auditor", "--administrator"], &["administrator", "updateModes"])
        .await;
    assert_eq!(ann.session(&latchkey).await.expect("a session")["roles"], serde_json::json!(["viewer"]));

    latchkey.remove("mapper.yaml").await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "roles", &[]).await;
    users(&latchkey, &["grant", "ann", "--role", "viewer"], 0).await;
    ann.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["viewer"]).await;
}

async fn who_is_signed_out_by_hand_is_out_at_once(on: On) {
    let (fake, latchkey) = started(on, "").await;
    let (first, second) = (signs_in(&latchkey, &fake, "ann").await, signs_in(&latchkey, &fake, "ann").await);
    let third = signs_in(&latchkey, &fake, "ann").await;
    let bob = signs_in(&latchkey, &fake, "bob").await;
    let sessions = told(&latchkey, &["sessions", "ann"]).await;
    let handles: Vec<_> = sessions.as_array().expect("a list").iter().map(|one| one["handle"].as_str()).collect();
    assert_eq!(handles.len(), 3, "{sessions}");
    assert_eq!(told(&latchkey, &["show", "ann"]).await["sessions"], 3);

    // The newest is the first.
    let newest = handles[0].expect("a handle");
    refused(&latchkey, &["end-sessions", "bob", "--session", newest], &[newest, "no such session"]).await;
    users(&latchkey, &["end-sessions", "ann", "--session", newest], 0).await;
    is_out(&third, &latchkey).await;
    assert!(first.session(&latchkey).await.is_some() && second.session(&latchkey).await.is_some());

    assert_eq!(told(&latchkey, &["end-sessions", "ann"]).await["ended"], 2);
    is_out(&first, &latchkey).await;
    is_out(&second, &latchkey).await;
    assert!(bob.session(&latchkey).await.is_some());
    let none = users(&latchkey, &["sessions", "ann"], 0).await;
    assert!(none.out.is_empty() && none.err.contains("is not signed in"), "{}{}", none.out, none.err);
}

/// As a provider's modes are: who may give and take roles.
#[tokio::test]
async fn what_a_provider_sets_alone_is_not_given_and_what_it_gave_once_is_taken() {
    let more = |mode: &str| format!("  users: {{updateModes: [{{target: roles, mode: {mode}}}]}}\n");
    let (fake, latchkey) = started(On::Directory, &more("Replace")).await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    let hint = "{target: roles, mode: Merge} to users.updateModes";
    refused(&latchkey, &["grant", "ann", "--role", "auditor"], &["the IdentityProvider default/demo", hint]).await;
    refused(&latchkey, &["revoke", "ann", "--role", "viewer"], &["default/everybody", "default/demo"]).await;

    latchkey.edit("demo.yaml", "mode: Replace", "mode: Create").await;
    users(&latchkey, &["grant", "ann", "--role", "auditor"], 0).await;
    let taken = told(&latchkey, &["revoke", "ann", "--role", "viewer"]).await;
    assert_eq!(taken["revoked"][0]["origin"]["mapper"]["name"], "everybody", "{taken}");
    ann.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["auditor"]).await;
    let again = signs_in(&latchkey, &fake, "ann").await;
    again.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["auditor"]).await;
}

#[tokio::test]
async fn while_a_mapper_is_not_served_as_it_stands_no_role_is_given_and_a_group_is() {
    let (fake, latchkey) = started(On::Directory, "").await;
    signs_in(&latchkey, &fake, "ann").await;
    latchkey.edit("mapper.yaml", "roles: [viewer]", "roles: [viewer, unknown]").await;
    let said = ["the IdpMapper default/everybody", "mend that mapper", "latchkey check"];
    refused(&latchkey, &["grant", "ann", "--role", "auditor"], &said).await;
    refused(&latchkey, &["create", "bob", "--administrator"], &said).await;
    let given = users(&latchkey, &["grant", "ann", "--group", "builders"], 0).await;
    assert_eq!(given.err, "");
    latchkey.edit("mapper.yaml", "roles: [viewer, unknown]", "roles: [viewer]").await;
    users(&latchkey, &["grant", "ann", "--role", "auditor"], 0).await;
}

#[tokio::test]
async fn an_address_that_nobody_has_verified_leads_no_gift_to_who_says_it_is_theirs() {
    let (fake, latchkey) = started(On::Directory, "").await;
    let claims =
        json!({"sub": "1", "preferred_username": "mallory", "email": "ann@example.com", "email_verified": false});
    let answer = login(&Visitor::new(), &latchkey, "demo", &fake, claims).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    let other = told(&latchkey, &["create", "bob@example.com", "--email", "eve@example.com", "--email-verified"]).await;
    let other = other["id"].as_str().expect("an id");

    let said = ["no verified address", "name them by id, or by user name"];
    refused(&latchkey, &["grant", "ann@example.com", "--administrator"], &said).await;
    refused(&latchkey, &["grant", "Ann@EXAMPLE.com", "--group", "builders"], &said).await;
    refused(&latchkey, &["grant", "bob@example.com", "--administrator"], &[other, "name them by id\n"]).await;
    assert_eq!(told(&latchkey, &["show", other]).await["grants"], json!([]));

    users(&latchkey, &["grant", "mallory", "--group", "builders"], 0).await;
    users(&latchkey, &["grant", other, "--administrator"], 0).await;
    users(&latchkey, &["grant", "eve@example.com", "--role", "auditor"], 0).await;
}

pub async fn is_out(visitor: &Visitor, latchkey: &Latchkey) {
    wait_within(AT_ONCE, "nobody is signed in", async || visitor.session(latchkey).await.is_none().then_some(())).await;
}
