use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::{
    expression::Expression,
    field::FULL_NAME,
    grant::{Grant, Granted},
    keep::Keep,
    mapper::{Mapper, When},
    organization::Organization,
    people::Defaults,
    testing::{self, PROVIDER, at, claims, people, person},
};

fn rules(sources: &[&str]) -> Vec<ClaimRule> {
    let rule = |(number, source): (usize, &&str)| ClaimRule {
        expression: Expression::compile(source).expect("an expression"),
        message: format!("rule {number}"),
    };
    sources.iter().enumerate().map(rule).collect()
}

fn validated(sources: &[&str], given: Value) -> (Result<(), Refusal>, Trace) {
    let people = People { validation: rules(sources), ..people() };
    let claims = claims(given);
    let mut trace = Trace::of_all();
    let person = person(&claims);
    let variables = Variables::new(&claims, Some(&person), PROVIDER);
    (validate(&people, &variables, &mut trace), trace)
}

#[test]
fn all_rules_must_hold_and_the_first_that_does_not_refuses_with_its_message() {
    let given = || json!({"sub": "1", "email_verified": true, "email": "a@example.com", "amr": ["pwd", "mfa"]});
    for (sources, refused) in [
        (&[][..], None),
        (&["true"], None),
        (&["'mfa' in claims.amr", "idpUser.emailVerified", "provider.key == 'azure'"], None),
        (&["'hwk' in claims.amr"], Some(0)),
        (&["true", "false", "false"], Some(1)),
    ] {
        let (validated, trace) = validated(sources, given());
        let refusal =
            refused.map(|index| Refusal::ClaimRule { index, message: format!("rule {index}"), failure: None });
        assert_eq!(validated.err(), refusal, "{sources:?}");
        assert_eq!(trace.problems(), [], "{sources:?}");
    }
}

#[test]
fn a_rule_that_fails_or_gives_no_boolean_does_not_hold_and_is_a_problem() {
    for (source, problem) in [
        ("claims.absent == 'x'", Problem::ExpressionFailed),
        ("claims.sub", Problem::ResultNotUsable),
        ("null", Problem::ResultNotUsable),
    ] {
        let (validated, trace) = validated(&["true", source], json!({"sub": "s3cret"}));
        let Err(Refusal::ClaimRule { index: 1, message, failure }) = validated else {
            panic!("{source}: {validated:?}")
        };
        assert_eq!((&*message, failure.is_some()), ("rule 1", problem == Problem::ExpressionFailed));
        let problems: Vec<_> = trace.problems().iter().map(|step| (&*step.subject, step.problem)).collect();
        assert_eq!(problems, [("claimValidationRules[1]", Some(problem))]);
        assert!(!trace.steps().iter().any(|step| step.said.contains("s3cret")));
    }
}

/// `p1` in a table that has been looked at as a whole, with these mappers.
fn table(people: People, mappers: &[Mapper]) -> LoginTable {
    let mut table = LoginTable::default();
    let provider = Provider { people: Some(Arc::new(people)), ..testing::provider("p1") };
    let organization = testing::organization();
    table.set_organization(&organization.key.clone(), Some(Arc::new(organization)));
    table.set_provider("p1", Some(Arc::new(provider)));
    for mapper in mappers {
        table.set_mapper(&mapper.uid, Some(Arc::new(mapper.clone())));
    }
    (table.settled, table.complete) = (true, true);
    table
}

fn decided(table: &LoginTable, given: Value, trace: &mut Trace) -> Result<LoginRecord, Refusal> {
    match of_known(table, given, Known::default(), trace)? {
        Decided::LetIn(record) => Ok(*record),
        Decided::NotMapped(lost) => {
            assert!(lost.is_none(), "who was never here loses nothing");
            Err(Refusal::NotMapped)
        }
    }
}

fn of_known(table: &LoginTable, given: Value, known: Known, trace: &mut Trace) -> Result<Decided, Refusal> {
    let provider = table.provider_by_uid("p1").expect("a provider");
    let claims = claims(given);
    let id_token = IdToken { issued_at: at(0), hint: None };
    let verified = Verified {
        table,
        provider,
        issuer: "https://issuer.example",
        person: person(&claims),
        claims: claims.into(),
        at_provider: testing::at_provider("1", None),
        id_token,
        brought: None,
    };
    let fresh = Fresh { user_id: UserId(Uuid::nil()), session_id: SessionId([7; 32]), now: at(0) };
    decide(verified, known, fresh, trace)
}

