//! What is noted of users, with who said so.

use super::*;
use crate::domain::field::{Field, Maker};

/// A store with one person of whom `p1` says the name and two mappers of it something each; and `p2`'s mapper, which is
/// `m1` too, has given something before.
async fn mapped_by_two(database: &impl Database) -> (Arc<dyn Store>, LoginRecord) {
    let store = open(database).await;
    let ada = login("ada");
    store.record_login(&first(through(&ada, "p2", vec![role("m1", "by p2")]))).await.unwrap();
    let mut ada = again(&ada);
    ada.mapped = Mapped {
        grants: vec![role("m1", "one"), role("m2", "two")],
        said: Some(said("p1", &[("fullName", "Ada", None), ("title", "CTO", Some("m1")), ("room", "12", Some("m2"))])),
        admitted: true,
    };
    store.record_login(&ada).await.unwrap();
    (store, ada)
}

async fn texts(store: &dyn Store, login: &LoginRecord) -> [Option<String>; 3] {
    let fields = fields_of(store, login).await;
    ["fullName", "title", "room"].map(|name| fields.text(name).map(str::to_owned))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub async fn what_a_login_says_is_noted_with_who_said_it(database: impl Database) {
    let (store, ada) = mapped_by_two(&database).await;
    drop(store);
    let store = open(&database).await;
    let fields = store.session(&ada.session.id).await.unwrap().unwrap().user.fields;
    assert_eq!(fields, fields_of(&*store, &ada).await);
    let by = |mapper: Option<&str>| Maker { provider: "p1".into(), mapper: mapper.map(Arc::from) };
    assert_eq!(fields.get("fullName"), Some(&Field { value: json!("Ada"), by: by(None) }));
    assert_eq!(fields.get("title"), Some(&Field { value: json!("CTO"), by: by(Some("m1")) }));
}

pub async fn a_login_notes_what_is_said_now_and_nothing_else(database: impl Database) {
    let (store, ada) = mapped_by_two(&database).await;
    let mut changes = store.changes();
    let mut next = again(&ada);
    next.mapped.said = Some(said("p1", &[("room", "13", Some("m2"))]));
    store.record_login(&next).await.unwrap();
    assert_eq!(texts(&*store, &ada).await, [None, None, some("13")]);
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(ada.user.id)]);
}

pub async fn of_two_logins_with_the_same_claims_the_second_changes_nothing(database: impl Database) {
    let (store, mut ada) = mapped_by_two(&database).await;
    let mut said = ada.mapped.said.take().unwrap();
    let odd = [json!(903.1596145781493), json!(-1.5e-7), json!(u64::MAX), json!(true), json!(["ü\u{2028}", 1, false])];
    for (index, value) in odd.into_iter().enumerate() {
        said.say(&format!("odd{index}"), value, Maker { provider: "p1".into(), mapper: Some("m2".into()) });
    }
    ada.mapped.said = Some(said);
    store.record_login(&again(&ada)).await.unwrap();
    let noted = fields_of(&*store, &ada).await;
    assert_eq!(noted, written(&ada).fields);

    let mut changes = store.changes();
    let revision = store.record_login(&again(&ada)).await.unwrap().revision;
    let replaced = store.reapply(ada.user.id, "p1", revision, &ada.mapped, &nothing()).await.unwrap();
    assert_eq!((replaced, announced(&mut changes)), (Replaced::Same, vec![]));
    assert_eq!(fields_of(&*store, &ada).await, noted);
}

