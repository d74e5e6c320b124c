//! Bad input: none of it panics, stalls or takes much memory, and none that was cut short looks like an answer.

use allocation_counter::measure;

use super::*;

/// What an evaluation may hold in memory at once, in bytes.
const MOST_MEMORY: u64 = 8 * 1024 * 1024;

fn many_groups() -> IdpUser {
    person((0..MOST_GROUPS).map(|number| format!("group-{number}")))
}

fn long_text() -> Claims {
    testing::claims(json!({"t": "a".repeat(60_000)}))
}

#[test]
fn whatever_takes_too_much_ends_with_a_spent_budget_and_no_answer() {
    let numbers = |many: usize| format!("[{}]", vec!["0"; many].join(","));
    let (claims, person) = (long_text(), many_groups());
    for source in [
        "idpUser.groups.exists(a, idpUser.groups.exists(b, a == 'x' && b == 'y'))".to_owned(),
        // What was cut short is no answer, however the error is swallowed.
        "idpUser.groups.exists(a, idpUser.groups.exists(b, a + b == 'x')) || true".into(),
        "idpUser.groups.all(a, idpUser.groups.all(b, a != b + 'x')) || true".into(),
        "!(idpUser.groups.exists(a, idpUser.groups.exists(b, a + b == 'x')) && false)".into(),
        "idpUser.groups.exists(a, idpUser.groups.exists(b, a + b == 'x')) ? true : true".into(),
        "[1].exists(i, idpUser.groups.exists(a, idpUser.groups.size() == 0 || (a + a in idpUser.groups)) || true)"
            .into(),
        "idpUser.groups.all(a, a + 'x' in idpUser.groups || true)".into(),
        "idpUser.groups.map(a, idpUser.groups + idpUser.groups).size()".into(),
        "idpUser.groups.all(a, idpUser.groups == idpUser.groups)".into(),
        "idpUser.groups.all(a, claims == claims && claims != {})".into(),
        "idpUser.groups.all(a, claims.t <= claims.t)".into(),
        "idpUser.groups.all(a, !(claims.t in claims))".into(),
        "idpUser.groups.all(a, {claims.t: a}[claims.t] == a)".into(),
        "idpUser.groups.all(a, idpUser.hasProperty(claims.t) || true)".into(),
        "idpUser.groups.all(a, idpUser.getProperty('x', idpUser.groups) != [])".into(),
        "idpUser.groups.all(a, idpUser.getProperty('x', claims.t) != '')".into(),
        "idpUser.groups.exists(a, claims.t.size() == 1)".into(),
        "idpUser.groups.exists(a, claims.t.contains('aaaaaaab'))".into(),
        "idpUser.groups.exists(a, claims.t.indexOf('aaaaaaab') == 1)".into(),
        "idpUser.groups.exists(a, claims.t.lastIndexOf('baaaaaaa') == 1)".into(),
        "idpUser.groups.exists(a, claims.t.matches('(a|aa)*b'))".into(),
        "idpUser.groups.exists(a, claims.t.substring(59999) == 'b')".into(),
        "idpUser.groups.exists(a, claims.t.trim() == '')".into(),
        "idpUser.groups.exists(a, string(claims.t) == '')".into(),
        "idpUser.groups.exists(a, claims.t.startsWith(claims.t) && claims.t.endsWith(claims.t) && false)".into(),
        "idpUser.groups.map(a, claims.t.lowerAscii())".into(),
        "idpUser.groups.map(a, claims.t.upperAscii())".into(),
        "idpUser.groups.map(a, claims.t + claims.t)".into(),
        "idpUser.groups.map(a, idpUser.groups.join(claims.t)).size()".into(),
        "claims.t.replace('', claims.t).size()".into(),
        "claims.t.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').size()"
            .into(),
        "idpUser.groups.map(a, claims.t.replace('a', 'b', 30000)).size()".into(),
        "claims.t.split('').join('aaaaaaaaaaaaaaaaaaaaaa').size()".into(),
        "[1, 2, 3].map(a, claims.t.split('')).size()".into(),
        "[1, 2, 3].map(a, claims.t.split('', 50000)).size()".into(),
        "idpUser.groups.map(a, {'a': a, 'b': [a, a, a], 'c': {'d': a}})".into(),
        "idpUser.groups.map(a, claims.t.substring(0, 4000))".into(),
        "idpUser.groups.map(a, claims.t.substring(0, 4000)).map(t, t + t)".into(),
        "idpUser.groups.exists(g, idpUser.groups.exists_one(h, g == h))".replace("g == h", "g == h + 'x'"),
        format!("{0}.map(a, {0}.map(b, {1}))", numbers(60), numbers(120)),
        format!("{0}.map(a, {0}.map(b, claims.t + claims.t))", numbers(60)),
        format!("idpUser.groups.exists(g, {} g == '')", "g == 'x' ||".repeat(50)),
        format!("idpUser.groups.exists(g, {}false)", "g == 'x' ? true : ".repeat(28)),
    ] {
        let expression = compiled(&source);
        let variables = Variables::new(&claims, Some(&person), PROVIDER);
        assert_eq!(compiled("idpUser.id != '' && claims.t != ''").evaluate(&variables), Ok(json!(true)), "converted");
        let mut outcome = Ok(Value::Null);
        let memory = measure(|| outcome = expression.evaluate(&variables)).bytes_max;
        assert_eq!(outcome, Err(EvaluationError::Budget), "{source}");
        assert!(memory < MOST_MEMORY, "{source}: {memory} bytes");
    }
}

