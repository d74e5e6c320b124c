mod attributes;
mod properties;

use serde_json::json;

use super::*;
use crate::domain::{
    expression::Expression,
    mapper::{Patterns, When},
    organization::{Group, Role},
    testing::{self, PROVIDER, claims, mapper_of, people},
};

/// The roles `admin`, `viewer` and `eng-lead`; the groups `staff`, `us` and `de`, the last two of the type `countries`.
fn organization() -> Organization {
    let role = |name: &str| Role { name: name.into(), display_name: name.into(), administrator: false };
    let group = |name: &str, type_: Option<&str>| Group {
        name: name.into(),
        display_name: name.into(),
        type_: type_.map(str::to_owned),
    };
    Organization {
        roles: ["admin", "viewer", "eng-lead"].map(role).into(),
        groups: vec![group("staff", None), group("us", Some("countries")), group("de", Some("countries"))],
        ..testing::organization()
    }
}

fn expression(source: &str) -> Expression {
    Expression::compile(source).expect("an expression")
}

/// Says only which roles somebody gets, and for whom.
fn giving(uid: &str, when: When, roles: &[&str]) -> Mapper {
    testing::mapper(uid, "p1", when, roles)
}

/// Gives this, and notes nothing.
fn granting(uid: &str, grant: GrantRule) -> Mapper {
    mapper_of(uid, "p1", Rule { when: When::Always, grant: Some(grant), attributes: Vec::new() })
}

/// Notes this of everybody, and gives nothing.
fn noting(uid: &str, attributes: &[(&str, AttributeFrom)]) -> Mapper {
    let attributes = attributes.iter().cloned();
    let attributes = attributes.map(|(target, from)| AttributeRule { target: target.into(), from }).collect();
    mapper_of(uid, "p1", Rule { when: When::Always, grant: None, attributes })
}

fn constant(text: &str) -> AttributeFrom {
    AttributeFrom::Constant(text.into())
}

fn claim(name: &str) -> AttributeFrom {
    AttributeFrom::Reading(Reading::claim(name))
}

fn computed(source: &str) -> AttributeFrom {
    AttributeFrom::Reading(Reading::Expression(expression(source)))
}

/// What the mappers of people make of claims, and every step.
fn made_of(people: &People, mappers: &[Mapper], given: &Claims) -> (Mapped, Trace) {
    let mappers: Vec<_> = mappers.iter().cloned().map(Arc::new).collect();
    let organization = organization();
    let mapping = Mapping {
        provider_uid: &"p1".into(),
        provider: PROVIDER,
        people,
        mappers: &mappers,
        organization: &organization,
    };
    let mut trace = Trace::of_all();
    let person = testing::person(given);
    let variables = Variables::new(given, Some(&person), PROVIDER);
    let mapped = mapping.of(Evidence { claims: given, person: &person, variables: &variables }, &mut trace);
    (mapped, trace)
}

/// What mappers make of these claims for the usual people.
fn made(mappers: &[Mapper], given: Value) -> (Mapped, Trace) {
    made_of(&people(), mappers, &claims(given))
}

/// `UID role NAME`, `UID group NAME` and `UID administrator`.
fn told(grants: &[Grant]) -> Vec<String> {
    let what = |granted: &Granted| match granted {
        Granted::Role(name) => format!("role {name}"),
        Granted::Group(name) => format!("group {name}"),
        Granted::Administrator => "administrator".to_owned(),
    };
    grants.iter().map(|grant| format!("{} {}", grant.mapper_uid, what(&grant.granted))).collect()
}

fn problems(trace: &Trace) -> Vec<(&str, Problem)> {
    trace.problems().iter().filter_map(|step| Some((step.subject.as_str(), step.problem?))).collect()
}

fn names_from(from: Reading, only: &[&str]) -> Option<NamesRule> {
    Some(NamesRule { from, only: Patterns::new(only.iter().copied()) })
}

