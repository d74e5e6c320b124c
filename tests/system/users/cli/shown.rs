//! What is shown, for people and for programs, with the origin of everything and without secrets.

use std::path::Path;

use latchkey::{
    domain::{
        field::Fields,
        organization::OrganizationKey,
        user::{User, UserId},
    },
    store::{self, NewUser},
};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};
use uuid::Uuid;

use super::{signs_in, started, told, users};
use crate::support::{latchkey::Latchkey, source::On};

on_both_sources!(everything_is_shown_with_its_origin);

/// A document with a word in place of what differs from run to run.
fn steady(mut document: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(walk),
            Value::Object(members) => {
                for (name, value) in members {
                    match (&**name, &*value) {
                        ("id" | "uid" | "handle" | "issuer" | "organization", Value::String(_)) => {
                            *value = format!("({name})").into();
                        }
                        (name, Value::String(_)) if name.ends_with("At") => *value = "(time)".into(),
                        _ => walk(value),
                    }
                }
            }
            _ => {}
        }
    }
    walk(&mut document);
    document
}

async fn everything_is_shown_with_its_origin(on: On) {
    let (fake, latchkey) = started(on, "").await;
    let ann = signs_in(&latchkey, &fake, "ann").await;
    users(&latchkey, &["grant", "ann", "--role", "auditor"], 0).await;
    let provider = json!({"uid": "(uid)", "name": "demo"});
    let by_provider = json!({"by": "provider", "provider": provider});
    let by_mapper = json!({"by": "mapper", "provider": provider, "mapper": {"uid": "(uid)", "name": "everybody"}});
    let expected = json!({
        "id": "(id)",
        "organization": "(organization)",
        "userName": "ann",
        "userNameOrigin": by_provider,
        "email": "ann@example.com",
        "emailOrigin": by_provider,
        "emailVerified": true,
        "emailVerifiedBy": "provider",
        "lastLoginAt": "(time)",
        "fields": [
            {"name": "fullName", "value": "ANN", "origin": by_provider},
            {"name": "title", "value": "Engineer", "origin": by_mapper},
        ],
        "grants": [
            {"kind": "role", "name": "auditor", "origin": {"by": "hand"}},
            {"kind": "group", "name": "everyone", "origin": by_mapper},
            {"kind": "role", "name": "viewer", "origin": by_mapper},
        ],
        "links": [
            {"issuer": "(issuer)", "externalID": "ann", "provider": provider, "lastLoginAt": "(time)"},
        ],
        "sessions": 1,
    });
    let mut shown = steady(told(&latchkey, &["show", "ann"]).await);
    let grants = shown["grants"].as_array_mut().expect("a list");
    grants.sort_by_key(|grant| grant["name"].to_string());
    assert_eq!(shown, expected);

    let text = users(&latchkey, &["show", "ann"], 0).await;
    for said in ["by provider demo", "by mapper everybody of provider demo", "by hand", "verified by the provider"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    assert_eq!(text.err, "");
    lists(&latchkey).await;
    let (_, cookie) = ann.session_cookie(&latchkey);
    for verb in [&["list"][..], &["show", "ann"], &["sessions", "ann"]] {
        let ended = users(&latchkey, verb, 0).await;
        assert!(!ended.out.contains(&cookie) && !ended.err.contains(&cookie), "{verb:?}");
    }
}

async fn lists(latchkey: &Latchkey) {
    users(latchkey, &["create", "bob", "--email", "bob@example.com"], 0).await;
    let expected = json!([
        {
            "id": "(id)", "userName": "ann", "fullName": "ANN", "email": "ann@example.com", "emailVerified": true,
            "providers": [{"uid": "(uid)", "name": "demo"}], "lastLoginAt": "(time)",
        },
        {
            "id": "(id)", "userName": "bob", "fullName": null, "email": "bob@example.com", "emailVerified": false,
            "providers": [], "lastLoginAt": null,
        },
    ]);
    assert_eq!(steady(told(latchkey, &["list"]).await), expected);
    let provider = json!({"uid": "(uid)", "name": "demo"});
    let sessions = json!([
        {"handle": "(handle)", "provider": provider, "startedAt": "(time)", "lastUsedAt": "(time)"},
    ]);
    assert_eq!(steady(told(latchkey, &["sessions", "ann"]).await), sessions);
    let text = users(latchkey, &["list"], 0).await.out;
    let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["USER", "NAME", "EMAIL", "PROVIDERS", "LAST", "LOGIN", "ID"]);
    assert_eq!(lines[1][..3], ["ann", "ann@example.com", "demo"], "{text}");
    assert_eq!(lines[2][..3], ["bob", "bob@example.com", "(unverified)"], "{text}");
}

