//! Grants by mapper, and the claims that they are made from.

use super::*;
use crate::store::LONGEST_CLAIMS;

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

pub async fn a_mapper_that_is_kept_keeps_its_grants_whatever_the_call_says_of_it(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let keep = Keep::Mappers(vec!["m2".into()]);
    let grants = [role("m3", "three"), role("m2", "not this")];
    assert!(store.replace_grants(login.user.id, "p1", &grants, &keep).await.unwrap());
    assert_eq!(grants_of(&*store, &login).await, roles(["other", "three", "two"]));

    assert!(store.replace_grants(login.user.id, "p1", &[], &nothing()).await.unwrap());
    assert_eq!(grants_of(&*store, &login).await, roles(["other"]));
}

pub async fn keeping_all_replaces_those_of_the_mappers_that_grant_now(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    assert!(store.replace_grants(login.user.id, "p1", &[role("m1", "new")], &Keep::All).await.unwrap());
    assert_eq!(grants_of(&*store, &login).await, roles(["new", "other", "two"]));
    assert!(!store.replace_grants(login.user.id, "p1", &[], &Keep::All).await.unwrap());
    assert_eq!(grants_of(&*store, &login).await, roles(["new", "other", "two"]));
}

pub async fn a_change_of_grants_is_announced_and_no_change_is_not(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let mut changes = store.changes();
    let same = [role("m2", "two"), role("m1", "one"), role("m1", "one")];
    assert!(!store.replace_grants(login.user.id, "p1", &same, &nothing()).await.unwrap());
    assert_eq!(announced(&mut changes), []);

    let other_mapper = [role("m2", "two"), role("m3", "one")];
    assert!(store.replace_grants(login.user.id, "p1", &other_mapper, &nothing()).await.unwrap());
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
    store.replace_grants(login.user.id, "p2", &[], &nothing()).await.unwrap();
    assert_eq!(store.providers_with_grants().await.unwrap(), ["p1"]);
}