pub async fn where_it_is_not_known_what_is_said_only_mappers_that_are_gone_lose_what_they_said(
    database: impl Database,
) {
    let (store, ada) = mapped_by_two(&database).await;
    let before = fields_of(&*store, &ada).await;
    let unknown = Mapped { grants: Vec::new(), said: None, admitted: true };
    let terms = keeping(Keep::Mappers(vec!["m1".into(), "m2".into()]));
    let login = LoginRecord { mapped: unknown.clone(), terms: terms.clone(), ..again(&ada) };
    let revision = store.record_login(&login).await.unwrap().revision;
    assert_eq!(store.reapply(ada.user.id, "p1", revision, &unknown, &terms).await.unwrap(), Replaced::Same);
    assert_eq!(fields_of(&*store, &ada).await, before);

    let gone = keeping(Keep::Mappers(vec!["m1".into()]));
    assert_eq!(store.reapply(ada.user.id, "p1", revision, &unknown, &gone).await.unwrap(), Replaced::Changed);
    assert_eq!(texts(&*store, &ada).await, [some("Ada"), some("CTO"), None]);
    assert_eq!(grants_of(&*store, &ada).await, roles(["by p2", "one"]));
}

pub async fn deleting_a_mapper_takes_exactly_its_grants_and_fields(database: impl Database) {
    let (store, ada) = mapped_by_two(&database).await;
    let mut changes = store.changes();
    let without = Mapped {
        grants: vec![role("m2", "two")],
        said: Some(said("p1", &[("fullName", "Ada", None), ("room", "12", Some("m2"))])),
        admitted: true,
    };
    let replaced = store.reapply(ada.user.id, "p1", 1, &without, &nothing()).await.unwrap();
    assert_eq!(replaced, Replaced::Changed);
    assert_eq!(texts(&*store, &ada).await, [some("Ada"), None, some("12")]);
    assert_eq!(grants_of(&*store, &ada).await, roles(["by p2", "two"]));
    assert_eq!(announced(&mut changes), [StoreChange::UserChanged(ada.user.id)]);
}

pub async fn what_a_mapper_says_that_is_kept_stays_until_somebody_says_something_else(database: impl Database) {
    let (store, ada) = mapped_by_two(&database).await;
    let keep = keeping(Keep::Mappers(vec!["m1".into()]));
    let of = |fields: &[(&str, &str, Option<&str>)]| Mapped {
        grants: Vec::new(),
        said: Some(said("p1", fields)),
        admitted: true,
    };
    store.reapply(ada.user.id, "p1", 1, &of(&[]), &keep).await.unwrap();
    assert_eq!(texts(&*store, &ada).await, [None, some("CTO"), None]);
    assert_eq!(grants_of(&*store, &ada).await, roles(["by p2", "one"]));

    let login = LoginRecord { mapped: of(&[]), terms: keeping(Keep::AllBut(vec!["m2".into()])), ..again(&ada) };
    let revision = store.record_login(&login).await.unwrap().revision;
    assert_eq!(texts(&*store, &ada).await, [None, some("CTO"), None]);
    let other = of(&[("title", "CEO", Some("m3"))]);
    store.reapply(ada.user.id, "p1", revision, &other, &keep).await.unwrap();
    assert_eq!(texts(&*store, &ada).await, [None, some("CEO"), None]);
}

pub async fn mappers_of_another_provider_than_the_last_login_s_never_touch_a_field(database: impl Database) {
    let (store, ada) = mapped_by_two(&database).await;
    let before = fields_of(&*store, &ada).await;
    let mut changes = store.changes();
    let of_p2 = |grants| Mapped { grants, said: Some(said("p2", &[("title", "no", Some("m1"))])), admitted: true };
    let same = store.reapply(ada.user.id, "p2", 1, &of_p2(vec![role("m1", "by p2")]), &nothing()).await.unwrap();
    assert_eq!((same, announced(&mut changes)), (Replaced::Same, vec![]));
    let other = store.reapply(ada.user.id, "p2", 1, &of_p2(Vec::new()), &nothing()).await.unwrap();
    assert_eq!(other, Replaced::Changed);
    assert_eq!(fields_of(&*store, &ada).await, before);
    assert_eq!(grants_of(&*store, &ada).await, roles(["one", "two"]));

    store.record_login(&through(&ada, "p2", Vec::new())).await.unwrap();
    let of_p1 = store.reapply(ada.user.id, "p1", 1, &ada.mapped, &nothing()).await.unwrap();
    assert_eq!(of_p1, Replaced::Same);
    assert_eq!(texts(&*store, &ada).await, [some("Full ada"), None, None]);
}
