//! Grants by mapper.

use super::*;

/// A store with one person who is signed in through `p1` with grants of two mappers, and through `p2` with one.
async fn signed_in(database: &impl Database) -> (Arc<dyn Store>, LoginRecord) {
    let store = open(database).await;
    let mut login = login("ada");
    login.mapped.grants = vec![role("m1", "one"), role("m2", "two")];
    store.record_login(&login).await.unwrap();
    store.record_login(&through(&login, "p2", vec![role("m1", "other")])).await.unwrap();
    (store, login)
}

/// Sets grants by the claims of the person's first login.
async fn replace(
    store: &dyn Store,
    login: &LoginRecord,
    provider_uid: &str,
    grants: &[Grant],
    terms: &Terms,
) -> Replaced {
    let mapped = Mapped { grants: grants.to_vec(), said: None, admitted: true };
    store.reapply(login.user.id, provider_uid, 1, &mapped, terms).await.unwrap()
}

pub async fn a_mapper_that_is_kept_keeps_its_grants_whatever_the_call_says_of_it(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    let keep = keeping(Keep::Mappers(vec!["m2".into()]));
    let grants = [role("m3", "three"), role("m2", "not this")];
    assert_eq!(replace(&*store, &login, "p1", &grants, &keep).await, Replaced::Changed);
    assert_eq!(grants_of(&*store, &login).await, roles(["other", "three", "two"]));

    assert_eq!(replace(&*store, &login, "p1", &[], &nothing()).await, Replaced::Changed);
    assert_eq!(grants_of(&*store, &login).await, roles(["other"]));
}

pub async fn keeping_all_replaces_those_of_the_mappers_that_grant_now(database: impl Database) {
    let (store, login) = signed_in(&database).await;
    assert_eq!(
        replace(&*store, &login, "p1", &[role("m1", "new")], &keeping(Keep::AllBut(vec!["m1".into()]))).await,
        Replaced::Changed
    );
    assert_eq!(grants_of(&*store, &login).await, roles(["new", "other", "two"]));
    assert_eq!(replace(&*store, &login, "p1", &[], &keeping(Keep::AllBut(Vec::new()))).await, Replaced::Same);
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

pub async fn nobody_gets_grants_by_a_provider_that_they_never_signed_in_through(database: impl Database) {
    let (store, ada) = signed_in(&database).await;
    for user in [ada.user.id, login("stranger").user.id] {
        let mapped = Mapped { grants: vec![role("m1", "no")], said: None, admitted: true };
        let refused = store.reapply(user, "p3", 1, &mapped, &nothing()).await;
        assert_eq!(refused.unwrap(), Replaced::Outdated);
    }
    assert_eq!(grants_of(&*store, &ada).await, roles(["one", "other", "two"]));
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
