use serde_json::json;

use super::*;
use crate::domain::{
    field,
    testing::{self, PROVIDER, claims, mapper_of, organization, people},
};

fn claim_is(key: &str, value: &str) -> When {
    When::Claim { key: key.into(), value: value.into() }
}

fn expression(source: &str) -> When {
    When::Expression(Expression::compile(source).expect("an expression"))
}

fn verdict(when: &When, given: Value) -> Verdict {
    let claims = claims(given);
    let person = testing::person(&claims);
    when.verdict(&claims, &person, &Variables::new(&claims, Some(&person), PROVIDER))
}

#[test]
fn a_claim_matches_by_its_json_text_or_as_a_member_of_an_array() {
    let given = json!({
        "sub": "1", "dept": "Sales", "level": 42, "ratio": 1.5, "negative": -1, "active": true, "teams": ["a", "b", 7, null],
        "empty": "", "none": [], "nothing": null, "https://example.com/role": "x", "nested": {"dept": "Sales"},
        "deep": [["a"], {"a": "a"}],
    });
    let other = |key: &str| Verdict::OtherValue(key.into());
    let absent = |key: &str| Verdict::NoClaim(key.into());
    for (key, value, expected) in [
        ("dept", "Sales", Verdict::Matches),
        ("dept", "sales", other("dept")),
        ("dept", "Sales ", other("dept")),
        ("Dept", "Sales", absent("Dept")),
        ("level", "42", Verdict::Matches),
        ("level", "42.0", other("level")),
        ("ratio", "1.5", Verdict::Matches),
        ("negative", "-1", Verdict::Matches),
        ("active", "true", Verdict::Matches),
        ("active", "True", other("active")),
        ("teams", "b", Verdict::Matches),
        ("teams", "7", Verdict::Matches),
        ("teams", "c", other("teams")),
        ("teams", "null", other("teams")),
        ("empty", "", Verdict::Matches),
        ("none", "", other("none")),
        ("nothing", "null", absent("nothing")),
        ("nothing", "", absent("nothing")),
        ("nested", "Sales", Verdict::NotFlat("nested".into())),
        ("nested.dept", "Sales", absent("nested.dept")),
        ("deep", "a", other("deep")),
        ("https://example.com/role", "x", Verdict::Matches),
        ("absent", "", absent("absent")),
    ] {
        assert_eq!(verdict(&claim_is(key, value), given.clone()), expected, "{key} = {value}");
    }
}

#[test]
fn a_group_matches_by_its_exact_name() {
    let given = json!({"sub": "1", "groups": ["Everyone", "US Users"]});
    assert_eq!(verdict(&When::Group("US Users".into()), given.clone()), Verdict::Matches);
    for name in ["us users", "US", "US Users ", ""] {
        let verdict = verdict(&When::Group(name.into()), given.clone());
        assert_eq!(verdict, Verdict::NotInGroup(name.into()));
    }
    assert_eq!(verdict(&When::Group("one".into()), json!({"sub": "1", "groups": "one"})), Verdict::Matches);
}

#[test]
fn only_an_expression_that_is_true_matches() {
    let given =
        json!({"sub": "1", "email": "ann@example.com", "email_verified": true, "dept": "Sales", "groups": ["a"]});
    for (source, expected) in [
        ("true", Verdict::Matches),
        ("claims.dept == 'Sales' && 'a' in idpUser.groups", Verdict::Matches),
        ("idpUser.emailVerified && idpUser.email.endsWith('@example.com')", Verdict::Matches),
        ("provider.key == 'azure' && provider.issuer == 'https://issuer.example'", Verdict::Matches),
        ("false", Verdict::False),
        ("claims.dept == 'sales'", Verdict::False),
        ("claims.dept", Verdict::NoBoolean),
        ("1", Verdict::NoBoolean),
        ("null", Verdict::NoBoolean),
        ("[true]", Verdict::NoBoolean),
    ] {
        assert_eq!(verdict(&expression(source), given.clone()), expected, "{source}");
    }
}

#[test]
fn an_expression_that_fails_does_not_match_and_tells_no_value() {
    let given = json!({"sub": "1", "dept": "s3cret-value", "level": 1});
    for source in
        ["claims.absent == 'x'", "claims.dept + 1 == 2", "int(claims.dept) == 1", "idpUser.groups[5] == claims.dept"]
    {
        let verdict = verdict(&expression(source), given.clone());
        assert!(matches!(verdict, Verdict::Fails(_)), "{source}: {verdict}");
        assert!(!verdict.to_string().contains("s3cret"), "{source}: {verdict}");
    }
}

#[test]
fn a_pattern_fits_whole_names_alone() {
    let patterns = Patterns::new(["eng-*", "team?", "exact"]);
    for (name, fits) in [
        ("eng-", true),
        ("eng-core", true),
        ("ENG-core", false),
        ("my-eng-core", false),
        ("team1", true),
        ("team", false),
        ("team12", false),
        ("exact", true),
        ("exactly", false),
        ("", false),
    ] {
        assert_eq!(patterns.fit(name), fits, "{name}");
    }
}