#[test]
fn every_grant_knows_its_mapper() {
    let mappers = [
        giving("a", When::Always, &["viewer"]),
        giving("b", When::Group("eng".into()), &["viewer", "admin"]),
        giving("c", When::Group("sales".into()), &["eng-lead"]),
    ];
    let (mapped, trace) = made(&mappers, json!({"sub": "1", "groups": ["eng"]}));
    assert_eq!(told(&mapped.grants), ["a role viewer", "b role admin", "b role viewer"]);
    assert_eq!(problems(&trace), []);
}

#[test]
fn a_mapper_of_which_nothing_is_served_gives_nothing_and_the_trace_says_so() {
    let unserved = Mapper { served: None, ..giving("a", When::Always, &["viewer"]) };
    let (mapped, trace) = made(&[unserved], json!({"sub": "1"}));
    assert_eq!(told(&mapped.grants), [""; 0]);
    let step = trace.steps().iter().find(|step| step.subject == "default/a").expect("a step");
    assert_eq!((&*step.said, step.problem), ("no generation of it is served", None));
}

#[test]
fn a_mapper_gives_what_it_names_and_every_group_of_a_type() {
    let given = vec![Granted::Role("viewer".into()), Granted::Group("staff".into()), Granted::Administrator];
    let grant = GrantRule { given, group_types: vec!["countries".into(), "nothing".into()], ..GrantRule::default() };
    let (mapped, _) = made(&[granting("a", grant)], json!({"sub": "1"}));
    let all = ["a role viewer", "a group de", "a group staff", "a group us", "a administrator"];
    assert_eq!(told(&mapped.grants), all);
}

#[test]
fn names_of_the_provider_count_where_only_and_the_organization_have_them() {
    let grant = || GrantRule {
        roles_from: names_from(Reading::claim("roles"), &["eng-*", "viewer", "ghost"]),
        groups_from: names_from(Reading::Expression(expression("idpUser.groups.map(g, g.lowerAscii())")), &["*"]),
        ..GrantRule::default()
    };
    for (given, expected, unknown) in [
        (
            json!({"roles": ["eng-lead", "admin", "viewer"], "groups": ["US"]}),
            vec!["role eng-lead", "role viewer", "group us"],
            vec![],
        ),
        (json!({"roles": "viewer"}), vec!["role viewer"], vec![]),
        (json!({"roles": []}), vec![], vec![]),
        (json!({"roles": null}), vec![], vec![]),
        (json!({"roles": ["viewer", "viewer"]}), vec!["role viewer"], vec![]),
        (
            json!({"roles": ["eng-ghost", "ghost", "viewer"]}),
            vec!["role viewer"],
            vec![("default/a grant.rolesFrom", Problem::UnknownName)],
        ),
        (
            json!({"roles": ["viewer", 7, {"a": 1}]}),
            vec!["role viewer"],
            vec![("default/a grant.rolesFrom", Problem::ResultNotUsable)],
        ),
        (json!({"roles": 7}), vec![], vec![("default/a grant.rolesFrom", Problem::ResultNotUsable)]),
        (json!({"groups": ["Nobody"]}), vec![], vec![("default/a grant.groupsFrom", Problem::UnknownName)]),
    ] {
        let mut all = given.clone();
        all["sub"] = "1".into();
        let (mapped, trace) = made(&[granting("a", grant())], all);
        let expected: Vec<_> = expected.iter().map(|what| format!("a {what}")).collect();
        assert_eq!(told(&mapped.grants), expected, "{given}");
        assert_eq!(problems(&trace), unknown, "{given}");
    }
}

#[test]
fn names_that_an_expression_cannot_tell_are_a_problem_and_take_nothing_else() {
    let grant = GrantRule {
        given: vec![Granted::Role("viewer".into())],
        roles_from: names_from(Reading::Expression(expression("claims.absent")), &["*"]),
        groups_from: names_from(Reading::Expression(expression("1 + 1")), &["*"]),
        ..GrantRule::default()
    };
    let (mapped, trace) = made(&[granting("a", grant)], json!({"sub": "1"}));
    assert_eq!(told(&mapped.grants), ["a role viewer"]);
    let expected = [
        ("default/a grant.rolesFrom", Problem::ExpressionFailed),
        ("default/a grant.groupsFrom", Problem::ResultNotUsable),
    ];
    assert_eq!(problems(&trace), expected);
}

