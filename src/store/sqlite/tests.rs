//! What is true of the SQLite file alone. What every database promises is in the conformance suite.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use secrecy::SecretSlice;
use sqlx::Connection;

use super::{grants, logouts, people, reapply, sessions, users, verifications};
use crate::{
    domain::{
        field::{Field, Fields, Maker},
        modes::{Mode, Modes},
        testing::{again, login, organization_key, role, said, written},
        user::{LoginRecord, Mapped, User},
    },
    store::{self, KeyPurpose, Reapplied, RecordLoginError, StoreError, StoredKey, testing::Files},
};

fn key(id: u32) -> StoredKey {
    StoredKey { id, secret: SecretSlice::from(vec![id as u8; 32]), made_at: Timestamp::UNIX_EPOCH }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn every_file_of_the_database_is_for_its_owner_alone() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db-shm", "latchkey.db.key"] {
        assert_eq!(mode(&files.path(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_url_with_or_without_slashes_is_the_same_path() {
    let files = Files::new();
    files.open().await.unwrap().add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    let store = store::open(&format!("sqlite://{}", files.path("latchkey.db").display()), None).await.unwrap();
    assert_eq!(store.keys(&KeyPurpose::Cookie).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_url_of_another_kind_is_refused_without_being_shown() {
    for url in ["", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "postgres://latchkey:hunter2@db/latchkey"] {
        let Err(error) = store::open(url, None).await else { panic!("{url} was opened") };
        assert!(matches!(error, StoreError::UnknownUrl));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_with_the_path() {
    let files = Files::new();
    let url = format!("sqlite:{}", files.path("missing/latchkey.db").display());
    let Err(error) = store::open(&url, None).await else { panic!("opened in a folder that is not there") };
    assert!(matches!(&error, StoreError::DatabaseFile { .. }));
    assert!(error.to_string().contains("missing/latchkey.db"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error_and_stays_as_it_is() {
    let files = Files::new();
    let text = "not a database ".repeat(100);
    std::fs::write(files.path("latchkey.db"), &text).unwrap();
    assert!(files.open().await.is_err());
    assert_eq!(std::fs::read_to_string(files.path("latchkey.db")).unwrap(), text);
    assert!(!files.path("latchkey.db.key").exists());
}

/// What is on the disk while the store is open is all that a power cut or `kill -9` leaves.
#[tokio::test]
async fn what_was_answered_is_on_the_disk() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(2), Timestamp::MAX).await.unwrap();
    store.use_attempt(&[1; 16], Timestamp::UNIX_EPOCH).await.unwrap();

    let after = Files::new();
    for name in ["latchkey.db", "latchkey.db-wal", "latchkey.db.key"] {
        std::fs::copy(files.path(name), after.path(name)).unwrap();
    }
    let recovered = after.open().await.unwrap();
    assert_eq!(recovered.keys(&KeyPurpose::Cookie).await.unwrap().len(), 2);
    assert!(!recovered.use_attempt(&[1; 16], Timestamp::UNIX_EPOCH).await.unwrap());
}

#[tokio::test]
async fn a_write_that_was_cut_short_leaves_what_was_before_it() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    let before = std::fs::metadata(files.path("latchkey.db-wal")).unwrap().len();
    store.add_key(&KeyPurpose::Cookie, &key(2), Timestamp::MAX).await.unwrap();
    let after = std::fs::read(files.path("latchkey.db-wal")).unwrap();

    for cut in [before as usize, (before as usize + after.len()) / 2, after.len() - 1] {
        let torn = Files::new();
        for name in ["latchkey.db", "latchkey.db.key"] {
            std::fs::copy(files.path(name), torn.path(name)).unwrap();
        }
        std::fs::write(torn.path("latchkey.db-wal"), &after[..cut]).unwrap();
        let keys = torn.open().await.unwrap().keys(&KeyPurpose::Cookie).await.unwrap();
        assert_eq!(keys.iter().map(|key| key.id).collect::<Vec<_>>(), [1]);
    }
}

#[tokio::test]
async fn a_logout_is_synced_before_it_is_answered() {
    let files = Files::new();
    let sqlite = super::Sqlite::open(&files.path("latchkey.db"), None).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&sqlite.writer).await.unwrap();
    assert_eq!(synchronous, 2, "2 is FULL");
}

#[tokio::test]
async fn a_locked_database_answers_with_an_error_and_mends_itself() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let mut stranger = files.stranger().await;
    let lock = stranger.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let asked = Instant::now();
    let writes = (0..4_u8).map(|id| {
        let store = store.clone();
        async move { store.use_attempt(&[id; 16], Timestamp::UNIX_EPOCH).await }
    });
    let answers = futures::future::join_all(writes).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Database(_)))), "{answers:?}");
    assert!(asked.elapsed() < super::ANSWER_WITHIN + Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(store.keys(&KeyPurpose::Cookie).await.unwrap().is_empty(), "reading goes on");

    lock.rollback().await.unwrap();
    assert!(store.use_attempt(&[9; 16], Timestamp::UNIX_EPOCH).await.unwrap());
}

#[tokio::test]
async fn a_sealed_value_moved_to_another_row_does_not_open() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(2), Timestamp::MAX).await.unwrap();
    sqlx::query("UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE id = 2) WHERE id = 1")
        .execute(&mut files.stranger().await)
        .await
        .unwrap();
    let refused = store.keys(&KeyPurpose::Cookie).await;
    assert!(matches!(refused, Err(StoreError::Unsealable { what: "keys" })));
}

#[tokio::test]
async fn no_file_holds_a_claim_a_key_or_a_session_id_in_the_clear() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let mut login = login("ada");
    login.claims.claims.insert("department".to_owned(), "only-in-the-claims".into());
    store.record_login(&login).await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(77), Timestamp::MAX).await.unwrap();

    for name in ["latchkey.db", "latchkey.db-wal"] {
        let bytes = std::fs::read(files.path(name)).unwrap();
        for secret in [&b"only-in-the-claims"[..], &[77; 32], &login.session.id.0] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
        }
    }
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_no_panic() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.add_key(&KeyPurpose::Cookie, &key(1), Timestamp::MAX).await.unwrap();
    let mut stranger = files.stranger().await;
    for damage in [
        "UPDATE keys SET sealed = X''",
        "UPDATE keys SET sealed = X'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF'",
        "UPDATE keys SET id = -1",
    ] {
        sqlx::query(damage).execute(&mut stranger).await.unwrap();
        let refused = store.keys(&KeyPurpose::Cookie).await;
        assert!(matches!(refused, Err(StoreError::Damaged { what: "keys" })), "{damage}");
    }
}

