//! The database is full, locked, or slow: new logins get a clear page, who is signed in stays so, nothing is half
//! written, and once there is room again everything works as before.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sqlx::{Connection, Executor, SqliteConnection};

use crate::support::{
    DEADLINE,
    database::Database,
    issuers::Issuers,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    refusal::must_be_refused,
    visitor::Visitor,
    wait_for,
};

const KEY: &str = "demo";
const ROUNDS: usize = 5;
/// A moment less than what Latchkey waits for a lock, so that a busy machine has some of it.
const SLOW: Duration = Duration::from_millis(1500);

struct Stage {
    latchkey: Latchkey,
    issuers: Issuers,
    database: Database,
}

impl Stage {
    async fn start() -> Self {
        let issuers = Issuers::start().await;
        let provider = manifests::provider(KEY, &issuers.issuer(KEY), "");
        let files = [
            ("organization.yaml", manifests::ORGANIZATION),
            ("secret.yaml", &manifests::usual_secret()),
            ("mappers.yaml", manifests::MAPPERS),
            ("provider.yaml", &provider),
        ];
        let latchkey = Latchkey::start_for_full_disk(MANY_VISITORS, &files).await;
        latchkey.wait_until_ready(KEY).await;
        for mapper in ["engineers", "everyone"] {
            latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
        }
        let database = Database::of(&latchkey).await;
        Self { latchkey, issuers, database }
    }

    async fn signed_in(&self, name: &str) -> Visitor {
        self.issuers.signed_in(&self.latchkey, KEY, KEY, &claims(name)).await.0
    }

    async fn prepared(&self, name: &str) -> (Visitor, String) {
        let visitor = Visitor::new();
        let callback = self.issuers.prepared(&visitor, &self.latchkey, KEY, KEY, &claims(name)).await;
        (visitor, callback)
    }

    /// All that is known of all people, but for when they were last seen.
    async fn everything(&self) -> Vec<Vec<Option<String>>> {
        let questions = [
            "SELECT id, user_name, email, verified, fields FROM users ORDER BY 1",
            "SELECT issuer, external_id, user_id FROM links ORDER BY 1, 2",
            "SELECT user_id, provider_uid, mapper_uid, kind, name FROM grants ORDER BY 1, 2, 3, 4, 5",
            "SELECT user_id, provider_uid, CAST(revision AS TEXT) FROM claims ORDER BY 1, 2",
            "SELECT hex(id_hash), user_id FROM sessions ORDER BY 1",
        ];
        let mut all = Vec::new();
        for question in questions {
            all.extend(self.database.ask(question, &[]).await);
        }
        all
    }

    /// Who is signed in stays so, with everything that was granted.
    async fn must_go_on(&self, visitor: &Visitor) {
        let session = visitor.session(&self.latchkey).await.expect("the session goes on");
        assert_eq!(session["roles"], json!(["admin", "viewer"]));
        assert_eq!(visitor.get(&self.latchkey.at("auth?role=admin")).await.status, 200);
    }

    async fn wait_until_logins_work(&self, name: &str) {
        wait_for("logins work again", async || {
            let (visitor, callback) = self.prepared(name).await;
            visitor.get(&callback).await.signs_in().then_some(())
        })
        .await;
    }

    /// What a session's cookie is good for in another browser, which has no memory of this one.
    async fn status_of(&self, cookies: &str) -> u16 {
        Visitor::new().get_with(&self.latchkey.at("session"), &[("cookie", cookies)]).await.status
    }
}

fn claims(name: &str) -> Value {
    json!({
        "sub": name, "preferred_username": name, "name": format!("Name of {name}"),
        "email": format!("{name}@example.com"), "email_verified": true, "groups": ["engineering"],
    })
}

fn size(latchkey: &Latchkey, file: &str) -> u64 {
    fs::metadata(latchkey.dir().join(file)).map_or(0, |metadata| metadata.len())
}

