//! What holds of any mappers and any claims.

use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert, prop_assert_eq, proptest,
    sample::select,
    test_runner::Config,
};

use super::*;
use crate::domain::{
    field::Fields,
    grant::Grant,
    keep::Keep,
    modes::Terms,
    update::{Occasion, fields_after},
};

const WORDS: [&str; 4] = ["admin", "viewer", "us", "de"];
const KEYS: [&str; 4] = ["a", "b", "groups", "name"];
const CONDITIONS: [&str; 5] =
    ["true", "'us' in idpUser.groups", "claims.a == 'admin'", "claims.b > 1", "has(claims.a) && claims.a"];
const VALUES: [&str; 4] = ["claims.a", "idpUser.groups", "claims.b + 1", "idpUser.fullName"];

fn word() -> impl Strategy<Value = String> {
    select(&WORDS[..]).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        word().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        proptest::collection::vec(word(), 0..4).prop_map(Value::from),
        word().prop_map(|word| json!({ "in": word })),
    ]
}

fn some_claims() -> impl Strategy<Value = Claims> {
    proptest::collection::vec((select(&KEYS[..]), value()), 0..4).prop_map(|members| {
        let mut given = claims(json!({"sub": "1"}));
        given.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
        given
    })
}

fn when() -> impl Strategy<Value = When> {
    let of_claim = (select(&KEYS[..]), word()).prop_map(|(key, value)| When::Claim { key: key.into(), value });
    prop_oneof![
        Just(When::Always),
        of_claim,
        word().prop_map(When::Group),
        select(&CONDITIONS[..]).prop_map(|source| When::Expression(expression(source))),
    ]
}

fn some_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        select(&KEYS[..]).prop_map(Reading::claim),
        select(&VALUES[..]).prop_map(|source| Reading::Expression(expression(source))),
    ]
}

fn grant() -> impl Strategy<Value = GrantRule> {
    let granted =
        prop_oneof![word().prop_map(Granted::Role), word().prop_map(Granted::Group), Just(Granted::Administrator),];
    let names = || proptest::option::of(some_reading().prop_map(|from| NamesRule { from, only: Patterns::new(["*"]) }));
    let types = select(vec![Vec::new(), vec!["countries".to_owned()]]);
    (proptest::collection::vec(granted, 0..3), types, names(), names()).prop_map(
        |(given, group_types, roles_from, groups_from)| GrantRule { given, group_types, roles_from, groups_from },
    )
}

fn attribute() -> impl Strategy<Value = AttributeRule> {
    let from = prop_oneof![some_reading().prop_map(AttributeFrom::Reading), word().prop_map(AttributeFrom::Constant),];
    let target = select(&["title", "room", "fullName", "language"][..]);
    (target, from).prop_map(|(target, from)| AttributeRule { target: target.into(), from })
}

fn rule() -> impl Strategy<Value = Rule> {
    // One for each target, as the schema has it.
    let attributes = proptest::collection::vec(attribute(), 0..3).prop_map(|mut all| {
        all.sort_by(|one, other| one.target.cmp(&other.target));
        all.dedup_by(|one, other| one.target == other.target);
        all
    });
    (when(), proptest::option::of(grant()), attributes).prop_map(|(when, grant, attributes)| Rule {
        when,
        grant,
        attributes,
    })
}

/// Up to eight, each under a UID of its own; of some, nothing is served.
fn some_mappers() -> impl Strategy<Value = Vec<Mapper>> {
    let served = proptest::option::weighted(0.9, rule());
    proptest::collection::vec(served, 0..8).prop_map(|rules| {
        let mapper = |(number, rule): (usize, Option<Rule>)| {
            let mapper = giving(&format!("m{number}"), When::Always, &[]);
            Mapper { served: rule.map(|rule| (Arc::new(rule), 1)), ..mapper }
        };
        rules.into_iter().enumerate().map(mapper).collect()
    })
}

fn some_people() -> impl Strategy<Value = People> {
    let rule = proptest::option::of(select(&["claims.a", "'en'", "idpUser.groups[0]", "'no language'"][..]));
    (any::<bool>(), any::<bool>(), rule).prop_map(|(mapped_only, administrator, rule)| {
        let mut people = people();
        people.access = if mapped_only { Access::MappedOnly } else { Access::Everyone };
        people.defaults.administrator = administrator;
        people.defaults.fields = vec![(field::LANGUAGE, "fr".into())];
        let rule = rule.map(|source| (field::LANGUAGE, Reading::Expression(expression(source))));
        people.rules = rule.into_iter().collect();
        people
    })
}

fn noted(mapped: &Mapped, before: &Fields) -> Fields {
    noted_by(mapped, before, &Terms::default())
}

