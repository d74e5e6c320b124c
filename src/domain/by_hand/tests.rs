//! What may be given and taken by hand, as a table: modes by kinds of grants by who gave them.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::domain::{
    field::Fields,
    grant::Grant,
    mapper::When,
    modes::Modes,
    people::{Defaults, People},
    provider::Provider,
    testing::{mapper, organization, people, provider},
    update::Held,
    user::{User, UserId, Verification},
};

fn role(name: &str) -> Granted {
    Granted::Role(name.to_owned())
}

fn staff() -> Granted {
    Granted::Group("staff".to_owned())
}

fn with_modes(modes: Modes) -> Provider {
    Provider { people: Some(Arc::new(People { modes, ..people() })), ..provider("p1") }
}

/// `default/acme`, this provider, and the mapper `m1` of it that gives the role `viewer`.
fn table(provider: Provider) -> LoginTable {
    let mut table = LoginTable::default();
    (table.settled, table.complete) = (true, true);
    table.set_organization(&organization().key, Some(Arc::new(organization())));
    table.set_provider(&provider.uid.clone(), Some(Arc::new(provider)));
    let mut rule = mapper("m1", "p1", When::Group("sales".into()), &["viewer"]);
    rule.path = "default/m1".to_owned();
    table.set_mapper("m1", Some(Arc::new(rule)));
    table
}

fn target(granted: &Granted) -> String {
    granted.kind().target().to_owned()
}

#[test]
fn what_a_mapper_can_grant_is_not_given_by_hand_until_that_mapper_is_gone() {
    let (organization, mut table) = (organization(), table(provider("p1")));
    let refused = Rules { organization: &organization, table: &table }.grant(&[], &role("viewer"));
    let expected = Refusal::Mapped { granted: role("viewer"), mappers: vec!["default/m1".to_owned()] };
    assert_eq!(refused, Err(expected.clone()));
    let said = expected.to_string();
    assert!(said.contains("default/m1") && said.contains("until that mapper is gone"), "{said}");
    table.set_mapper("m1", None);
    assert_eq!(Rules { organization: &organization, table: &table }.grant(&[], &role("viewer")), Ok(()));
}

#[test]
fn a_mapper_of_another_organization_holds_nothing_back() {
    let elsewhere = crate::domain::testing::organization_key("globex");
    let (organization, table) = (organization(), table(Provider { organization: elsewhere, ..provider("p1") }));
    assert_eq!(Rules { organization: &organization, table: &table }.grant(&[], &role("viewer")), Ok(()));
}

#[test]
fn a_mapper_whose_provider_never_writes_roles_holds_none_back() {
    let roles = |mode| Modes::new([("roles".to_owned(), mode)]);
    for (modes, given) in [(Modes::read_only(), true), (roles(Mode::None), true), (roles(Mode::Create), false)] {
        let (organization, table) = (organization(), table(with_modes(modes.clone())));
        let outcome = Rules { organization: &organization, table: &table }.grant(&[], &role("viewer"));
        assert_eq!(outcome.is_ok(), given, "{modes:?}");
    }
}

#[test]
fn what_the_organization_does_not_have_is_refused_with_what_it_has() {
    let (organization, table) = (organization(), table(provider("p1")));
    let rules = Rules { organization: &organization, table: &table };
    for (granted, there) in [(role("Admin"), "admin, viewer"), (Granted::Group("admin".into()), "staff")] {
        let said = rules.grant(&[], &granted).expect_err("refused").to_string();
        assert!(said.ends_with(&format!("it has {there}")), "{said}");
    }
}

#[test]
fn a_user_of_a_provider_is_given_by_hand_what_no_login_sets() {
    let [merge, create, none, replace] = [Mode::Merge, Mode::Create, Mode::None, Mode::Replace].map(Some);
    for (granted, mode, given) in [
        (role("admin"), None, true),
        (role("admin"), merge, true),
        (role("admin"), create, true),
        (role("admin"), none, true),
        (role("admin"), replace, false),
        (staff(), None, true),
        (staff(), merge, true),
        (staff(), create, true),
        (staff(), none, true),
        (staff(), replace, false),
        (Granted::Administrator, None, false),
        (Granted::Administrator, create, true),
        (Granted::Administrator, none, true),
        (Granted::Administrator, replace, false),
    ] {
        let modes = Modes::new(mode.map(|mode| (target(&granted), mode)));
        let (organization, table) = (organization(), table(with_modes(modes)));
        let rules = Rules { organization: &organization, table: &table };
        let outcome = rules.grant(&["p1".into()], &granted);
        assert_eq!(outcome.is_ok(), given, "{granted} {mode:?}");
        if let Err(refused) = outcome {
            let said = refused.to_string();
            let hint = format!("{{target: {}, mode: ", target(&granted));
            assert!(said.contains("default/p1") && said.contains(&hint), "{said}");
        }
        assert_eq!(rules.grant(&[], &granted), Ok(()), "{granted}: nobody's user");
        assert_eq!(rules.grant(&["gone".into()], &granted), Ok(()), "{granted}: the user of a provider that is gone");
    }
}

