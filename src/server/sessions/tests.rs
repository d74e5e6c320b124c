use futures::poll;
use sqlx::Connection;
use tokio::time::timeout;

use super::*;
use crate::{
    domain::{
        organization::SessionLimits,
        provider_session::ProviderLogout,
        testing::{again, at, at_provider, login, organization, provider, role, said, through, written},
        user::{FoundBy, Link, LoginRecord, Mapped},
    },
    store::{
        LogoutMark, StoreChange,
        testing::{Files, soon},
    },
};

const MINUTE: i64 = 60_000;

struct World {
    files: Files,
    store: Arc<dyn Store>,
    sessions: Arc<Sessions>,
    organization: Organization,
    table: LoginTable,
}

impl World {
    async fn new() -> Self {
        let files = Files::new();
        let store = files.open().await.unwrap();
        let mut table = LoginTable::default();
        for uid in ["p1", "p2"] {
            table.set_provider(uid, Some(Arc::new(provider(uid))));
        }
        let limits =
            SessionLimits { idle_timeout: Duration::from_secs(30 * 60), lifetime: Duration::from_secs(100 * 60) };
        let organization = Organization { session: limits, ..organization() };
        Self { files, sessions: Arc::new(Sessions::new(store.clone())), store, organization, table }
    }

    async fn signs_in(&self, login: LoginRecord) -> LoginRecord {
        self.store.record_login(&login).await.unwrap();
        login
    }

    async fn try_current(&self, login: &LoginRecord, now: i64) -> Result<Option<Current>, StoreError> {
        self.sessions.current(&login.session.id, &self.organization, &self.table, at(now)).await
    }

    /// The person whom the session signs in, so many milliseconds after it began.
    async fn current(&self, login: &LoginRecord, now: i64) -> Option<Arc<Person>> {
        self.try_current(login, now).await.unwrap().map(|current| current.person)
    }

    async fn is_current(&self, login: &LoginRecord, now: i64) -> bool {
        self.current(login, now).await.is_some()
    }

    /// What the store has for the session's last use, after the session's begin.
    async fn stored_use(&self, login: &LoginRecord) -> i64 {
        let session = self.store.session(&login.session.id).await.unwrap().unwrap().session;
        session.last_used_at.as_millisecond() - login.session.started_at.as_millisecond()
    }

    /// Changes what memory would have to be asked for, without a word to it.
    async fn forget_in_the_store(&self) {
        sqlx::query("DELETE FROM sessions").execute(&mut self.files.stranger().await).await.unwrap();
    }

    fn run(&self) -> (CancellationToken, tokio::task::JoinHandle<()>) {
        let (sessions, stop) = (self.sessions.clone(), CancellationToken::new());
        let stopped = stop.clone();
        (stop, tokio::spawn(async move { sessions.run(stopped).await }))
    }
}

#[tokio::test]
async fn memory_answers_after_the_first_read() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    let first = world.current(&ada, 1).await.expect("signed in");
    assert_eq!(first.user, written(&ada));
    world.forget_in_the_store().await;
    let second = world.current(&ada, 2).await.expect("still signed in");
    assert!(Arc::ptr_eq(&first, &second));
}

#[tokio::test]
async fn a_session_that_is_not_there_signs_nobody_in() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(!world.is_current(&again(&ada), 1).await);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_an_error_for_those_alone_who_are_not_in_memory() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    let bob = world.signs_in(login("bob")).await;
    assert!(world.is_current(&ada, 1).await);
    sqlx::query("DROP TABLE sessions").execute(&mut world.files.stranger().await).await.unwrap();
    assert!(world.is_current(&ada, 2).await);
    assert!(world.try_current(&bob, 2).await.is_err());
}

#[tokio::test]
async fn a_session_lasts_as_long_as_it_is_used_within_its_lifetime() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    for minutes in [29, 58, 87, 99] {
        assert!(world.is_current(&ada, minutes * MINUTE).await, "{minutes}");
    }
    assert!(!world.is_current(&ada, 100 * MINUTE).await, "its lifetime is over");

    let bob = world.signs_in(login("bob")).await;
    assert!(world.is_current(&bob, 10 * MINUTE).await);
    assert!(!world.is_current(&bob, 40 * MINUTE).await, "it was not used");
    assert!(world.is_current(&bob, 39 * MINUTE).await, "a refused request is no use");
}

