//! Sessions begin, are used and end for good; an attempt is used once.

use super::*;

pub async fn an_ended_session_never_comes_back(database: impl Database) {
    let store = open(&database).await;
    let login = login("ada");
    store.record_login(&login).await.unwrap();
    store.end_session(&login.session.id).await.unwrap();
    store.touch_sessions(&[(login.session.id.clone(), at(5))]).await.unwrap();

    assert_eq!(store.session(&login.session.id).await.unwrap(), None);
    drop(store);
    assert_eq!(open(&database).await.session(&login.session.id).await.unwrap(), None);
}

pub async fn ending_a_session_is_announced_and_ends_no_other(database: impl Database) {
    let store = open(&database).await;
    let first = login("ada");
    let second = again(&first);
    store.record_login(&first).await.unwrap();
    store.record_login(&second).await.unwrap();
    let mut changes = store.changes();

    store.end_session(&first.session.id).await.unwrap();
    assert_eq!(announced(&mut changes), [StoreChange::SessionEnded(first.session.id.clone())]);
    assert!(store.session(&second.session.id).await.unwrap().is_some());
}

pub async fn ending_a_session_that_is_not_there_is_no_error(database: impl Database) {
    let store = open(&database).await;
    store.end_session(&login("ada").session.id).await.unwrap();
    assert_eq!(store.end_sessions_of_provider("p1").await.unwrap(), 0);
}

pub async fn a_suspended_provider_loses_its_sessions_alone(database: impl Database) {
    let store = open(&database).await;
    let first = login("ada");
    let elsewhere = through(&first, "p2", Vec::new());
    for login in [&first, &again(&first), &elsewhere] {
        store.record_login(login).await.unwrap();
    }
    assert_eq!(store.providers_with_sessions().await.unwrap(), ["p1", "p2"]);
    let mut changes = store.changes();

    assert_eq!(store.end_sessions_of_provider("p1").await.unwrap(), 2);
    assert_eq!(announced(&mut changes), [StoreChange::SessionsOfProviderEnded("p1".to_owned())]);
    assert_eq!(store.session(&first.session.id).await.unwrap(), None);
    assert!(store.session(&elsewhere.session.id).await.unwrap().is_some());
    assert_eq!(store.providers_with_sessions().await.unwrap(), ["p2"]);
}

pub async fn a_session_remembers_its_last_use_and_never_moves_back(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();
    let last_used =
        async |login: &LoginRecord| store.session(&login.session.id).await.unwrap().unwrap().session.last_used_at;

    let (of_ada, of_bob) = (ada.session.id.clone(), bob.session.id.clone());
    store.touch_sessions(&[(of_ada.clone(), at(20)), (of_bob, at(-20)), (of_ada, at(10))]).await.unwrap();
    assert_eq!(last_used(&ada).await, at(20));
    assert_eq!(last_used(&bob).await, at(0));
}

pub async fn expired_sessions_of_one_organization_are_removed(database: impl Database) {
    let store = open(&database).await;
    let mut logins = ["idle", "old", "fresh", "elsewhere"].map(login);
    logins[0].session.started_at = at(50);
    logins[0].session.last_used_at = at(50);
    logins[1].session.started_at = at(10);
    logins[1].session.last_used_at = at(200);
    logins[2].session.started_at = at(20);
    logins[2].session.last_used_at = at(100);
    logins[3].user.organization = organization_key("globex");
    logins[3].link.organization = organization_key("globex");
    logins[3].session.organization = organization_key("globex");
    for login in &logins {
        store.record_login(login).await.unwrap();
    }

    assert_eq!(store.remove_expired_sessions(&organization_key("acme"), at(100), at(20)).await.unwrap(), 2);
    let mut left = Vec::new();
    for login in &logins {
        if let Some(signed_in) = store.session(&login.session.id).await.unwrap() {
            left.push(signed_in.user.user_name);
        }
    }
    assert_eq!(left, ["fresh", "elsewhere"]);
}

pub async fn an_attempt_is_used_once(database: impl Database) {
    let store = open(&database).await;
    assert!(store.use_attempt(&[1; 16], at(10)).await.unwrap());
    assert!(store.use_attempt(&[2; 16], at(10)).await.unwrap());
    assert!(!store.use_attempt(&[1; 16], at(10)).await.unwrap());
    drop(store);
    assert!(!open(&database).await.use_attempt(&[1; 16], at(10)).await.unwrap());
}

pub async fn of_many_who_use_an_attempt_at_the_same_moment_one_may(database: impl Database) {
    let stores = [open(&database).await, open(&database).await];
    let tasks: Vec<_> = (0..16)
        .map(|index: usize| {
            let store = stores[index % 2].clone();
            tokio::spawn(async move { store.use_attempt(&[1; 16], at(10)).await.unwrap() })
        })
        .collect();
    let mut may = 0;
    for task in tasks {
        may += usize::from(task.await.unwrap());
    }
    assert_eq!(may, 1);
}

pub async fn a_used_attempt_is_forgotten_only_after_it_expired(database: impl Database) {
    let store = open(&database).await;
    store.use_attempt(&[1; 16], at(10)).await.unwrap();
    store.use_attempt(&[2; 16], at(20)).await.unwrap();
    store.remove_expired_uses(at(15)).await.unwrap();
    assert!(store.use_attempt(&[1; 16], at(30)).await.unwrap());
    assert!(!store.use_attempt(&[2; 16], at(30)).await.unwrap());
}

pub async fn a_store_that_is_dropped_without_a_word_has_lost_nothing(database: impl Database) {
    let mut logins = Vec::new();
    for round in 0..5 {
        let store = open(&database).await;
        let mut login = login(&format!("ada{round}"));
        login.mapped.grants = vec![role("m1", "admin")];
        store.record_login(&login).await.unwrap();
        let ended = again(&login);
        store.record_login(&ended).await.unwrap();
        store.end_session(&ended.session.id).await.unwrap();
        logins.push((login, ended));
    }
    let store = open(&database).await;
    for (login, ended) in &logins {
        let signed_in = store.session(&login.session.id).await.unwrap().unwrap();
        assert_eq!(signed_in.user, written(login));
        assert_eq!(signed_in.grants, [Granted::Role("admin".to_owned())]);
        assert_eq!(store.session(&ended.session.id).await.unwrap(), None);
    }
}

pub async fn two_handles_see_each_others_writes(database: impl Database) {
    let (one, other) = (open(&database).await, open(&database).await);
    let login = login("ada");
    one.record_login(&login).await.unwrap();
    assert!(other.session(&login.session.id).await.unwrap().is_some());
    other.end_session(&login.session.id).await.unwrap();
    assert_eq!(one.session(&login.session.id).await.unwrap(), None);
}
