//! Claims that no mapper was written for: what the person sees, what is counted and logged, and that nothing is half
//! written.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::{ORGANIZATION, mapper, picked, problems};
use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login},
    fake::{Fake, Reply, TOKEN, USERINFO, sign},
    latchkey::Latchkey,
    refusal::{MARK, must_be_refused, must_repeat_nothing},
    visitor::{Answer, Visitor},
    wait_within,
};

const PROVIDER: &str = "  rules: {timeZone: claims.zone, language: claims.speaks}\n";
const FIELDS: &str = "  claims: {userID: {expression: 'claims.oid + claims.sub'}}\n";

/// Everything is read from claims: by name, by expression, as names of roles and groups.
fn mappers() -> String {
    [
        mapper("sales", "when: {claim: {key: dept, value: Sales}}, grant: {roles: [viewer]}"),
        mapper("leads", "when: {expression: 'claims.rank.level > 3 && claims.lead'}, grant: {roles: [eng-lead]}"),
        mapper("cooks", "when: {group: cooks}, grant: {groups: [cooks]}"),
        mapper("named", "grant: {rolesFrom: {claim: roles, only: ['*']}}"),
        mapper(
            "notes",
            "attributes: [{target: title, from: {claim: job}}, {target: room, from: {expression: 'claims.rooms[0]'}}]",
        ),
    ]
    .concat()
}

/// With which nothing is wrong.
fn good() -> Value {
    json!({
        "preferred_username": "ann", "name": "Ann", "zone": "Europe/Berlin", "speaks": "de", "dept": "Sales",
        "rank": {"level": 4}, "lead": true, "groups": ["cooks"], "roles": ["admin"], "job": "CTO", "rooms": ["7b"],
        "oid": "o-",
    })
}

/// What comes of the good claims.
fn all() -> Value {
    json!({
        "userName": "ann", "fullName": "Ann", "roles": ["admin", "eng-lead", "viewer"], "groups": ["cooks"],
        "timeZone": "Europe/Berlin", "language": "de", "attributes": {"title": "CTO", "room": "7b"},
    })
}

/// `base` with the members of `more`.
fn with(base: Value, more: &Value) -> Value {
    let Value::Object(mut all) = base else { panic!("an object") };
    all.extend(more.as_object().expect("an object").clone());
    all.into()
}

/// A provider whose userinfo says this.
pub(super) async fn fake_with_userinfo(said: &Value) -> Fake {
    let fake = Fake::start().await;
    fake.announce("userinfo_endpoint", format!("{}{USERINFO}", fake.issuer));
    fake.answer(USERINFO, Reply::json(said));
    fake
}

pub(super) struct Kitchen {
    pub(super) latchkey: Latchkey,
    pub(super) fake: Fake,
}

impl Kitchen {
    pub(super) async fn start() -> Self {
        let fake = fake_with_userinfo(&json!({"sub": "mallory"})).await;
        let latchkey = latchkey_with(&[("demo", &fake, &format!("{PROVIDER}{FIELDS}"))]).await;
        latchkey.write("organization.yaml", ORGANIZATION).await;
        latchkey.write("mappers.yaml", &mappers()).await;
        for name in ["sales", "leads", "cooks", "named", "notes"] {
            latchkey.wait_for_condition("idpmapper", name, super::READY).await;
        }
        Self { latchkey, fake }
    }

    pub(super) async fn login(&self, visitor: &Visitor, more: &Value) -> Answer {
        login(visitor, &self.latchkey, "demo", &self.fake, with(good(), more)).await
    }

    pub(super) async fn session(&self, visitor: &Visitor) -> Value {
        visitor.session(&self.latchkey).await.expect("somebody is signed in")
    }

    /// What was counted until now, by problem.
    async fn counted(&self) -> [u64; 3] {
        let [failed, unusable, unknown] = ["expression_failed", "result_not_usable", "unknown_name"];
        [
            problems(&self.latchkey, failed).await,
            problems(&self.latchkey, unusable).await,
            problems(&self.latchkey, unknown).await,
        ]
    }