#[test]
fn every_provider_of_the_user_must_leave_it_alone_and_a_read_only_one_does() {
    let organization = organization();
    let mut table = table(with_modes(Modes::read_only()));
    let second = Provider { uid: "p2".into(), key: "two".into(), path: "default/p2".into(), ..provider("p2") };
    table.set_provider("p2", Some(Arc::new(second)));
    let rules = Rules { organization: &organization, table: &table };
    for granted in [role("admin"), staff(), Granted::Administrator] {
        assert_eq!(rules.grant(&["p1".into()], &granted), Ok(()), "{granted}");
    }
    let refused = rules.grant(&["p1".into(), "p2".into()], &Granted::Administrator).expect_err("refused");
    assert!(refused.to_string().contains("default/p2"), "{refused}");
}

fn held(provider: &str, mapper: &str, granted: Granted) -> Held {
    Held { provider_uid: provider.into(), grant: Grant { mapper_uid: mapper.into(), granted } }
}

#[test]
fn what_comes_back_is_not_taken_by_hand_and_what_does_not_is() {
    let viewer = || role("viewer");
    let roles = |mode| Modes::new([("roles".to_owned(), mode)]);
    for (name, modes, held, taken, stays) in [
        ("by hand", Modes::default(), held("", "", viewer()), 1, 0),
        ("by a mapper", Modes::default(), held("p1", "m1", viewer()), 0, 1),
        ("Replace", roles(Mode::Replace), held("p1", "m1", viewer()), 0, 1),
        ("Create", roles(Mode::Create), held("p1", "m1", viewer()), 1, 0),
        ("None", roles(Mode::None), held("p1", "m1", viewer()), 1, 0),
        ("ReadOnly", Modes::read_only(), held("p1", "m1", viewer()), 1, 0),
        ("its mapper is gone", Modes::default(), held("p1", "m9", viewer()), 1, 0),
        ("its provider is gone", Modes::default(), held("p9", "m9", viewer()), 1, 0),
    ] {
        let (organization, table) = (organization(), table(with_modes(modes)));
        let rules = Rules { organization: &organization, table: &table };
        let outcome = rules.revoke(&[held.clone(), self::held("", "", role("admin"))], &viewer()).expect(name);
        assert_eq!((outcome.taken.len(), outcome.stays.len()), (taken, stays), "{name}");
        assert!(outcome.taken.iter().all(|taken| *taken == held), "{name}");
        for refusal in outcome.stays {
            let said = refusal.to_string();
            assert!(said.contains("the IdpMapper default/m1") && said.contains("default/p1"), "{said}");
        }
    }
}

#[test]
fn what_was_given_by_hand_beside_a_mapper_is_taken_and_the_mapper_is_named() {
    let (organization, table) = (organization(), table(provider("p1")));
    let both = [held("", "", role("viewer")), held("p1", "m1", role("viewer"))];
    let outcome = Rules { organization: &organization, table: &table }.revoke(&both, &role("viewer")).expect("held");
    assert_eq!((outcome.taken, outcome.stays.len()), (vec![both[0].clone()], 1));
}

#[test]
fn what_a_provider_gives_everybody_is_not_taken_and_what_nobody_gave_is_not_there() {
    let defaults = Defaults { administrator: true, ..Defaults::default() };
    let everybody = Arc::new(People { defaults, ..people() });
    let (organization, table) = (organization(), table(Provider { people: Some(everybody), ..provider("p1") }));
    let rules = Rules { organization: &organization, table: &table };
    let outcome = rules.revoke(&[held("p1", "p1", Granted::Administrator)], &Granted::Administrator).expect("held");
    assert!(outcome.stays[0].to_string().contains("defaults.administrator"), "{}", outcome.stays[0]);
    let refused = rules.revoke(&[held("", "", role("admin"))], &Granted::Administrator);
    assert_eq!(refused, Err(Refusal::NotHeld { granted: Granted::Administrator }));
}

#[test]
fn odd_addresses_are_refused_with_what_is_odd_about_them() {
    assert_eq!(address("Ann@BÜCHER.example").as_deref(), Ok("ann@xn--bcher-kva.example"));
    let long = format!("{}@example.com", "a".repeat(250));
    for (text, seen) in [
        ("ann@b@example.com", "it has 2 @"),
        ("ann＠example.com", "'＠' (U+FF20) only looks like an @"),
        ("ann.example.com", "it has no @"),
        ("@example.com", "nothing before the @"),
        ("ann@", "nothing after the @"),
        ("an n@example.com", "white space"),
        ("ann@example.com\n", "(U+000A)"),
        ("аnn@example.com", "(U+0430) before the @"),
        ("\"ann\"@example.com", "before the @"),
        ("ann@localhost", "no domain of addresses"),
        ("ann@127.0.0.1", "no domain of addresses"),
        (&long, "longer than 254 bytes"),
    ] {
        let said = address(text).expect_err(text).to_string();
        assert!(said.contains(seen), "{text}: {said}");
    }
}