#[test]
fn who_was_let_in_before_and_is_not_mapped_any_more_loses_what_the_claims_no_longer_give() {
    let linked = || Known { linked: Some(testing::login("ann").user), ..Known::default() };
    let lost = |mappers: &[Mapper]| {
        let table = table(mapped_only(), mappers);
        let given = json!({"sub": "1", "groups": ["sales"]});
        match of_known(&table, given, linked(), &mut Trace::of_problems()) {
            Ok(Decided::NotMapped(Some(lost))) => lost,
            _ => panic!("somebody who loses access"),
        }
    };
    let everybody = testing::mapper("m2", "p1", When::Always, &["viewer"]);
    let ann = lost(&[engineers("m1"), everybody]);
    let granted: Vec<_> = ann.mapped.grants.iter().map(|grant| &*grant.mapper_uid).collect();
    assert_eq!((granted, ann.mapped.admitted), (vec!["m2"], false));
    assert_eq!(ann.claims.claims.get("groups"), Some(&json!(["sales"])));
    let unserved = Mapper { served: None, ..engineers("m1") };
    assert!(lost(&[unserved]).mapped.admitted, "sessions go on while it is not known what a mapper says");
}

fn decision(table: &LoginTable, given: Value) -> Result<LoginRecord, Refusal> {
    decided(table, given, &mut Trace::of_problems())
}

fn engineers(uid: &str) -> Mapper {
    testing::mapper(uid, "p1", When::Group("eng".into()), &["viewer"])
}

fn mapped_only() -> People {
    People { access: Access::MappedOnly, ..people() }
}

#[test]
fn a_login_writes_what_mappers_give_and_by_which_they_were_asked() {
    let unserved = Mapper { served: None, ..engineers("m2") };
    let table = table(people(), &[engineers("m1"), unserved]);
    let record = decision(&table, json!({"sub": "1", "groups": ["eng"], "name": "Ann"})).expect("a login");
    let granted: Vec<_> = record.mapped.grants.iter().map(|grant| (&*grant.mapper_uid, &grant.granted)).collect();
    assert_eq!(granted, [("m1", &Granted::Role("viewer".into()))]);
    assert_eq!(record.mapped.said.and_then(|said| said.value(FULL_NAME).cloned()), Some(json!("Ann")));
    assert_eq!(record.terms.keep, Keep::Mappers(vec!["m2".into()]), "of which it is not known what it says");
    assert_eq!(Some(record.mark), table.mark("p1"));
    assert_eq!((record.user.user_name, record.user.id), ("1".to_owned(), UserId(Uuid::nil())));
    assert_eq!(record.claims.claims.get("groups"), Some(&json!(["eng"])));
}

#[test]
fn claims_that_a_rule_refuses_sign_nobody_in() {
    let table = table(People { validation: rules(&["claims.level >= 2"]), ..people() }, &[]);
    assert!(decision(&table, json!({"sub": "1", "level": 2})).is_ok());
    let refused = decision(&table, json!({"sub": "1", "level": 1})).expect_err("refused");
    assert_eq!(refused, Refusal::ClaimRule { index: 0, message: "rule 0".into(), failure: None });
    let refused = decision(&table, json!({"sub": "1"})).expect_err("refused");
    assert!(matches!(refused, Refusal::ClaimRule { index: 0, failure: Some(_), .. }), "{refused:?}");
}

#[test]
fn with_mapped_only_who_is_not_mapped_is_refused() {
    let table = table(mapped_only(), &[engineers("m1")]);
    assert!(decision(&table, json!({"sub": "1", "groups": ["eng"]})).is_ok());
    let refused = decision(&table, json!({"sub": "1", "groups": ["sales"]})).expect_err("refused");
    assert_eq!(refused, Refusal::NotMapped);
    let mut trace = Trace::of_all();
    assert!(decided(&table, json!({"sub": "1"}), &mut trace).is_err());
    let why = trace.steps().iter().find(|step| step.subject == "default/m1").expect("a step");
    assert_eq!(why.said, "the person is not in the group \"eng\"");
}

