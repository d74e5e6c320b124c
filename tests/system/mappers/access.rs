//! Who may sign in at all: `users.access: MappedOnly` and `claimValidationRules`.

use serde_json::json;

use super::{ORGANIZATION, Setup, Stage, mapper, person};
use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login},
    fake::Fake,
    refusal::must_be_refused,
    source::On,
    visitor::{Answer, Visitor},
    wait_within,
};

on_both_sources! {
    with_mapped_only_who_is_not_mapped_is_refused_and_who_is_no_more_is_out,
}

const MAPPED_ONLY: &str = "  users: {access: MappedOnly}\n";

impl Stage {
    async fn must_refuse(&self, name: &str, code: &str) -> Answer {
        let answer = Visitor::new().try_to_sign_in(&self.latchkey, "demo", name).await;
        must_be_refused(name, &self.latchkey, &answer, 403, code);
        answer
    }

    /// Forward auth says no within a second, and so does the session.
    async fn must_be_out(&self, visitor: &Visitor) {
        wait_within(AT_ONCE, "the session is over", async || (self.auth(visitor).await == 401).then_some(())).await;
        assert_eq!(visitor.session(&self.latchkey).await, None);
    }
}

async fn with_mapped_only_who_is_not_mapped_is_refused_and_who_is_no_more_is_out(on: On) {
    let people = json!([
        person("alice", json!({"groups": ["engineering"]})),
        person("bob", json!({"groups": ["sales"]})),
        person("carol", json!({"groups": ["engineering", "sales"]})),
    ]);
    let by_group = |group: &str| mapper(group, &format!("when: {{group: {group}}}, grant: {{roles: [viewer]}}"));
    let for_all = mapper("for-all", "grant: {groups: [builders]}");
    let mappers = [by_group("engineering"), for_all].concat();
    let stage = Stage::start(on, Setup { people, provider: MAPPED_ONLY, mappers: &mappers, ..Setup::default() }).await;
    stage.wait_for_mapper("engineering", super::READY).await;
    stage.wait_for_mapper("for-all", super::READY).await;
    let latchkey = &stage.latchkey;

    let refused = stage.must_refuse("bob", "not_mapped").await;
    assert!(refused.body.contains("Your account has no access here"), "{}", refused.body);
    let (alice, carol) = (stage.signed_in("alice").await, stage.signed_in("carol").await);
    stage.wait_for(&alice, json!({"roles": ["viewer"], "groups": ["builders"]})).await;

    // One that lets people in without giving anything.
    latchkey.write("sales.yaml", &mapper("sales", "when: {group: sales}, grant: {}")).await;
    stage.wait_for_mapper("sales", super::READY).await;
    let bob = stage.signed_in("bob").await;
    stage.wait_for(&bob, json!({"roles": [], "groups": ["builders"]})).await;
    // Who loses the last match is out, and nobody else.
    latchkey.remove("sales.yaml").await;
    stage.must_be_out(&bob).await;
    assert_eq!((stage.auth(&alice).await, stage.auth(&carol).await), (200, 200));
    stage.must_refuse("bob", "not_mapped").await;

    latchkey.write("sales.yaml", &by_group("sales")).await;
    let bob = Visitor::new();
    wait_within(AT_ONCE, "bob is let in again", async || {
        bob.try_to_sign_in(latchkey, "demo", "bob").await.signs_in().then_some(())
    })
    .await;
    latchkey.edit("mappers.yaml", "when: {group: engineering}", "when: {group: nobody}").await;
    stage.must_be_out(&alice).await;
    assert_eq!((stage.auth(&bob).await, stage.auth(&carol).await), (200, 200), "sales maps both");
    // The session does not come back with the mapper.
    latchkey.edit("mappers.yaml", "when: {group: nobody}", "when: {group: engineering}").await;
    let again = Visitor::new();
    wait_within(AT_ONCE, "alice is let in again", async || {
        again.try_to_sign_in(latchkey, "demo", "alice").await.signs_in().then_some(())
    })
    .await;
    assert_eq!((stage.auth(&alice).await, stage.auth(&again).await), (401, 200));
}

#[tokio::test]
async fn who_may_sign_in_changes_with_the_manifest_at_once() {
    let mappers = mapper("engineering", "when: {group: engineering}, grant: {roles: [viewer]}");
    let mut stage = Stage::start(On::Directory, Setup { mappers: &mappers, ..Setup::default() }).await;
    let (alice, bob) = (stage.signed_in("alice").await, stage.signed_in("bob").await);
    let text = std::fs::read_to_string(stage.latchkey.manifests().join("provider.yaml")).expect("the manifest");
    stage.latchkey.write("provider.yaml", &format!("{text}{MAPPED_ONLY}")).await;
    stage.must_be_out(&bob).await;
    assert_eq!(stage.auth(&alice).await, 200);
    // Also while Latchkey is down, and by `kill -9`.
    stage.latchkey.kill().await;
    stage.latchkey.edit("mappers.yaml", "group: engineering", "group: nobody").await;
    stage.latchkey.start_again().await;
    stage.must_be_out(&alice).await;
    stage.must_refuse("alice", "not_mapped").await;
}

