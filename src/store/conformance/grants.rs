//! Grants by mapper, and the claims that they are made from.

use super::*;
use crate::store::{LONGEST_CLAIMS, Replaced};

fn nothing() -> Keep {
    Keep::Mappers(Vec::new())
}

/// A store with one person who is signed in through `p1` with grants of two mappers, and through `p2` with one.
async fn signed_in(database: &impl Database) -> (Arc<dyn Store>, LoginRecord) {
    let store = open(database).await;
    let mut login = login("ada");
    login.grants = vec![role("m1", "one"), role("m2", "two")];
    store.record_login(&login).await.unwrap();
    store.record_login(&through(&login, "p2", vec![role("m1", "other")])).await.unwrap();
    (store, login)
}

fn roles<const N: usize>(names: [&str; N]) -> Vec<Granted> {
    names.map(|name| Granted::Role(name.to_owned())).into()
}

/// Sets grants by the claims of the person's first login.
async fn replace(
    store: &dyn Store,
    login: &LoginRecord,
    provider_uid: &str,
    grants: &[Grant],
    keep: &Keep,
) -> Replaced {
    store.replace_grants(login.user.id, provider_uid, 1, grants, keep).await.unwrap()
}

pub async fn a_mapper_that_is_kept_keeps_its_grants_whatever_the_call_says_of_it(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let keep = Keep::Mappers(vec!["m2".into()]);
    let grants = [role("m3", "three"), role("m2", "not this")];
    assert_eq!(replace(&*store, &login, "p1", &grants, &keep).await, Replaced::Changed);
    assert_eq!(grants_of(&*store, &login).await, roles(["other", "three", "two"]));

    assert_eq!(replace(&*store, &login, "p1", &[], &nothing()).await, Replaced::Changed);
    assert_eq!(grants_of(&*store, &login).await, roles(["other"]));
}

pub async fn keeping_all_replaces_those_of_the_mappers_that_grant_now(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    assert_eq!(
        replace(&*store, &login, "p1", &[role("m1", "new")], &Keep::AllBut(vec!["m1".into()])).await,
        Replaced::Changed
    );
    assert_eq!(grants_of(&*store, &login).await, roles(["new", "other", "two"]));
    assert_eq!(replace(&*store, &login, "p1", &[], &Keep::AllBut(Vec::new())).await, Replaced::Same);
    assert_eq!(grants_of(&*store, &login).await, roles(["new", "other", "two"]));
}

pub async fn a_change_of_grants_is_announced_and_no_change_is_not(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let mut changes = store.changes();
    let same = [role("m2", "two"), role("m1", "one"), role("m1", "one")];
    assert_eq!(replace(&*store, &login, "p1", &same, &nothing()).await, Replaced::Same);
    assert_eq!(announced(&mut changes), []);

    let other_mapper = [role("m2", "two"), role("m3", "one")];
    assert_eq!(replace(&*store, &login, "p1", &other_mapper, &nothing()).await, Replaced::Changed);
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(login.user.id)]);
}

pub async fn claims_come_back_page_by_page_for_one_provider_alone(database: impl Database) {
    let store = open(&database).await;
    let mut logins: Vec<_> = ["a", "b", "c", "d", "e"].map(login).into();
    for login in &logins {
        store.record_login(login).await.unwrap();
    }
    store.record_login(&through(&logins[0], "p2", Vec::new())).await.unwrap();
    logins.sort_by_key(|login| login.user.id);

    let mut read = Vec::new();
    for full in [2, 2, 1, 0] {
        let after = read.last().map(|(user, _): &(UserId, _)| *user);
        let page = store.claims_of_provider("p1", after, 2).await.unwrap();
        assert_eq!(page.len(), full);
        read.extend(page.into_iter().map(|stored| (stored.user, stored.claims.unwrap())));
    }
    let written: Vec<_> = logins.into_iter().map(|login| (login.user.id, login.claims)).collect();
    assert_eq!(read, written);
    assert_eq!(store.claims_of_provider("p2", None, 10).await.unwrap().len(), 1);
}

pub async fn claims_up_to_the_limit_are_kept_and_longer_ones_are_not(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    let around = json!({"sub": ""}).to_string().len();
    for (length, kept) in [(LONGEST_CLAIMS, true), (LONGEST_CLAIMS + 1, false), (LONGEST_CLAIMS, true)] {
        let mut login = again(&ada);
        login.claims = claims(json!({"sub": "x".repeat(length - around)}));
        store.record_login(&login).await.unwrap();
        let stored = store.claims_of_provider("p1", None, 10).await.unwrap().remove(0);
        assert_eq!(stored.user, ada.user.id);
        assert_eq!(stored.claims, kept.then_some(login.claims));
    }
}

pub async fn a_login_replaces_the_claims_of_the_one_before(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let mut next = again(&ada);
    next.claims = claims(json!({"z": [1, {"deep": null}], "a": "ü\u{0}", "n": -1.5, "b": true}));
    store.record_login(&next).await.unwrap();

    let stored = store.claims_of_provider("p1", None, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].claims.as_ref(), Some(&next.claims));
}