#[tokio::test]
async fn a_suspended_provider_signs_nobody_in_even_from_memory() {
    let mut world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, 1).await);
    world.table.set_provider("p1", None);
    assert!(!world.is_current(&ada, 2).await);
}

#[tokio::test]
async fn uses_are_written_back_now_and_then() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, MINUTE - 1).await);
    _ = world.sessions.write().await;
    assert_eq!(world.stored_use(&ada).await, 0, "not worth a write");
    assert!(world.is_current(&ada, 2 * MINUTE).await && world.is_current(&ada, 2 * MINUTE + 1).await);
    _ = world.sessions.write().await;
    assert_eq!(world.stored_use(&ada).await, 2 * MINUTE);

    assert!(world.is_current(&ada, 20 * MINUTE).await);
    let (stop, task) = world.run();
    stop.cancel();
    timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
    assert_eq!(world.stored_use(&ada).await, 20 * MINUTE, "also at the end");
}

#[tokio::test]
async fn uses_that_the_store_refuses_are_written_later() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, 10 * MINUTE).await);
    let mut stranger = world.files.stranger().await;
    let lock = stranger.begin_with("BEGIN IMMEDIATE").await.unwrap();
    _ = world.sessions.write().await;
    lock.rollback().await.unwrap();
    assert_eq!(world.stored_use(&ada).await, 0);
    _ = world.sessions.write().await;
    assert_eq!(world.stored_use(&ada).await, 10 * MINUTE);
}

#[tokio::test]
async fn a_use_that_is_not_written_yet_is_not_forgotten_with_the_person() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, 29 * MINUTE).await);
    world.sessions.hear(&StoreChange::UserChanged(ada.user.id));
    assert!(world.is_current(&ada, 31 * MINUTE).await);
}