#[tokio::test]
async fn a_key_of_one_organization_opens_for_no_other() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let signing = |name: &str| KeyPurpose::Signing(organization_key(name));
    store.add_key(&signing("acme"), &key(1), Timestamp::MAX).await.unwrap();
    sqlx::query("UPDATE keys SET purpose = 'signing default/globex'")
        .execute(&mut files.stranger().await)
        .await
        .unwrap();
    assert!(matches!(store.keys(&signing("globex")).await, Err(StoreError::Unsealable { what: "keys" })));
}

#[tokio::test]
async fn a_database_of_a_newer_latchkey_is_refused() {
    let files = Files::new();
    drop(files.open().await.unwrap());
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'newer', TRUE, X'00', 0)",
    )
    .execute(&mut files.stranger().await)
    .await
    .unwrap();
    assert!(matches!(files.open().await.err(), Some(StoreError::Migrate(_))));
}

/// A database as it was after so many migrations.
async fn database_of(files: &Files, migrations: usize) -> sqlx::SqliteConnection {
    let url = format!("sqlite:{}?mode=rwc", files.path("latchkey.db").display());
    let mut before = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let mut migrator = sqlx::migrate!("src/store/migrations/sqlite");
    migrator.migrations.to_mut().truncate(migrations);
    migrator.run_direct(None, &mut before, false).await.unwrap();
    before
}

