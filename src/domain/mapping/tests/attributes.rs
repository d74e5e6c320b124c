//! What is noted of people: by mappers, rules, claims and defaults.

use super::*;
use crate::domain::{
    field::{Fields, Said},
    modes::Terms,
    update::{Occasion, fields_after},
};

/// What is noted of somebody of whom nothing was, and who said so: `m` for a mapper's UID, empty for the provider.
fn noted_of(mapped: &Mapped) -> Vec<(String, Value, String)> {
    let noted = fields_after(&Fields::default(), mapped, &Terms::default(), Occasion::Login { first: true });
    let fields = serde_json::to_value(noted).expect("JSON");
    let field = |(name, field): (&String, &Value)| {
        let mapper = field["by"].get("mapper").and_then(Value::as_str).unwrap_or_default();
        (name.clone(), field["value"].clone(), mapper.to_owned())
    };
    fields.as_object().expect("fields").iter().map(field).collect()
}

fn row(name: &str, value: Value, mapper: &str) -> (String, Value, String) {
    (name.to_owned(), value, mapper.to_owned())
}

#[test]
fn attributes_come_from_claims_constants_and_expressions() {
    let mapper = noting(
        "a",
        &[
            ("title", claim("job")),
            ("badge", claim("badge")),
            ("teams", claim("teams")),
            ("site", constant("HQ")),
            ("fullName", computed("claims.first + ' ' + claims.last")),
            ("timeZone", constant("W. Europe Standard Time")),
            ("culture", claim("culture")),
        ],
    );
    let given = json!({
        "sub": "1", "job": " CTO ", "badge": 7, "teams": ["a", true], "first": "Ann", "last": "Archer",
        "name": "A. Archer", "culture": "de_ch", "gender": "female",
    });
    let (mapped, trace) = made(&[mapper], given);
    let expected = [
        row("badge", json!(7), "a"),
        row("culture", json!("de-CH"), "a"),
        row("fullName", json!("Ann Archer"), "a"),
        row("gender", json!("female"), ""),
        row("site", json!("HQ"), "a"),
        row("teams", json!(["a", true]), "a"),
        row("timeZone", json!("Europe/Berlin"), "a"),
        row("title", json!("CTO"), "a"),
    ];
    assert_eq!(noted_of(&mapped), expected);
    assert_eq!(problems(&trace), []);
}

#[test]
fn what_says_nothing_leaves_the_field_to_who_says_something() {
    let silent = noting("a", &[("fullName", claim("absent")), ("title", claim("blank")), ("room", computed("null"))]);
    let (mapped, trace) = made(
        &[silent, noting("b", &[("title", constant("CTO"))])],
        json!({
            "sub": "1", "name": "Ann", "blank": "  "
        }),
    );
    assert_eq!(noted_of(&mapped), [row("fullName", json!("Ann"), ""), row("title", json!("CTO"), "b")]);
    assert_eq!(problems(&trace), []);
}

#[test]
fn what_cannot_be_used_is_a_problem_and_leaves_the_field_to_who_says_something_else() {
    let given = || {
        json!({
            "sub": "1", "name": "Ann", "object": {"a": 1}, "control": "a\u{7}b", "long": "x".repeat(2000), "number": 7,
            "zone": "Mars/Olympus", "language": "Klingonese language",
        })
    };
    for (target, from, problem) in [
        ("title", claim("object"), Problem::ResultNotUsable),
        ("title", claim("control"), Problem::ResultNotUsable),
        ("title", claim("long"), Problem::ResultNotUsable),
        ("fullName", claim("number"), Problem::ResultNotUsable),
        ("timeZone", claim("zone"), Problem::ResultNotUsable),
        ("language", claim("language"), Problem::ResultNotUsable),
        ("title", computed("claims.absent"), Problem::ExpressionFailed),
        ("title", computed("claims.object"), Problem::ResultNotUsable),
    ] {
        let (mapped, trace) = made(&[noting("a", &[(target, from.clone())])], given());
        assert_eq!(noted_of(&mapped), [row("fullName", json!("Ann"), "")], "{target} {from:?}");
        assert_eq!(problems(&trace), [(target, problem)], "{target} {from:?}");
        let said = &trace.problems()[0].said;
        assert!(!["Mars", "Klingon", "xxx"].iter().any(|value| said.contains(value)), "{said}");
    }
}

