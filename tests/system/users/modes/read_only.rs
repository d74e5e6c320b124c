//! ReadOnly: link, session and last login are written, nothing else.

use serde_json::{Value, json};

use super::{Stage, mapper};
use crate::support::{
    AT_ONCE,
    database::{ByHand, Database},
    refusal::must_be_refused,
    visitor::Visitor,
    wait_for, wait_within,
};

const READ_ONLY: &str = "readonly";
const SPEC: &str = "  trust: {global: true}\n  users: {provisioning: ReadOnly, access: MappedOnly, match: [ExternalID, Email, UserName]}\n";
const GRANT: &str = "when: {group: staff}, grant: {roles: [one], groups: [red], administrator: true}, attributes: [{target: title, from: {value: Boss}}]";
const NOTED: &str = r#"{"fullName":{"value":"By Hand","by":{"provider":""}}}"#;

/// All that is written of a user, but for link, claims, sessions and times.
async fn written(database: &Database, id: &str) -> Vec<Vec<Option<String>>> {
    let user = "SELECT user_name, email, verified, email_by, fields FROM users WHERE id = ?";
    let grants = "SELECT provider_uid, mapper_uid, kind, name FROM grants WHERE user_id = ? ORDER BY 1, 2, 3, 4";
    [database.ask(user, &[id]).await, database.ask(grants, &[id]).await].concat()
}

fn brought(sub: &str, name: &str, groups: &[&str]) -> Value {
    json!({
        "sub": sub, "preferred_username": name, "name": "By The Provider", "given_name": "Given", "locale": "de-CH",
        "email": format!("{sub}@brought.example"), "email_verified": true, "groups": groups,
    })
}

#[tokio::test]
async fn of_who_is_known_a_read_only_provider_writes_link_session_and_time_and_nothing_else() {
    let mappers = mapper("staff", &[READ_ONLY, "default"], GRANT);
    let stage = Stage::start(&mappers, &[(READ_ONLY, SPEC)]).await;
    stage.signed_in("default", &json!({"sub": "somebody", "preferred_username": "somebody"})).await;
    let organization = stage.database.organization().await;
    let new = ByHand { user_name: "kim", email: Some("kim@known.example"), verified: true, links: Vec::new() };
    let id = stage.database.create(&organization, new).await;
    stage.database.run("UPDATE users SET fields = ?1 WHERE id = ?2", &[NOTED, &id]).await;
    let role =
        "INSERT INTO grants (user_id, provider_uid, mapper_uid, kind, name) VALUES (?, '', '', 'role', 'of-hand')";
    stage.database.run(role, &[&id]).await;
    let before = written(&stage.database, &id).await;

    // Not mapped, not let in, and nothing is written.
    let answer =
        stage.issuers.login(&Visitor::new(), &stage.latchkey, READ_ONLY, READ_ONLY, &brought("k1", "kim", &[])).await;
    must_be_refused("not mapped", &stage.latchkey, &answer, 403, "not_mapped");
    assert_eq!(stage.database.links(&id).await, []);

    let (visitor, session) = stage.signed_in(READ_ONLY, &brought("k1", "kim", &["staff"])).await;
    assert_eq!(
        json!([session["id"], session["userName"], session["email"], session["emailVerified"], session["fullName"]]),
        json!([id, "kim", "kim@known.example", true, "By Hand"])
    );
    assert_eq!(
        json!([
            session["roles"],
            session["groups"],
            session["administrator"],
            session["attributes"],
            session["locale"]
        ]),
        json!([["of-hand"], [], false, {}, null])
    );
    assert_eq!(written(&stage.database, &id).await, before);
    assert_eq!(stage.database.links(&id).await, [(stage.issuers.issuer(READ_ONLY), "k1".to_owned())]);
    let time = "SELECT COUNT(*) FROM users WHERE id = ? AND last_login_at > 0";
    assert_eq!(stage.database.count(time, &[&id]).await, 1);

    // Known by the link from now on, whatever the name; and a login is no occasion to rename anybody.
    let (_, session) = stage.signed_in(READ_ONLY, &brought("k1", "renamed", &["staff"])).await;
    assert_eq!((&session["id"], &session["userName"]), (&json!(id), &json!("kim")));
    assert_eq!(written(&stage.database, &id).await, before);

    // Mappers that change give nothing either; who loses the last match loses the sessions.
    let wider = mapper("staff", &[READ_ONLY, "default"], &GRANT.replace("[one]", "[one, two]"));
    stage.change_mappers(&wider, &[READ_ONLY]).await;
    assert_eq!(written(&stage.database, &id).await, before);
    assert!(visitor.session(&stage.latchkey).await.is_some());
    let others = mapper("staff", &[READ_ONLY, "default"], &GRANT.replace("staff", "nobody"));
    stage.latchkey.write("mappers.yaml", &others).await;
    wait_within(AT_ONCE * 2, "the session is over", async || {
        visitor.session(&stage.latchkey).await.is_none().then_some(())
    })
    .await;
    assert_eq!(written(&stage.database, &id).await, before);
}