#[test]
fn rules_over_a_thousand_groups_and_a_hundred_times_a_hundred_have_budget_enough() {
    let thousand = person((0..1000).map(|number| format!("{}{number}", if number % 2 == 0 { "app-" } else { "eng-" })));
    let hundred = person((0..100).map(|number| format!("group-{number}")));
    for (source, person) in [
        ("idpUser.groups.exists(g, g.startsWith('ops-'))", &thousand),
        ("idpUser.groups.filter(g, g.startsWith('app-')).map(g, g.substring(4))", &thousand),
        ("idpUser.groups.filter(g, g.matches('^app-[0-9]+$')).map(g, g.split('-')[1])", &thousand),
        ("idpUser.groups.map(g, g.lowerAscii()).filter(g, g in ['app-2', 'app-4', 'app-6', 'app-8'])", &thousand),
        ("idpUser.groups.map(g, g.replace('-', '_')).join(',').size() > 0", &thousand),
        ("idpUser.groups.all(a, idpUser.groups.exists(b, b == a + 'x') || true)", &hundred),
        ("idpUser.groups.map(a, idpUser.groups.filter(b, b.endsWith(a)).size())", &hundred),
    ] {
        if let Err(error) = evaluate_with(source, &Claims::new(), person) {
            panic!("{source}: {error}");
        }
    }
}

#[test]
fn no_source_overflows_the_stack_or_panics() {
    let pieces = [
        "(",
        "[",
        "{",
        "!",
        "-",
        "a.",
        "a[",
        "a(",
        "1+",
        "a?",
        "a?b:",
        "a||",
        "a&&",
        "a==",
        "a in ",
        "[1]",
        "x.map(x,",
        "size(",
        "{'a':",
        "a{",
        "a<b",
        "'",
        "\"\"\"",
        "1 ",
        "has(",
        "!-",
        "1.",
        "(a)",
        "..",
        "@",
        "\u{fffd}",
        ",",
        "a,",
        "1-",
        "a*",
        "`",
        "\\",
        "r'",
        "//",
        "[1].exists(x,",
        "claims.",
        "claims[",
        "'x'.replace('a',",
        "\u{0}",
        "\r\n",
    ];
    for piece in pieces {
        for (times, end) in [(1024 / piece.len(), ""), (1023 / piece.len(), "1"), (30, "1"), (100, "1")] {
            let start = piece.repeat(times);
            let closing = [("(", ")"), ("[", "]"), ("{", "}")].into_iter().find(|(open, _)| piece.contains(open));
            let closed = format!("{start}{end}{}", closing.map_or("", |(_, close)| close).repeat(times));
            for source in [format!("{start}{end}"), closed] {
                if let Ok(expression) = Expression::compile(&source) {
                    let claims = Claims::new();
                    drop(expression.evaluate(&Variables::new(&claims, None, PROVIDER)));
                }
            }
        }
    }
}

