//! Which documents are asked for what expressions and mappers read, and which of them says whose address it is.

use serde_json::{Value, json};

use super::{ORGANIZATION, mapper};
use crate::support::{
    claimed::{latchkey_with, login},
    fake::{Fake, Reply, USERINFO},
    latchkey::Latchkey,
    visitor::Visitor,
};

/// Everything that Latchkey looks for by itself, so that it has no reason of its own to ask userinfo.
fn complete() -> Value {
    json!({"sub": "ann", "preferred_username": "ann", "name": "Ann", "email": "ann@example.com",
        "email_verified": true, "groups": ["engineering"]})
}

fn with_userinfo(fake: &Fake, said: &Value) {
    fake.announce("userinfo_endpoint", format!("{}{USERINFO}", fake.issuer));
    fake.answer(USERINFO, Reply::json(said));
}

/// Somebody signs in with these claims: the visitor and the session.
async fn signed_in(latchkey: &Latchkey, fake: &Fake, claims: Value) -> (Visitor, Value) {
    let visitor = Visitor::new();
    let answer = login(&visitor, latchkey, "demo", fake, claims).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    let session = visitor.session(latchkey).await.expect("a session");
    (visitor, session)
}

#[tokio::test]
async fn userinfo_is_asked_for_what_the_id_token_lacks_and_mappers_rules_and_expressions_read() {
    for (what, provider, spec, asked) in [
        ("nothing more is read", "", "grant: {roles: [viewer]}", 0),
        ("what is there", "", "when: {claim: {key: name, value: Ann}}, grant: {roles: [viewer]}", 0),
        ("the person alone", "", "when: {expression: 'idpUser.name == \"ann\"'}, grant: {roles: [viewer]}", 0),
        ("a claim", "", "when: {claim: {key: team, value: core}}, grant: {roles: [viewer]}", 1),
        ("an expression", "", "when: {expression: 'claims.team == \"core\"'}, grant: {roles: [viewer]}", 1),
        (
            "a property",
            "",
            "when: {expression: 'idpUser.getProperty(\"team\", \"\") == \"core\"'}, grant: {roles: [viewer]}",
            1,
        ),
        ("names", "", "grant: {roles: [viewer], rolesFrom: {claim: more, only: [admin]}}", 1),
        ("an attribute", "", "grant: {roles: [viewer]}, attributes: [{target: team, from: {claim: team}}]", 1),
        ("a rule", "  rules: {language: claims.lang}\n", "grant: {roles: [viewer]}", 1),
        (
            "a validation rule",
            "  claimValidationRules: [{expression: 'claims.team == \"core\"', message: 'no'}]\n",
            "grant: {roles: [viewer]}",
            1,
        ),
        ("a field", "  claims: {givenName: {expression: claims.first}}\n", "grant: {roles: [viewer]}", 1),
    ] {
        let fake = Fake::start().await;
        with_userinfo(&fake, &json!({"sub": "ann", "team": "core", "more": "admin", "lang": "de", "first": "Ann"}));
        let latchkey = latchkey_with(&[("demo", &fake, provider)]).await;
        latchkey.write("mapper.yaml", &mapper("mine", spec)).await;
        latchkey.wait_for_condition("idpmapper", "mine", super::READY).await;
        let (_, session) = signed_in(&latchkey, &fake, complete()).await;
        assert_eq!(fake.count(USERINFO), asked, "{what}");
        assert!(session["roles"].as_array().expect("roles").contains(&json!("viewer")), "{what}: {session}");
    }
}

/// By expressions: the address that a document has, and whether it says that this one is verified.
const BY_EXPRESSIONS: &str = "  claims:
    email: {expression: 'claims.mail.lowerAscii()'}
    emailVerified: {expression: 'claims.checked'}
";

#[tokio::test]
async fn an_address_by_expressions_is_verified_by_its_own_document_alone_and_stays_so() {
    let (nothing, unverified) = (json!([null, false]), json!(["ann@example.com", false]));
    let verified = json!(["ann@example.com", true]);
    for (what, in_token, at_userinfo, expected) in [
        ("both in the ID token", json!({"mail": "Ann@example.com", "checked": true}), json!({}), &verified),
        ("both at userinfo", json!({}), json!({"mail": "Ann@example.com", "checked": true}), &verified),
        ("verified by userinfo", json!({"mail": "Ann@example.com"}), json!({"checked": true}), &unverified),
        (
            "another one verified by userinfo",
            json!({"mail": "Ann@example.com"}),
            json!({"mail": "bob@example.com", "checked": true}),
            &unverified,
        ),
        ("verified by the ID token", json!({"checked": true}), json!({"mail": "Ann@example.com"}), &unverified),
        (
            "not the ID token's",
            json!({"mail": "no address", "checked": true}),
            json!({"mail": "Ann@example.com", "checked": false}),
            &unverified,
        ),
        ("none", json!({"checked": true}), json!({"checked": true}), &nothing),
    ] {
        let fake = Fake::start().await;
        let mut said = at_userinfo.clone();
        said["sub"] = "ann".into();
        with_userinfo(&fake, &said);
        let latchkey = latchkey_with(&[("demo", &fake, BY_EXPRESSIONS)]).await;
        latchkey.write("organization.yaml", ORGANIZATION).await;
        let verified_are_admins =
            mapper("verified", "when: {expression: idpUser.emailVerified}, grant: {roles: [admin]}");
        latchkey.write("mapper.yaml", &verified_are_admins).await;
        latchkey.wait_for_condition("idpmapper", "verified", super::READY).await;
        let mut claims = json!({"sub": "ann", "preferred_username": "ann", "email": null, "email_verified": null});
        claims.as_object_mut().expect("claims").extend(in_token.as_object().expect("claims").clone());
        let (visitor, session) = signed_in(&latchkey, &fake, claims).await;
        assert_eq!(json!([session["email"], session["emailVerified"]]), *expected, "{what}");
        let roles = if expected[1] == true { json!(["admin"]) } else { json!([]) };
        assert_eq!(session["roles"], roles, "{what}");
        // What was kept of the documents is read alike when a mapper changes.
        latchkey.edit("mapper.yaml", "roles: [admin]", "roles: [admin], groups: [builders]").await;
        latchkey.write("more.yaml", &mapper("more", "grant: {groups: [cooks]}")).await;
        let groups: &[&str] = if expected[1] == true { &["builders", "cooks"] } else { &["cooks"] };
        visitor.wait_within_for_session(crate::support::AT_ONCE, &latchkey, "groups", groups).await;
        assert_eq!(visitor.session(&latchkey).await.expect("a session")["roles"], roles, "{what}");
    }
}
