//! Users as they are listed and shown, and what is written by hand.

use super::*;
use crate::{
    domain::{
        field::Maker,
        modes::{Mode, Modes},
        update::Held,
        user::{LinkedTo, SessionHandle, Verification},
    },
    store::{AccountLink, ByHand, CreateUserError, NewUser},
};

/// A user by hand, with an address that is verified and a full name.
fn by_hand(name: &str) -> NewUser {
    let mut full_name = crate::domain::field::Said::default();
    full_name.say("fullName", json!(name), Maker::by_hand());
    let mut login = login(name);
    login.mapped.said = Some(full_name);
    let user = User { verified: Some(Verification::Hand), ..written(&login) };
    NewUser { user, links: Vec::new(), granted: Vec::new() }
}

/// What somebody has been given by hand.
fn held_by_hand(granted: Granted) -> Held {
    Held { provider_uid: "".into(), grant: Grant { mapper_uid: "".into(), granted } }
}

fn held(provider_uid: &str, grant: Grant) -> Held {
    Held { provider_uid: provider_uid.into(), grant }
}

fn viewer() -> Granted {
    Granted::Role("viewer".to_owned())
}

/// The first login of somebody who is known already.
fn found(user: &User, found: FoundBy) -> LoginRecord {
    let mut login = login(&user.user_name);
    login.session.user = user.id;
    LoginRecord { user: User { id: user.id, ..login.user }, found, ..login }
}

pub async fn an_account_says_who_told_what_and_where_the_person_is_signed_in(database: impl Database) {
    let store = open(&database).await;
    let mut ada = login("ada");
    ada.mapped.grants = vec![role("m1", "admin"), group("m2", "staff")];
    store.record_login(&ada).await.unwrap();
    let mut later = through(&ada, "p2", vec![role("m3", "viewer")]);
    later.link.issuer = "https://another.example".to_owned();
    (later.found, later.linked) = (FoundBy::Address("ada@example.com".to_owned()), None);
    later.session.started_at = at(5_000);
    store.record_login(&later).await.unwrap();
    let mut last = again(&later);
    last.session.started_at = at(9_000);
    last.session.last_used_at = at(9_500);
    store.record_login(&last).await.unwrap();
    store.grant_by_hand(ada.user.id, &[Granted::Administrator], &[]).await.unwrap();

    let account = store.account(ada.user.id).await.unwrap().expect("a user");
    assert_eq!(account.user, User { fields: written(&last).fields, ..written(&ada) });
    assert_eq!((account.told_by.as_deref(), account.email_by.as_deref()), (Some("p2"), Some("p2")));
    assert_eq!(account.last_login_at, Some(at(9_000)));
    let link = |link: &Link, provider: &str, time| AccountLink {
        link: link.clone(),
        provider_uid: Some(provider.into()),
        last_login_at: Some(at(time)),
    };
    assert_eq!(account.links, [link(&last.link, "p2", 9_000), link(&ada.link, "p1", 0)]);
    let held_now = [
        held_by_hand(Granted::Administrator),
        held("p1", role("m1", "admin")),
        held("p1", group("m2", "staff")),
        held("p2", role("m3", "viewer")),
    ];
    // The login by p2 set administrators alone, before the grant by hand.
    assert_eq!(account.grants, held_now);
    let sessions: Vec<_> =
        account.sessions.iter().map(|session| (session.handle.clone(), session.started_at)).collect();
    let expected = [&last, &later].map(|login| (SessionHandle::of(&login.session.id), login.session.started_at));
    assert_eq!(sessions, expected);
    let newest = &account.sessions[0];
    assert_eq!((&*newest.provider_uid, &*newest.provider_key), ("p2", "key-of-p2"));
    assert_eq!(newest.last_used_at, at(9_500));
    assert_eq!(store.account(login("bob").user.id).await.unwrap(), None);
}

pub async fn a_user_is_found_by_id_name_and_address_in_one_organization(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();
    let here = organization_key("acme");
    let id = ada.user.id.to_string();
    for text in [&*id, &id.to_uppercase(), "ada", "ada@example.com", "Ada@EXAMPLE.com"] {
        assert_eq!(store.find_users(&here, text).await.unwrap(), [written(&ada)], "{text}");
        assert_eq!(store.find_users(&organization_key("globex"), text).await.unwrap(), [], "{text}");
    }
    for nobody in ["", "ADA", "ada@", "a", "example.com", "%"] {
        assert_eq!(store.find_users(&here, nobody).await.unwrap(), [], "{nobody}");
    }
    // Somebody's name may be somebody else's address.
    let mut named = login("carl");
    named.user.user_name = "ada@example.com".to_owned();
    store.record_login(&named).await.unwrap();
    assert_eq!(store.find_users(&here, "ada@example.com").await.unwrap(), [written(&ada), written(&named)]);
}

