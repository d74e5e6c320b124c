//! Who a login creates, updates, links and refuses.

use std::time::Duration;

use tokio::{sync::Barrier, time::timeout};

use super::*;
use crate::store::{RecordLoginError, Recorded};

pub async fn a_first_login_is_found_by_its_link_and_session(database: impl Database) {
    let store = open(&database).await;
    let mut login = login("ada");
    login.mapped.grants = vec![role("m1", "admin"), group("m1", "staff"), role("m2", "admin")];
    login.mapped.grants.push(Grant { mapper_uid: "m2".into(), granted: Granted::Administrator });
    store.record_login(&login).await.unwrap();

    assert_eq!(linked(&*store, &login.link).await.as_ref(), Some(&written(&login)));
    let signed_in = store.session(&login.session.id).await.unwrap().unwrap();
    assert_eq!(signed_in.session, login.session);
    assert_eq!(signed_in.user, written(&login));
    let granted = [Granted::Role("admin".to_owned()), Granted::Group("staff".to_owned()), Granted::Administrator];
    assert_eq!(signed_in.grants, granted);
}

pub async fn nobody_is_found_by_a_link_or_session_that_is_not_there(database: impl Database) {
    let store = open(&database).await;
    let known = login("ada");
    store.record_login(&known).await.unwrap();

    assert_eq!(linked(&*store, &login("bob").link).await, None);
    let elsewhere = Link { issuer: "https://other.example".to_owned(), ..known.link.clone() };
    assert_eq!(linked(&*store, &elsewhere).await, None);
    assert_eq!(store.session(&again(&known).session.id).await.unwrap(), None);
}

pub async fn a_later_login_updates_the_user_and_tells_the_others(database: impl Database) {
    let store = open(&database).await;
    let first = login("ada");
    store.record_login(&first).await.unwrap();
    let mut changes = store.changes();

    let mut second = again(&first);
    second.user.user_name = "ada.lovelace".to_owned();
    second.mapped.said = Some(Default::default());
    second.user.email = None;
    second.user.verified = None;
    store.record_login(&second).await.unwrap();

    for session in [&first.session.id, &second.session.id] {
        assert_eq!(store.session(session).await.unwrap().unwrap().user, written(&second));
    }
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(first.user.id)]);

    let mut third = again(&second);
    third.mapped.grants = vec![role("m1", "admin")];
    store.record_login(&third).await.unwrap();
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(first.user.id)]);
}

pub async fn a_login_that_changes_nothing_is_not_announced(database: impl Database) {
    let store = open(&database).await;
    let mut changes = store.changes();
    let mut first = login("ada");
    first.mapped.grants = vec![role("m1", "admin")];
    store.record_login(&first).await.unwrap();
    store.record_login(&again(&first)).await.unwrap();
    assert_eq!(announced(&mut changes), []);
}

pub async fn a_login_touches_only_the_grants_of_its_own_provider(database: impl Database) {
    let store = open(&database).await;
    let mut first = login("ada");
    first.mapped.grants = vec![role("m1", "one")];
    store.record_login(&first).await.unwrap();
    store.record_login(&through(&first, "p2", vec![role("m1", "two")])).await.unwrap();
    assert_eq!(grants_of(&*store, &first).await, [Granted::Role("one".into()), Granted::Role("two".into())]);

    store.record_login(&through(&first, "p1", Vec::new())).await.unwrap();
    assert_eq!(grants_of(&*store, &first).await, [Granted::Role("two".into())]);
}

pub async fn a_user_name_that_was_taken_meanwhile_refuses_the_login_and_writes_nothing(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let mut other = login("bob");
    other.user.user_name = ada.user.user_name.clone();

    assert!(matches!(store.record_login(&other).await, Err(RecordLoginError::Raced)));
    assert_nothing_written(&*store, &other).await;
}

pub async fn an_address_that_was_taken_meanwhile_refuses_the_login_and_writes_nothing(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let mut other = login("bob");
    other.user.email = ada.user.email.clone();

    assert!(matches!(store.record_login(&other).await, Err(RecordLoginError::Raced)));
    assert_nothing_written(&*store, &other).await;
}

