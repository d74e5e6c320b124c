//! The steps from claims to a user, as the log has them for real logins.

use serde_json::json;

use super::{Setup, Stage, mapper, person};
use crate::support::{source::On, visitor::Visitor};

#[tokio::test]
async fn at_debug_level_a_login_logs_every_step_and_no_value_of_any_claim() {
    // Each value has the mark in it, and no manifest has.
    let people = json!([
        person(
            "m4rk-ann",
            json!({
                "name": "m4rk-name", "email": "m4rk@m4rk.example", "email_verified": true, "groups": ["m4rk-group", "m4rk-eng"],
                "given_name": "m4rk-given", "locale": "m4rk-locale", "FirstName": "m4rk-first", "level": 417_293,
                "roles": ["m4rk-role"], "title": "m4rk-title", "zone": "m4rk/zone", "object": {"m4rk-member": "m4rk"},
            })
        ),
        person("m4rk-bob", json!({"FirstName": "m4rk-first", "level": 1, "groups": ["m4rk-group"]})),
    ]);
    let provider = "  rules: {language: claims.FirstName, timeZone: claims.zone, culture: claims.absent}\n  \
                    claimValidationRules:\n    - {expression: 'claims.level > 1', message: 'no'}\n  \
                    claims: {profile: {expression: 'claims.FirstName + claims.title'}}\n";
    let mappers = [
        mapper("john", "when: {claim: {key: FirstName, value: John}}, grant: {roles: [admin]}"),
        mapper("absent", "when: {claim: {key: absent, value: John}}, grant: {roles: [admin]}"),
        mapper("us", "when: {group: US Users}, grant: {roles: [admin]}"),
        mapper("failing", "when: {expression: 'int(claims.FirstName) == 1'}, grant: {roles: [admin]}"),
        mapper("untrue", "when: {expression: 'claims.FirstName == \"John\"'}, grant: {roles: [admin]}"),
        mapper(
            "given",
            "when: {expression: 'idpUser.groups.size() == 2'}, grant: {rolesFrom: {claim: roles, only: ['*']}}, \
             attributes: [{target: title, from: {claim: title}}, {target: odd, from: {claim: object}}]",
        ),
    ]
    .concat();
    let log_filter = Some("latchkey=debug");
    let setup = Setup { people, provider, mappers: &mappers, log_filter };
    let stage = Stage::start(On::Directory, setup).await;
    for name in ["john", "absent", "us", "failing", "untrue", "given"] {
        stage.wait_for_mapper(name, super::READY).await;
    }
    let session = stage.session_of("m4rk-ann").await;
    assert_eq!(session["attributes"], json!({"title": "m4rk-title"}));
    let refused = Visitor::new().try_to_sign_in(&stage.latchkey, "demo", "m4rk-bob").await;
    assert_eq!(refused.status, 403, "{}", refused.body);

    let log = stage.latchkey.log();
    for words in [
        &["Person", "subject=\"userID\"", "from the claim \"sub\""][..],
        &["Person", "subject=\"userName\"", "from the claim \"preferred_username\""],
        &["Person", "subject=\"groups\"", "2 from the claim \"groups\""],
        &["Person", "subject=\"profile\"", "claims.FirstName + claims.title"],
        &["ClaimValidationRules", "subject=\"claimValidationRules[0]\"", "holds"],
        &["ClaimValidationRules", "subject=\"claimValidationRules[0]\"", "does not hold"],
        &["Trust", "is new here"],
        &["Mappers", "subject=\"default/john\"", "the claim \"FirstName\" has another value"],
        &["Mappers", "subject=\"default/absent\"", "there is no claim \"absent\""],
        &["Mappers", "subject=\"default/us\"", "the person is not in the group \"US Users\""],
        &["Mappers", "subject=\"default/failing\"", "the expression fails"],
        &["Mappers", "subject=\"default/untrue\"", "the expression is false"],
        &["Mappers", "subject=\"default/given\"", "is for this person"],
        &[
            "Mappers",
            "subject=\"default/given grant.rolesFrom\"",
            "the organization has none of at least 1 of the names",
        ],
        &["Fields", "subject=\"title\"", "by the mapper default/given"],
        &["Fields", "subject=\"odd\"", "a list of these"],
        &["Fields", "subject=\"timeZone\"", "neither the IANA name of a time zone nor a Windows ID"],
        &["Fields", "subject=\"culture\""],
    ] {
        let told = log.lines().any(|line| line.contains("DEBUG") && words.iter().all(|word| line.contains(word)));
        assert!(told, "{words:?}");
    }
    for value in ["m4rk", "417293", "417_293"] {
        assert!(
            !log.contains(value),
            "a value of a claim is in the log: {:?}",
            log.lines().find(|line| line.contains(value))
        );
    }
}

#[tokio::test]
async fn at_the_usual_level_only_what_went_wrong_is_logged() {
    let mappers = [
        mapper("fine", "when: {group: engineering}, grant: {roles: [viewer]}"),
        mapper("failing", "when: {expression: 'claims.absent'}, grant: {roles: [admin]}"),
    ]
    .concat();
    let stage = Stage::start(On::Directory, Setup { mappers: &mappers, ..Setup::default() }).await;
    stage.wait_for_mapper("failing", super::READY).await;
    stage.signed_in("alice").await;
    let log = stage.latchkey.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("subject=")).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = lines[0];
    assert!(
        line.contains("INFO") && line.contains("code=\"expression_failed\"") && line.contains("default/failing"),
        "{line}"
    );
    assert_eq!(super::problems(&stage.latchkey, "expression_failed").await, 1);
}
