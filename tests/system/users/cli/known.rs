//! People who are made known in advance get in where only such people do.

use serde_json::{Value, json};

use super::{started, told, users};
use crate::support::{claimed::login, fake::Fake, latchkey::Latchkey, source::On, visitor::Visitor};

on_both_sources!(who_is_known_by_the_external_id_gets_in_where_nobody_else_does);

/// Signs in through `demo` with these claims; None: not let in.
async fn session(latchkey: &Latchkey, fake: &Fake, claims: Value) -> Option<Value> {
    let visitor = Visitor::new();
    let answer = login(&visitor, latchkey, "demo", fake, claims).await;
    assert!(answer.signs_in() || answer.status == 403, "{} {}", answer.status, answer.body);
    visitor.session(latchkey).await
}

async fn who_is_known_by_the_external_id_gets_in_where_nobody_else_does(on: On) {
    let (fake, latchkey) = started(on, "  users: {provisioning: ReadOnly}\n").await;
    let claims = json!({"sub": "4711", "preferred_username": "somebody", "name": "Another Name", "email": null});
    assert_eq!(session(&latchkey, &fake, claims.clone()).await, None);
    let made = told(
        &latchkey,
        &[
            "create",
            "ann",
            "--provider",
            "demo",
            "--external-id",
            "4711",
            "--field",
            "fullName=Ann A",
            "--role",
            "auditor",
        ],
    )
    .await;
    assert_eq!(made["links"][0]["externalID"], "4711", "{made}");
    let session = session(&latchkey, &fake, claims).await.expect("let in");
    let seen = [&session["id"], &session["userName"], &session["fullName"], &session["roles"]];
    assert_eq!(seen, [&made["id"], &json!("ann"), &json!("Ann A"), &json!(["auditor"])]);
}

#[tokio::test]
async fn who_is_known_by_the_user_name_gets_in() {
    let more = "  users: {provisioning: ReadOnly, match: [UserName], userNameSeparator: \":\"}\n";
    let (fake, latchkey) = started(On::Directory, more).await;
    let claims = json!({"sub": "1", "preferred_username": "ann", "email": null});
    assert_eq!(session(&latchkey, &fake, claims.clone()).await, None);
    let made = told(&latchkey, &["create", "demo:ann"]).await;
    assert_eq!(session(&latchkey, &fake, claims).await.expect("let in")["id"], made["id"]);
    // Whoever came through a provider that writes nothing is given everything by hand.
    users(&latchkey, &["grant", "demo:ann", "--administrator"], 0).await;
    let shown = told(&latchkey, &["show", "demo:ann"]).await;
    assert_eq!(shown["userNameOrigin"], json!({"by": "hand"}), "{shown}");
    assert_eq!(shown["grants"], json!([{"kind": "administrator", "name": null, "origin": {"by": "hand"}}]));
}

#[tokio::test]
async fn who_is_known_by_a_verified_address_gets_in() {
    let more = "  users: {provisioning: ReadOnly, match: [Email]}\n  trust: {assignedEmailDomains: [contoso.com]}\n";
    let (fake, latchkey) = started(On::Directory, more).await;
    let claims = |name: &str| json!({"sub": name, "preferred_username": name, "email": format!("{name}@contoso.com"), "email_verified": true});
    let made = told(&latchkey, &["create", "a", "--email", "Ann@CONTOSO.com", "--email-verified"]).await;
    assert_eq!((&made["email"], &made["emailVerifiedBy"]), (&json!("ann@contoso.com"), &json!("hand")));
    told(&latchkey, &["create", "b", "--email", "bob@contoso.com"]).await;
    assert_eq!(session(&latchkey, &fake, claims("ann")).await.expect("let in")["id"], made["id"]);
    assert_eq!(session(&latchkey, &fake, claims("bob")).await, None, "nobody has verified the address");
}