pub async fn users_are_listed_page_by_page_by_name_with_all_their_links(database: impl Database) {
    let store = open(&database).await;
    for name in ["d", "b", "c", "a", "e"] {
        store.record_login(&login(name)).await.unwrap();
    }
    let elsewhere = User { organization: organization_key("globex"), ..written(&login("b2")) };
    store.create_user(&NewUser { user: elsewhere, links: Vec::new(), granted: Vec::new() }).await.unwrap();
    let mut new = by_hand("c1");
    new.links = vec![link(&new.user.organization, "one"), link(&new.user.organization, "two")];
    store.create_user(&new).await.unwrap();
    store.create_user(&by_hand("c2")).await.unwrap();

    let (mut names, mut links) = (Vec::new(), Vec::new());
    for full in [2, 2, 2, 1, 0] {
        let page = store.users(&organization_key("acme"), names.last().map(String::as_str), 2).await.unwrap();
        assert_eq!(page.len(), full);
        for listed in page {
            let has_signed_in = listed.last_login_at == Some(at(0));
            assert!(has_signed_in || (listed.last_login_at.is_none() && listed.user.user_name.starts_with('c')));
            links.push(listed.links.len());
            names.push(listed.user.user_name);
        }
    }
    assert_eq!(names, ["a", "b", "c", "c1", "c2", "d", "e"]);
    assert_eq!(links, [1, 1, 1, 2, 0, 1, 1]);
    let first = store.users(&organization_key("acme"), None, 1).await.unwrap().remove(0);
    assert_eq!(
        first.links,
        [LinkedTo { issuer: "https://issuer.example".to_owned(), provider_uid: Some("p1".into()) }]
    );
}

pub async fn a_user_made_by_hand_has_signed_in_never_and_has_all_by_hand(database: impl Database) {
    let store = open(&database).await;
    let mut new = by_hand("ada");
    new.links = vec![link(&new.user.organization, "ada"), link(&new.user.organization, "ada")];
    new.granted = vec![viewer(), Granted::Administrator, viewer()];
    store.create_user(&new).await.unwrap();
    let account = store.account(new.user.id).await.unwrap().expect("a user");
    assert_eq!(account.user, new.user);
    assert_eq!((account.told_by, account.email_by, account.last_login_at), (None, Some("".into()), None));
    let unused = AccountLink { link: new.links[0].clone(), provider_uid: None, last_login_at: None };
    assert_eq!((account.links, account.sessions), (vec![unused], Vec::new()));
    assert_eq!(account.grants, [held_by_hand(viewer()), held_by_hand(Granted::Administrator)]);
    assert_eq!(store.providers_with_grants().await.unwrap(), [""; 0]);
}

pub async fn a_user_by_hand_takes_no_name_address_or_link_of_another(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let (mut name, mut address, mut linked) = (by_hand("x"), by_hand("y"), by_hand("z"));
    name.user.user_name = "ada".to_owned();
    address.user.email = ada.user.email.clone();
    linked.links = vec![link(&ada.user.organization, "new"), ada.link.clone()];
    linked.granted = vec![viewer()];
    let id = ada.user.id;
    let refused = store.create_user(&name).await;
    assert!(matches!(refused, Err(CreateUserError::UserNameTaken(holder)) if holder == id));
    let refused = store.create_user(&address).await;
    assert!(matches!(refused, Err(CreateUserError::AddressTaken(holder)) if holder == id));
    let refused = store.create_user(&linked).await;
    assert!(matches!(refused, Err(CreateUserError::LinkTaken(holder)) if holder == id));
    for refused in [name, address, linked] {
        assert_eq!(store.account(refused.user.id).await.unwrap(), None);
    }
    let elsewhere = User { organization: organization_key("globex"), ..by_hand("ada").user };
    store.create_user(&NewUser { user: elsewhere, links: Vec::new(), granted: Vec::new() }).await.unwrap();
}

pub async fn the_first_login_of_a_user_made_by_hand_is_the_first(database: impl Database) {
    let store = open(&database).await;
    let new = by_hand("ada");
    store.create_user(&new).await.unwrap();
    let create = ["fullName", "roles"].map(|target| (target.to_owned(), Mode::Create));
    let mut first = found(&new.user, FoundBy::UserName("ada".to_owned(), Vec::new()));
    first.terms.modes = Modes::new(create.clone());
    first.mapped.grants = vec![role("m1", "one")];
    first.terms.possible = Arc::new([role("m1", "one"), role("m1", "two")].into());
    store.record_login(&first).await.unwrap();
    assert_eq!(fields_of(&*store, &first).await.text("fullName"), Some("Full ada"));
    assert_eq!(grants_of(&*store, &first).await, roles(["one"]));

    let mut second = LoginRecord { terms: first.terms.clone(), ..again(&first) };
    second.mapped = Mapped {
        grants: vec![role("m1", "two")],
        said: Some(said("p1", &[("fullName", "Other", None)])),
        admitted: true,
    };
    store.record_login(&second).await.unwrap();
    assert_eq!(fields_of(&*store, &first).await.text("fullName"), Some("Full ada"));
    assert_eq!(grants_of(&*store, &second).await, roles(["one"]));
}