#[tokio::test]
async fn who_signed_in_before_times_were_noted_is_not_said_to_have_never_done_so() {
    let (fake, latchkey) = started(On::Directory, "").await;
    signs_in(&latchkey, &fake, "ann").await;
    users(&latchkey, &["create", "bob"], 0).await;
    let url = format!("sqlite:{}", latchkey.dir().join("latchkey.db").display());
    let mut database = SqliteConnection::connect(&url).await.expect("the database");
    // As the migration writes it.
    database.execute("UPDATE users SET last_login_at = 0 WHERE user_name = 'ann'").await.expect("written");
    database.execute("UPDATE links SET last_login_at = 0").await.expect("written");
    let ann = users(&latchkey, &["show", "ann"], 0).await.out;
    assert!(ann.matches("not known").count() == 2 && !ann.contains("never"), "{ann}");
    let bob = users(&latchkey, &["show", "bob"], 0).await.out;
    assert!(bob.contains("never") && !bob.contains("not known"), "{bob}");
    let listed = users(&latchkey, &["list"], 0).await.out;
    let lines: Vec<_> = listed.lines().map(|line| line.contains("not known")).collect();
    assert_eq!(lines, [false, true, false], "{listed}");
}

#[tokio::test]
async fn a_list_goes_on_after_its_first_page() {
    let (_fake, latchkey) = started(On::Directory, "").await;
    fill(&latchkey.dir().join("latchkey.db"), 450).await;
    let listed = told(&latchkey, &["list"]).await;
    let names: Vec<_> = listed.as_array().expect("a list").iter().map(|user| user["userName"].as_str()).collect();
    assert_eq!(names.len(), 450);
    assert!(names.is_sorted());
    let text = users(&latchkey, &["list"], 0).await.out;
    assert_eq!(text.lines().count(), 451);
    assert_eq!(text.matches("USER NAME").count(), 1);
}

async fn fill(database: &Path, people: u32) {
    let store = store::open_beside(&format!("sqlite:{}", database.display()), None).await.expect("the database");
    for number in 0..people {
        let user = User {
            id: UserId(Uuid::now_v7()),
            organization: OrganizationKey::new("default", "default"),
            user_name: format!("user {number:04}"),
            email: None,
            verified: None,
            fields: Fields::default(),
        };
        store.create_user(&NewUser { user, links: Vec::new(), granted: Vec::new() }).await.expect("a user");
    }
}

#[tokio::test]
async fn who_is_an_administrator_by_a_role_is_said_to_be_one() {
    let (fake, latchkey) = started(On::Directory, "").await;
    signs_in(&latchkey, &fake, "ann").await;
    assert!(!users(&latchkey, &["show", "ann"], 0).await.out.contains("Administrator"));
    users(&latchkey, &["grant", "ann", "--role", "admin"], 0).await;
    let shown = users(&latchkey, &["show", "ann"], 0).await.out;
    let line = shown.lines().find(|line| line.starts_with("Administrator")).expect("a line of it");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["Administrator", "yes", "by", "role", "admin"]);
}