#[test]
fn a_mapper_lets_people_in_by_when_and_grant_together() {
    for (when, grant, admits) in [
        (When::Always, Some(GrantRule::default()), false),
        (When::Group("a".into()), None, false),
        (When::Group("a".into()), Some(GrantRule::default()), true),
        (expression("true"), Some(GrantRule::default()), true),
    ] {
        let rule = Rule { when, grant, attributes: Vec::new() };
        assert_eq!(rule.admits(), admits, "{rule:?}");
    }
}

fn reading(source: &str) -> Reading {
    Reading::Expression(Expression::compile(source).expect("an expression"))
}

#[test]
fn everything_that_mappers_read_is_worth_asking_for() {
    let names = |from| Some(NamesRule { from, only: Patterns::new(["*"]) });
    let grant = GrantRule {
        roles_from: names(Reading::claim("roles")),
        groups_from: names(reading("claims.teams")),
        ..GrantRule::default()
    };
    let attribute = |from| AttributeRule { target: "title".into(), from };
    let rule = Rule {
        when: claim_is("dept", "Sales"),
        grant: Some(grant),
        attributes: vec![
            attribute(AttributeFrom::Reading(Reading::claim("title"))),
            attribute(AttributeFrom::Constant("CTO".into())),
        ],
    };
    let by = |when| mapper_of("b", "p1", Rule { when, grant: None, attributes: Vec::new() });
    let unserved = Mapper { served: None, ..by(claim_is("hidden", "x")) };
    let mappers: Vec<_> =
        [mapper_of("a", "p1", rule), by(expression("idpUser.name == 'x'")), by(When::Group("g".into())), unserved]
            .map(Arc::new)
            .into();
    let all: Vec<_> = readings(&mappers).map(|reading| reading.to_string()).collect();
    let expected = ["dept", "roles"].map(|name| Reading::claim(name).to_string());
    assert_eq!(all[..2], expected);
    let rest = [reading("claims.teams"), Reading::claim("title"), reading("idpUser.name == 'x'")];
    assert_eq!(all[2..], rest.map(|reading| reading.to_string()));
}

/// The fingerprint of these mappers for the usual people in the usual organization.
fn fingerprint_of(mappers: &[&Mapper]) -> String {
    let mappers: Vec<_> = mappers.iter().map(|mapper| Arc::new(Mapper::clone(mapper))).collect();
    fingerprint(&people(), &mappers, Some(organization().names()))
}

#[test]
fn the_fingerprint_tells_a_changed_rule_but_neither_order_nor_name_nor_generation() {
    let mapper = |uid: &str, roles: &[&str]| testing::mapper(uid, "p1", When::Always, roles);
    let (a, b) = (mapper("a", &["viewer"]), mapper("b", &["admin"]));
    let usual = fingerprint_of(&[&a, &b]);
    assert_eq!(fingerprint_of(&[&b, &a]), usual);
    let rule = b.served.clone().expect("served").0;
    let later = Mapper { path: "default/renamed".into(), served: Some((rule.clone(), 7)), ..b.clone() };
    assert_eq!(fingerprint_of(&[&a, &later]), usual);

    let when = |when| mapper_of("b", "p1", Rule { when, ..Rule::clone(&rule) });
    let noting = |from| {
        let attributes = vec![AttributeRule { target: "title".into(), from }];
        mapper_of("b", "p1", Rule { attributes, ..Rule::clone(&rule) })
    };
    let from = |only: &str| {
        let names = NamesRule { from: Reading::claim("roles"), only: Patterns::new([only]) };
        let grant = Some(GrantRule { roles_from: Some(names), ..GrantRule::default() });
        mapper_of("b", "p1", Rule { grant, ..Rule::clone(&rule) })
    };
    let others = [
        mapper("b", &["viewer"]),
        mapper("c", &["admin"]),
        Mapper { served: None, ..b.clone() },
        when(claim_is("a", "b")),
        when(When::Group("a".into())),
        when(expression("true")),
        when(expression("true ")),
        noting(AttributeFrom::Constant("x".into())),
        noting(AttributeFrom::Reading(Reading::claim("x"))),
        noting(AttributeFrom::Reading(reading("'x'"))),
        from("a*"),
        from("b*"),
        mapper_of("b", "p1", Rule { grant: None, ..Rule::clone(&rule) }),
    ];
    let mut seen: Vec<_> = others.iter().map(|other| fingerprint_of(&[&a, other])).collect();
    seen.extend([usual, fingerprint_of(&[&a]), fingerprint_of(&[])]);
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "each says something else");
}

#[test]
fn the_fingerprint_tells_what_the_manifest_and_the_organization_say_of_people() {
    let of = |people: &People, organization: &crate::domain::organization::Organization| {
        fingerprint(people, &[], Some(organization.names()))
    };
    let usual = of(&people(), &organization());
    let mut by_default = people();
    by_default.defaults.fields = vec![(field::LANGUAGE, "de".into())];
    assert_ne!(of(&by_default, &organization()), usual);
    let mut typed = organization();
    typed.groups[0].type_ = Some("employees".into());
    assert_ne!(of(&people(), &typed), usual);
    let mut named = organization();
    named.display_name = "Another".into();
    assert_eq!(of(&people(), &named), usual);
}