pub async fn what_is_given_by_hand_is_told_once_and_taken_by_name(database: impl Database) {
    let store = open(&database).await;
    let mut ada = login("ada");
    ada.mapped.grants = vec![role("m1", "viewer"), role("m1", "admin")];
    store.record_login(&ada).await.unwrap();
    let mut changes = store.changes();
    let id = ada.user.id;
    let both = [viewer(), Granted::Administrator];
    let changed = store.grant_by_hand(id, &both, &[]).await.unwrap();
    assert_eq!(changed, ByHand { granted: both.to_vec(), revoked: Vec::new() });
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(id)]);
    assert_eq!(store.grant_by_hand(id, &both, &[]).await.unwrap(), ByHand::default());
    let not_held = [held("p2", role("m1", "admin")), held("p1", role("m2", "admin"))];
    assert_eq!(store.grant_by_hand(id, &[], &not_held).await.unwrap(), ByHand::default());
    assert_eq!(announced(&mut changes), []);

    // By hand and by a mapper: each goes on its own.
    let taken = [held_by_hand(viewer()), held("p1", role("m1", "admin"))];
    let changed = store.grant_by_hand(id, &[], &taken).await.unwrap();
    assert_eq!(changed, ByHand { granted: Vec::new(), revoked: taken.to_vec() });
    assert_eq!(grants_of(&*store, &ada).await, [viewer(), Granted::Administrator]);
    let left = [held_by_hand(Granted::Administrator), held("p1", role("m1", "viewer"))];
    assert_eq!(store.account(id).await.unwrap().unwrap().grants, left);

    let nobody = login("bob").user.id;
    assert_eq!(store.grant_by_hand(nobody, &both, &[]).await.unwrap(), ByHand::default());
}

pub async fn what_is_given_by_hand_stays_at_logins_but_for_what_a_provider_sets_alone(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    store.grant_by_hand(ada.user.id, &[viewer(), Granted::Administrator], &[]).await.unwrap();
    store.record_login(&again(&ada)).await.unwrap();
    assert_eq!(grants_of(&*store, &ada).await, [viewer()], "administrator is Replace, roles are Merge");
    let mut alone = again(&ada);
    alone.terms.modes = Modes::new([("roles".to_owned(), Mode::Replace)]);
    store.record_login(&alone).await.unwrap();
    assert_eq!(grants_of(&*store, &ada).await, []);
}

pub async fn sessions_of_a_user_end_one_or_all_and_nobody_else_s(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    let (second, third) = (again(&ada), through(&ada, "p2", Vec::new()));
    for login in [&ada, &second, &third, &bob] {
        store.record_login(login).await.unwrap();
    }
    let mut changes = store.changes();
    let handle = SessionHandle::of(&second.session.id);
    let is_signed_in = async |login: &LoginRecord| store.session(&login.session.id).await.unwrap().is_some();
    assert!(!store.end_session_of_user(bob.user.id, &handle).await.unwrap());
    assert!(is_signed_in(&second).await);
    assert_eq!(announced(&mut changes), []);
    assert!(store.end_session_of_user(ada.user.id, &handle.to_string().parse().unwrap()).await.unwrap());
    assert_eq!(announced(&mut changes), [StoreChange::SessionsOfUserEnded(ada.user.id)]);
    assert!(!store.end_session_of_user(ada.user.id, &handle).await.unwrap());
    assert!(!is_signed_in(&second).await && is_signed_in(&ada).await);

    assert_eq!(announced(&mut changes), []);
    let (fourth, fifth) = (again(&ada), again(&ada));
    for login in [&fourth, &fifth] {
        store.record_login(login).await.unwrap();
    }
    announced(&mut changes);
    let but = SessionHandle::of(&third.session.id);
    assert_eq!(store.end_sessions_of_user(ada.user.id, Some(&but)).await.unwrap(), 3);
    assert_eq!(announced(&mut changes), [StoreChange::SessionsOfUserEnded(ada.user.id)]);
    assert_eq!(store.end_sessions_of_user(ada.user.id, Some(&but)).await.unwrap(), 0);
    assert_eq!(announced(&mut changes), []);
    assert!(is_signed_in(&third).await && is_signed_in(&bob).await);
    let of_bob = SessionHandle::of(&bob.session.id);
    assert_eq!(store.end_sessions_of_user(ada.user.id, Some(&of_bob)).await.unwrap(), 1);
    store.record_login(&again(&ada)).await.unwrap();
    announced(&mut changes);
    assert_eq!(store.end_sessions_of_user(ada.user.id, None).await.unwrap(), 1);
    assert_eq!(announced(&mut changes), [StoreChange::SessionsOfUserEnded(ada.user.id)]);
    assert_eq!(store.end_sessions_of_user(ada.user.id, None).await.unwrap(), 0);
    assert_eq!(announced(&mut changes), []);
    assert!(!is_signed_in(&ada).await && !is_signed_in(&third).await && is_signed_in(&bob).await);
}
