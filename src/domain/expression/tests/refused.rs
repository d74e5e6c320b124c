use super::*;

fn refusal(source: &str) -> String {
    match Expression::compile(source) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{source} compiles"),
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place_and_what_was_meant() {
    let mut wrong = Vec::new();
    for (source, expected) in [
        ("claim.x", "1:1: `claim` is not known: did you mean `claims`?"),
        ("true &&\n  idpuser.name == ''", "2:3: `idpuser` is not known: did you mean `idpUser`?"),
        ("US", "1:1: `US` is not known: text is written \"US\", and a claim is claims.US"),
        ("idpUser.fullname", "1:8: `idpUser.fullname` is not known: did you mean `fullName`?"),
        ("idpUser.locale", "1:8: `idpUser.locale` is not known: write idpUser.getProperty(\"locale\", \"\")"),
        ("has(provider.zzz)", "`provider.zzz` is not known: it has key and issuer"),
        ("claims.a.startswith('x')", "the function `startswith` is not known: did you mean `startsWith`?"),
        ("claims.a.frobnicate()", "the function `frobnicate` is not known"),
        ("timestamp('2020-01-01T00:00:00Z')", "the function `timestamp` is not known"),
        ("contains('a', 'b')", "`contains` like this cannot be used here: write text.contains(part)"),
        ("'a'.split()", "write text.split(separator) or text.split(separator, limit)"),
        ("'a'.int()", "write int(value)"),
        (
            "idpUser.getProperty('x')",
            "write idpUser.getProperty(\"locale\", \"en\"), with what holds where there is none",
        ),
        ("claims.hasProperty('x')", "write idpUser.hasProperty(\"locale\")"),
        ("hasProperty('x')", "write idpUser.hasProperty(\"locale\")"),
        ("idpUser.userName", "`idpUser.userName` is not known: did you mean `name`?"),
        ("If(true, 'a', 'b')", "the function `If` is not known: write condition ? value : otherwise"),
        ("lower(idpUser.name)", "the function `lower` is not known: write text.lowerAscii()"),
        ("idpUser.GetProperty('x', '')", "write idpUser.getProperty(\"locale\", \"en\")"),
        ("idpUser.name = 'x'", "equal is =="),
        ("claims.list.exists(x)", "write list.exists(item, condition)"),
        ("claims.list.map(1, x)", "argument must be a simple name"),
        ("has(claims)", "invalid argument to has() macro"),
        ("claims.a.matches(claims.b)", "a pattern that is computed cannot be used here"),
        ("claims.a.matches('(')", "this pattern cannot be used here: unclosed group"),
        ("claims.a.matches('(x{100}){100}')", "this pattern cannot be used here: it takes too much memory"),
        (r"claims.a.matches(r'\bx')", "Unicode word boundaries"),
        ("b'abc'", "a literal of bytes cannot be used here"),
        ("Person{name: 'a'}", "a message cannot be used here"),
        ("claims.?a", "unsupported syntax"),
        ("claims[?'a']", "unsupported syntax"),
        ("[1].map(claims, 1)", "`claims` for the items of a loop cannot be used here"),
        ("[1].map(x, [2].map(x, 1))", "`x` for the items of a loop cannot be used here"),
        ("@budget", "this is not CEL"),
        ("__result__", "is not known"),
        (".claims", "is not known"),
        ("string", "is not known"),
        ("", "this is not CEL"),
        ("1 +", "1:4: this is not CEL: it ends too early"),
        ("US Users", "1:4: this is not CEL: 'Users' cannot stand here"),
        ("size(claims", "this is not CEL: missing ')' at the end"),
        ("claims.", "this is not CEL"),
        ("claims.a # b", "this is not CEL: '#' cannot stand here"),
        ("if true", "this is not CEL"),
        ("[a, b", "this is not CEL"),
    ] {
        let refusal = refusal(source);
        if !refusal.contains(expected) {
            wrong.push(format!("{source}: {refusal}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_expression_is_at_most_1024_bytes_long() {
    let of_length = |length: usize| format!("'{}'", "x".repeat(length - 2));
    compiled(&of_length(1024));
    assert!(refusal(&of_length(1025)).contains("has 1025 bytes, and may have 1024"));
}

#[test]
fn an_expression_is_at_most_32_deep() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    compiled(&nested(30));
    assert!(refusal(&nested(40)).contains("nested more than 32 deep"), "{}", refusal(&nested(40)));
    let sum = |terms: usize| vec!["1"; terms].join("+");
    compiled(&sum(32));
    assert!(refusal(&sum(34)).contains("nested more than 32 deep"));
}

#[test]
fn an_expression_has_at_most_300_parts() {
    let list = |items: usize| format!("[{}]", vec!["1"; items].join(","));
    compiled(&list(299));
    assert!(refusal(&list(301)).contains("has more than 300 parts"));
}

#[test]
fn an_expression_has_at_most_8_patterns_each_of_limited_size() {
    let matches = |times: usize| vec!["claims.a.matches('x')"; times].join("||");
    compiled(&matches(8));
    assert!(refusal(&matches(9)).contains("more than 8 patterns"));
    for pattern in ["[ab].{12}c", "(a|b)*a(a|b){12}c", "([ab]{1,50}){1,10}c", "((a{0,30}){0,30}){0,30}", r"\\pL{20}x"] {
        let refusal = refusal(&format!("claims.a.matches('{pattern}')"));
        assert!(refusal.contains("it takes too much memory"), "{pattern}: {refusal}");
    }
    let nested = format!("claims.a.matches('{}x{}')", "(".repeat(40), ")".repeat(40));
    assert!(refusal(&nested).contains("nest"), "{}", refusal(&nested));
}

#[test]
fn loops_are_at_most_two_in_one_another() {
    compiled("[1].map(a, [2].map(b, a + b)).map(c, [3].map(d, c))");
    let refusal = refusal("[1].map(a, [2].map(b, [3].map(c, c)))");
    assert!(refusal.contains("a loop in 2 others cannot be used here"), "{refusal}");
}