#[tokio::test]
async fn a_changed_person_is_read_again() {
    let world = World::new().await;
    let (stop, task) = world.run();
    let ada = world.signs_in(login("ada")).await;
    assert!(world.current(&ada, 1).await.expect("signed in").grants.is_empty());
    let mapped = Mapped {
        grants: vec![role("m1", "viewer")],
        said: Some(said("p1", &[("fullName", "Ada L", None)])),
        admitted: true,
    };
    world.store.reapply(ada.user.id, "p1", 1, &mapped, &ada.terms).await.unwrap();
    soon(async || {
        let person = world.current(&ada, 2).await.expect("signed in");
        person.grants == [mapped.grants[0].granted.clone()] && person.user.fields.text("fullName") == Some("Ada L")
    })
    .await;
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn the_sessions_of_one_provider_end_wherever_they_are_ended() {
    let world = World::new().await;
    let (stop, task) = world.run();
    let ada = world.signs_in(login("ada")).await;
    let other = world.signs_in(through(&ada, "p2", Vec::new())).await;
    assert!(world.is_current(&ada, 1).await && world.is_current(&other, 1).await);
    world.store.end_sessions_of_provider("p1").await.unwrap();
    soon(async || !world.is_current(&ada, 2).await).await;
    assert!(world.is_current(&other, 2).await);

    world.store.end_session(&other.session.id).await.unwrap();
    soon(async || !world.is_current(&other, 3).await).await;
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn who_may_not_sign_in_any_more_is_out_of_memory_too_and_nobody_else() {
    let world = World::new().await;
    let (stop, task) = world.run();
    let (ada, bob) = (world.signs_in(login("ada")).await, world.signs_in(login("bob")).await);
    let other = world.signs_in(through(&ada, "p2", Vec::new())).await;
    assert!(world.is_current(&ada, 1).await && world.is_current(&other, 1).await);
    let refused = Mapped { admitted: false, ..ada.mapped.clone() };
    world.store.reapply(ada.user.id, "p1", 1, &refused, &ada.terms).await.unwrap();
    soon(async || !world.is_current(&ada, 2).await).await;
    for login in [&other, &bob] {
        assert!(world.is_current(login, 3).await);
    }
    assert!(!world.is_current(&ada, 3).await, "nor once the person has been read again");
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn who_heard_too_little_asks_the_store_again() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, 1).await);
    let stop = CancellationToken::new();
    let mut run = std::pin::pin!(world.sessions.run(stop));
    assert!(poll!(&mut run).is_pending(), "it listens from now on");

    world.store.end_session(&ada.session.id).await.unwrap();
    let nobody = again(&ada).session.id;
    // More than the store keeps for who does not listen.
    for _ in 0..1100 {
        world.store.end_session(&nobody).await.unwrap();
    }
    assert!(world.is_current(&ada, 2).await, "it has not listened yet");
    assert!(poll!(&mut run).is_pending());
    assert!(!world.is_current(&ada, 3).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_ended_session_never_comes_back_however_reads_overlap_its_end() {
    let world = Arc::new(World::new().await);
    for round in 0..100 {
        let ada = Arc::new(world.signs_in(login(&format!("ada{round}"))).await);
        let reads = (0..4).map(|_| {
            let (world, ada) = (world.clone(), ada.clone());
            tokio::spawn(async move {
                for _ in 0..10 {
                    world.current(&ada, 1).await;
                }
            })
        });
        let reads: Vec<_> = reads.collect();
        world.sessions.end(&ada.session.id).await;
        // Nothing hears of changes here: the end itself has to see to it.
        for _ in 0..20 {
            assert!(!world.is_current(&ada, 2).await);
        }
        for read in reads {
            read.await.unwrap();
        }
        assert!(!world.is_current(&ada, 3).await);
    }
}

#[tokio::test]
async fn a_read_that_a_change_overtakes_is_not_kept() {
    let world = World::new().await;
    for round in 0..20 {
        let ada = world.signs_in(login(&format!("ada{round}"))).await;
        let mut reading = std::pin::pin!(world.sessions.read(&ada.session.id));
        if poll!(&mut reading).is_ready() {
            // The store was too quick to be overtaken.
            continue;
        }
        world.sessions.hear(&StoreChange::UserChanged(ada.user.id));
        assert!(reading.await.unwrap().is_some());
        world.forget_in_the_store().await;
        assert!(!world.is_current(&ada, 1).await);
    }
}

#[tokio::test]
async fn signing_out_works_at_once_while_the_store_fails_and_is_written_later() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    let bob = world.signs_in(login("bob")).await;
    assert!(world.is_current(&ada, 1).await);
    let mut stranger = world.files.stranger().await;
    let lock = stranger.begin_with("BEGIN IMMEDIATE").await.unwrap();
    tokio::join!(world.sessions.end(&ada.session.id), world.sessions.end(&bob.session.id));
    assert!(!world.is_current(&ada, 2).await);
    assert!(!world.is_current(&bob, 2).await, "also who was not in memory");
    lock.rollback().await.unwrap();
    assert!(world.store.session(&ada.session.id).await.unwrap().is_some(), "the store was not told");

    let (stop, task) = world.run();
    soon(async || {
        let stored = [&ada, &bob].map(|login| world.store.session(&login.session.id));
        futures::future::join_all(stored).await.into_iter().all(|session| session.unwrap().is_none())
    })
    .await;
    assert!(!world.is_current(&ada, 3).await);
    stop.cancel();
    timeout(Duration::from_secs(10), task).await.unwrap().unwrap();
}

fn logout(sid: Option<&str>, subject: Option<&str>) -> ProviderLogout {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let issuer = "https://issuer.example".to_owned();
    ProviderLogout { provider_uid: "p1".into(), issuer, sid: text(sid), subject: text(subject) }
}

fn mark(id: u8) -> LogoutMark {
    LogoutMark { id_hash: [id; 32], issued_at: at(0), kept_until: at(MINUTE) }
}

impl World {
    /// Somebody who signs in, in this session at the provider.
    async fn signs_in_at(&self, name: &str, sid: &str) -> LoginRecord {
        let mut login = login(name);
        login.session.at_provider = Some(at_provider(name, Some(sid)));
        self.signs_in(login).await
    }

    /// Keeps the store from taking anything.
    async fn lock_the_store(&self) -> sqlx::SqliteConnection {
        let mut stranger = self.files.stranger().await;
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut stranger).await.unwrap();
        stranger
    }
}