#[tokio::test]
async fn a_mapper_of_which_nothing_can_be_served_puts_nobody_out() {
    let mappers = mapper("engineering", "when: {group: engineering}, grant: {roles: [viewer]}");
    let mut stage =
        Stage::start(On::Directory, Setup { provider: MAPPED_ONLY, mappers: &mappers, ..Setup::default() }).await;
    let alice = stage.signed_in("alice").await;
    stage.latchkey.edit("mappers.yaml", "roles: [viewer]", "roles: [ghost]").await;
    stage.wait_for_mapper("engineering", ["Ready", "False", "RoleNotFound"]).await;
    assert_eq!(stage.auth(&alice).await, 200);
    stage.must_refuse("bob", "not_mapped").await;
    // After a start there is no last good generation to go by: whoever is in stays, and nobody is let in by guessing.
    stage.latchkey.stop().await;
    stage.latchkey.start_again().await;
    stage.latchkey.wait_until_offered("demo").await;
    assert_eq!(stage.auth(&alice).await, 200);
    stage.wait_for(&alice, json!({"roles": ["viewer"]})).await;
    stage.must_refuse("bob", "not_mapped").await;
    stage.latchkey.write("organization.yaml", &ORGANIZATION.replace("{name: eng-lead}", "{name: ghost}")).await;
    stage.wait_for(&alice, json!({"roles": ["ghost"]})).await;
}

#[tokio::test]
async fn administrators_are_whoever_any_mapped_group_says_is_one() {
    let people = json!([
        person("boss", json!({"groups": ["Administrators", "US Users"]})),
        person("user", json!({"groups": ["US Users"]})),
        person("guest", json!({"groups": ["Guests"]})),
    ]);
    let mappers = [
        mapper("administrators", "when: {group: Administrators}, grant: {administrator: true}"),
        mapper("users", "when: {group: US Users}, grant: {administrator: false, groups: [us-users]}"),
    ]
    .concat();
    let setup = Setup { people, provider: MAPPED_ONLY, mappers: &mappers, ..Setup::default() };
    let stage = Stage::start(On::Directory, setup).await;
    for (name, administrator) in [("boss", true), ("user", false)] {
        let visitor = stage.signed_in(name).await;
        stage.wait_for(&visitor, json!({"administrator": administrator, "groups": ["us-users"]})).await;
        let answer = visitor.get(&stage.latchkey.at("auth")).await;
        assert_eq!(answer.header("x-auth-request-administrator"), Some(if administrator { "true" } else { "false" }));
    }
    stage.must_refuse("guest", "not_mapped").await;
}

#[tokio::test]
async fn claim_validation_rules_refuse_with_the_manifests_message_and_nothing_of_the_claims() {
    let provider = "  claimValidationRules:
    - {expression: 'idpUser.emailVerified', message: 'Verify <b>your</b> address & come back.'}
    - {expression: '\"mfa\" in claims.amrs', message: 'Sign in with a second factor.'}
    - {expression: 'claims.level', message: 'The level is odd.'}
";
    let claims = |more: serde_json::Value| {
        let mut all = json!({
            "email": "a@example.com", "email_verified": true, "amrs": ["pwd", "mfa"], "level": true, "name": "<b>m4rk</b>",
        });
        all.as_object_mut().expect("claims").extend(more.as_object().expect("claims").clone());
        all
    };
    let people = json!([
        person("good", claims(json!({}))),
        person("unverified", claims(json!({"email_verified": false}))),
        person("weak", claims(json!({"amrs": ["pwd"]}))),
        person("silent", claims(json!({"amrs": null}))),
        person("odd", claims(json!({"level": "m4rk"}))),
    ]);
    let stage = Stage::start(On::Directory, Setup { people, provider, ..Setup::default() }).await;
    stage.signed_in("good").await;
    for (name, message, why) in [
        ("unverified", "address", "claimValidationRules[0] of the provider does not hold"),
        ("weak", "Sign in with a second factor.", "claimValidationRules[1] of the provider does not hold"),
        ("silent", "Sign in with a second factor.", "claimValidationRules[1] of the provider does not hold: "),
        ("odd", "The level is odd.", "claimValidationRules[2] of the provider does not hold"),
    ] {
        let refused = stage.must_refuse(name, "claim_rule").await;
        assert!(refused.body.contains(message), "{name}: {}", refused.body);
        assert!(!refused.body.contains("<b>"), "{name}: {}", refused.body);
        let (log, reference) = (stage.latchkey.log(), refused.reference());
        let line = log.lines().find(|line| line.contains(&reference)).expect("a line of the log");
        assert!(line.contains(why), "{name}: {line}");
    }
    let page = stage.must_refuse("unverified", "claim_rule").await.body;
    assert!(page.contains("Verify &#60;b&#62;your&#60;/b&#62; address &#38; come back."), "{page}");
    assert_eq!(super::problems(&stage.latchkey, "expression_failed").await, 1, "silent's");
    assert_eq!(super::problems(&stage.latchkey, "result_not_usable").await, 1, "odd's");
    // Rules are about logins: who is signed in stays, and the next login is held to the new ones.
    let good = stage.signed_in("good").await;
    stage.latchkey.edit("provider.yaml", "\"mfa\" in claims.amrs", "\"hwk\" in claims.amrs").await;
    wait_within(AT_ONCE, "the new rule counts", async || {
        let answer = Visitor::new().try_to_sign_in(&stage.latchkey, "demo", "good").await;
        (answer.status == 403).then_some(())
    })
    .await;
    assert_eq!(stage.auth(&good).await, 200);
}