fn noted_by(mapped: &Mapped, before: &Fields, terms: &Terms) -> Fields {
    fields_after(before, mapped, terms, Occasion::Login { first: false })
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(400) })]

    #[test]
    fn the_order_of_mappers_never_matters(
        people in some_people(), mappers in some_mappers(), given in some_claims(), turn in any::<usize>()
    ) {
        let (mapped, trace) = made_of(&people, &mappers, &given);
        let mut others = mappers.clone();
        others.rotate_left(turn.checked_rem(mappers.len()).unwrap_or(0));
        for others in [others.iter().rev().cloned().collect(), others] {
            let (other, other_trace): (Mapped, Trace) = made_of(&people, &others, &given);
            prop_assert_eq!(&other, &mapped);
            let sorted = |trace: &Trace| {
                let mut all: Vec<_> = trace.problems().iter().map(|step| format!("{step:?}")).collect();
                all.sort();
                all
            };
            prop_assert_eq!(sorted(&other_trace), sorted(&trace));
        }
    }

    #[test]
    fn the_same_claims_change_nothing_the_second_time(
        people in some_people(), mappers in some_mappers(), given in some_claims()
    ) {
        let (first, _) = made_of(&people, &mappers, &given);
        let (second, _) = made_of(&people, &mappers, &given);
        prop_assert_eq!(&second, &first);
        let once = noted(&first, &Fields::default());
        prop_assert_eq!(noted(&second, &once), once);
    }

    #[test]
    fn whatever_was_noted_before_a_second_time_changes_nothing(
        before in some_mappers(), mappers in some_mappers(), given in some_claims(), kept in any::<bool>()
    ) {
        let keep = if kept { Keep::AllBut(vec!["m1".into()]) } else { Keep::Mappers(vec!["m0".into()]) };
        let before = noted(&made_of(&people(), &before, &given).0, &Fields::default());
        let (mapped, terms) = (made_of(&people(), &mappers, &given).0, Terms { keep, ..Terms::default() });
        let once = noted_by(&mapped, &before, &terms);
        prop_assert_eq!(noted_by(&mapped, &once, &terms), once);
    }

    #[test]
    fn deleting_a_mapper_takes_exactly_what_it_gave(
        people in some_people(), mappers in some_mappers(), given in some_claims(), which in any::<usize>()
    ) {
        let Some(index) = which.checked_rem(mappers.len()) else { return Ok(()) };
        let mut others = mappers.clone();
        let gone = others.remove(index);
        let (with, trace) = made_of(&people, &mappers, &given);
        let (without, _) = made_of(&people, &others, &given);
        let rest: Vec<Grant> = with.grants.iter().filter(|grant| grant.mapper_uid != gone.uid).cloned().collect();
        prop_assert_eq!(&without.grants, &rest);

        let before = noted(&with, &Fields::default());
        let after = noted(&without, &before);
        for name in ["title", "room", "fullName", "language"] {
            let differed = trace.problems().iter().any(|step| (&*step.subject, step.problem) == (name, Some(Problem::MappersDiffer)));
            match before.get(name) {
                Some(field) if field.by.mapper.as_ref() == Some(&gone.uid) => {
                    let by = after.get(name).and_then(|field| field.by.mapper.as_ref());
                    prop_assert_eq!(by.filter(|by| **by == gone.uid), None);
                }
                Some(_) => prop_assert_eq!(after.get(name), before.get(name)),
                // The others may agree now, or somebody else may say it now that no two differ.
                None if differed => {}
                None => prop_assert_eq!(after.get(name), None),
            }
        }
    }

    #[test]
    fn whatever_was_noted_before_a_deleted_mapper_has_said_nothing_but_what_others_say(
        earlier in some_mappers(), mappers in some_mappers(), given in some_claims(), which in any::<usize>()
    ) {
        let Some(index) = which.checked_rem(mappers.len()) else { return Ok(()) };
        let mut others = mappers.clone();
        let gone = others.remove(index);
        let before = noted(&made_of(&people(), &earlier, &given).0, &Fields::default());
        let before = noted(&made_of(&people(), &mappers, &given).0, &before);
        let (without, trace) = made_of(&people(), &others, &given);
        let after = noted(&without, &before);
        for name in ["title", "room", "fullName", "language"] {
            let Some(field) = after.get(name).filter(|field| field.by.mapper.as_ref() == Some(&gone.uid)) else { continue };
            let says_it = |mapper: &Mapper| {
                let alone = made_of(&people(), std::slice::from_ref(mapper), &given).0.said.expect("something");
                alone.value(name) == Some(&field.value)
            };
            prop_assert!(others.iter().any(says_it), "{name} by {}", gone.uid);
            prop_assert!(problems(&trace).contains(&(name, Problem::MappersDiffer)));
        }
    }
}
