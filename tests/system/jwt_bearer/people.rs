//! Whoever an application brings is the person who signs in by browser, with all that the manifests give.

use serde_json::{Value, json};

use super::{
    ask::{FLAGS, ask},
    id_token::{changed, claims},
    world::{applications, at_provider, both},
};
use crate::support::{
    AT_ONCE,
    claimed::login,
    fake::{Fake, sign},
    latchkey::Latchkey,
    manifests,
    source::{On, Source},
    visitor::Visitor,
    wait_for, wait_within,
};

on_both_sources! {
    one_person_is_one_user_by_browser_and_by_an_application,
}

const KEY: &str = "demo";

/// One provider, `demo`, by browser and for `desktop`; both mappers are ready.
struct Stage {
    latchkey: Latchkey,
    fake: Fake,
}

impl Stage {
    async fn start(spec: &str) -> Self {
        Self::start_on(On::Directory, spec).await
    }

    async fn start_on(on: On, spec: &str) -> Self {
        let fake = Fake::start().await;
        let organization = format!("{}{}", manifests::ORGANIZATION, applications(&[("desktop", &[KEY])]));
        let files = [
            ("organization.yaml", &*organization),
            ("secret.yaml", &*manifests::usual_secret()),
            ("mappers.yaml", manifests::MAPPERS),
            ("provider.yaml", &*both(KEY, &fake.issuer, spec)),
        ];
        let latchkey = Latchkey::start_from(Source::new(on).await, FLAGS, &files).await;
        latchkey.wait_until_ready(KEY).await;
        for mapper in ["engineers", "everyone"] {
            latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
        }
        latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
        Self { latchkey, fake }
    }

    /// What the access token of a person says.
    async fn brings(&self, person: &str, changes: &Value) -> Value {
        let token = sign(&changed(claims(&self.fake, &at_provider("desktop"), person), changes));
        ask("desktop", &token).gets(&self.latchkey).await.claims()
    }

    /// The same person by browser, and the session.
    async fn signs_in(&self, person: &str, changes: &Value) -> (Visitor, Value) {
        let visitor = Visitor::new();
        let mut told = changed(claims(&self.fake, "", person), changes);
        for name in ["aud", "jti", "iat", "exp"] {
            told.as_object_mut().expect("claims").shift_remove(name);
        }
        let answer = login(&visitor, &self.latchkey, KEY, &self.fake, told).await;
        assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
        let session = visitor.session(&self.latchkey).await.expect("a session");
        (visitor, session)
    }

    async fn shown(&self, person: &str) -> Value {
        let ended = self.latchkey.run_beside(&["users", "show", person, "--output", "json"]).await;
        assert_eq!(ended.status, 0, "{ended:?}");
        ended.json()
    }
}

const EVERYTHING: &str = "  defaults: {timeZone: Europe/Zurich}\n";

fn rich() -> Value {
    json!({
        "given_name": "Ada", "family_name": "Lovelace", "locale": "de-CH", "picture": "https://example.com/ada.png",
        "profile": "https://example.com/ada", "gender": "female",
    })
}

/// `session` without what is of the session.
fn outcome(session: &Value) -> Value {
    let mut outcome = session.clone();
    outcome.as_object_mut().expect("a session").retain(|name, value| name != "expiresAt" && !value.is_null());
    outcome
}

async fn one_person_is_one_user_by_browser_and_by_an_application(on: On) {
    let stage = Stage::start_on(on, EVERYTHING).await;
    let token = stage.brings("ada", &rich()).await;
    let shown = stage.shown("ada").await;
    assert_eq!((&shown["id"], &shown["sessions"]), (&token["sub"], &json!(0)), "{shown}");
    assert_eq!(shown["links"][0]["externalID"], "ada");
    let last_login = shown["lastLoginAt"].as_str().expect("a time").to_owned();

    let (visitor, session) = stage.signs_in("ada", &rich()).await;
    assert_eq!(session["id"], token["sub"]);
    assert_eq!(session["roles"], json!(["admin", "viewer"]));
    // Every outcome is in the token under the same name.
    for (name, value) in outcome(&session).as_object().expect("an outcome") {
        assert_eq!(token.get(name), Some(value), "{name}: {token}");
    }
    // And under the names that RFC 9068, section 2.2.2, wants from the registry.
    let registered = [
        ("preferred_username", "userName"),
        ("name", "fullName"),
        ("given_name", "givenName"),
        ("family_name", "familyName"),
        ("email_verified", "emailVerified"),
        ("zoneinfo", "timeZone"),
    ];
    for (name, outcome) in registered {
        assert_eq!(token[name], session[outcome], "{name}: {token}");
        assert!(!token[name].is_null(), "{name}: {token}");
    }

    // By the application again: no session more, and none less; the last login is known.
    let again = stage.brings("ada", &rich()).await;
    assert_eq!(again["sub"], token["sub"]);
    let shown = stage.shown("ada").await;
    assert_eq!((&shown["sessions"], shown["links"].as_array().map(Vec::len)), (&json!(1), Some(1)), "{shown}");
    assert!(*shown["lastLoginAt"].as_str().expect("a time") > *last_login, "{shown}");
    assert!(visitor.session(&stage.latchkey).await.is_some());
    let all = stage.latchkey.run_beside(&["users", "list", "--output", "json"]).await.json();
    let names: Vec<_> = all.as_array().or(all["users"].as_array()).expect("a list").iter().collect();
    assert_eq!(names.len(), 1, "{all}");
}