#[tokio::test]
async fn of_somebody_with_two_providers_only_the_sessions_of_the_one_that_maps_them_no_more_end() {
    const GLOBAL: &str = "  trust: {global: true}\n";
    let (first, second) = (Fake::start().await, Fake::start().await);
    let mapped_only = format!("{GLOBAL}{MAPPED_ONLY}");
    let latchkey = latchkey_with(&[("first", &first, GLOBAL), ("second", &second, &mapped_only)]).await;
    let of = |provider: &str, role: &str| {
        mapper(provider, &format!("when: {{group: engineering}}, grant: {{roles: [{role}]}}"))
            .replace("name: demo", &format!("name: {provider}"))
    };
    latchkey.write("first-mapper.yaml", &of("first", "viewer")).await;
    latchkey.write("second-mapper.yaml", &of("second", "admin")).await;
    for name in ["first", "second"] {
        latchkey.wait_for_condition(super::IDPM, name, super::READY).await;
    }
    let claims = json!({"preferred_username": "ann", "email": "ann@example.com", "email_verified": true});
    let (here, there) = (Visitor::new(), Visitor::new());
    // The login that links them by the address ends what was before.
    for (visitor, key, fake) in [(&here, "first", &first), (&there, "second", &second), (&here, "first", &first)] {
        assert!(login(visitor, &latchkey, key, fake, claims.clone()).await.signs_in(), "{key}");
    }
    let (one, other) = (here.session(&latchkey).await, there.session(&latchkey).await);
    assert_eq!(one.expect("a session")["id"], other.expect("a session")["id"], "the same user");
    here.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["admin", "viewer"]).await;
    latchkey.remove("second-mapper.yaml").await;
    wait_within(AT_ONCE, "the session through the second is over", async || {
        (there.get(&latchkey.at("auth")).await.status == 401).then_some(())
    })
    .await;
    here.wait_within_for_session(AT_ONCE, &latchkey, "roles", &["viewer"]).await;
}

#[tokio::test]
async fn who_is_in_the_group_no_more_when_they_sign_in_is_out_wherever_they_were_signed_in() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&[("demo", &fake, MAPPED_ONLY)]).await;
    latchkey.write("organization.yaml", ORGANIZATION).await;
    latchkey.write("mappers.yaml", &mapper("cooks", "when: {group: cooks}, grant: {groups: [cooks]}")).await;
    latchkey.wait_for_condition("idpmapper", "cooks", super::READY).await;
    let (here, there, other) = (Visitor::new(), Visitor::new(), Visitor::new());
    let cook = |sub: &str| json!({"sub": sub, "preferred_username": sub, "email": null, "groups": ["cooks"]});
    assert!(login(&here, &latchkey, "demo", &fake, cook("ann")).await.signs_in());
    assert!(login(&other, &latchkey, "demo", &fake, cook("bob")).await.signs_in());
    let no_more = json!({"sub": "ann", "preferred_username": "ann", "email": null, "groups": ["waiters"]});
    let answer = login(&there, &latchkey, "demo", &fake, no_more).await;
    must_be_refused("ann", &latchkey, &answer, 403, "not_mapped");
    assert_eq!((here.session(&latchkey).await, there.session(&latchkey).await), (None, None));
    assert!(other.session(&latchkey).await.is_some());
}