#[test]
fn before_all_mappers_have_been_looked_at_nobody_is_told_not_to_be_mapped() {
    let mut table = table(mapped_only(), &[]);
    table.settled = false;
    assert_eq!(decision(&table, json!({"sub": "1"})).expect_err("refused"), Refusal::Starting);
}

/// What the people who are signed in have by a table.
fn reevaluated(table: &LoginTable, given: Value) -> Option<Mapped> {
    let provider = table.provider_by_uid("p1").expect("a provider");
    mapped(table, provider, &claims(given).into(), &mut Trace::of_problems())
}

#[test]
fn whoever_is_not_mapped_any_more_is_not_admitted_unless_a_mapper_may_be_for_them_still() {
    let eng = || json!({"sub": "1", "groups": ["eng"]});
    let admitted = |table: &LoginTable, given| reevaluated(table, given).expect("it is known").admitted;
    assert!(admitted(&table(mapped_only(), &[engineers("m1")]), eng()));
    assert!(!admitted(&table(mapped_only(), &[engineers("m1")]), json!({"sub": "1"})));
    assert!(!admitted(&table(mapped_only(), &[]), eng()));
    let unserved = Mapper { served: None, ..engineers("m1") };
    assert!(admitted(&table(mapped_only(), &[unserved]), eng()), "what it says now is not known");
    let mut unknown = table(mapped_only(), &[]);
    unknown.complete = false;
    assert!(admitted(&unknown, eng()), "a mapper may only not have been read yet");
}

#[test]
fn claims_that_describe_nobody_any_more_give_nothing_and_say_nothing() {
    let mut moved = people();
    moved.readings.user_id = crate::domain::reading::Reading::claim("oid");
    for (access, admitted) in [(Access::Everyone, true), (Access::MappedOnly, false)] {
        let people = People { access, ..moved.clone() };
        let mapped = reevaluated(&table(people, &[engineers("m1")]), json!({"sub": "1", "groups": ["eng"]}));
        assert_eq!(mapped, Some(Mapped { grants: Vec::new(), said: None, admitted }));
    }
}

#[test]
fn without_an_organization_it_is_not_known_what_mappers_say() {
    let mut table = table(people(), &[engineers("m1")]);
    table.set_organization(&Organization::clone(&testing::organization()).key, None);
    assert_eq!(reevaluated(&table, json!({"sub": "1", "groups": ["eng"]})), None);
    assert_eq!(decision(&table, json!({"sub": "1"})).expect_err("refused"), Refusal::Starting);
}

#[test]
fn somebody_whose_claims_are_not_kept_may_be_admitted_where_any_mapper_lets_anybody_in() {
    let may = |people: People, mappers: &[Mapper]| {
        let table = table(people, mappers);
        let provider = table.provider_by_uid("p1").expect("a provider");
        mapped_without_claims(&table, provider).expect("it is known").admitted
    };
    assert!(may(people(), &[]));
    assert!(!may(mapped_only(), &[]));
    assert!(may(mapped_only(), &[engineers("m1")]));
    assert!(!may(mapped_only(), &[testing::mapper("m1", "p1", When::Always, &["viewer"])]));
    assert!(may(mapped_only(), &[Mapper { served: None, ..engineers("m1") }]));
    let noting = Mapper { served: None, would_admit: false, ..engineers("m1") };
    assert!(!may(mapped_only(), &[noting]), "one that lets nobody in");
}

#[test]
fn somebody_whose_claims_are_not_kept_is_an_administrator_where_everybody_is() {
    let defaults = Defaults { administrator: true, ..Defaults::default() };
    let table = table(People { defaults, ..people() }, &[]);
    let provider = table.provider_by_uid("p1").expect("a provider");
    let mapped = mapped_without_claims(&table, provider).expect("it is known");
    let by_default = Grant { mapper_uid: "p1".into(), granted: Granted::Administrator };
    assert_eq!((mapped.grants, mapped.said), (vec![by_default], None));
}

#[test]
fn as_long_as_the_issuer_is_not_known_nothing_is_taken_from_anybody() {
    let mut table = table(people(), &[engineers("m1")]);
    let provider = Provider { issuer: "".into(), people: Some(Arc::new(people())), ..testing::provider("p1") };
    table.set_provider("p1", Some(Arc::new(provider)));
    assert_eq!((reevaluated(&table, json!({"sub": "1", "groups": ["eng"]})), table.mark("p1")), (None, None));
}
