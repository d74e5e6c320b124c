//! Mappers, roles and group types that change while people are signed in, or while Latchkey is down.

use serde_json::json;

use super::{ORGANIZATION, Setup, Stage, mapper, person};
use crate::support::source::On;

on_both_sources! {
    a_mapper_that_changes_takes_and_gives_exactly_what_is_its_own_at_once,
    a_role_that_the_organization_loses_is_nobodys_until_it_is_back,
}

const ENGINEERS: &str = "when: {group: engineering}, grant: {roles: [admin, eng-lead], groups: [builders]}, \
    attributes: [{target: team, from: {value: Engineering}}, {target: title, from: {claim: job}}]";
const EVERYONE: &str = "grant: {roles: [viewer], groups: [builders]}, attributes: [{target: site, from: {value: HQ}}]";

async fn stage(on: On) -> Stage {
    let people = json!([
        person("alice", json!({"groups": ["engineering"], "job": "CTO"})),
        person("bob", json!({"groups": ["sales"], "job": "Clerk"})),
    ]);
    let mappers = [mapper("engineers", ENGINEERS), mapper("everyone", EVERYONE)].concat();
    let stage = Stage::start(on, Setup { people, mappers: &mappers, ..Setup::default() }).await;
    for name in ["engineers", "everyone"] {
        stage.wait_for_mapper(name, super::READY).await;
    }
    stage
}

fn all_of_alice() -> serde_json::Value {
    json!({
        "roles": ["admin", "eng-lead", "viewer"], "groups": ["builders"], "administrator": true,
        "attributes": {"team": "Engineering", "title": "CTO", "site": "HQ"},
    })
}

fn all_of_bob() -> serde_json::Value {
    json!({"roles": ["viewer"], "groups": ["builders"], "administrator": false, "attributes": {"site": "HQ"}})
}

async fn a_mapper_that_changes_takes_and_gives_exactly_what_is_its_own_at_once(on: On) {
    let stage = stage(on).await;
    let latchkey = &stage.latchkey;
    let (alice, bob) = (stage.signed_in("alice").await, stage.signed_in("bob").await);
    stage.wait_for(&alice, all_of_alice()).await;
    stage.wait_for(&bob, all_of_bob()).await;

    // Narrowed: one role, one group and one attribute less; the group is also given by the other mapper.
    latchkey.edit("mappers.yaml", "[admin, eng-lead], groups: [builders]", "[eng-lead]").await;
    latchkey.edit("mappers.yaml", "{target: team, from: {value: Engineering}}, ", "").await;
    stage
        .wait_for(
            &alice,
            json!({
                "roles": ["eng-lead", "viewer"], "groups": ["builders"], "administrator": false,
                "attributes": {"title": "CTO", "site": "HQ"},
            }),
        )
        .await;
    // Changed: for others.
    latchkey.edit("mappers.yaml", "when: {group: engineering}", "when: {group: sales}").await;
    stage.wait_for(&alice, all_of_bob()).await;
    let sold = json!({"roles": ["eng-lead", "viewer"], "attributes": {"title": "Clerk", "site": "HQ"}});
    stage.wait_for(&bob, sold).await;
    // A new one.
    latchkey
        .write(
            "new.yaml",
            &mapper("new", "grant: {groups: [cooks]}, attributes: [{target: floor, from: {value: '3'}}]"),
        )
        .await;
    stage.wait_for(&alice, json!({"groups": ["builders", "cooks"], "attributes": {"site": "HQ", "floor": "3"}})).await;
    // Deleted: what another gives, too, stays.
    latchkey.remove("mappers.yaml").await;
    for visitor in [&alice, &bob] {
        let left = json!({"roles": [], "groups": ["cooks"], "administrator": false, "attributes": {"floor": "3"}});
        stage.wait_for(visitor, left).await;
    }
    latchkey.remove("new.yaml").await;
    stage.wait_for(&alice, json!({"groups": [], "attributes": {}})).await;
}

#[tokio::test]
async fn what_mappers_did_while_latchkey_was_down_counts_at_once_after_the_start() {
    let mut stage = stage(On::Directory).await;
    let alice = stage.signed_in("alice").await;
    stage.wait_for(&alice, all_of_alice()).await;
    stage.latchkey.stop().await;
    stage.latchkey.write("mappers.yaml", &mapper("everyone", EVERYONE)).await;
    stage.latchkey.start_again().await;
    stage.wait_for(&alice, all_of_bob()).await;
    stage.latchkey.kill().await;
    let both = [mapper("engineers", ENGINEERS), mapper("everyone", "grant: {roles: [viewer]}")].concat();
    stage.latchkey.write("mappers.yaml", &both).await;
    stage.latchkey.start_again().await;
    let mut expected = all_of_alice();
    expected["attributes"] = json!({"team": "Engineering", "title": "CTO"});
    stage.wait_for(&alice, expected).await;
}

