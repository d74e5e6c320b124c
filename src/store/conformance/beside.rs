//! A store that is opened beside the one that serves.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, timeout};

use super::*;
use crate::{
    domain::user::SessionHandle,
    store::{NewUser, VerificationRequest},
};

async fn open_beside(database: &impl Database) -> Arc<dyn Store> {
    crate::store::open_beside(&database.url(), Some(&database.key_file())).await.unwrap()
}

/// Ends with the test.
struct Hearing(tokio::task::JoinHandle<()>);

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A store that serves, and hears of others.
async fn serving(database: &impl Database) -> (Arc<dyn Store>, Hearing) {
    let store = open(database).await;
    let hearing = tokio::spawn({
        let store = store.clone();
        async move { store.hear_others().await }
    });
    (store, Hearing(hearing))
}

pub async fn what_is_written_beside_is_heard_within_a_second(database: impl Database) {
    let (store, _hearing) = serving(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    for login in [again(&ada), again(&ada)] {
        store.record_login(&login).await.unwrap();
    }
    let beside = open_beside(&database).await;
    let (id, mut changes) = (ada.user.id, store.changes());
    let mut heard = async |expected: StoreChange| {
        let began = Instant::now();
        let change = timeout(Duration::from_secs(20), changes.recv()).await.expect("a change").unwrap();
        assert_eq!(change, expected);
        began.elapsed()
    };
    let mut slowest = Duration::ZERO;
    beside.grant_by_hand(id, &[Granted::Administrator], &[]).await.unwrap();
    slowest = slowest.max(heard(StoreChange::UserChanged(id)).await);
    beside.end_session_of_user(id, &SessionHandle::of(&ada.session.id)).await.unwrap();
    slowest = slowest.max(heard(StoreChange::SessionsOfUserEnded(id)).await);
    beside.end_sessions_of_user(id, None).await.unwrap();
    slowest = slowest.max(heard(StoreChange::SessionsOfUserEnded(id)).await);
    // What cannot be told of by the user.
    beside.end_sessions_of_provider("p1").await.unwrap();
    slowest = slowest.max(heard(StoreChange::Anything).await);
    let bob = login("bob");
    store.record_login(&bob).await.unwrap();
    let lost = Mapped { grants: Vec::new(), said: None, admitted: false };
    beside.reapply(bob.user.id, "p1", 1, &lost, &nothing()).await.unwrap();
    slowest = slowest.max(heard(StoreChange::SessionsOfUserEnded(bob.user.id)).await);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(announced(&mut changes), []);
}

pub async fn what_was_written_before_is_not_heard_and_what_was_refused_neither(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    open_beside(&database).await.grant_by_hand(ada.user.id, &[Granted::Administrator], &[]).await.unwrap();
    let (late, _hearing) = serving(&database).await;
    let mut changes = late.changes();
    let beside = open_beside(&database).await;
    let taken = NewUser { user: written(&ada), links: Vec::new(), granted: Vec::new() };
    beside.create_user(&taken).await.unwrap_err();
    beside.grant_by_hand(ada.user.id, &[Granted::Administrator], &[]).await.unwrap();
    // It is heard in the order of writing: what comes first is the last one.
    beside.end_sessions_of_user(ada.user.id, None).await.unwrap();
    let first = timeout(Duration::from_secs(20), changes.recv()).await.unwrap().unwrap();
    assert_eq!(first, StoreChange::SessionsOfUserEnded(ada.user.id));
}

pub async fn what_was_written_between_opening_and_hearing_is_heard(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let mut changes = store.changes();
    open_beside(&database).await.end_sessions_of_user(ada.user.id, None).await.unwrap();
    assert_eq!(next(&*store, &mut changes).await, StoreChange::SessionsOfUserEnded(ada.user.id));
}

/// What is heard first from when the store was opened.
async fn next(store: &dyn Store, changes: &mut broadcast::Receiver<StoreChange>) -> StoreChange {
    tokio::select! {
        () = store.hear_others() => unreachable!("it hears on"),
        change = timeout(Duration::from_secs(20), changes.recv()) => change.expect("a change").unwrap(),
    }
}

pub async fn announcements_are_forgotten_after_an_hour_and_those_to_come_are_heard(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let beside = open_beside(&database).await;
    let mut changes = store.changes();
    beside.grant_by_hand(ada.user.id, &[Granted::Administrator], &[]).await.unwrap();
    let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
    store.remove_expired_announcements(now + hour - SignedDuration::from_mins(1)).await.unwrap();
    let first = next(&*store, &mut changes).await;
    assert_eq!(first, StoreChange::UserChanged(ada.user.id), "it is young enough");
    store.remove_expired_announcements(now + hour + SignedDuration::from_mins(1)).await.unwrap();
    beside.end_sessions_of_user(ada.user.id, None).await.unwrap();
    let second = next(&*store, &mut changes).await;
    assert_eq!(second, StoreChange::SessionsOfUserEnded(ada.user.id), "the one before is forgotten");
}

pub async fn both_sides_read_what_the_other_wrote(database: impl Database) {
    let store = open(&database).await;
    let beside = open_beside(&database).await;
    let mut ada = login("ada");
    ada.user.verified = None;
    beside
        .create_user(&NewUser { user: written(&ada), links: vec![ada.link.clone()], granted: Vec::new() })
        .await
        .unwrap();
    let login = LoginRecord { user: ada.user.clone(), session: session(&ada.user, "p1"), ..again(&ada) };
    store.record_login(&login).await.unwrap();
    assert_eq!(beside.account(ada.user.id).await.unwrap().unwrap().sessions.len(), 1);
    let mail = VerificationRequest {
        user: ada.user.id,
        address: "ada@example.com".to_owned(),
        token: [1; 32],
        sent_at: at(0),
        expires_at: at(1),
    };
    beside.begin_verification(&mail).await.unwrap();
    assert!(store.verify_address(&[1; 32], ada.user.id, at(0)).await.unwrap());
    assert_eq!(beside.claims_of_provider("p1", None, 9).await.unwrap()[0].claims, Some(ada.claims), "the same key");
}