#[tokio::test]
async fn names_of_a_database_of_before_are_kept_until_somebody_says_something_else() {
    let files = Files::new();
    let (ada, bob) = (login("ada"), login("bob"));
    let mut before = database_of(&files, 2).await;
    for (login, name) in [(&ada, Some("Ada \"of\" \\ Löve\u{2028}")), (&bob, None)] {
        sqlx::query("INSERT INTO users VALUES ($1, 'default/acme', $2, $3, NULL, FALSE)")
            .bind(login.user.id.to_string())
            .bind(&login.user.user_name)
            .bind(name)
            .execute(&mut before)
            .await
            .unwrap();
        sqlx::query("INSERT INTO links VALUES ('default/acme', $1, $2, $3)")
            .bind(&login.link.issuer)
            .bind(&login.link.external_id)
            .bind(login.user.id.to_string())
            .execute(&mut before)
            .await
            .unwrap();
    }
    for (login, provider) in [(&ada, "p1"), (&bob, "p1"), (&bob, "p2")] {
        sqlx::query("INSERT INTO claims VALUES ($1, $2, 1, NULL)")
            .bind(provider)
            .bind(login.user.id.to_string())
            .execute(&mut before)
            .await
            .unwrap();
    }
    before.close().await.unwrap();

    let store = files.open().await.unwrap();
    let fields = async |login: &LoginRecord| store.known(&login.link, None, "").await.unwrap().linked.unwrap().fields;
    let expected =
        Field { value: "Ada \"of\" \\ Löve\u{2028}".into(), by: Maker { provider: "".into(), mapper: None } };
    assert_eq!(fields(&ada).await.get("fullName"), Some(&expected));
    assert_eq!(fields(&bob).await, Fields::default());

    // Of who has signed in through one provider alone it is known whose word counts.
    for login in [&ada, &bob] {
        store.reapply(login.user.id, "p1", 1, &login.mapped, &login.terms).await.unwrap();
    }
    assert_eq!(fields(&ada).await, written(&ada).fields);
    assert_eq!(fields(&bob).await, Fields::default());
    store.record_login(&again(&bob)).await.unwrap();
    assert_eq!(fields(&bob).await, written(&bob).fields);
}

#[tokio::test]
async fn fields_and_addresses_that_cannot_be_read_are_damage_and_no_panic() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let mut stranger = files.stranger().await;
    sqlx::query("UPDATE claims SET address = '{}'").execute(&mut stranger).await.unwrap();
    let refused = store.claims_of_provider("p1", None, 1).await;
    assert!(matches!(refused, Err(StoreError::Damaged { what: "claims" })));

    for damage in ["", "[]", "{\"fullName\": 7}"] {
        sqlx::query("UPDATE users SET fields = $1").bind(damage).execute(&mut stranger).await.unwrap();
        let found = store.session(&ada.session.id).await;
        assert!(matches!(found, Err(StoreError::Damaged { what: "users" })), "{damage}");
        let again = store.record_login(&again(&ada)).await;
        assert!(matches!(again, Err(RecordLoginError::Store(StoreError::Damaged { what: "users" }))), "{damage}");
        let anew = store.reapply(ada.user.id, "p1", 1, &ada.mapped, &ada.terms).await;
        assert!(matches!(anew, Err(StoreError::Damaged { what: "users" })), "{damage}");
    }
}

/// People who are signed in, and a batch that gives each a role, another name, and no way in.
async fn people_to_be_set_anew(store: &dyn store::Store) -> (Vec<LoginRecord>, Vec<Reapplied>) {
    let people: Vec<_> = (0..20).map(|number| login(&format!("person{number}"))).collect();
    let mut batch = Vec::new();
    for person in &people {
        let revision = store.record_login(person).await.unwrap().revision;
        let mapped = Mapped {
            grants: vec![role("m1", "admin")],
            said: Some(said("p1", &[("fullName", "Another", None)])),
            admitted: false,
        };
        batch.push(Reapplied { user: person.user.id, revision, mapped, terms: person.terms.clone() });
    }
    (people, batch)
}