#[tokio::test]
async fn what_an_id_token_says_now_counts_for_who_is_signed_in_by_browser() {
    let stage = Stage::start("").await;
    let (visitor, session) = stage.signs_in("ada", &json!({"groups": ["sales"]})).await;
    assert_eq!(session["roles"], json!(["viewer"]));
    assert_eq!(stage.brings("ada", &json!({})).await["roles"], json!(["admin", "viewer"]));
    visitor.wait_within_for_session(AT_ONCE, &stage.latchkey, "roles", &["admin", "viewer"]).await;
    assert_eq!(stage.brings("ada", &json!({"groups": null})).await["roles"], json!(["viewer"]));
    visitor.wait_within_for_session(AT_ONCE, &stage.latchkey, "roles", &["viewer"]).await;
}

#[tokio::test]
async fn who_loses_the_last_mapping_by_a_token_loses_the_sessions_too() {
    let stage = Stage::start("  users: {access: MappedOnly}\n").await;
    let (visitor, _) = stage.signs_in("ada", &json!({})).await;
    let (other, _) = stage.signs_in("bea", &json!({})).await;
    let token = sign(&changed(claims(&stage.fake, &at_provider("desktop"), "ada"), &json!({"groups": ["sales"]})));
    ask("desktop", &token).gets_refused(&stage.latchkey, 400, "invalid_grant", "not_mapped").await;
    wait_within(AT_ONCE, "ada is out", async || visitor.session(&stage.latchkey).await.is_none().then_some(())).await;
    assert!(other.session(&stage.latchkey).await.is_some(), "bea stays");
    assert_eq!(stage.shown("ada").await["sessions"], 0);
}

#[tokio::test]
async fn a_mapper_that_changes_counts_for_the_next_access_token() {
    let stage = Stage::start("").await;
    assert_eq!(stage.brings("ada", &json!({})).await["roles"], json!(["admin", "viewer"]));
    stage.latchkey.edit("mappers.yaml", "roles: [admin]", "roles: []").await;
    wait_for("the next token says less", async || {
        (stage.brings("ada", &json!({})).await["roles"] == json!(["viewer"])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn update_modes_hold_for_access_tokens() {
    let modes = "  users: {updateModes: [{target: fullName, mode: Create}, {target: locale, mode: None}]}\n";
    let stage = Stage::start(modes).await;
    let first = stage.brings("ada", &json!({"name": "First", "locale": "de-CH", "given_name": "One"})).await;
    assert_eq!((&first["fullName"], &first["givenName"]), (&json!("First"), &json!("One")));
    assert!(first.get("locale").is_none_or(Value::is_null), "{first}");
    let second = stage.brings("ada", &json!({"name": "Second", "given_name": "Two"})).await;
    assert_eq!((&second["fullName"], &second["givenName"]), (&json!("First"), &json!("Two")));
    let third = stage.brings("ada", &json!({"given_name": null})).await;
    assert!(third.get("givenName").is_none(), "Replace clears what nobody says any more: {third}");
}

#[tokio::test]
async fn claims_are_those_of_the_id_token_alone() {
    let stage = Stage::start("  claims: {groups: {expression: 'claims.teams'}}\n").await;
    stage.fake.announce("userinfo_endpoint", format!("{}/userinfo", stage.fake.issuer));
    let token = stage.brings("ada", &json!({"groups": null, "email": null, "teams": ["engineering"]})).await;
    assert_eq!((&token["roles"], token.get("email")), (&json!(["admin", "viewer"]), None));
    stage.brings("ada", &json!({"groups": null, "email": null, "name": null})).await;
    let asked: Vec<_> = stage.fake.every_request().into_iter().map(|request| request.path).collect();
    assert!(asked.iter().all(|path| path.contains("/.well-known/") || path == "/keys"), "{asked:?}");
}
