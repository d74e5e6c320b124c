//! Logins by the ways in which users are found, and by the modes of their provider.

use super::*;
use crate::{
    domain::{
        matching::Namesake,
        modes::{Mode, Modes},
        user::{LinkedTo, Verification},
    },
    store::{NewUser, RecordLoginError},
};

fn by_hand(login: &LoginRecord) -> NewUser {
    NewUser { user: written(login), links: Vec::new(), granted: Vec::new() }
}

fn linked_to(provider_uid: &str) -> LinkedTo {
    LinkedTo { issuer: "https://issuer.example".to_owned(), provider_uid: Some(provider_uid.into()) }
}

/// The user of a login, by another person of the provider.
fn by_another(login: &LoginRecord, found: FoundBy) -> LoginRecord {
    LoginRecord { link: link(&login.user.organization, "another"), found, linked: None, ..again(login) }
}

pub async fn who_has_a_name_is_known_with_all_their_links(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    let nobody = link(&ada.user.organization, "nobody");
    store.create_user(&by_hand(&ada)).await.unwrap();
    let namesake = async || store.known(&nobody, None, "ada").await.unwrap().namesake;
    assert_eq!(namesake().await, Some(Namesake { user: written(&ada), links: Vec::new() }));
    let found = FoundBy::UserName("ada".to_owned(), Vec::new());
    store.record_login(&LoginRecord { found: found.clone(), ..ada.clone() }).await.unwrap();
    assert_eq!(namesake().await.unwrap().links, [linked_to("p1")]);

    let links = vec![linked_to("p1")];
    let late = by_another(&ada, found);
    assert!(matches!(store.record_login(&late).await, Err(RecordLoginError::Raced)), "somebody was linked meanwhile");
    let other = by_another(&ada, FoundBy::UserName("ada".to_owned(), links));
    let other = LoginRecord { session: session(&ada.user, "p0"), ..other };
    store.record_login(&other).await.unwrap();
    assert_eq!(namesake().await.unwrap().links, [linked_to("p0"), linked_to("p1")], "sorted");
    assert_eq!(store.known(&nobody, None, "Ada").await.unwrap(), Known::default());
    let gone = by_another(&ada, FoundBy::UserName("bob".to_owned(), Vec::new()));
    assert!(matches!(store.record_login(&gone).await, Err(RecordLoginError::Raced)), "another name by now");
}

pub async fn a_user_who_is_gone_never_comes_back_by_a_login(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    for found in
        [FoundBy::Link, FoundBy::Address("ada@example.com".to_owned()), FoundBy::UserName("ada".to_owned(), Vec::new())]
    {
        for linked in [None, Some(ada.user.id)] {
            let late = LoginRecord { found: found.clone(), linked, ..ada.clone() };
            assert!(matches!(store.record_login(&late).await, Err(RecordLoginError::Raced)), "{found:?}");
        }
    }
    let linked = LoginRecord { linked: Some(login("bob").user.id), ..ada.clone() };
    assert!(matches!(store.record_login(&linked).await, Err(RecordLoginError::Raced)));
    assert_eq!(store.account(ada.user.id).await.unwrap(), None);
    store.record_login(&ada).await.unwrap();
    let twice = LoginRecord { link: link(&ada.user.organization, "another"), session: session(&ada.user, "p1"), ..ada };
    assert!(matches!(store.record_login(&twice).await, Err(RecordLoginError::Raced)), "who is new was not here");
}

pub async fn a_link_moves_to_who_was_found_and_is_the_only_one_by_the_provider(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();
    store
        .record_login(&LoginRecord {
            session: session(&bob.user, "p2"),
            ..by_another(&bob, FoundBy::Address("bob@example.com".into()))
        })
        .await
        .unwrap();
    let moves = LoginRecord {
        link: ada.link.clone(),
        linked: Some(ada.user.id),
        found: FoundBy::UserName("bob".to_owned(), vec![linked_to("p1"), linked_to("p2")]),
        only_link: true,
        ..again(&bob)
    };
    let outdated = LoginRecord { linked: None, ..moves.clone() };
    assert!(matches!(store.record_login(&outdated).await, Err(RecordLoginError::Raced)));
    store.record_login(&moves).await.unwrap();
    let links = async |login: &LoginRecord| -> Vec<_> {
        let account = store.account(login.user.id).await.unwrap().unwrap();
        account.links.into_iter().map(|link| (link.link.external_id, link.provider_uid.unwrap().to_string())).collect()
    };
    assert_eq!(links(&ada).await, []);
    let pair = |link: &str, provider: &str| (link.to_owned(), provider.to_owned());
    assert_eq!(links(&bob).await, [pair("ada", "p1"), pair("another", "p2")]);
}

