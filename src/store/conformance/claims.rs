//! The last verified claims of people, which everything that mappers give is made from.

use super::*;
use crate::{
    domain::{documents::Merged, person::Address},
    store::LONGEST_CLAIMS,
};

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
    store.record_login(&ada).await.unwrap();
    let around = json!({"sub": ""}).to_string().len();
    for (length, kept) in [(LONGEST_CLAIMS, true), (LONGEST_CLAIMS + 1, false), (LONGEST_CLAIMS, true)] {
        let mut login = again(&ada);
        login.claims = claims(json!({"sub": "x".repeat(length - around)})).into();
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
    next.claims = claims(json!({"z": [1, {"deep": null}], "a": "ü\u{0}", "n": -1.5, "b": true})).into();
    store.record_login(&next).await.unwrap();

    let stored = store.claims_of_provider("p1", None, 10).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].claims.as_ref(), Some(&next.claims));
}

pub async fn the_address_of_another_document_is_kept_with_the_claims(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let addresses = [
        Some(Address { email: Some("\"ada\"@example.com".to_owned()), verified: true }),
        Some(Address { email: None, verified: false }),
        None,
    ];
    for address in addresses {
        let mut login = again(&ada);
        login.claims = Merged { address, ..login.claims };
        store.record_login(&login).await.unwrap();
        let stored = store.claims_of_provider("p1", None, 10).await.unwrap().remove(0);
        assert_eq!(stored.claims, Some(login.claims));
    }
}

pub async fn every_login_gives_the_claims_a_revision_one_higher(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    for (expected, login) in [(1, ada.clone()), (2, again(&ada)), (3, again(&ada))] {
        assert_eq!(store.record_login(&login).await.unwrap().revision, expected);
        assert_eq!(store.claims_of_provider("p1", None, 10).await.unwrap()[0].revision, expected);
    }
    let mut too_large = again(&ada);
    too_large.claims = claims(json!({"sub": "x".repeat(LONGEST_CLAIMS)})).into();
    assert_eq!(store.record_login(&too_large).await.unwrap().revision, 4);
    assert_eq!(store.record_login(&through(&ada, "p2", Vec::new())).await.unwrap().revision, 1);
    drop(store);
    assert_eq!(open(&database).await.claims_of_provider("p1", None, 10).await.unwrap()[0].revision, 4);
}