async fn a_role_that_the_organization_loses_is_nobodys_until_it_is_back(on: On) {
    let stage = stage(on).await;
    let latchkey = &stage.latchkey;
    let alice = stage.signed_in("alice").await;
    stage.wait_for(&alice, all_of_alice()).await;
    latchkey.edit("organization.yaml", "    - {name: eng-lead}\n", "").await;
    let message = stage.wait_for_mapper("engineers", ["Ready", "False", "RoleNotFound"]).await;
    assert!(message.contains("spec.grant.roles: \"eng-lead\""), "{message}");
    let mut without = all_of_alice();
    without["roles"] = json!(["admin", "viewer"]);
    stage.wait_for(&alice, without.clone()).await;
    // The last good generation goes on for everything else.
    stage.wait_for(&stage.signed_in("alice").await, without).await;
    latchkey.write("organization.yaml", ORGANIZATION).await;
    stage.wait_for_mapper("engineers", super::READY).await;
    stage.wait_for(&alice, all_of_alice()).await;
}

#[tokio::test]
async fn a_group_that_gets_or_loses_a_type_is_given_or_taken_at_once() {
    let mappers = [
        mapper("employees", "when: {group: engineering}, grant: {groupTypes: [employees]}"),
        mapper("named", "grant: {rolesFrom: {expression: '[\"new-role\"]', only: [new-*]}}"),
    ]
    .concat();
    let stage = Stage::start(On::Directory, Setup { mappers: &mappers, ..Setup::default() }).await;
    let alice = stage.signed_in("alice").await;
    stage.wait_for(&alice, json!({"groups": ["builders", "cooks"], "roles": []})).await;
    stage
        .latchkey
        .edit("organization.yaml", "{name: us-users, type: countries}", "{name: us-users, type: employees}")
        .await;
    stage.wait_for(&alice, json!({"groups": ["builders", "cooks", "us-users"]})).await;
    stage.latchkey.edit("organization.yaml", "{name: cooks, type: employees}", "{name: cooks}").await;
    stage.wait_for(&alice, json!({"groups": ["builders", "us-users"]})).await;
    stage
        .latchkey
        .edit("organization.yaml", "    - {name: viewer}", "    - {name: viewer}\n    - {name: new-role}")
        .await;
    stage.wait_for(&alice, json!({"roles": ["new-role"]})).await;
    stage.latchkey.write("organization.yaml", ORGANIZATION).await;
    stage.wait_for(&alice, json!({"groups": ["builders", "cooks"], "roles": []})).await;
}

#[tokio::test]
async fn where_mappers_differ_a_field_stays_as_it_was_and_that_is_counted() {
    let titles = |first: &str, second: &str| {
        [
            mapper(
                "one",
                &format!("when: {{group: engineering}}, attributes: [{{target: title, from: {{value: {first}}}}}]"),
            ),
            mapper(
                "two",
                &format!("when: {{expression: 'true'}}, attributes: [{{target: title, from: {{value: {second}}}}}]"),
            ),
        ]
        .concat()
    };
    let mappers = titles("CTO", "CTO");
    let stage = Stage::start(On::Directory, Setup { mappers: &mappers, ..Setup::default() }).await;
    let alice = stage.signed_in("alice").await;
    stage.wait_for(&alice, json!({"attributes": {"title": "CTO"}})).await;
    assert_eq!(super::problems(&stage.latchkey, "mappers_differ").await, 0);
    stage.latchkey.write("mappers.yaml", &titles("CTO", "CEO")).await;
    stage.wait_for_mapper("two", super::READY).await;
    crate::support::wait_for("the difference is counted", async || {
        (super::problems(&stage.latchkey, "mappers_differ").await > 0).then_some(())
    })
    .await;
    stage.wait_for(&alice, json!({"attributes": {"title": "CTO"}})).await;
    stage.wait_for(&stage.signed_in("alice").await, json!({"attributes": {"title": "CTO"}})).await;
    stage.latchkey.write("mappers.yaml", &titles("CEO", "CEO")).await;
    stage.wait_for(&alice, json!({"attributes": {"title": "CEO"}})).await;
}