#[test]
fn names_and_fields_are_held_to_what_logins_are_held_to() {
    assert_eq!(user_name("azure:ann b"), Ok("azure:ann b".to_owned()));
    for name in ["", " ann", "ann\t", "a\u{7}nn", &"a".repeat(256)] {
        assert!(user_name(name).is_err(), "{name:?}");
    }
    assert_eq!(external_id(" 1 "), Ok(" 1 ".to_owned()));
    assert!(external_id("").is_err());
    let noted = |name: &str, text: &str| field(name, text).map(|field| field.value);
    assert_eq!(noted("fullName", " Ann A "), Ok(Value::from("Ann A")));
    assert_eq!(noted("timeZone", "W. Europe Standard Time"), Ok(Value::from("Europe/Berlin")));
    assert_eq!(noted("cost-center_2.x", "4711"), Ok(Value::from("4711")));
    assert!(field("fullName", "Ann").expect("a field").by.is_by_hand());
    for name in ["email", "roles", "groups", "administrator", "userName", "id", "", "1st", "a b", "a=b", "ü"] {
        assert_eq!(field(name, "x"), Err(NotUsable::NoField { name: name.to_owned() }));
    }
    assert!(matches!(field("language", "no language"), Err(NotUsable::Field { .. })));
    assert!(matches!(field("title", "  "), Err(NotUsable::EmptyField { .. })));
}

#[test]
fn only_a_verified_address_names_somebody_who_is_given_something() {
    let mail = "ann@example.com";
    for (text, user_name, email, verified, names) in [
        ("ann", "ann", Some(mail), None, true),
        ("ann", "ann", None, None, true),
        (mail, "ann", Some(mail), Some(Verification::Provider), true),
        (mail, "ann", Some(mail), Some(Verification::Mail), true),
        (mail, "ann", Some(mail), Some(Verification::Hand), true),
        ("ANN@Example.COM", "ann", Some(mail), Some(Verification::Mail), true),
        (mail, mail, Some(mail), Some(Verification::Mail), true),
        (mail, "mallory", Some(mail), None, false),
        ("ANN@Example.COM", "mallory", Some(mail), None, false),
        (mail, mail, None, None, false),
        (mail, mail, Some(mail), None, false),
        (mail, mail, Some("mallory@example.com"), Some(Verification::Mail), false),
        ("Ann@example.com", "Ann@example.com", Some("mallory@example.com"), Some(Verification::Mail), false),
        ("demo:ann@example.com", "demo:ann@example.com", None, None, true),
    ] {
        let id = UserId(Uuid::from_u128(7));
        let (user_name, email) = (user_name.to_owned(), email.map(str::to_owned));
        let user = User { id, organization: organization().key, user_name, email, verified, fields: Fields::default() };
        let outcome = must_name(text, &user);
        assert_eq!(outcome.is_ok(), names, "{text} {user:?}");
        assert_eq!(must_name(&id.to_string(), &user), Ok(()), "by id");
        if let Err(unproven) = outcome {
            let said = unproven.to_string();
            assert_eq!(said.ends_with("or by user name"), !user.user_name.contains('@'), "{said}");
            assert!(said.contains(&format!("show {id}")) && said.contains("name them by id"), "{said}");
        }
    }
}

#[test]
fn while_a_mapper_is_not_served_neither_roles_nor_administration_are_given_by_hand() {
    let (organization, mut table) = (organization(), table(with_modes(Modes::read_only())));
    let broken = Mapper { served: None, ..mapper("m2", "p1", When::Always, &["viewer"]) };
    table.set_mapper("m2", Some(Arc::new(broken)));
    let rules = Rules { organization: &organization, table: &table };
    for (granted, given) in
        [(role("viewer"), false), (role("admin"), false), (Granted::Administrator, false), (staff(), true)]
    {
        let outcome = rules.grant(&[], &granted);
        assert_eq!(outcome.is_ok(), given, "{granted}");
        if let Err(refused) = outcome {
            assert_eq!(refused, Refusal::Unserved { granted, mappers: vec!["default/m2".to_owned()] });
            let said = refused.to_string();
            assert!(said.contains("the IdpMapper default/m2") && said.contains("latchkey check"), "{said}");
        }
    }
    table.set_mapper("m2", None);
    assert_eq!(Rules { organization: &organization, table: &table }.grant(&[], &role("admin")), Ok(()));
}