pub async fn of_a_provider_that_writes_nothing_link_session_and_last_login_are_kept(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    let mut new = by_hand(&ada);
    new.granted = vec![Granted::Administrator];
    store.create_user(&new).await.unwrap();
    let mut read_only = by_another(&ada, FoundBy::Address("ada@example.com".to_owned()));
    read_only.terms.modes = Modes::read_only();
    (read_only.user.user_name, read_only.user.email) = ("other".to_owned(), Some("other@example.com".to_owned()));
    read_only.mapped.grants = vec![role("m1", "admin")];
    read_only.session.started_at = at(7);
    let recorded = store.record_login(&read_only).await.unwrap();
    assert_eq!((recorded.user, recorded.let_in, recorded.address_is_new), (written(&ada), true, false));
    let account = store.account(ada.user.id).await.unwrap().unwrap();
    assert_eq!(account.user, written(&ada));
    assert_eq!((account.told_by, account.email_by.as_deref(), account.last_login_at), (None, Some(""), Some(at(7))));
    assert_eq!((account.links.len(), account.sessions.len()), (1, 1));
    assert_eq!(grants_of(&*store, &read_only).await, [Granted::Administrator]);
    assert_eq!(store.claims_of_provider("p1", None, 9).await.unwrap().len(), 1);
}

pub async fn no_session_begins_before_the_address_is_verified_where_it_must_be(database: impl Database) {
    let store = open(&database).await;
    let mut ada = login("ada");
    (ada.user.verified, ada.requires_verified_email) = (None, true);
    let recorded = store.record_login(&ada).await.unwrap();
    assert_eq!((recorded.let_in, recorded.address_is_new, recorded.revision), (false, true, 1));
    assert_eq!(store.session(&ada.session.id).await.unwrap(), None);
    assert_eq!(store.account(ada.user.id).await.unwrap().unwrap().user, written(&ada));
    let mut verified = again(&ada);
    verified.user.verified = Some(Verification::Provider);
    let recorded = store.record_login(&verified).await.unwrap();
    assert_eq!((recorded.let_in, recorded.address_is_new), (true, false));
    // Sessions that are there go on when the provider takes its word back.
    assert!(!store.record_login(&again(&ada)).await.unwrap().let_in);
    assert!(store.session(&verified.session.id).await.unwrap().is_some());
    let mut moved = again(&verified);
    moved.user.email = Some("moved@example.com".to_owned());
    assert!(store.record_login(&moved).await.unwrap().address_is_new);
    assert_eq!(store.account(ada.user.id).await.unwrap().unwrap().email_by.as_deref(), Some("p1"));
    let mut without = again(&moved);
    (without.user.email, without.user.verified) = (None, None);
    let recorded = store.record_login(&without).await.unwrap();
    assert_eq!((recorded.let_in, recorded.address_is_new), (false, false));
    assert_eq!(store.account(ada.user.id).await.unwrap().unwrap().email_by, None);
}

pub async fn what_another_provider_set_alone_last_comes_back_by_no_change_of_mappers(database: impl Database) {
    let store = open(&database).await;
    let mut ada = login("ada");
    ada.mapped.grants = vec![role("m1", "one")];
    store.record_login(&ada).await.unwrap();
    let mut alone = through(&ada, "p2", vec![role("m2", "two")]);
    alone.terms.modes = Modes::new([("roles".to_owned(), Mode::Replace), ("email".to_owned(), Mode::None)]);
    store.record_login(&alone).await.unwrap();
    assert_eq!(grants_of(&*store, &alone).await, roles(["two"]));
    assert_eq!(store.account(ada.user.id).await.unwrap().unwrap().email_by.as_deref(), Some("p1"));
    let mapped = Mapped { grants: vec![role("m1", "one"), group("m1", "staff")], ..ada.mapped.clone() };
    assert_eq!(store.reapply(ada.user.id, "p1", 1, &mapped, &nothing()).await.unwrap(), Replaced::Changed);
    assert_eq!(grants_of(&*store, &alone).await, [Granted::Role("two".into()), Granted::Group("staff".into())]);
    let more = Mapped { grants: vec![role("m2", "two"), role("m3", "three")], ..alone.mapped.clone() };
    store.reapply(ada.user.id, "p2", 1, &more, &alone.terms).await.unwrap();
    let expected = [Granted::Role("three".into()), Granted::Role("two".into()), Granted::Group("staff".into())];
    assert_eq!(grants_of(&*store, &alone).await, expected, "what it set alone itself it sets");
}
