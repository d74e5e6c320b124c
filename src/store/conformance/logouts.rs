//! What a provider says is over ends, once for each logout token, and no login that it has overtaken begins.

use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::{
    domain::{provider_session::ProviderLogout, testing::at_provider, user::IdToken},
    store::{LogoutMark, RecordLoginError},
};

fn of(sid: Option<&str>, subject: Option<&str>) -> ProviderLogout {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let issuer = "https://issuer.example".to_owned();
    ProviderLogout { provider_uid: "p1".into(), issuer, sid: text(sid), subject: text(subject) }
}

fn mark(id: u8, issued_at: i64) -> LogoutMark {
    LogoutMark { id_hash: [id; 32], issued_at: at(issued_at), kept_until: at(7_200_000) }
}

/// A login of the subject `name` in this session at the provider.
fn in_session(name: &str, sid: Option<&str>) -> LoginRecord {
    let mut login = login(name);
    login.session.at_provider = Some(at_provider(name, sid));
    login
}

/// The same person in another one.
fn again_in(login: &LoginRecord, sid: Option<&str>) -> LoginRecord {
    let mut again = again(login);
    again.session.at_provider = Some(at_provider(&login.user.user_name, sid));
    again
}

async fn signed_in(store: &dyn Store, logins: &[&LoginRecord]) -> Vec<bool> {
    let mut signed_in = Vec::new();
    for login in logins {
        signed_in.push(store.session(&login.session.id).await.unwrap().is_some());
    }
    signed_in
}

pub async fn a_session_knows_where_it_began(database: impl Database) {
    let store = open(&database).await;
    let ada = in_session("ada", Some("s1"));
    store.record_login(&ada).await.unwrap();
    assert_eq!(store.session(&ada.session.id).await.unwrap().unwrap().session, ada.session);
    let mut bob = login("bob");
    bob.session.at_provider = None;
    store.record_login(&bob).await.unwrap();
    assert_eq!(store.session(&bob.session.id).await.unwrap().unwrap().session, bob.session);
}

pub async fn by_sid_one_session_ends_and_those_of_the_person_that_have_none(database: impl Database) {
    let store = open(&database).await;
    let ada = in_session("ada", Some("s1"));
    let (other, without) = (again_in(&ada, Some("s2")), again_in(&ada, None));
    let bob = in_session("bob", None);
    let mut elsewhere = through(&ada, "p2", Vec::new());
    elsewhere.session.at_provider.clone_from(&ada.session.at_provider);
    let all = [&ada, &other, &without, &bob, &elsewhere];
    for login in all {
        store.record_login(login).await.unwrap();
    }
    let mut changes = store.changes();
    let logout = of(Some("s1"), Some("ada"));
    assert_eq!(store.end_sessions_at_provider(&logout, Some(&mark(1, 10))).await.unwrap(), Some(2));
    assert_eq!(announced(&mut changes), [StoreChange::SessionsEndedAtProvider(logout)]);
    assert_eq!(signed_in(&*store, &all).await, [false, true, false, true, true]);
    assert_eq!(store.end_sessions_at_provider(&of(Some("s2"), None), None).await.unwrap(), Some(1));
    assert_eq!(signed_in(&*store, &all).await, [false, false, false, true, true]);
}

pub async fn by_sub_every_session_of_the_person_ends(database: impl Database) {
    let store = open(&database).await;
    let ada = in_session("ada", Some("s1"));
    let (other, without) = (again_in(&ada, Some("s2")), again_in(&ada, None));
    let (bob, mut of_old) = (in_session("bob", Some("s3")), again(&ada));
    of_old.session.at_provider = None;
    let all = [&ada, &other, &without, &bob, &of_old];
    for login in all {
        store.record_login(login).await.unwrap();
    }
    assert_eq!(store.end_sessions_at_provider(&of(None, Some("ada")), Some(&mark(1, 10))).await.unwrap(), Some(3));
    assert_eq!(signed_in(&*store, &all).await, [false, false, false, true, true]);
    assert_eq!(store.end_sessions_at_provider(&of(None, None), None).await.unwrap(), Some(0));
}

pub async fn another_issuer_ends_nothing(database: impl Database) {
    let store = open(&database).await;
    let ada = in_session("ada", Some("s1"));
    store.record_login(&ada).await.unwrap();
    let logout = ProviderLogout { issuer: "https://issuer.example/".into(), ..of(Some("s1"), Some("ada")) };
    assert_eq!(store.end_sessions_at_provider(&logout, Some(&mark(1, 10))).await.unwrap(), Some(0));
    assert_eq!(signed_in(&*store, &[&ada]).await, [true]);
}