#[tokio::test]
async fn who_is_not_known_leaves_nothing_behind() {
    let mappers = mapper("staff", &[READ_ONLY], GRANT);
    let stage = Stage::start(&mappers, &[(READ_ONLY, SPEC)]).await;
    let everything = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM links) + (SELECT COUNT(*) FROM claims) \
                      + (SELECT COUNT(*) FROM grants) + (SELECT COUNT(*) FROM sessions)";
    for number in 0..5 {
        let claims = brought(&format!("n{number}"), &format!("n{number}"), &["staff"]);
        let answer = stage.issuers.login(&Visitor::new(), &stage.latchkey, READ_ONLY, READ_ONLY, &claims).await;
        must_be_refused("not known", &stage.latchkey, &answer, 403, "not_known");
    }
    assert_eq!(stage.database.count(everything, &[]).await, 0);
}

#[tokio::test]
async fn what_a_provider_gave_before_it_was_read_only_goes_with_its_mapper() {
    let mappers = mapper("staff", &["turned", "default"], GRANT);
    let open = "  trust: {global: true}\n";
    let stage = Stage::start(&mappers, &[("turned", open)]).await;
    let (visitor, session) = stage.signed_in("turned", &brought("t1", "tom", &["staff"])).await;
    assert_eq!(json!([session["roles"], session["administrator"]]), json!([["one"], true]));
    let text = std::fs::read_to_string(stage.latchkey.manifests().join("providers.yaml")).expect("the manifests");
    let issuer = stage.issuers.issuer("turned");
    let before = crate::support::manifests::provider("turned", &issuer, open);
    let read_only = format!("{open}  users: {{provisioning: ReadOnly}}\n");
    let after = crate::support::manifests::provider("turned", &issuer, &read_only);
    assert!(text.contains(&before));
    stage.latchkey.write("providers.yaml", &text.replace(&before, &after)).await;
    let mut number = 0;
    wait_for("nobody new gets in", async || {
        number += 1;
        let claims = brought(&format!("u{number}"), &format!("u{number}"), &["staff"]);
        let answer = stage.issuers.login(&Visitor::new(), &stage.latchkey, "turned", "turned", &claims).await;
        (answer.status == 403).then_some(())
    })
    .await;
    // What was given stays at a login that says nothing, and the name, too.
    let (_, session) = stage.signed_in("turned", &brought("t1", "thomas", &[])).await;
    assert_eq!(json!([session["userName"], session["roles"], session["administrator"]]), json!(["tom", ["one"], true]));
    stage.change_mappers("", &["turned"]).await;
    wait_within(AT_ONCE, "the role is gone", async || {
        (visitor.session(&stage.latchkey).await?["roles"] == json!([])).then_some(())
    })
    .await;
}