#[tokio::test]
async fn a_logout_of_the_provider_ends_what_is_in_memory_and_in_the_store_and_counts_once() {
    let world = World::new().await;
    let (ada, bob) = (world.signs_in_at("ada", "s1").await, world.signs_in_at("bob", "s2").await);
    assert!(world.is_current(&ada, 1).await && world.is_current(&bob, 1).await);
    let ended = world.sessions.end_by_token(&logout(Some("s1"), None), &mark(1)).await;
    assert_eq!(ended, Heard::Ended(1));
    assert!(!world.is_current(&ada, 2).await);
    assert!(world.is_current(&bob, 2).await);
    let again = world.sessions.end_by_token(&logout(Some("s2"), None), &mark(1)).await;
    assert_eq!(again, Heard::UsedBefore);
    assert!(world.is_current(&bob, 3).await, "a token that was used ends nothing");
}

#[tokio::test]
async fn another_replica_s_logout_is_heard() {
    let world = World::new().await;
    let ada = world.signs_in_at("ada", "s1").await;
    assert!(world.is_current(&ada, 1).await);
    let (stop, task) = world.run();
    // Subscribed once it has been polled.
    tokio::task::yield_now().await;
    let ended = world.store.end_sessions_at_provider(&logout(None, Some("ada")), Some(&mark(1))).await.unwrap();
    assert_eq!(ended, Some(1));
    timeout(Duration::from_secs(5), async {
        while world.is_current(&ada, 2).await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("memory follows");
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn who_is_found_by_an_address_takes_the_user_over_from_all_other_browsers() {
    let world = World::new().await;
    let ada = world.signs_in(login("ada")).await;
    assert!(world.is_current(&ada, 1).await);
    let (stop, task) = world.run();
    // Subscribed once it has been polled.
    tokio::task::yield_now().await;
    let link = Link { issuer: "https://other.example".to_owned(), ..ada.link.clone() };
    let by_address = FoundBy::Address(ada.user.email.clone().unwrap());
    let found = LoginRecord { link, found: by_address, linked: None, ..through(&ada, "p1", Vec::new()) };
    world.store.record_login(&found).await.unwrap();
    soon(async || !world.is_current(&ada, 2).await).await;
    assert!(world.is_current(&found, 2).await);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn while_the_store_takes_nothing_a_logout_of_the_provider_holds_and_is_written_later() {
    let world = World::new().await;
    let (ada, unseen) = (world.signs_in_at("ada", "s1").await, world.signs_in_at("bob", "s1").await);
    assert!(world.is_current(&ada, 1).await);
    let lock = world.lock_the_store().await;
    let over = logout(Some("s1"), None);
    assert_eq!(world.sessions.end_by_token(&over, &mark(1)).await, Heard::Held);
    assert_eq!(world.sessions.end_by_token(&over, &mark(1)).await, Heard::UsedBefore);
    drop(lock);
    assert!(!world.is_current(&ada, 2).await);
    assert!(!world.is_current(&unseen, 2).await, "nor whom memory did not know");
    assert!(world.store.session(&ada.session.id).await.unwrap().is_some(), "the store does not know yet");
    world.sessions.write_logouts().await;
    assert!(world.store.session(&ada.session.id).await.unwrap().is_none());
    assert!(world.store.session(&unseen.session.id).await.unwrap().is_none());
    assert_eq!(world.sessions.end_by_token(&over, &mark(1)).await, Heard::UsedBefore);
}

#[tokio::test]
async fn without_a_token_only_what_memory_knows_waits_for_the_store() {
    let world = World::new().await;
    let ada = world.signs_in_at("ada", "s1").await;
    assert!(world.is_current(&ada, 1).await);
    let lock = world.lock_the_store().await;
    assert_eq!(world.sessions.end_by_browser(&logout(Some("s1"), None), &mark(1)).await, Heard::Held);
    drop(lock);
    assert!(!world.is_current(&ada, 2).await);
    world.sessions.write().await.unwrap();
    assert!(world.store.session(&ada.session.id).await.unwrap().is_none());
}