#[test]
fn where_mappers_differ_nobody_says_anything_and_that_is_a_problem() {
    let mappers = [noting("a", &[("title", claim("job"))]), noting("b", &[("title", constant("CTO"))])];
    let (mapped, trace) = made(&mappers, json!({"sub": "1", "job": "CEO"}));
    assert_eq!(noted_of(&mapped), []);
    assert_eq!(problems(&trace), [("title", Problem::MappersDiffer)]);

    let (agreed, trace) = made(&mappers, json!({"sub": "1", "job": "CTO"}));
    assert_eq!(noted_of(&agreed), [row("title", json!("CTO"), "a")], "whoever is first by UID");
    assert_eq!(problems(&trace), []);
}

#[test]
fn a_mapper_goes_before_rules_claims_and_defaults() {
    let mut people = people();
    people.defaults.fields = vec![(field::LANGUAGE, "fr".into()), (field::CULTURE, "fr-FR".into())];
    people.rules = vec![
        (field::LANGUAGE, Reading::Expression(expression("'en'"))),
        (field::TIME_ZONE, Reading::Expression(expression("'Tokyo Standard Time'"))),
    ];
    let given = claims(json!({"sub": "1"}));
    let (mapped, _) = made_of(&people, &[], &given);
    let expected = [
        row("culture", json!("fr-FR"), ""),
        row("language", json!("en"), ""),
        row("timeZone", json!("Asia/Tokyo"), ""),
    ];
    assert_eq!(noted_of(&mapped), expected);
    let (mapped, _) = made_of(&people, &[noting("a", &[("language", constant("de"))])], &given);
    assert_eq!(noted_of(&mapped)[1], row("language", json!("de"), "a"));
}

#[test]
fn a_rule_that_fails_falls_back_to_the_default_and_is_a_problem() {
    for (source, problem) in [
        ("claims.absent", Some(Problem::ExpressionFailed)),
        ("'no language'", Some(Problem::ResultNotUsable)),
        ("7", Some(Problem::ResultNotUsable)),
        ("idpUser.groups", Some(Problem::ResultNotUsable)),
        ("''", None),
        ("null", None),
    ] {
        let mut people = people();
        people.rules = vec![(field::LANGUAGE, Reading::Expression(expression(source)))];
        let given = claims(json!({"sub": "1"}));
        let (without, trace) = made_of(&people, &[], &given);
        assert_eq!(noted_of(&without), [], "{source}");
        let expected: Vec<_> = problem.map(|problem| ("language", problem)).into_iter().collect();
        assert_eq!(problems(&trace), expected, "{source}");
        people.defaults.fields = vec![(field::LANGUAGE, "fr".into())];
        assert_eq!(noted_of(&made_of(&people, &[], &given).0), [row("language", json!("fr"), "")], "{source}");
    }
}

#[test]
fn a_rule_reads_groups_and_properties_of_the_person() {
    let mut people = people();
    people.rules = vec![
        (field::LANGUAGE, Reading::Expression(expression("'US Users' in idpUser.groups ? 'en' : 'de'"))),
        (field::CULTURE, Reading::Expression(expression("idpUser.getProperty('locale', 'fr')"))),
    ];
    for (given, language, culture) in [
        (json!({"sub": "1", "groups": ["US Users"], "locale": "en_us"}), "en", "en-US"),
        (json!({"sub": "1"}), "de", "fr"),
    ] {
        let said = made_of(&people, &[], &claims(given)).0.said.expect("something");
        assert_eq!(said.value("language"), Some(&json!(language)));
        assert_eq!(said.value("culture"), Some(&json!(culture)));
    }
}

#[test]
fn somebody_of_whom_nothing_is_known_has_nothing_noted() {
    assert_eq!(made(&[], json!({"sub": "1"})).0.said, Some(Said::default()));
}