#[test]
fn claims_are_at_most_64_kib_and_32_deep_and_who_reads_none_is_not_concerned() {
    let of_length = |length: usize| {
        let claims = testing::claims(json!({"t": "x".repeat(length - r#"{"t":""}"#.len())}));
        assert_eq!(serde_json::to_string(&claims).expect("JSON").len(), length);
        claims
    };
    let of_depth = |depth: usize| {
        let value = (1..depth).fold(json!(1), |value, _| json!([value]));
        testing::claims(json!({"t": value}))
    };
    let nobody = person(["a"]);
    for (claims, fits) in [
        (of_length(LONGEST_CLAIMS), true),
        (of_length(LONGEST_CLAIMS + 1), false),
        (of_length(10 * 1024 * 1024), false),
        (of_depth(32), true),
        (of_depth(33), false),
        (of_depth(120), false),
    ] {
        for source in ["has(claims.t)", "has(claims.t) || true", "idpUser.hasProperty('t')"] {
            let expected =
                if fits { Ok(json!(true)) } else { Err(EvaluationError::InputTooLarge { what: "`claims`" }) };
            assert_eq!(evaluate_with(source, &claims, &nobody), expected, "{source}");
        }
        assert_eq!(evaluate_with("idpUser.groups[0]", &claims, &nobody), Ok(json!("a")));
    }
}

#[test]
fn a_person_has_at_most_10_000_groups_of_a_mebibyte_together() {
    let evaluate = |person: IdpUser| evaluate_with("'x' in idpUser.groups", &Claims::new(), &person);
    let too_large = Err(EvaluationError::InputTooLarge { what: "`idpUser.groups`" });
    assert_eq!(evaluate(many_groups()), Ok(json!(false)));
    assert_eq!(evaluate(person(vec!["g"; MOST_GROUPS + 1])), too_large);
    assert_eq!(evaluate(person(vec!["g".repeat(1024); 1024])), Ok(json!(false)));
    assert_eq!(evaluate(person(vec!["g".repeat(1024); 1025])), too_large);
}

#[test]
fn a_result_is_json_of_limited_size() {
    let claims = testing::claims(json!({"t": "x".repeat(5000)}));
    for (source, expected) in [
        ("claims.t.substring(0, 4096).size()", Ok(json!(4096))),
        ("claims.t.substring(0, 4096) == ''", Ok(json!(false))),
        ("claims.t.substring(0, 4097)", Err(EvaluationError::ResultTooLarge)),
        ("[{'a': claims.t}]", Err(EvaluationError::ResultTooLarge)),
        ("1.0 / 0.0", Err(EvaluationError::ResultType { what: "no number or infinite" })),
        ("[0.0 / 0.0]", Err(EvaluationError::ResultType { what: "no number or infinite" })),
    ] {
        assert_eq!(evaluate_with(source, &claims, &person(["a"])), expected, "{source}");
    }
    let groups = |many: usize| evaluate_with("idpUser.groups", &Claims::new(), &person(vec!["g"; many]));
    assert!(groups(MOST_GROUPS).is_ok_and(|result| result.as_array().is_some_and(|items| items.len() == MOST_GROUPS)));
    let two = evaluate_with("[idpUser.groups, [1]]", &Claims::new(), &person(vec!["g"; MOST_GROUPS]));
    assert_eq!(two, Err(EvaluationError::ResultTooLarge));
}

#[test]
fn all_expressions_for_one_person_together_take_so_long_and_no_longer() {
    let person = person((0..MOST_GROUPS).map(|number| format!("group-{number:06}-of-the-directory")));
    let claims = Claims::new();
    let variables = Variables::new(&claims, Some(&person), PROVIDER);
    let loops = compiled("idpUser.groups.exists(g, g.startsWith(\"zz\"))");
    let good = (0..1000).take_while(|_| loops.evaluate(&variables) == Ok(Value::Bool(false))).count();
    assert!((100..200).contains(&good), "{good} loops over all groups");
    assert_eq!(loops.evaluate(&variables), Err(EvaluationError::BudgetOfAll));
    assert_eq!(compiled("true").evaluate(&variables), Err(EvaluationError::BudgetOfAll), "also what costs little");
}
