//! Logins by an ID token that an application brings: it counts once, and no session begins.

use super::*;
use crate::{
    domain::{
        modes::Terms,
        user::{IdToken, LostAccess, OneUse},
    },
    store::RecordLoginError,
};

/// The person's login by an ID token that an application brings.
fn brought(login: LoginRecord, id: u8) -> LoginRecord {
    LoginRecord { brought: Some(OneUse { id: [id; 16], until: at(1_000) }), ..login }
}

pub async fn a_login_that_an_application_brought_writes_all_but_a_session(database: impl Database) {
    let store = open(&database).await;
    let by_hand = [Granted::Group("staff".to_owned())];
    let mut ada = login("ada");
    ada.mapped.grants = vec![role("m1", "admin")];
    let recorded = store.record_login(&brought(ada.clone(), 1)).await.unwrap();
    assert!(recorded.let_in);
    assert_eq!((recorded.user, recorded.grants), (written(&ada), vec![Granted::Role("admin".to_owned())]));
    assert_eq!(store.session(&ada.session.id).await.unwrap(), None);

    store.grant_by_hand(ada.user.id, &by_hand, &[]).await.unwrap();
    let again = store.record_login(&brought(again(&ada), 2)).await.unwrap();
    let [role, group] = [Granted::Role("admin".to_owned()), by_hand[0].clone()];
    assert_eq!((again.grants.contains(&role), again.grants.contains(&group), again.grants.len()), (true, true, 2));
    let account = store.account(ada.user.id).await.unwrap().unwrap();
    assert_eq!((account.sessions.len(), account.last_login_at), (0, Some(at(0))));
}

pub async fn an_id_token_that_was_used_writes_nothing(database: impl Database) {
    let store = open(&database).await;
    let ada = brought(login("ada"), 1);
    store.record_login(&ada).await.unwrap();
    let mut other = brought(again(&ada), 1);
    other.user.email = Some("other@example.com".to_owned());
    other.mapped.grants = vec![role("m1", "admin")];
    let refused = store.record_login(&other).await;
    assert!(matches!(refused, Err(RecordLoginError::UsedBefore)), "{refused:?}");
    let bob = store.record_login(&brought(login("bob"), 1)).await;
    assert!(matches!(bob, Err(RecordLoginError::UsedBefore)), "{bob:?}");
    drop(store);

    let store = open(&database).await;
    assert!(matches!(store.record_login(&brought(again(&ada), 1)).await, Err(RecordLoginError::UsedBefore)));
    let account = store.account(ada.user.id).await.unwrap().unwrap();
    assert_eq!((account.user, account.grants), (written(&ada), Vec::new()));
    assert_eq!(linked(&*store, &login("bob").link).await, None);
}

pub async fn a_login_that_is_not_written_uses_no_id_token_up(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let namesake = LoginRecord { link: link(&ada.user.organization, "namesake"), ..login("ada") };
    assert!(matches!(store.record_login(&brought(namesake, 1)).await, Err(RecordLoginError::Raced)));
    assert!(store.record_login(&brought(again(&ada), 1)).await.unwrap().let_in);
}

pub async fn of_many_that_bring_one_id_token_one_counts(database: impl Database) {
    let stores = [open(&database).await, open(&database).await];
    let ada = login("ada");
    stores[0].record_login(&ada).await.unwrap();
    let tasks: Vec<_> = (0..16)
        .map(|index: usize| {
            let (store, login) = (stores[index % 2].clone(), brought(again(&ada), 1));
            tokio::spawn(async move { store.record_login(&login).await.is_ok() })
        })
        .collect();
    let mut counted = 0;
    for task in tasks {
        counted += usize::from(task.await.unwrap());
    }
    assert_eq!(counted, 1);
}

pub async fn whose_address_must_be_verified_first_is_not_let_in(database: impl Database) {
    let store = open(&database).await;
    let mut ada = brought(login("ada"), 1);
    (ada.user.verified, ada.requires_verified_email) = (None, true);
    let recorded = store.record_login(&ada).await.unwrap();
    assert_eq!((recorded.let_in, recorded.address_is_new), (false, true));
    assert!(linked(&*store, &ada.link).await.is_some(), "known all the same");
}

/// So long after the tests' epoch its ID token was issued, in seconds.
fn issued(login: LoginRecord, seconds: i64) -> LoginRecord {
    LoginRecord { id_token: IdToken { issued_at: at(seconds * 1_000), hint: None }, ..login }
}

pub async fn an_id_token_says_nothing_against_what_was_said_later(database: impl Database) {
    let store = open(&database).await;
    let ada = issued(login("ada"), 100);
    store.record_login(&ada).await.unwrap();
    let mut older = issued(brought(again(&ada), 1), 94);
    older.mapped.grants = vec![role("m1", "admin")];
    let refused = store.record_login(&older).await;
    assert!(matches!(refused, Err(RecordLoginError::Outdated)), "{refused:?}");
    assert_eq!(store.account(ada.user.id).await.unwrap().unwrap().grants, Vec::new());

    for (id, seconds) in [(2, 95), (3, 100), (4, 200)] {
        let counts = store.record_login(&issued(brought(again(&ada), id), seconds)).await;
        assert!(counts.is_ok(), "{seconds}: the clocks of a provider's servers may differ a little");
    }
    // What a browser brings is as old as the login.
    store.record_login(&issued(again(&ada), 100)).await.unwrap();
    let refused = store.record_login(&issued(brought(again(&ada), 5), 190)).await;
    assert!(matches!(refused, Err(RecordLoginError::Outdated)), "the newest counts, whatever came last");
    let elsewhere = issued(brought(through(&ada, "p2", Vec::new()), 6), 100);
    assert!(store.record_login(&elsewhere).await.is_ok(), "each provider speaks for itself");
}

pub async fn an_id_token_that_shows_the_loss_of_access_counts_once_too(database: impl Database) {
    let store = open(&database).await;
    let mut ada = login("ada");
    ada.mapped.grants = vec![role("m1", "admin")];
    store.record_login(&ada).await.unwrap();
    let lost = |id, seconds: i64| LostAccess {
        user: ada.user.id,
        provider_uid: "p1".into(),
        claims: ada.claims.clone(),
        issued_at: at(seconds * 1_000),
        brought: Some(OneUse { id: [id; 16], until: at(1_000) }),
        mapped: Mapped { grants: Vec::new(), said: None, admitted: false },
        terms: Terms::default(),
        mark: ada.mark.clone(),
    };
    assert!(matches!(store.record_lost_access(&lost(1, -6)).await, Err(RecordLoginError::Outdated)));
    assert!(store.session(&ada.session.id).await.unwrap().is_some());
    store.record_lost_access(&lost(1, 1)).await.unwrap();
    assert_eq!(store.session(&ada.session.id).await.unwrap(), None);

    let back = issued(again(&ada), 2);
    store.record_login(&back).await.unwrap();
    assert!(matches!(store.record_lost_access(&lost(1, 3)).await, Err(RecordLoginError::UsedBefore)));
    assert!(store.session(&back.session.id).await.unwrap().is_some(), "nobody signs anybody out by it again");
}
