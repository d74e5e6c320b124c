//! More claims than a token, a document, a store or an expression takes.

use serde_json::json;

use super::{
    ORGANIZATION,
    bad_input::{Kitchen, fake_with_userinfo},
    mapper, picked, problems,
};
use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login},
    fake::{Reply, USERINFO},
    refusal::must_be_refused,
    visitor::Visitor,
    wait_within,
};

#[tokio::test]
async fn ten_megabytes_of_claims_are_refused_wherever_they_come_from_and_leave_everything_as_it_was() {
    let kitchen = Kitchen::start().await;
    let ann = Visitor::new();
    assert!(kitchen.login(&ann, &json!({})).await.signs_in());
    let (before, rows) = (kitchen.session(&ann).await, kitchen.rows().await);
    let megabytes = |count: usize| json!({"sub": "mallory", "huge": "m4rk".repeat(count * 256 * 1024)});
    let long = json!({"huge": "m4rk".repeat(25 * 1024)});
    let refused = kitchen.login(&Visitor::new(), &long).await;
    must_be_refused("100 KB in the ID token", &kitchen.latchkey, &refused, 502, "id_token");
    let refused = kitchen.login(&Visitor::new(), &json!({"huge": megabytes(10)["huge"]})).await;
    must_be_refused("10 MB in the ID token", &kitchen.latchkey, &refused, 502, "code_exchange");
    kitchen.fake.answer(USERINFO, Reply::json(&megabytes(10)));
    let refused = kitchen.login(&Visitor::new(), &json!({})).await;
    must_be_refused("10 MB at userinfo", &kitchen.latchkey, &refused, 502, "userinfo");
    assert_eq!(kitchen.session(&ann).await, before);
    assert_eq!(kitchen.rows().await, rows);
    kitchen.fake.answer(USERINFO, Reply::json(&json!({"sub": "mallory"})));
    assert!(kitchen.login(&ann, &json!({})).await.signs_in());
    assert_eq!(kitchen.rows().await, rows);
}

/// More than a token may hold comes by userinfo.
#[tokio::test]
async fn ten_thousand_groups_work_by_group_and_by_expression() {
    let of_groups = |groups: Vec<String>| json!({"sub": "mallory", "preferred_username": "ann", "groups": groups});
    let groups = (1..10_000).map(|number| format!("group-{number:05}")).chain(["admin".to_owned()]).collect();
    let fake = fake_with_userinfo(&of_groups(groups)).await;
    let latchkey = latchkey_with(&[("demo", &fake, "")]).await;
    latchkey.write("organization.yaml", ORGANIZATION).await;
    let by_group = mapper("last", "when: {group: group-09999}, grant: {groups: [builders]}");
    let exists = "when: {expression: 'idpUser.groups.exists(g, g == \"group-09999\")'}, grant: {roles: [viewer]}";
    let contains = "when: {expression: '\"group-09999\" in idpUser.groups'}, grant: {groups: [us-users]}";
    let names = "grant: {rolesFrom: {claim: groups, only: [admin]}}";
    let others = [("exists", exists), ("contains", contains), ("names", names)].map(|(name, spec)| mapper(name, spec));
    latchkey.write("mappers.yaml", &format!("{by_group}{}", others.concat())).await;
    for name in ["last", "exists", "contains", "names"] {
        latchkey.wait_for_condition("idpmapper", name, super::READY).await;
    }
    let (visitor, no_groups) = (Visitor::new(), json!({"groups": null}));
    let answer = login(&visitor, &latchkey, "demo", &fake, no_groups.clone()).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    let session = visitor.session(&latchkey).await.expect("a session");
    let expected = json!({"roles": ["admin", "viewer"], "groups": ["builders", "us-users"]});
    assert_eq!(picked(&session, &expected), expected);
    // That is more than is kept: what a mapper says of them is known again at the next login, that it is gone at once.
    latchkey.write("mappers.yaml", &by_group).await;
    visitor.wait_within_for_session(AT_ONCE, &latchkey, "roles", &[]).await;
    visitor.wait_within_for_session(AT_ONCE, &latchkey, "groups", &["builders"]).await;
    latchkey.edit("mappers.yaml", "groups: [builders]", "groups: [cooks]").await;
    wait_within(AT_ONCE, "the changed mapper counts at the next login", async || {
        assert!(login(&visitor, &latchkey, "demo", &fake, no_groups.clone()).await.signs_in());
        let session = visitor.session(&latchkey).await.expect("a session");
        (session["groups"] == json!(["cooks"])).then_some(())
    })
    .await;
    // One more is one too many to be looked at; nobody is refused for it.
    fake.answer(USERINFO, Reply::json(&of_groups((0..10_001).map(|number| format!("group-{number:05}")).collect())));
    let before = problems(&latchkey, "result_not_usable").await;
    let answer = login(&visitor, &latchkey, "demo", &fake, no_groups).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    assert!(problems(&latchkey, "result_not_usable").await > before);
    let log = latchkey.log();
    assert!(log.contains("of more than 10000 groups the first") && !log.contains("group-00001"), "{log}");
}

#[tokio::test]
async fn an_expression_over_claims_that_are_too_large_for_it_fails_and_refuses_where_it_validates() {
    let big = |kilobytes: usize| json!({"sub": "mallory", "big": "x".repeat(kilobytes * 1024)});
    let fake = fake_with_userinfo(&big(60)).await;
    let rule = "  claimValidationRules: [{expression: 'claims.sub != \"\"', message: 'Not with this account.'}]\n";
    let latchkey = latchkey_with(&[("demo", &fake, rule)]).await;
    assert!(login(&Visitor::new(), &latchkey, "demo", &fake, json!({})).await.signs_in());
    fake.answer(USERINFO, Reply::json(&big(66)));
    let refused = login(&Visitor::new(), &latchkey, "demo", &fake, json!({})).await;
    must_be_refused("too large", &latchkey, &refused, 403, "claim_rule");
    assert!(refused.body.contains("Not with this account."), "{}", refused.body);
    let log = latchkey.log();
    assert!(log.contains("`claims` is larger than expressions may read"), "{log}");
}
