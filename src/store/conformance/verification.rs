//! Mails that verify addresses.

use super::*;
use crate::{
    domain::user::Verification,
    store::{Begun, MOST_MAILS, VerificationRequest},
};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Somebody whose address nobody has verified.
async fn unverified(store: &dyn Store, name: &str) -> LoginRecord {
    let mut login = login(name);
    login.user.verified = None;
    store.record_login(&login).await.unwrap();
    login
}

fn mail(login: &LoginRecord, token: u8, sent: i64) -> VerificationRequest {
    VerificationRequest {
        user: login.user.id,
        address: login.user.email.clone().unwrap(),
        token: [token; 32],
        sent_at: at(sent),
        expires_at: at(sent + DAY),
    }
}

async fn verification(store: &dyn Store, login: &LoginRecord) -> Option<Verification> {
    store.account(login.user.id).await.unwrap().unwrap().user.verified
}

pub async fn a_link_verifies_once_and_for_its_user_alone(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (unverified(&*store, "ada").await, unverified(&*store, "bob").await);
    assert_eq!(store.begin_verification(&mail(&ada, 1, 0)).await.unwrap(), Begun::Send);
    assert_eq!(store.begin_verification(&mail(&ada, 2, MINUTE)).await.unwrap(), Begun::Send);
    assert_eq!(store.begin_verification(&mail(&bob, 3, 0)).await.unwrap(), Begun::Send);
    let (found, expires) = store.verification(&[1; 32], at(5)).await.unwrap().expect("a link");
    assert_eq!((found, expires), (written(&ada), at(DAY)));
    assert_eq!(store.verification(&[9; 32], at(5)).await.unwrap(), None);

    let mut changes = store.changes();
    assert!(!store.verify_address(&[1; 32], bob.user.id, at(5)).await.unwrap(), "another user's link");
    assert_eq!((verification(&*store, &ada).await, announced(&mut changes)), (None, Vec::new()));
    assert!(store.verify_address(&[1; 32], ada.user.id, at(5)).await.unwrap());
    assert_eq!(verification(&*store, &ada).await, Some(Verification::Mail));
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(ada.user.id)]);
    for token in [1, 2] {
        assert_eq!(store.verification(&[token; 32], at(5)).await.unwrap(), None, "all of the user are used");
        assert!(!store.verify_address(&[token; 32], ada.user.id, at(5)).await.unwrap());
    }
    assert_eq!(announced(&mut changes), []);
    assert!(store.verification(&[3; 32], at(5)).await.unwrap().is_some(), "another user's works on");
    assert_eq!(verification(&*store, &bob).await, None);
}

pub async fn a_link_works_until_it_expires_and_while_the_address_is_the_user_s(database: impl Database) {
    let store = open(&database).await;
    let ada = unverified(&*store, "ada").await;
    store.begin_verification(&mail(&ada, 1, 0)).await.unwrap();
    assert!(store.verification(&[1; 32], at(DAY - 1)).await.unwrap().is_some());
    assert_eq!(store.verification(&[1; 32], at(DAY)).await.unwrap(), None);
    assert!(!store.verify_address(&[1; 32], ada.user.id, at(DAY)).await.unwrap());

    let mut moved = again(&ada);
    moved.user.email = Some("moved@example.com".to_owned());
    store.record_login(&moved).await.unwrap();
    assert_eq!(store.verification(&[1; 32], at(5)).await.unwrap(), None);
    assert!(!store.verify_address(&[1; 32], ada.user.id, at(5)).await.unwrap());
    assert_eq!(verification(&*store, &ada).await, None);
}

pub async fn no_mail_goes_where_nothing_is_to_be_verified(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), unverified(&*store, "bob").await);
    store.record_login(&ada).await.unwrap();
    let another = VerificationRequest { address: "another@example.com".to_owned(), ..mail(&bob, 1, 0) };
    for request in [mail(&ada, 1, 0), another, mail(&login("nobody"), 1, 0)] {
        assert_eq!(store.begin_verification(&request).await.unwrap(), Begun::NotNeeded);
        assert_eq!(store.verification(&[1; 32], at(5)).await.unwrap(), None);
    }
}

