//! People are set anew apart from a login: together or alone, and never over what a newer login wrote.

use proptest::{
    collection::vec,
    option,
    prelude::any,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use super::*;
use crate::domain::field::{Maker, Said};

fn giving(grants: Vec<Grant>, title: &str) -> Mapped {
    Mapped { grants, said: Some(said("p1", &[("title", title, Some("m1"))])), admitted: true }
}

fn refused() -> Mapped {
    Mapped { admitted: false, ..giving(Vec::new(), "none") }
}

async fn is_signed_in(store: &dyn Store, login: &LoginRecord) -> bool {
    store.session(&login.session.id).await.unwrap().is_some()
}

pub async fn what_was_decided_by_older_claims_is_not_written(database: impl Database) {
    let store = open(&database).await;
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    let newer = LoginRecord { mapped: giving(vec![role("m1", "newer")], "CTO"), ..again(&ada) };
    let revision = store.record_login(&newer).await.unwrap().revision;
    let mut changes = store.changes();
    for (outdated, keep) in
        [(revision - 1, nothing()), (revision + 1, nothing()), (revision - 1, keeping(Keep::AllBut(Vec::new())))]
    {
        for late in [giving(vec![role("m1", "late")], "late"), refused()] {
            let replaced = store.reapply(ada.user.id, "p1", outdated, &late, &keep).await.unwrap();
            assert_eq!(replaced, Replaced::Outdated);
        }
    }
    let found = store.session(&newer.session.id).await.unwrap().expect("still signed in");
    assert_eq!((found.grants, found.user), (roles(["newer"]), written(&newer)));
    assert_eq!(announced(&mut changes), []);

    let now = store.reapply(ada.user.id, "p1", revision, &giving(vec![role("m1", "now")], "CEO"), &nothing()).await;
    assert_eq!(now.unwrap(), Replaced::Changed);
    assert_eq!(grants_of(&*store, &newer).await, roles(["now"]));
    assert_eq!(fields_of(&*store, &newer).await.text("title"), Some("CEO"));
}

pub async fn a_login_beside_a_re_evaluation_always_has_the_last_word(database: impl Database) {
    let (store, other) = (open(&database).await, open(&database).await);
    let ada = login("ada");
    store.record_login(&ada).await.unwrap();
    for round in 0..20 {
        let stored = store.claims_of_provider("p1", None, 1).await.unwrap().remove(0);
        let title = format!("login {round}");
        let newer = LoginRecord { mapped: giving(vec![role("m1", &title)], &title), ..again(&ada) };
        let (late, keep) = (giving(vec![role("m1", "late")], "late"), nothing());
        let re_evaluation = other.reapply(stored.user, "p1", stored.revision, &late, &keep);
        let (recorded, replaced) = tokio::join!(store.record_login(&newer), re_evaluation);
        recorded.unwrap();
        replaced.unwrap();
        let found = store.session(&newer.session.id).await.unwrap().unwrap();
        assert_eq!((found.grants, found.user), (vec![Granted::Role(title)], written(&newer)));
    }
}

pub async fn who_may_not_sign_in_any_more_loses_exactly_the_sessions_that_began_with_the_provider(
    database: impl Database,
) {
    let store = open(&database).await;
    let (ada, bob) = (login("ada"), login("bob"));
    let lost = [ada.clone(), again(&ada)];
    let others = [through(&ada, "p2", Vec::new()), bob.clone(), through(&bob, "p2", Vec::new())];
    for login in lost[..1].iter().chain(&others).chain(&lost[1..]) {
        store.record_login(login).await.unwrap();
    }
    let mut changes = store.changes();
    for (expected, told) in [
        (
            Replaced::Changed,
            vec![StoreChange::SessionsOfPeopleEnded { provider_uid: "p1".into(), users: [ada.user.id].into() }],
        ),
        (Replaced::Same, Vec::new()),
    ] {
        assert_eq!(store.reapply(ada.user.id, "p1", 2, &refused(), &nothing()).await.unwrap(), expected);
        assert_eq!(announced(&mut changes), told);
    }
    for login in &lost {
        assert!(!is_signed_in(&*store, login).await);
    }
    for login in &others {
        assert!(is_signed_in(&*store, login).await);
    }
    // Nothing of it is without the rest: the sessions ended in the transaction that wrote this.
    assert_eq!(fields_of(&*store, &ada).await.text("title"), Some("none"));
}

/// Whoever signs in and is not admitted any more loses every session that began with this provider, and what the claims
/// say now is kept.
pub async fn a_login_that_shows_the_loss_ends_the_sessions_that_were(database: impl Database) {
    let (store, other) = (open(&database).await, open(&database).await);
    let (mut ada, bob) = (login("ada"), login("bob"));
    ada.mapped.grants = vec![role("m1", "admin")];
    store.record_login(&ada).await.unwrap();
    store.record_login(&bob).await.unwrap();
    let elsewhere = through(&ada, "p2", vec![role("m2", "viewer")]);
    store.record_login(&elsewhere).await.unwrap();
    let lost = LostAccess {
        issued_at: at(0),
        brought: None,
        user: ada.user.id,
        provider_uid: "p1".into(),
        claims: claims(json!({"sub": "ada", "groups": []})).into(),
        mapped: refused(),
        terms: nothing(),
        mark: ada.mark.clone(),
    };
    other.record_lost_access(&lost).await.unwrap();
    assert!(!is_signed_in(&*store, &ada).await && is_signed_in(&*store, &bob).await);
    let left = store.session(&elsewhere.session.id).await.unwrap().expect("a session through another provider");
    assert_eq!(left.grants, [Granted::Role("viewer".into())]);
    let kept = store.claims_of_provider("p1", None, 10).await.unwrap();
    let of_ada = kept.into_iter().find(|stored| stored.user == ada.user.id).expect("the claims");
    assert_eq!((of_ada.revision, of_ada.claims), (2, Some(lost.claims)));
}

/// A login that was decided when the person still was admitted may be written after the loss. The decision is looked at
/// again by the newest mappers once it is written, and by the revision that it got.
pub async fn who_signs_in_while_losing_access_is_out_once_the_login_has_caught_up(database: impl Database) {
    let (store, other) = (open(&database).await, open(&database).await);
    let ada = login("ada");
    let mut revision = store.record_login(&ada).await.unwrap().revision;
    for _ in 0..20 {
        let late = again(&ada);
        let (loss, keep) = (refused(), nothing());
        let loses = other.reapply(ada.user.id, "p1", revision, &loss, &keep);
        let (recorded, replaced) = tokio::join!(store.record_login(&late), loses);
        replaced.unwrap();
        revision = recorded.unwrap().revision;
        store.reapply(ada.user.id, "p1", revision, &refused(), &nothing()).await.unwrap();
        assert!(!is_signed_in(&*store, &ada).await && !is_signed_in(&*store, &late).await);
    }
}

pub async fn of_two_logins_that_race_a_loss_the_later_one_s_catching_up_ends_both(database: impl Database) {
    let store = open(&database).await;
    let first = login("ada");
    let second = again(&first);
    let of_first = store.record_login(&first).await.unwrap().revision;
    let of_second = store.record_login(&second).await.unwrap().revision;
    let catching_up =
        async |revision| store.reapply(first.user.id, "p1", revision, &refused(), &nothing()).await.unwrap();
    assert_eq!(catching_up(of_first).await, Replaced::Outdated);
    assert!(is_signed_in(&*store, &first).await, "the other login has the last word");
    assert_eq!(catching_up(of_second).await, Replaced::Changed);
    assert!(!is_signed_in(&*store, &first).await && !is_signed_in(&*store, &second).await);
}

/// Somebody's last login and what is set anew of them then.
#[derive(Debug)]
struct Case {
    before: Mapped,
    through_another: bool,
    now: Mapped,
    keep: Keep,
    is_outdated: bool,
}

fn some_case() -> impl Strategy<Value = Case> {
    let keep = (any::<bool>(), vec(0..3_u8, 0..3)).prop_map(|(mappers, of)| {
        let of = of.into_iter().map(|mapper| format!("m{mapper}").into()).collect();
        if mappers { Keep::Mappers(of) } else { Keep::AllBut(of) }
    });
    (some_mapped(), proptest::bool::weighted(0.2), some_mapped(), keep, proptest::bool::weighted(0.2)).prop_map(
        |(before, through_another, now, keep, is_outdated)| Case { before, through_another, now, keep, is_outdated },
    )
}

fn some_mapped() -> impl Strategy<Value = Mapped> {
    let grants = vec((0..3_u8, 0..3_u8), 0..5);
    let fields = option::weighted(0.8, vec((0..4_u8, option::of(0..3_u8), 0..2_u8), 0..4));
    (grants, fields, any::<bool>()).prop_map(|(grants, fields, admitted)| {
        let mut grants: Vec<_> =
            grants.into_iter().map(|(mapper, name)| role(&format!("m{mapper}"), &name.to_string())).collect();
        grants.sort();
        grants.dedup();
        let said = fields.map(|fields| {
            let mut all = Said::default();
            for (name, mapper, value) in fields {
                let mapper = mapper.map(|mapper| format!("m{mapper}").into());
                let by = Maker { provider: "p1".into(), mapper };
                all.say(&format!("f{name}"), json!(value), by);
            }
            all
        });
        Mapped { grants, said, admitted }
    })
}

/// Signs somebody in; with what is to be set anew.
async fn signed_in(store: &dyn Store, name: &str, case: &Case) -> (LoginRecord, Reapplied) {
    let ada = LoginRecord { mapped: case.before.clone(), ..login(name) };
    let revision = store.record_login(&ada).await.unwrap().revision;
    if case.through_another {
        store.record_login(&through(&ada, "p2", vec![role("m0", "by p2")])).await.unwrap();
    }
    let revision = revision - i64::from(case.is_outdated);
    let anew = Reapplied { user: ada.user.id, revision, mapped: case.now.clone(), terms: keeping(case.keep.clone()) };
    (ada, anew)
}

/// All that is kept of somebody but who they are; no grants when they are signed out.
async fn state(store: &dyn Store, login: &LoginRecord) -> (bool, Vec<Granted>, Vec<(String, String)>) {
    let session = store.session(&login.session.id).await.unwrap();
    let fields = fields_of(store, login).await;
    let noted = ["f0", "f1", "f2", "f3"].iter().filter_map(|name| Some((name, fields.get(name)?)));
    let noted = noted.map(|(name, field)| ((*name).to_owned(), format!("{field:?}"))).collect();
    (session.is_some(), session.map(|found| found.grants).unwrap_or_default(), noted)
}

pub async fn people_set_anew_together_come_out_as_one_by_one_and_nobody_else_is_touched(database: impl Database) {
    let store = open(&database).await;
    let mut runner = TestRunner::deterministic();
    for round in 0..16 {
        let cases = vec(some_case(), 1..8).new_tree(&mut runner).unwrap().current();
        let (mut together, mut alone, mut bystanders) = (Vec::new(), Vec::new(), Vec::new());
        for (index, case) in cases.iter().enumerate() {
            let name = |kind: &str| format!("{kind}-{round}-{index}");
            together.push(signed_in(&*store, &name("together"), case).await);
            bystanders.push(signed_in(&*store, &name("bystander"), case).await.0);
            alone.push(signed_in(&*store, &name("alone"), case).await);
        }
        let mut untouched = Vec::new();
        for bystander in &bystanders {
            untouched.push(state(&*store, bystander).await);
        }
        let mut batch: Vec<_> = together.iter().map(|(_, anew)| anew.clone()).collect();
        batch.reverse();
        let mut replaced = store.reapply_all("p1", batch.clone()).await.unwrap();
        replaced.reverse();
        for (((login, _), (twin, anew)), replaced) in together.iter().zip(&alone).zip(replaced) {
            let Reapplied { user, revision, mapped, terms } = anew;
            assert_eq!(store.reapply(*user, "p1", *revision, mapped, terms).await.unwrap(), replaced, "{cases:#?}");
            assert_eq!(state(&*store, login).await, state(&*store, twin).await, "{cases:#?}");
        }
        for (bystander, before) in bystanders.iter().zip(untouched) {
            assert_eq!(state(&*store, bystander).await, before, "{cases:#?}");
        }
        let mut changes = store.changes();
        let again = store.reapply_all("p1", batch).await.unwrap();
        assert!(!again.contains(&Replaced::Changed) && announced(&mut changes).is_empty(), "{cases:#?}");
    }
    assert!(store.reapply_all("p1", Vec::new()).await.unwrap().is_empty());
}
