//! Generations of a mapper that fail: the last good one is served, and the status says all of it.

use serde_json::{Value, json};

use super::{IDPM, READY, Setup, Stage, mapper};
use crate::support::{source::On, wait_for};

on_both_sources! {
    a_generation_that_fails_is_not_served_and_the_last_good_one_is,
}

const GOOD: &str =
    "when: {group: engineering}, grant: {roles: [viewer]}, attributes: [{target: title, from: {value: CTO}}]";

const TESTED: &str = "when: {group: engineering}, grant: {roles: [eng-lead]}, tests: [\
    {name: engineers lead, claims: {sub: '1', groups: [engineering]}, expect: {matches: true, roles: [eng-lead]}}, \
    {name: sales does not, claims: {sub: '2', groups: [sales]}, expect: {matches: FIRST, administrator: SECOND}}]";

async fn a_generation_that_fails_is_not_served_and_the_last_good_one_is(on: On) {
    let earlier = mapper("earlier", "when: {group: sales}, attributes: [{target: title, from: {value: Clerk}}]");
    let mappers = [earlier.clone(), mapper("mine", GOOD)].concat();
    let stage = Stage::start(on, Setup { mappers: &mappers, ..Setup::default() }).await;
    stage.wait_for_mapper("mine", READY).await;
    let alice = stage.signed_in("alice").await;
    let good = json!({"roles": ["viewer"], "administrator": false, "attributes": {"title": "CTO"}});
    stage.wait_for(&alice, good.clone()).await;
    assert_eq!(stage.generations().await, json!([1, 1, null]));

    let failing = TESTED.replace("FIRST", "true").replace("SECOND", "true");
    for (generation, spec, reason, words, tests) in [
        (
            2,
            "when: {expression: 'claims.x =='}, grant: {roles: [admin]}".to_owned(),
            "InvalidExpression",
            &["spec.when.expression"][..],
            Value::Null,
        ),
        (
            3,
            "grant: {roles: [admin, ghost]}".to_owned(),
            "RoleNotFound",
            &["spec.grant.roles", "\"ghost\""],
            Value::Null,
        ),
        (4, "grant: {groups: [ghosts]}".to_owned(), "GroupNotFound", &["spec.grant.groups", "\"ghosts\""], Value::Null),
        (5, "grant: {groupTypes: [ghosts]}".to_owned(), "GroupNotFound", &["spec.grant.groupTypes"], Value::Null),
        (
            6,
            failing,
            "TestsFailed",
            &["spec.tests[1] \"sales does not\"", "matches: expected true, got false", "administrator: expected true"],
            json!({"passed": 1, "failed": 1}),
        ),
        (
            7,
            "when: {group: sales}, grant: {roles: [admin]}, attributes: [{target: title, from: {value: Boss}}]"
                .to_owned(),
            "Conflict",
            &["spec.attributes[0]", "/earlier", "\"title\""],
            Value::Null,
        ),
    ] {
        stage.latchkey.write("mappers.yaml", &[earlier.clone(), mapper("mine", &spec)].concat()).await;
        let expected = json!([generation, 1, tests]);
        wait_for(&format!("{reason}: {expected}"), async || (stage.generations().await == expected).then_some(()))
            .await;
        let message = stage.wait_for_mapper("mine", ["Ready", "False", reason]).await;
        assert!(words.iter().all(|word| message.contains(word)), "{reason}: {message}");
        let kind = if reason.ends_with("NotFound") { "Reconciling" } else { "Stalled" };
        assert!(stage.latchkey.condition(IDPM, "mine", kind).await.is_some(), "{reason}: {kind}");
        stage.wait_for(&alice, good.clone()).await;
        stage.wait_for(&stage.signed_in("alice").await, good.clone()).await;
    }

    let mended = TESTED.replace("FIRST", "false").replace("SECOND", "false");
    stage.latchkey.write("mappers.yaml", &[earlier, mapper("mine", &mended)].concat()).await;
    stage.wait_for_mapper("mine", READY).await;
    assert_eq!(stage.generations().await, json!([8, 8, {"passed": 2, "failed": 0}]));
    stage.wait_for(&alice, json!({"roles": ["eng-lead"], "attributes": {}})).await;
}

impl Stage {
    /// observedGeneration, servingGeneration and tests of `mine`.
    async fn generations(&self) -> Value {
        let status = self.latchkey.status(IDPM, "mine").await.expect("a status");
        ["observedGeneration", "servingGeneration", "tests"].map(|member| status[member].clone()).into_iter().collect()
    }
}

#[tokio::test]
async fn a_first_generation_that_fails_serves_nothing_until_what_it_names_is_there() {
    let ghostly = mapper("mine", "when: {group: engineering}, grant: {roles: [ghost]}");
    let stage = Stage::start(On::Directory, Setup { mappers: &ghostly, ..Setup::default() }).await;
    stage.wait_for_mapper("mine", ["Ready", "False", "RoleNotFound"]).await;
    assert_eq!(stage.generations().await, json!([1, null, null]));
    let alice = stage.signed_in("alice").await;
    stage.wait_for(&alice, json!({"roles": []})).await;
    stage.latchkey.edit("organization.yaml", "{name: eng-lead}", "{name: ghost}").await;
    stage.wait_for_mapper("mine", READY).await;
    stage.wait_for(&alice, json!({"roles": ["ghost"]})).await;
    assert_eq!(stage.generations().await, json!([1, 1, null]));
}