pub async fn a_user_gets_a_mail_a_minute_and_five_a_day(database: impl Database) {
    let store = open(&database).await;
    let ada = unverified(&*store, "ada").await;
    let begin = async |token, sent| store.begin_verification(&mail(&ada, token, sent)).await.unwrap();
    assert_eq!(begin(0, 0).await, Begun::Send);
    assert_eq!(begin(1, MINUTE - 1).await, Begun::NotBefore(at(MINUTE)));
    assert_eq!(store.verification(&[1; 32], at(5)).await.unwrap(), None, "what is not sent works not");
    for (token, sent) in [(1, MINUTE), (2, 2 * MINUTE), (3, 3 * MINUTE), (4, 4 * MINUTE)] {
        assert_eq!(begin(token, sent).await, Begun::Send);
    }
    assert_eq!(MOST_MAILS, 5);
    assert_eq!(begin(5, 5 * MINUTE).await, Begun::NotBefore(at(DAY)));
    store.remove_expired_verifications(at(DAY - 1)).await.unwrap();
    assert_eq!(begin(5, DAY - 1).await, Begun::NotBefore(at(DAY)));
    assert_eq!(begin(5, DAY).await, Begun::Send);
    assert_eq!(begin(6, DAY + 30_000).await, Begun::NotBefore(at(DAY + MINUTE)));
    store.remove_expired_verifications(at(DAY + 2 * MINUTE)).await.unwrap();
    assert!(store.verification(&[5; 32], at(DAY + 2 * MINUTE)).await.unwrap().is_some());
}

pub async fn a_mail_that_was_not_sent_does_not_count_once_it_is_forgotten(database: impl Database) {
    let store = open(&database).await;
    let ada = unverified(&*store, "ada").await;
    let begin = async |token, sent| store.begin_verification(&mail(&ada, token, sent)).await.unwrap();
    assert_eq!(begin(0, 0).await, Begun::Send);
    for token in 1..10 {
        assert_eq!(begin(token, MINUTE).await, Begun::Send);
        store.forget_verification(&[token; 32]).await.unwrap();
        assert_eq!(store.verification(&[token; 32], at(MINUTE)).await.unwrap(), None);
    }
    store.forget_verification(&[9; 32]).await.unwrap();
    assert!(store.verification(&[0; 32], at(MINUTE)).await.unwrap().is_some(), "what was sent works on");
    assert_eq!(begin(1, MINUTE - 1).await, Begun::NotBefore(at(MINUTE)));
}

pub async fn an_address_gets_no_more_mails_by_way_of_another_user_of_the_organization(database: impl Database) {
    let store = open(&database).await;
    let (ada, mut bob) = (unverified(&*store, "ada").await, unverified(&*store, "bob").await);
    store.begin_verification(&mail(&ada, 1, 0)).await.unwrap();
    // The address moves from one to the other.
    let mut without = again(&ada);
    without.user.email = None;
    store.record_login(&without).await.unwrap();
    bob.user.email = ada.user.email.clone();
    store.record_login(&again(&bob)).await.unwrap();
    assert_eq!(store.begin_verification(&mail(&bob, 2, 30_000)).await.unwrap(), Begun::NotBefore(at(MINUTE)));

    let mut there = login("ada");
    there.user.verified = None;
    there.user.organization = organization_key("globex");
    there.link = link(&there.user.organization, "ada");
    there.session = session(&there.user, "p9");
    store.record_login(&there).await.unwrap();
    assert_eq!(store.begin_verification(&mail(&there, 3, 30_000)).await.unwrap(), Begun::Send);
    // A user's own limit holds for another address, too.
    bob.user.email = Some("bob@example.com".to_owned());
    assert_eq!(store.begin_verification(&mail(&bob, 4, MINUTE)).await.unwrap(), Begun::NotNeeded);
    bob.user.email = ada.user.email.clone();
    assert_eq!(store.begin_verification(&mail(&bob, 4, MINUTE)).await.unwrap(), Begun::Send);
    bob.user.email = Some("bob@example.com".to_owned());
    store.record_login(&again(&bob)).await.unwrap();
    let other = store.begin_verification(&mail(&bob, 5, MINUTE + 1)).await.unwrap();
    assert_eq!(other, Begun::NotBefore(at(2 * MINUTE)));
}