pub async fn a_logout_token_counts_once_also_after_a_restart(database: impl Database) {
    let store = open(&database).await;
    let logout = of(Some("s1"), None);
    assert_eq!(store.end_sessions_at_provider(&logout, Some(&mark(1, 10))).await.unwrap(), Some(0));
    let mut changes = store.changes();
    assert_eq!(store.end_sessions_at_provider(&logout, Some(&mark(1, 10))).await.unwrap(), None);
    assert_eq!(announced(&mut changes), []);
    drop(store);
    let store = open(&database).await;
    let ada = in_session("ada", Some("s2"));
    store.record_login(&ada).await.unwrap();
    let other = of(Some("s2"), None);
    assert_eq!(store.end_sessions_at_provider(&other, Some(&mark(1, 10))).await.unwrap(), None);
    assert_eq!(signed_in(&*store, &[&ada]).await, [true], "what was used before ends nothing");
    store.remove_expired_logouts(at(7_200_000)).await.unwrap();
    assert_eq!(store.end_sessions_at_provider(&other, Some(&mark(1, 10))).await.unwrap(), None, "not yet");
    store.remove_expired_logouts(at(7_200_001)).await.unwrap();
    assert_eq!(store.end_sessions_at_provider(&other, Some(&mark(1, 10))).await.unwrap(), Some(1));
}

pub async fn of_many_that_bring_one_logout_token_one_counts(database: impl Database) {
    let stores = [open(&database).await, open(&database).await];
    let tasks: Vec<_> = (0..16)
        .map(|index: usize| {
            let store = stores[index % 2].clone();
            tokio::spawn(async move {
                let logout = of(Some("s1"), None);
                store.end_sessions_at_provider(&logout, Some(&mark(1, 10))).await.unwrap().is_some()
            })
        })
        .collect();
    let mut counted = 0;
    for task in tasks {
        counted += usize::from(task.await.unwrap());
    }
    assert_eq!(counted, 1);
}

pub async fn a_login_that_a_logout_has_overtaken_begins_no_session(database: impl Database) {
    let store = open(&database).await;
    let issued = |login: LoginRecord, issued_at| LoginRecord {
        id_token: IdToken { issued_at: at(issued_at), hint: None },
        ..login
    };
    store.end_sessions_at_provider(&of(Some("s1"), None), Some(&mark(1, 10_000))).await.unwrap();
    store.end_sessions_at_provider(&of(None, Some("bob")), Some(&mark(2, 10_000))).await.unwrap();
    store.end_sessions_at_provider(&of(Some("s3"), Some("carl")), Some(&mark(3, 10_000))).await.unwrap();
    for (name, sid, issued_at, begins) in [
        ("ada", Some("s1"), 9_000, false),
        ("ada", Some("s1"), 11_000, false),
        ("ada", Some("s2"), 9_000, true),
        ("dora", None, 9_000, true),
        ("bob", Some("s9"), 9_999, false),
        ("bob", None, 10_000, false),
        ("bob", None, 10_001, true),
        ("carl", None, 10_000, false),
        ("carl", None, 10_001, true),
        ("carl", Some("s4"), 9_000, true),
    ] {
        // Of whoever was refused nothing was written.
        let known = store.known(&link(&organization_key("acme"), name), None, "").await.unwrap().linked;
        let mut login = issued(in_session(name, sid), issued_at);
        if let Some(known) = known {
            login.user.id = known.id;
            login.session.user = known.id;
            (login.found, login.linked) = (FoundBy::Link, Some(known.id));
        }
        match store.record_login(&login).await {
            Ok(_) => assert!(begins, "{name} {sid:?} {issued_at}"),
            Err(RecordLoginError::SignedOut) => assert!(!begins, "{name} {sid:?} {issued_at}"),
            Err(error) => panic!("{name}: {error}"),
        }
        assert_eq!(signed_in(&*store, &[&login]).await, [begins]);
    }
    drop(store);
    let overtaken = issued(in_session("eva", Some("s1")), 9_000);
    let refused = open(&database).await.record_login(&overtaken).await;
    assert!(matches!(refused, Err(RecordLoginError::SignedOut)), "a restart forgets no logout");
}

pub async fn an_id_token_is_kept_sealed_as_long_as_its_session(database: impl Database) {
    let store = open(&database).await;
    let mut ada = in_session("ada", Some("s1"));
    ada.id_token.hint = Some(SecretString::from("e30.e30.c2ln"));
    let bob = in_session("bob", None);
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();
    assert!(!format!("{ada:?}").contains("c2ln"), "it is printed nowhere");
    drop(store);
    let store = open(&database).await;
    let kept = store.id_token(&ada.session.id).await.unwrap().map(|token| token.expose_secret().to_owned());
    assert_eq!(kept.as_deref(), Some("e30.e30.c2ln"));
    assert!(store.id_token(&bob.session.id).await.unwrap().is_none());
    store.end_session(&ada.session.id).await.unwrap();
    assert!(store.id_token(&ada.session.id).await.unwrap().is_none());
}
