//! Expressions that nobody wrote, over claims that nobody has.

use proptest::prelude::*;

use super::{super::fuzzing::keeps_the_rules, *};

/// What expressions are made of; with spaces between them, any of it can follow any other.
const TOKENS: [&str; 62] = [
    "claims",
    "idpUser",
    "provider",
    "x",
    "y",
    "groups",
    "sub",
    "list",
    "map",
    "name",
    "key",
    ".",
    ".",
    ".",
    "(",
    "(",
    ")",
    ")",
    ")",
    "[",
    "]",
    "]",
    "{",
    "}",
    ",",
    ",",
    ":",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "&&",
    "||",
    "1",
    "0",
    "-1",
    "1.5",
    "9223372036854775807",
    "'a'",
    "''",
    "\"äb\"",
    "true",
    "false",
    "null",
    "exists",
    "all",
    "filter",
    "exists_one",
    "has",
    "size",
    "contains",
    "split",
    "replace",
    "matches",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&TOKENS[..]), 1..40).prop_map(|tokens| tokens.join(" "))
}

/// Expressions that mostly compile.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "claims",
            "claims.list",
            "claims.map",
            "claims.sub",
            "claims.level",
            "idpUser.groups",
            "idpUser.groups",
            "x",
            "y",
            "1",
            "2.5",
            "'a'",
            "''",
            "true",
            "null",
            "[1, 2]",
            "['a', 'b', 'c']",
            "{'a': 1}",
            "provider.key",
        ][..],
    )
    .prop_map(ToOwned::to_owned);
    leaf.prop_recursive(6, 40, 3, |inner| {
        let operator =
            prop::sample::select(&["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"][..]);
        let plain = prop::sample::select(&["size", "trim", "lowerAscii", "upperAscii", "join"][..]);
        let with_text = prop::sample::select(
            &["contains", "startsWith", "endsWith", "split", "join", "indexOf", "lastIndexOf", "substring"][..],
        );
        let over = prop::sample::select(&["exists", "all", "exists_one", "filter", "map"][..]);
        let convert = prop::sample::select(&["string", "int", "double", "bool", "size", "!", "-"][..]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (inner.clone(), over, prop::sample::select(&["x", "y"][..]), inner.clone())
                .prop_map(|(list, over, name, body)| format!("({list}).{over}({name}, {body})")),
            (inner.clone(), plain).prop_map(|(a, function)| format!("({a}).{function}()")),
            (inner.clone(), with_text, inner.clone()).prop_map(|(a, function, b)| format!("({a}).{function}({b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}).replace({b}, {c})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (convert, inner.clone()).prop_map(|(function, a)| format!("{function}({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("idpUser.getProperty({a}, {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
        ]
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,3}", inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn claims() -> impl Strategy<Value = Claims> {
    (json_value(), json_value(), json_value(), prop::collection::vec("[a-z]{1,10}", 0..200)).prop_map(
        |(sub, list, map, groups)| {
            testing::claims(json!({"sub": sub, "list": [list], "map": {"a": map}, "level": 7, "groups": groups}))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_written_keeps_the_rules(source in soup(), claims in claims()) {
        keeps_the_rules(&claims, &source);
    }

    #[test]
    fn whatever_compiles_keeps_the_rules(source in expression(), claims in claims()) {
        keeps_the_rules(&claims, &source);
    }

    /// A budget that counts too little would let evaluations allocate without end.
    #[test]
    fn what_is_allocated_is_in_proportion_to_what_is_charged(source in expression(), claims in claims()) {
        let Ok(expression) = Expression::compile(&source) else { return Ok(()) };
        let person = person(claims["groups"].as_array().into_iter().flatten().filter_map(Value::as_str));
        let variables = Variables::new(&claims, Some(&person), PROVIDER);
        let (steps, _) = expression.cost(&variables);
        let allocated = allocation_counter::measure(|| drop(expression.evaluate(&variables)));
        prop_assert!(allocated.count_total <= 2_000 + 8 * u64::from(steps), "{allocated:?} for {steps} steps");
        prop_assert!(allocated.bytes_max <= 8 * 1024 * 1024, "{allocated:?}");
    }
}