/// How many of these people are as the batch has them; nobody is so in part.
async fn set_anew(files: &Files, store: &dyn store::Store, people: &[LoginRecord]) -> usize {
    let mut set_anew = 0;
    for person in people {
        let fields = store.known(&person.link, None, "").await.unwrap().linked.unwrap().fields;
        let named = fields.text("fullName") == Some("Another");
        let signed_out = store.session(&person.session.id).await.unwrap().is_none();
        let granted: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM grants WHERE user_id = $1)")
            .bind(person.user.id.to_string())
            .fetch_one(&mut files.stranger().await)
            .await
            .unwrap();
        assert!(named == signed_out && named == granted);
        set_anew += usize::from(named);
    }
    set_anew
}

/// What `kill -9` leaves of a write is a piece of the log: it is one transaction, so nothing of it counts before its end.
#[tokio::test]
async fn people_set_anew_together_are_all_written_or_none_however_the_write_is_cut_short() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let (people, batch) = people_to_be_set_anew(&*store).await;
    let before = std::fs::metadata(files.path("latchkey.db-wal")).unwrap().len() as usize;
    store.reapply_all("p1", batch).await.unwrap();
    let after = std::fs::read(files.path("latchkey.db-wal")).unwrap();
    assert!(after.len() > before, "the log was not folded into the database meanwhile");

    let cuts = (0..8).map(|part| before + (after.len() - before) * part / 8).chain([after.len() - 1]);
    for (cut, expected) in cuts.map(|cut| (cut, 0)).chain([(after.len(), people.len())]) {
        let torn = Files::new();
        for name in ["latchkey.db", "latchkey.db.key"] {
            std::fs::copy(files.path(name), torn.path(name)).unwrap();
        }
        std::fs::write(torn.path("latchkey.db-wal"), &after[..cut]).unwrap();
        let recovered = torn.open().await.unwrap();
        assert_eq!(set_anew(&torn, &*recovered, &people).await, expected, "{cut} of {}", after.len());
    }
}

#[tokio::test]
async fn of_people_set_anew_together_nobody_is_written_when_one_is_damaged() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    let (mut people, batch) = people_to_be_set_anew(&*store).await;
    let damaged = people.pop().unwrap();
    sqlx::query("UPDATE users SET fields = '' WHERE id = $1")
        .bind(damaged.user.id.to_string())
        .execute(&mut files.stranger().await)
        .await
        .unwrap();
    let mut changes = store.changes();
    assert!(matches!(store.reapply_all("p1", batch).await, Err(StoreError::Damaged { what: "users" })));
    assert_eq!(set_anew(&files, &*store, &people).await, 0);
    assert!(changes.try_recv().is_err(), "nothing was announced");
}