    /// How many rows there are of what a login writes.
    pub(super) async fn rows(&self) -> Vec<i64> {
        let path = self.latchkey.dir().join("latchkey.db");
        let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the database");
        let mut counts = Vec::new();
        for table in ["users", "links", "sessions", "grants", "claims"] {
            let count = format!("SELECT count(*) FROM {table}");
            counts.push(sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(&mut db).await.expect("a count"));
        }
        counts
    }
}

#[tokio::test]
async fn odd_claims_cost_what_they_were_to_give_and_are_counted_and_logged_without_their_values() {
    let kitchen = Kitchen::start().await;
    let [failed, unusable, unknown] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    let twice = |[a, b, c]: [u64; 3]| [2 * a, 2 * b, 2 * c];
    let long = format!("{MARK}{}", "x".repeat(300));
    for (what, claims, lost, counted, subject) in [
        ("nothing is wrong", json!({}), json!({}), [0, 0, 0], ""),
        // Missing.
        ("no claim", json!({"dept": null}), json!({"roles": ["admin", "eng-lead"]}), [0, 0, 0], ""),
        (
            "no claim in an expression",
            json!({"rank": null}),
            json!({"roles": ["admin", "viewer"]}),
            failed,
            "default/leads",
        ),
        ("no groups", json!({"groups": null}), json!({"groups": []}), [0, 0, 0], ""),
        ("no names", json!({"roles": null}), json!({"roles": ["eng-lead", "viewer"]}), [0, 0, 0], ""),
        ("no attribute", json!({"job": null}), json!({"attributes": {"room": "7b"}}), [0, 0, 0], ""),
        ("no rule's claim", json!({"zone": null}), json!({"timeZone": "Europe/Paris"}), failed, "timeZone"),
        // Of another type.
        ("an object", json!({"dept": {"Sales": MARK}}), json!({"roles": ["admin", "eng-lead"]}), [0, 0, 0], ""),
        ("a list in a list", json!({"dept": [["Sales"]]}), json!({"roles": ["admin", "eng-lead"]}), [0, 0, 0], ""),
        (
            "text for a number",
            json!({"rank": {"level": MARK}}),
            json!({"roles": ["admin", "viewer"]}),
            failed,
            "default/leads",
        ),
        ("text for a boolean", json!({"lead": MARK}), json!({"roles": ["admin", "viewer"]}), failed, "default/leads"),
        ("an object for groups", json!({"groups": {"cooks": MARK}}), json!({"groups": []}), unusable, "groups"),
        ("numbers among groups", json!({"groups": [7, "cooks", null]}), json!({}), unusable, "groups"),
        (
            "objects among names",
            json!({"roles": [{"name": MARK}, "admin"]}),
            json!({}),
            unusable,
            "default/named grant.rolesFrom",
        ),
        (
            "a number for names",
            json!({"roles": 417}),
            json!({"roles": ["eng-lead", "viewer"]}),
            unusable,
            "default/named grant.rolesFrom",
        ),
        (
            "an object for an attribute",
            json!({"job": {"a": MARK}}),
            json!({"attributes": {"room": "7b"}}),
            unusable,
            "title",
        ),
        ("text for a list", json!({"rooms": MARK}), json!({"attributes": {"title": "CTO"}}), failed, "room"),
        ("an empty list", json!({"rooms": []}), json!({"attributes": {"title": "CTO"}}), failed, "room"),
        ("a number for a name", json!({"name": 417}), json!({"fullName": null}), unusable, "fullName"),
        ("a list for a language", json!({"speaks": [MARK]}), json!({"language": "fr"}), unusable, "language"),
        // Of no meaning here.
        (
            "an unknown time zone",
            json!({"zone": "Mars/m4rk"}),
            json!({"timeZone": "Europe/Paris"}),
            unusable,
            "timeZone",
        ),
        ("no language", json!({"speaks": "m4rk m4rk"}), json!({"language": "fr"}), unusable, "language"),
        ("an unknown name", json!({"roles": ["m4rk", "admin"]}), json!({}), unknown, "default/named grant.rolesFrom"),
        // Control characters, and too long.
        ("a bell in a name", json!({"name": "Ann\u{7}m4rk"}), json!({"fullName": null}), unusable, "fullName"),
        (
            "a line break in an attribute",
            json!({"job": "CTO\nm4rk"}),
            json!({"attributes": {"room": "7b"}}),
            unusable,
            "title",
        ),
        ("NUL in a group", json!({"groups": ["cooks\u{0}m4rk"]}), json!({"groups": []}), [0, 0, 0], ""),
        (
            "NUL in a role's name",
            json!({"roles": ["admin\u{0}"]}),
            json!({"roles": ["eng-lead", "viewer"]}),
            unknown,
            "default/named grant.rolesFrom",
        ),
        (
            "control characters in the user name",
            json!({"preferred_username": "an\u{1b}[31mn", "email": null}),
            json!({"userName": "o-mallory"}),
            unusable,
            "userName",
        ),
        ("a long name", json!({"name": long}), json!({"fullName": null}), unusable, "fullName"),
    ] {
        let (visitor, before, log_before) = (Visitor::new(), kitchen.counted().await, kitchen.latchkey.log().len());
        let answer = kitchen.login(&visitor, &claims).await;
        assert!(answer.signs_in(), "{what}: {} {}", answer.status, answer.body);
        let expected = with(all(), &lost);
        assert_eq!(picked(&kitchen.session(&visitor).await, &expected), expected, "{what}");
        let after = kitchen.counted().await;
        let rise = [0, 1, 2].map(|index| after[index] - before[index]);
        assert!(rise == counted || rise == twice(counted), "{what}: {rise:?}");
        let log = kitchen.latchkey.log()[log_before..].to_owned();
        must_repeat_nothing(what, &log);
        let told = log.lines().any(|line| line.contains(&format!("subject=\"{subject}\"")) && line.contains("code="));
        assert!(subject.is_empty() || told, "{what}: {log}");
    }
    let rows = kitchen.rows().await;
    assert_eq!((rows[0], rows[1], rows[4]), (1, 1, 1), "all of it was one person");
}

