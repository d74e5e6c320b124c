use serde_json::json;

use super::*;
use crate::domain::{
    expression::Expression,
    grant::Granted,
    mapper::{AttributeFrom, AttributeRule, GrantRule, NamesRule, Patterns, When},
    organization::Group,
    reading::Reading,
    testing::{PROVIDER, claims, organization, people},
};

/// For engineers: the role viewer, the group staff, and the title that a claim names.
fn engineers() -> Rule {
    Rule {
        when: When::Group("eng".into()),
        grant: Some(GrantRule {
            given: vec![Granted::Role("viewer".into()), Granted::Group("staff".into())],
            ..GrantRule::default()
        }),
        attributes: vec![AttributeRule { target: "title".into(), from: AttributeFrom::Reading(Reading::claim("job")) }],
    }
}

fn outcome(rule: &Rule, given: Value, expected: &Expected) -> Option<String> {
    let (people, organization) = (people(), organization());
    let of = OfProvider { people: &people, provider: PROVIDER, organization: &organization };
    failure(rule, of, &claims(given), expected)
}

fn names(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn attributes(all: Value) -> BTreeMap<String, Value> {
    claims(all).into_iter().collect()
}

fn engineer() -> Value {
    json!({"sub": "1", "groups": ["eng"], "job": "CTO"})
}

#[test]
fn what_comes_out_as_expected_is_no_failure() {
    for (given, expected) in [
        (
            engineer(),
            Expected {
                matches: Some(true),
                roles: names(&["viewer"]),
                groups: names(&["staff"]),
                administrator: Some(false),
                attributes: attributes(json!({"title": "CTO", "room": null})),
            },
        ),
        (
            json!({"sub": "1"}),
            Expected {
                matches: Some(false),
                roles: names(&[]),
                groups: names(&[]),
                administrator: Some(false),
                attributes: attributes(json!({"title": null})),
            },
        ),
        (engineer(), Expected::default()),
    ] {
        assert_eq!(outcome(&engineers(), given, &expected), None, "{expected:?}");
    }
}

#[test]
fn each_kind_of_expectation_says_what_it_expected_and_what_it_got() {
    let expect = Expected::default;
    for (expected, message) in [
        (Expected { matches: Some(false), ..expect() }, "matches: expected false, got true"),
        (Expected { roles: names(&["admin", "viewer"]), ..expect() }, "roles: expected [admin, viewer], got [viewer]"),
        (Expected { roles: names(&[]), ..expect() }, "roles: expected [], got [viewer]"),
        (Expected { groups: names(&["other"]), ..expect() }, "groups: expected [other], got [staff]"),
        (Expected { administrator: Some(true), ..expect() }, "administrator: expected true, got false"),
        (
            Expected { attributes: attributes(json!({"title": "CEO"})), ..expect() },
            "attributes.title: expected \"CEO\", got \"CTO\"",
        ),
        (
            Expected { attributes: attributes(json!({"title": null})), ..expect() },
            "attributes.title: expected null, got \"CTO\"",
        ),
        (Expected { attributes: attributes(json!({"room": 7})), ..expect() }, "attributes.room: expected 7, got null"),
        (
            Expected { matches: Some(false), roles: names(&[]), ..expect() },
            "matches: expected false, got true; roles: expected [], got [viewer]",
        ),
    ] {
        assert_eq!(outcome(&engineers(), engineer(), &expected).as_deref(), Some(message));
    }
}

#[test]
fn why_a_mapper_does_not_match_is_told() {
    let expected = Expected { matches: Some(true), ..Expected::default() };
    let by = |when| Rule { when, ..engineers() };
    let expression = |source: &str| When::Expression(Expression::compile(source).expect("an expression"));
    for (when, why) in [
        (When::Group("eng".into()), "the person is not in the group \"eng\""),
        (When::Claim { key: "a".into(), value: "x".into() }, "there is no claim \"a\""),
        (expression("claims.sub == '2'"), "the expression is false"),
        (expression("claims.sub"), "the expression gives no boolean; write a comparison"),
    ] {
        let message = outcome(&by(when), json!({"sub": "1"}), &expected);
        assert_eq!(message, Some(format!("matches: expected true, got false; not matched: {why}")));
    }
    let failing = outcome(&by(expression("claims.absent")), json!({"sub": "1"}), &expected).expect("a failure");
    assert!(failing.starts_with("matches: expected true, got false; not matched: the expression fails: "), "{failing}");
}

#[test]
fn claims_that_describe_nobody_say_so() {
    let message = outcome(&engineers(), json!({"groups": ["eng"]}), &Expected::default()).expect("a failure");
    assert!(
        message.starts_with("claims: they describe nobody; write it there: the claim \"sub\", which claims.userID"),
        "{message}"
    );
}

#[test]
fn what_went_wrong_on_the_way_stands_beside_what_differs() {
    let mut rule = engineers();
    let from = Reading::Expression(Expression::compile("claims.absent").expect("an expression"));
    rule.grant =
        Some(GrantRule { roles_from: Some(NamesRule { from, only: Patterns::new(["*"]) }), ..GrantRule::default() });
    let expected = |roles: &[&str]| Expected { roles: names(roles), ..Expected::default() };
    let message = outcome(&rule, engineer(), &expected(&["viewer"])).expect("a failure");
    assert!(message.starts_with("roles: expected [viewer], got []; grant.rolesFrom: "), "{message}");
    assert_eq!(outcome(&rule, engineer(), &expected(&[])), None, "as expected, it is nobody's problem");
}

#[test]
fn roles_that_make_administrators_and_groups_by_type_count() {
    let mut organization = organization();
    let group = Group { name: "us".into(), display_name: "US".into(), type_: Some("countries".into()) };
    organization.groups.push(group);
    let grant = GrantRule {
        given: vec![Granted::Role("admin".into())],
        group_types: vec!["countries".into()],
        ..GrantRule::default()
    };
    let rule = Rule { when: When::Always, grant: Some(grant), attributes: Vec::new() };
    let people = people();
    let of = OfProvider { people: &people, provider: PROVIDER, organization: &organization };
    let expected = Expected { groups: names(&["us"]), administrator: Some(true), ..Expected::default() };
    assert_eq!(failure(&rule, of, &claims(json!({"sub": "1"})), &expected), None);
}