pub async fn a_user_is_found_by_the_address_in_the_same_organization_alone(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let holder = async |organization: &str, address: &str| {
        let nobody = link(&organization_key(organization), "nobody");
        store.known(&nobody, Some(address), "").await.unwrap()
    };
    let address = ada.user.email.as_deref().unwrap();
    assert_eq!(holder("acme", address).await, Known { holder: Some(written(&ada)), ..Known::default() });
    assert_eq!(holder("acme", "bob@example.com").await, Known::default());
    assert_eq!(holder("globex", address).await, Known::default());
    let both = Known {
        linked: Some(written(&ada)),
        holder: Some(written(&ada)),
        linked_by: Some("p1".into()),
        namesake: None,
    };
    assert_eq!(store.known(&ada.link, Some(address), "").await.unwrap(), both);
}

pub async fn nobody_is_seen_to_have_an_address_before_being_seen_to_be_linked(database: impl Database) {
    let store = open(&database).await;
    for round in 0..50 {
        let ada = login(&format!("ada{round}"));
        let writing = tokio::spawn({
            let (store, ada) = (store.clone(), ada.clone());
            async move { store.record_login(&ada).await.unwrap() }
        });
        loop {
            let known = store.known(&ada.link, ada.user.email.as_deref(), &ada.user.user_name).await.unwrap();
            assert_eq!(known.linked, known.holder);
            let namesake = known.namesake.map(|namesake| (namesake.user, namesake.links.len()));
            assert_eq!(known.linked.clone().map(|user| (user, 1)), namesake);
            if known.linked.is_some() {
                break;
            }
        }
        writing.await.unwrap();
    }
}

pub async fn who_was_found_by_an_address_is_linked_only_while_the_address_is_theirs(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let by_address = |login: &LoginRecord| {
        let link = Link { issuer: "https://other.example".to_owned(), ..login.link.clone() };
        let found = FoundBy::Address(login.user.email.clone().unwrap());
        LoginRecord { link, found, linked: None, ..through(login, "p2", Vec::new()) }
    };
    let found = by_address(&ada);
    let mut changes = store.changes();
    store.record_login(&found).await.unwrap();
    assert_eq!(announced(&mut changes), [StoreChange::SessionsOfUserEnded(ada.user.id)]);
    assert_eq!(store.session(&ada.session.id).await.unwrap(), None, "who was it before?");
    assert!(store.session(&found.session.id).await.unwrap().is_some());
    assert_eq!(linked(&*store, &found.link).await.map(|user| user.id), Some(ada.user.id));

    for change in [
        |user: &mut User| user.email = Some("moved@example.com".to_owned()),
        |user: &mut User| user.verified = None,
        |user: &mut User| user.email = None,
    ] {
        let bob = login(&format!("bob-{}", uuid::Uuid::new_v4()));
        store.record_login(&bob).await.unwrap();
        let found = by_address(&bob);
        let mut changed = again(&bob);
        change(&mut changed.user);
        store.record_login(&changed).await.unwrap();
        assert!(matches!(store.record_login(&found).await, Err(RecordLoginError::Raced)));
        assert_eq!(linked(&*store, &found.link).await, None);
        assert_eq!(store.session(&found.session.id).await.unwrap(), None);
    }
}

async fn assert_nothing_written(store: &dyn Store, login: &LoginRecord) {
    assert_eq!(linked(store, &login.link).await, None);
    assert_eq!(store.session(&login.session.id).await.unwrap(), None);
    let people = store.claims_of_provider("p1", None, 100).await.unwrap();
    assert!(people.iter().all(|person| person.user != login.user.id));
}

pub async fn an_update_can_be_refused_for_a_taken_name_too(database: impl Database) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();

    let mut renamed = again(&bob);
    renamed.user.user_name = ada.user.user_name.clone();
    assert!(matches!(store.record_login(&renamed).await, Err(RecordLoginError::Raced)));
    let mut readdressed = again(&bob);
    readdressed.user.email = ada.user.email.clone();
    assert!(matches!(store.record_login(&readdressed).await, Err(RecordLoginError::Raced)));
    assert_eq!(linked(&*store, &bob.link).await, Some(written(&bob)));
}