#[tokio::test]
async fn claims_that_describe_nobody_are_refused_and_leave_everything_as_it_was() {
    let kitchen = Kitchen::start().await;
    let ann = Visitor::new();
    assert!(kitchen.login(&ann, &json!({})).await.signs_in());
    let (before, rows) = (kitchen.session(&ann).await, kitchen.rows().await);
    for (what, claims) in [
        ("no user ID", json!({"oid": null})),
        ("a user ID of another type", json!({"oid": ["m4rk"]})),
        ("a user ID with control characters", json!({"oid": "m4rk\u{0}"})),
        ("a long user ID", json!({"oid": "m4rk".repeat(100)})),
    ] {
        let answer = kitchen.login(&Visitor::new(), &with(claims, &json!({"roles": ["viewer"]}))).await;
        must_be_refused(what, &kitchen.latchkey, &answer, 403, "claims");
        assert_eq!(kitchen.rows().await, rows, "{what}");
        assert_eq!(kitchen.session(&ann).await, before, "{what}");
    }
}

#[tokio::test]
async fn a_token_response_that_breaks_off_after_good_claims_writes_nothing() {
    let kitchen = Kitchen::start().await;
    let rows = kitchen.rows().await;
    let visitor = Visitor::new();
    let begun = visitor.begin(&kitchen.latchkey, "demo").await;
    let token = sign(&with(kitchen.fake.claims(&begun.nonce), &good()));
    let whole = json!({"access_token": "at", "token_type": "Bearer", "id_token": token}).to_string();
    kitchen.fake.answer(TOKEN, Reply::text("application/json", &whole[..whole.len() - 1]));
    let refused = visitor.get(&begun.callback).await;
    must_be_refused("broken off", &kitchen.latchkey, &refused, 502, "code_exchange");
    assert_eq!(kitchen.rows().await, rows);
    wait_within(AT_ONCE, "the next login works", async || {
        kitchen.login(&visitor, &json!({})).await.signs_in().then_some(())
    })
    .await;
    assert_eq!(picked(&kitchen.session(&visitor).await, &all()), all());
}