#[tokio::test]
async fn sessions_of_a_database_of_before_go_on_and_are_not_known_at_the_provider() {
    let files = Files::new();
    let ada = login("ada");
    let mut before = database_of(&files, 1).await;
    sqlx::query("INSERT INTO users VALUES ($1, 'default/acme', 'ada', NULL, NULL, FALSE)")
        .bind(ada.user.id.to_string())
        .execute(&mut before)
        .await
        .unwrap();
    sqlx::query("INSERT INTO sessions VALUES ($1, 'default/acme', $2, 'p1', 'key-of-p1', 0, 0)")
        .bind(super::sessions::hash(&ada.session.id))
        .bind(ada.user.id.to_string())
        .execute(&mut before)
        .await
        .unwrap();
    before.close().await.unwrap();

    let store = files.open().await.unwrap();
    let found = store.session(&ada.session.id).await.unwrap().expect("a session");
    assert_eq!(found.session.at_provider, None);
    assert!(store.id_token(&ada.session.id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_asked_of_many_rows_is_found_by_an_index_of_its_own() {
    let files = Files::new();
    drop(files.open().await.unwrap());
    let mut stranger = files.stranger().await;
    for (statement, indexes) in [
        (logouts::END_SESSIONS, ["sessions_by_sid", "sessions_by_subject"]),
        (logouts::OVERTAKEN, ["logouts_by_sid", "logouts_by_subject"]),
        (grants::OF_PEOPLE, ["grants_by_provider (provider_uid=? AND user_id>? AND user_id<?)"; 2]),
        (reapply::OF_PROVIDER, ["claims_1 (provider_uid=? AND user_id>? AND user_id<?)", "users_1 (id=?)"]),
        (users::KNOWN, ["users_2 (organization=? AND user_name=?)", "users_3 (organization=? AND email=?)"]),
        (people::FIND, ["users_2 (organization=? AND user_name=?)", "users_3 (organization=? AND email=?)"]),
        (people::LIST, ["users_2 (organization=? AND user_name>?)", "links_by_user (user_id=?)"]),
        (verifications::SENT, ["verifications_by_user (user_id=?)", "verifications_by_email (email=?)"]),
        (sessions::END_OF_PERSON, ["sessions_by_user (user_id=? AND provider_uid=?)"; 2]),
    ] {
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                .fetch_all(&mut stranger)
                .await
                .unwrap();
        let plan: Vec<_> = plan.into_iter().map(|(.., detail)| detail).collect();
        for index in indexes {
            assert!(plan.iter().any(|step| step.contains(index)), "{index}: {plan:?}");
        }
        let scans_a_table =
            |step: &String| step.starts_with("SCAN ") && !step.contains("CONSTANT ROW") && step != "SCAN page";
        assert!(!plan.iter().any(scans_a_table), "{plan:?}");
    }
}

#[tokio::test]
async fn people_of_a_database_of_before_keep_all_that_they_had() {
    let files = Files::new();
    let (ada, bob) = (login("ada"), login("bob"));
    let mut before = database_of(&files, 3).await;
    for (login, verified, told_by) in [(&ada, true, Some("p1")), (&bob, false, None)] {
        let id = login.user.id.to_string();
        sqlx::query(
            "INSERT INTO users (id, organization, user_name, email, email_verified, fields, told_by) \
             VALUES ($1, 'default/acme', $2, $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(&login.user.user_name)
        .bind(&login.user.email)
        .bind(verified)
        .bind(super::rows::fields_column(&written(login).fields).unwrap())
        .bind(told_by)
        .execute(&mut before)
        .await
        .unwrap();
        sqlx::query("INSERT INTO grants VALUES ($1, 'p1', 'm1', 'role', 'admin')")
            .bind(&id)
            .execute(&mut before)
            .await
            .unwrap();
    }
    sqlx::query("INSERT INTO links VALUES ('default/acme', $1, $2, $3)")
        .bind(&ada.link.issuer)
        .bind(&ada.link.external_id)
        .bind(ada.user.id.to_string())
        .execute(&mut before)
        .await
        .unwrap();
    sqlx::query("INSERT INTO claims (provider_uid, user_id, revision) VALUES ('p1', $1, 1)")
        .bind(ada.user.id.to_string())
        .execute(&mut before)
        .await
        .unwrap();
    before.close().await.unwrap();

    let store = files.open().await.unwrap();
    let account = store.account(ada.user.id).await.unwrap().expect("a user");
    assert_eq!(account.user, written(&ada));
    assert_eq!((account.told_by.as_deref(), account.email_by, account.last_login_at), (Some("p1"), None, None));
    assert_eq!(
        (account.links[0].link.clone(), account.links[0].provider_uid.as_deref()),
        (ada.link.clone(), Some("p1"))
    );
    assert_eq!(account.grants.len(), 1);
    let unverified = store.account(bob.user.id).await.unwrap().expect("a user");
    assert_eq!(unverified.user, User { verified: None, ..written(&bob) });

    // Who was linked has signed in before: nothing of it is the first time.
    let mut create = again(&ada);
    create.terms.modes = Modes::new([("fullName".to_owned(), Mode::Create), ("roles".to_owned(), Mode::Create)]);
    create.mapped = Mapped { said: Some(said("p1", &[("fullName", "Another", None)])), ..create.mapped };
    create.terms.possible = Arc::new([role("m1", "admin")].into());
    store.record_login(&create).await.unwrap();
    let account = store.account(ada.user.id).await.unwrap().expect("a user");
    assert_eq!((account.user, account.grants.len()), (written(&ada), 1));
}

/// What is in the directory of a database.
fn names(files: &Files) -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(files.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

async fn beside(files: &Files) -> StoreError {
    let url = format!("sqlite:{}", files.path("latchkey.db").display());
    match store::open_beside(&url, None).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn beside_nobody_who_serves_nothing_is_made() {
    let files = Files::new();
    let missing = beside(&files).await;
    assert!(matches!(missing, StoreError::NoDatabase { .. }));
    assert!(missing.to_string().contains("start latchkey serve once"), "{missing}");
    assert!(names(&files).is_empty());
    std::fs::write(files.path("latchkey.db"), "").unwrap();
    assert!(matches!(beside(&files).await, StoreError::NoDatabase { .. }));
    assert_eq!(names(&files), ["latchkey.db"]);
}

#[tokio::test]
async fn beside_a_database_of_another_version_or_key_nothing_is_changed() {
    let files = Files::new();
    database_of(&files, 3).await.close().await.unwrap();
    let older = beside(&files).await;
    assert!(matches!(older, StoreError::OlderLayout { .. }));
    assert!(older.to_string().contains("start latchkey serve once"), "{older}");
    let applied = "SELECT COUNT(*) FROM _sqlx_migrations";
    let count: i64 = sqlx::query_scalar(applied).fetch_one(&mut files.stranger().await).await.unwrap();
    assert_eq!(count, 3);
    assert!(!files.path("latchkey.db.key").exists());

    drop(files.open().await.unwrap());
    std::fs::rename(files.path("latchkey.db.key"), files.path("away")).unwrap();
    assert!(matches!(beside(&files).await, StoreError::KeyFileMissing { .. }));
    assert!(!files.path("latchkey.db.key").exists());
    std::fs::rename(files.path("away"), files.path("latchkey.db.key")).unwrap();
    let url = format!("sqlite:{}", files.path("latchkey.db").display());
    store::open_beside(&url, None).await.unwrap();

    let mut stranger = files.stranger().await;
    for (statement, fits) in [
        ("UPDATE _sqlx_migrations SET checksum = X'00' WHERE version = 1", "Migrate"),
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
          VALUES (9999, 'newer', TRUE, X'00', 0)",
            "NewerLayout",
        ),
        ("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 9999", "Migrate"),
    ] {
        sqlx::query(statement).execute(&mut stranger).await.unwrap();
        let error = format!("{:?}", beside(&files).await);
        assert!(error.starts_with(fits), "{error}");
    }
}

#[tokio::test]
async fn what_has_nothing_to_remove_or_to_hear_writes_nothing() {
    let files = Files::new();
    let store = files.open().await.unwrap();
    store.record_login(&login("ada")).await.unwrap();
    let log = || std::fs::read(files.path("latchkey.db-wal")).unwrap();
    let before = log();
    let now = Timestamp::now();
    store.remove_expired_announcements(now).await.unwrap();
    store.remove_expired_verifications(now).await.unwrap();
    let listening = tokio::time::timeout(Duration::from_millis(600), store.hear_others());
    assert!(listening.await.is_err());
    assert!(log() == before);
}