#[tokio::test]
async fn a_full_disk_refuses_new_logins_alone_and_all_is_well_once_there_is_room() {
    let mut stage = Stage::start().await;
    let (alice, bob) = (stage.signed_in("alice").await, stage.signed_in("bob").await);
    let cookies = bob.cookie_header(&stage.latchkey.url("").parse().expect("a URL"));
    for round in 0..ROUNDS {
        // The write-ahead log is what is written first; the log of the process must be able to go on.
        let mut number = 0;
        while size(&stage.latchkey, "latchkey.db-wal") < size(&stage.latchkey, "latchkey.log") + 128 * 1024 {
            number += 1;
            stage.signed_in(&format!("filler-{round}-{number}")).await;
        }
        let limit = size(&stage.latchkey, "latchkey.log") + 64 * 1024;
        let (new, known) = (stage.prepared(&format!("new-{round}")).await, stage.prepared("alice").await);
        let before = stage.everything().await;
        stage.latchkey.limit_files(Some(limit)).await;
        for (visitor, callback) in [&new, &known] {
            must_be_refused("a full disk", &stage.latchkey, &visitor.get(callback).await, 503, "store");
            assert!(visitor.session(&stage.latchkey).await.is_none());
        }
        stage.must_go_on(&alice).await;
        if round == 0 {
            assert_eq!(bob.post(&stage.latchkey.at("logout"), &[]).await.status, 303);
        }
        assert_eq!(stage.status_of(&cookies).await, 401, "a logout holds in memory");
        if round > 0 {
            assert_eq!(stage.everything().await, before, "nothing is half written");
        }
        stage.latchkey.limit_files(None).await;
        stage.wait_until_logins_work(&format!("new-{round}")).await;
        stage.must_go_on(&alice).await;
    }
    wait_for("the logout is written", async || {
        let sessions = "SELECT COUNT(*) FROM sessions JOIN users ON users.id = user_id WHERE user_name = 'bob'";
        (stage.database.count(sessions, &[]).await == 0).then_some(())
    })
    .await;
    stage.latchkey.kill().await;
    stage.latchkey.start_again().await;
    stage.must_go_on(&alice).await;
    assert_eq!(stage.status_of(&cookies).await, 401, "a session that was ended is back");
    assert_eq!(stage.database.ask("PRAGMA integrity_check", &[]).await, [[Some("ok".to_owned())]]);
}

#[tokio::test]
async fn a_mapper_that_changes_while_the_disk_is_full_counts_once_there_is_room() {
    let stage = Stage::start().await;
    let alice = stage.signed_in("alice").await;
    let mut number = 0;
    while size(&stage.latchkey, "latchkey.db-wal") < size(&stage.latchkey, "latchkey.log") + 128 * 1024 {
        number += 1;
        stage.signed_in(&format!("filler-{number}")).await;
    }
    stage.latchkey.limit_files(Some(size(&stage.latchkey, "latchkey.log") + 64 * 1024)).await;
    stage.latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await;
    let (visitor, callback) = stage.prepared("late").await;
    must_be_refused("a full disk", &stage.latchkey, &visitor.get(&callback).await, 503, "store");
    stage.latchkey.limit_files(None).await;
    alice.wait_within_for_session(DEADLINE, &stage.latchkey, "roles", &["viewer"]).await;
}

/// Keeps every other writer out until it is dropped.
async fn lock(latchkey: &Latchkey) -> SqliteConnection {
    let url = format!("sqlite:{}", latchkey.dir().join("latchkey.db").display());
    let mut connection = SqliteConnection::connect(&url).await.expect("the database");
    connection.execute("PRAGMA busy_timeout = 30000").await.expect("patience");
    connection.execute("BEGIN IMMEDIATE").await.expect("the lock");
    connection
}

#[tokio::test]
async fn a_database_that_another_process_keeps_locked_refuses_new_logins_and_works_again() {
    let stage = Stage::start().await;
    let alice = stage.signed_in("alice").await;
    for round in 0..2 {
        let (new, known) = (stage.prepared(&format!("new-{round}")).await, stage.prepared("alice").await);
        let before = stage.everything().await;
        let held = lock(&stage.latchkey).await;
        let began = Instant::now();
        for (visitor, callback) in [&new, &known] {
            must_be_refused("locked", &stage.latchkey, &visitor.get(callback).await, 503, "store");
        }
        assert!(began.elapsed() < Duration::from_secs(30), "people wait for {:?}", began.elapsed());
        stage.must_go_on(&alice).await;
        held.close().await.expect("closed");
        assert_eq!(stage.everything().await, before, "nothing is half written");
        stage.wait_until_logins_work(&format!("new-{round}")).await;
    }
}

#[tokio::test]
async fn a_login_waits_for_a_database_that_is_slow() {
    let stage = Stage::start().await;
    let alice = stage.signed_in("alice").await;
    for round in 0..3 {
        let (one, another) =
            (stage.prepared(&format!("one-{round}")).await, stage.prepared(&format!("another-{round}")).await);
        let held = lock(&stage.latchkey).await;
        let released = async {
            tokio::time::sleep(SLOW).await;
            held.close().await.expect("closed");
        };
        let (one, another, ()) = tokio::join!(one.0.get(&one.1), another.0.get(&another.1), released);
        for answer in [one, another] {
            assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
        }
        stage.must_go_on(&alice).await;
    }
}