#[test]
fn a_when_that_fails_or_gives_no_boolean_gives_nothing_and_is_a_problem() {
    let by = |uid: &str, source: &str| giving(uid, When::Expression(expression(source)), &["viewer"]);
    let (mapped, trace) =
        made(&[by("a", "claims.absent"), by("b", "claims.sub"), by("c", "false")], json!({"sub": "1"}));
    assert_eq!(told(&mapped.grants), [""; 0]);
    let expected = [("default/a", Problem::ExpressionFailed), ("default/b", Problem::ResultNotUsable)];
    assert_eq!(problems(&trace), expected);
}

#[test]
fn everybody_is_an_administrator_where_the_defaults_say_so_on_the_word_of_the_provider() {
    let mut people = people();
    people.defaults.administrator = true;
    let (mapped, _) = made_of(&people, &[giving("a", When::Always, &["viewer"])], &claims(json!({"sub": "1"})));
    assert_eq!(told(&mapped.grants), ["a role viewer", "p1 administrator"]);
}

#[test]
fn with_mapped_only_people_are_let_in_by_a_matching_mapper_with_when_and_grant() {
    let mut mapped_only = people();
    mapped_only.access = Access::MappedOnly;
    let eng = || When::Group("eng".into());
    let rule = |when, grant| mapper_of("a", "p1", Rule { when, grant, attributes: Vec::new() });
    let lets_in_nobody = || vec![rule(eng(), None), rule(When::Always, Some(GrantRule::default()))];
    for (mappers, groups, admitted) in [
        (vec![], vec!["eng"], false),
        (vec![rule(eng(), Some(GrantRule::default()))], vec!["eng"], true),
        (vec![rule(eng(), Some(GrantRule::default()))], vec!["sales"], false),
        (lets_in_nobody(), vec!["eng"], false),
        ([lets_in_nobody(), vec![giving("b", eng(), &["viewer"])]].concat(), vec!["eng"], true),
        (vec![Mapper { served: None, ..rule(eng(), Some(GrantRule::default())) }], vec!["eng"], false),
        (vec![rule(When::Expression(expression("claims.absent")), Some(GrantRule::default()))], vec!["eng"], false),
    ] {
        let given = claims(json!({"sub": "1", "groups": groups}));
        assert_eq!(made_of(&mapped_only, &mappers, &given).0.admitted, admitted, "{mappers:?} {groups:?}");
        assert!(made_of(&people(), &mappers, &given).0.admitted, "everyone");
    }
}

#[test]
fn the_trace_has_every_mapper_with_its_reason_and_no_value_in_any_text() {
    let mappers = [
        giving("a", When::Claim { key: "dept".into(), value: "Sales".into() }, &["viewer"]),
        giving("b", When::Claim { key: "team".into(), value: "x".into() }, &["viewer"]),
        giving("c", When::Expression(expression("claims.dept == 'x'")), &["viewer"]),
        noting("d", &[("title", claim("dept")), ("language", claim("dept"))]),
    ];
    let (_, trace) = made(&mappers, json!({"sub": "1", "dept": "s3cret", "groups": ["s3cret"], "name": "s3cret"}));
    let said: Vec<_> = trace.steps().iter().map(|step| format!("{}: {}", step.subject, step.said)).collect();
    for expected in [
        "default/a: the claim \"dept\" has another value",
        "default/b: there is no claim \"team\"",
        "default/c: the expression is false",
        "default/d: is for this person",
        "title: by the mapper default/d",
    ] {
        assert!(said.iter().any(|line| line == expected), "{expected}: {said:#?}");
    }
    assert!(!said.iter().any(|line| line.contains("s3cret")), "{said:#?}");
    let title = trace.steps().iter().find(|step| step.subject == "title").expect("a step");
    assert_eq!(title.value, Some(json!("s3cret")), "for those who may see it");
}