pub async fn every_login_gives_the_claims_a_revision_one_higher(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    for expected in 1..=3 {
        assert_eq!(store.record_login(&again(&ada)).await.unwrap(), expected);
        assert_eq!(store.claims_of_provider("p1", None, 10).await.unwrap()[0].revision, expected);
    }
    let mut too_large = again(&ada);
    too_large.claims = claims(json!({"sub": "x".repeat(LONGEST_CLAIMS)}));
    assert_eq!(store.record_login(&too_large).await.unwrap(), 4);
    assert_eq!(store.record_login(&through(&ada, "p2", Vec::new())).await.unwrap(), 1);
    drop(store);
    assert_eq!(open(&database).await.claims_of_provider("p1", None, 10).await.unwrap()[0].revision, 4);
}

pub async fn grants_decided_by_older_claims_are_not_written(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let mut newer = again(&login);
    newer.grants = vec![role("m1", "newer")];
    let revision = store.record_login(&newer).await.unwrap();
    let mut changes = store.changes();
    for (outdated, keep) in
        [(revision - 1, nothing()), (revision + 1, nothing()), (revision - 1, Keep::AllBut(Vec::new()))]
    {
        let late = store.replace_grants(login.user.id, "p1", outdated, &[role("m1", "late")], &keep).await;
        assert_eq!(late.unwrap(), Replaced::Outdated);
    }
    assert_eq!(grants_of(&*store, &login).await, roles(["newer", "other"]));
    assert_eq!(announced(&mut changes), []);

    let now = store.replace_grants(login.user.id, "p1", revision, &[role("m1", "now")], &nothing()).await;
    assert_eq!(now.unwrap(), Replaced::Changed);
    assert_eq!(grants_of(&*store, &login).await, roles(["now", "other"]));
}

pub async fn nobody_gets_grants_by_a_provider_that_they_never_signed_in_through(database: impl Database) {
    let (store, ada) = signed_in(&database).await;
    for user in [ada.user.id, login("stranger").user.id] {
        let refused = store.replace_grants(user, "p3", 1, &[role("m1", "no")], &nothing()).await;
        assert_eq!(refused.unwrap(), Replaced::Outdated);
    }
    assert_eq!(grants_of(&*store, &ada).await, roles(["one", "other", "two"]));
}

pub async fn a_login_beside_a_re_evaluation_always_has_the_last_word(database: impl Database) {
    let (store, ada) = signed_in(&database).await;
    let other = open(&database).await;
    for round in 0..20 {
        let stored = store.claims_of_provider("p1", None, 1).await.unwrap().remove(0);
        let mut newer = again(&ada);
        newer.grants = vec![role("m1", &format!("login {round}"))];
        let late = [role("m1", &format!("late {round}"))];
        let keep = nothing();
        let re_evaluation = other.replace_grants(stored.user, "p1", stored.revision, &late, &keep);
        let (recorded, replaced) = tokio::join!(store.record_login(&newer), re_evaluation);
        recorded.unwrap();
        replaced.unwrap();
        let expected = [Granted::Role(format!("login {round}")), Granted::Role("other".to_owned())];
        assert_eq!(grants_of(&*store, &ada).await, expected);
    }
}

pub async fn the_applied_mappers_are_remembered_by_provider(database: impl Database) {
    let store = open(&database).await;
    assert_eq!(store.applied_mappers("p1").await.unwrap(), None);
    for (provider, fingerprint) in [("p1", "one"), ("p2", "other"), ("p1", "two")] {
        store.set_applied_mappers(provider, fingerprint).await.unwrap();
    }
    drop(store);
    let store = open(&database).await;
    assert_eq!(store.applied_mappers("p1").await.unwrap().as_deref(), Some("two"));
    assert_eq!(store.applied_mappers("p2").await.unwrap().as_deref(), Some("other"));
}

pub async fn providers_with_grants_are_those_with_grants_now(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    assert_eq!(store.providers_with_grants().await.unwrap(), ["p1", "p2"]);
    store.end_session(&login.session.id).await.unwrap();
    replace(&*store, &login, "p2", &[], &nothing()).await;
    assert_eq!(store.providers_with_grants().await.unwrap(), ["p1"]);
}

pub async fn a_login_by_other_mappers_than_were_applied_to_all_unsettles_what_was_noted(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    for provider in ["p1", "p2"] {
        store.set_applied_mappers(provider, &ada.mark).await.unwrap();
    }
    store.record_login(&ada).await.unwrap();
    assert_eq!(store.applied_mappers("p1").await.unwrap().as_ref(), Some(&ada.mark));

    store.record_login(&LoginRecord { mark: "by older ones".to_owned(), ..again(&ada) }).await.unwrap();
    assert_eq!(store.applied_mappers("p1").await.unwrap().as_deref(), Some(""));
    assert_eq!(store.applied_mappers("p2").await.unwrap().as_ref(), Some(&ada.mark), "another provider's");
}