pub async fn another_organization_has_names_addresses_and_links_of_its_own(database: impl Database) {
    let store = open(&database).await;
    let here = login("ada");
    let mut there = login("ada");
    there.user.organization = organization_key("globex");
    there.link = link(&there.user.organization, "ada");
    there.session = session(&there.user, "p9");
    store.record_login(&here).await.unwrap();
    store.record_login(&there).await.unwrap();

    assert_eq!(linked(&*store, &here.link).await, Some(written(&here)));
    assert_eq!(linked(&*store, &there.link).await, Some(written(&there)));
}

pub async fn many_people_can_be_without_an_address(database: impl Database) {
    let store = open(&database).await;
    for name in ["ada", "bob"] {
        let mut login = login(name);
        login.user.email = None;
        store.record_login(&login).await.unwrap();
    }
}

pub async fn a_user_never_moves_to_another_organization(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();

    let mut moved = again(&ada);
    moved.user.organization = organization_key("globex");
    moved.mapped.said = Some(said("p1", &[("fullName", "Moved", None)]));
    moved.link = link(&moved.user.organization, "ada");
    moved.session = session(&moved.user, "p9");
    assert!(matches!(store.record_login(&moved).await, Err(RecordLoginError::Raced)));
    assert_eq!(linked(&*store, &ada.link).await, Some(written(&ada)));
}

/// Records logins from as many tasks at once, each through a handle of its own.
async fn at_the_same_moment(
    database: &impl Database,
    logins: Vec<LoginRecord>,
) -> Vec<(LoginRecord, Result<Recorded, RecordLoginError>)> {
    let barrier = Arc::new(Barrier::new(logins.len()));
    let mut tasks = Vec::new();
    for login in logins {
        let (store, barrier) = (open(database).await, barrier.clone());
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            let result = store.record_login(&login).await;
            (login, result)
        }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

pub async fn of_two_first_logins_at_the_same_moment_one_has_raced(database: impl Database) {
    for round in 0..10 {
        let name = format!("ada{round}");
        let results = at_the_same_moment(&database, vec![login(&name), login(&name), login(&name)]).await;
        let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(|(_, result)| result.is_ok());
        assert_eq!(won.len(), 1);
        let store = open(&database).await;
        assert_eq!(linked(&*store, &won[0].0.link).await.as_ref(), Some(&written(&won[0].0)));
        for (login, result) in &lost {
            assert!(matches!(result, Err(RecordLoginError::Raced)), "{result:?}");
            assert_eq!(store.session(&login.session.id).await.unwrap(), None);
        }
    }
}

pub async fn of_two_people_who_want_one_name_at_the_same_moment_one_gets_it(database: impl Database) {
    for round in 0..10 {
        let mut rivals = vec![login(&format!("a{round}")), login(&format!("b{round}"))];
        rivals.iter_mut().for_each(|rival| rival.user.user_name = format!("wanted{round}"));
        let results = at_the_same_moment(&database, rivals).await;
        let lost: Vec<_> = results.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
        assert!(matches!(lost[..], [RecordLoginError::Raced]), "{lost:?}");

        let mut rivals = vec![login(&format!("c{round}")), login(&format!("d{round}"))];
        rivals.iter_mut().for_each(|rival| rival.user.email = Some(format!("wanted{round}@example.com")));
        let results = at_the_same_moment(&database, rivals).await;
        let lost: Vec<_> = results.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
        assert!(matches!(lost[..], [RecordLoginError::Raced]), "{lost:?}");
    }
}

pub async fn a_login_whose_request_was_dropped_is_written_and_announced(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    for patience in 0..20_u64 {
        let mut changes = store.changes();
        let mut next = again(&ada);
        next.mapped.said = Some(said("p1", &[("fullName", &format!("Name {patience}"), None)]));
        let _ = timeout(Duration::from_micros(patience * 50), store.record_login(&next)).await;

        let change = timeout(Duration::from_secs(10), changes.recv()).await.unwrap().unwrap();
        assert_eq!(change, StoreChange::UserChanged(ada.user.id));
        assert_eq!(store.session(&next.session.id).await.unwrap().unwrap().user, written(&next));
    }
}
