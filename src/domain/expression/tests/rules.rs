use super::*;

#[test]
fn rules_as_people_write_them_work() {
    for (source, expected) in [
        (r#"idpUser.groups.exists(g, g.startsWith("eng-"))"#, json!(true)),
        (r#"idpUser.groups.filter(g, g.startsWith("app-")).map(g, g.substring(4))"#, json!(["wiki"])),
        (r#"idpUser.groups.map(g, g.startsWith("app-"), g.substring(4))"#, json!(["wiki"])),
        (r#""US Users" in idpUser.groups ? "en" : "de""#, json!("en")),
        (
            r#"claims.address.country == "US" && has(claims.roles) && claims.roles.exists(r, r.name == "x")"#,
            json!(true),
        ),
        (r#"claims.givenName + " " + claims.familyName"#, json!("Ada Lovelace")),
        (r#"idpUser.getProperty("locale","en").split("-")[0]"#, json!("de")),
        (r#"claims["https://example.com/dept"]"#, json!("Sales")),
        (r#"{"US": "en", "AT": "de"}[claims.address.country]"#, json!("en")),
        (r#"claims.level > 40 && claims.ratio < 2.0"#, json!(true)),
        (r#"provider.key + "|" + provider.issuer"#, json!("azure|https://op.example")),
        (r#"idpUser.email == "" ? idpUser.fullName : idpUser.email"#, json!("Ada Lovelace")),
        (r#"claims.nickname == "x" || idpUser.id == "42""#, json!(true)),
    ] {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn every_function_and_operator_does_what_its_name_says() {
    for (source, expected) in [
        (r#""straße".contains("aß")"#, json!(true)),
        (r#""abc".endsWith("bc")"#, json!(true)),
        (r#""eng-1".matches("^eng-[0-9]+$")"#, json!(true)),
        (r#"matches("ops", "^eng")"#, json!(false)),
        (r#""ada@x.org".matches(r"^[\w.+-]+@x\.org$") && !"adä@x.org".matches(r"^[\w.+-]+@x\.org$")"#, json!(true)),
        (r#""äö1".matches(r"^..\d$") && "a b".matches(r"\S\s\S") && "a-1".matches(r"^\D\W\d$")"#, json!(true)),
        (r#""STRASSE Ü".matches("(?i)strasse ü") && "a]".matches(r"^[\]a]+$") && "a\\".matches(r"\\$")"#, json!(true)),
        (r#""ÄbC".lowerAscii()"#, json!("Äbc")),
        (r#""ÄbC".upperAscii()"#, json!("ÄBC")),
        (r#"" a ".trim()"#, json!("a")),
        (r#""a,b,c".split(",")"#, json!(["a", "b", "c"])),
        (r#""a,b,c".split(",", 2)"#, json!(["a", "b,c"])),
        (r#""a,b,c".split(",", 0)"#, json!([])),
        (r#""a,b,c".split(",", -1)"#, json!(["a", "b", "c"])),
        (r#""äbc".split("")"#, json!(["ä", "b", "c"])),
        (r#""äbc".split("", 2)"#, json!(["ä", "bc"])),
        (r#""".split("")"#, json!([])),
        (r#""".split(",")"#, json!([""])),
        (r#""aaa".replace("a", "bb")"#, json!("bbbbbb")),
        (r#""aaa".replace("a", "b", 2)"#, json!("bba")),
        (r#""äbc".substring(1)"#, json!("bc")),
        (r#""äbc".substring(0, 1)"#, json!("ä")),
        (r#""äbc".substring(3)"#, json!("")),
        (r#""äbcb".indexOf("b")"#, json!(1)),
        (r#""äbcb".lastIndexOf("b")"#, json!(3)),
        (r#""abc".indexOf("x")"#, json!(-1)),
        (r#"["a", "b"].join()"#, json!("ab")),
        (r#"["a", "b"].join(", ")"#, json!("a, b")),
        (r#""äb".size() + size([1]) + {"a": 1}.size()"#, json!(4)),
        (r#"[string(1), string(true), string("a"), string(1.5), string(2.0)]"#, json!(["1", "true", "a", "1.5", "2"])),
        (r#"[int("7"), int(2.9), int(-2.9), int(3)]"#, json!([7, 2, -2, 3])),
        (r#"[double("1.5"), double(2)]"#, json!([1.5, 2.0])),
        (r#"[bool("true"), bool("0"), bool(false)]"#, json!([true, false, false])),
        ("1 + 2 * 3 - 4 / 2 % 2", json!(7)),
        ("-(1) + 1", json!(0)),
        ("!false && (true || false)", json!(true)),
        ("1 == 1.0 && 2 > 1.5 && 1 != 2 && claims.large > 5", json!(true)),
        ("1 <= 1 && 1 >= 1 && \"a\" < \"b\" && false < true", json!(true)),
        (r#"[1, "a", [2]] == [1.0, "a", [2]] && {"a": [1]} == {"a": [1]}"#, json!(true)),
        (r#""1" == 1 || null == false"#, json!(false)),
        (r#""a" in {"a": 1} && 2 in [1, 2.0] && !("x" in [])"#, json!(true)),
        ("[1, 2] + [3]", json!([1, 2, 3])),
        ("[1, 2, 3].all(x, x > 0) && [1, 2].exists_one(x, x == 1)", json!(true)),
        ("[1, 2, 2].existsOne(x, x == 2)", json!(false)),
        (r#"{"b": 1, "a": 2}.map(key, key)"#, json!(["a", "b"])),
        ("has(claims.sub) && !has(claims.absent) && has(claims.address.country)", json!(true)),
        ("claims.nothing == null", json!(true)),
        ("claims.roles.map(r, r)", json!([{"name": "x"}, {"name": "y"}])),
        ("claims.large", json!(u64::MAX)),
        ("[0, 1].exists(x, 1 / x == 1)", json!(true)),
    ] {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn a_property_is_what_is_known_of_the_person_else_the_claim_of_this_name() {
    for (source, expected) in [
        (r#"idpUser.getProperty("fullName", "?")"#, json!("Ada Lovelace")),
        (r#"idpUser.getProperty("email", "none")"#, json!("none")),
        (r#"idpUser.getProperty("emailVerified", true)"#, json!(false)),
        (r#"idpUser.getProperty("level", 0)"#, json!(42)),
        (r#"idpUser.getProperty("nothing", "default")"#, json!("default")),
        (r#"idpUser.getProperty("absent", [1])"#, json!([1])),
        (r#"[idpUser.hasProperty("locale"), idpUser.hasProperty("nothing")]"#, json!([true, false])),
        (r#"[idpUser.hasProperty("email"), idpUser.hasProperty("id")]"#, json!([false, true])),
        (r#"idpUser.getProperty("gender", "?") + idpUser.getProperty("picture", "none")"#, json!("fnone")),
        (r#"idpUser.hasProperty(claims.address.country)"#, json!(false)),
    ] {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }
}

#[test]
fn what_an_expression_reads_is_known_before_it_is_evaluated() {
    for (source, claims, person) in [
        ("1 == 1", false, false),
        ("claims.x", true, false),
        ("idpUser.name", false, true),
        (r#"idpUser.hasProperty("x")"#, true, true),
        (r#"["claims", "idpUser"].exists(claim, claim == provider.key)"#, false, false),
    ] {
        let expression = compiled(source);
        assert_eq!((expression.reads_claims(), expression.reads_person()), (claims, person), "{source}");
    }
}

#[test]
fn an_expression_is_its_source() {
    let expression = compiled(" claims.a ");
    assert_eq!(expression.source(), " claims.a ");
    assert_eq!(serde_json::to_value(&expression).expect("JSON"), json!(" claims.a "));
    assert_eq!(format!("{expression:?}"), r#"Expression(" claims.a ")"#);
    assert!(expression == compiled(" claims.a ") && expression != compiled("claims.a"));
}

#[test]
fn without_a_person_only_expressions_about_the_person_fail() {
    let claims = testing::claims(json!({"a": 1}));
    let variables = Variables::new(&claims, None, PROVIDER);
    assert_eq!(compiled("claims.a").evaluate(&variables), Ok(json!(1)));
    let failed = compiled("idpUser.name").evaluate(&variables).expect_err("nobody");
    assert_eq!(failed.to_string(), "`idpUser` does not exist here");
}

#[test]
fn a_failure_says_what_failed() {
    for (source, expected) in [
        ("claims.absent", "there is no `absent`: ask with has() first"),
        ("claims.address.absent.x", "there is no `absent`: ask with has() first"),
        (r#"claims["absent"]"#, "there is nothing at an index in `[ ]`"),
        ("idpUser.groups[7]", "there is nothing at an index in `[ ]`"),
        ("idpUser.groups[-1]", "there is nothing at an index in `[ ]`"),
        ("claims.sub.x", "`.` cannot take string and string"),
        (r#"1 + "a""#, "`+` cannot take int and string"),
        (r#"1 < "a""#, "`<` cannot take int and string"),
        ("claims.sub - 1", "an operator needs two numbers of the same type"),
        (r#""a" in "abc""#, "`in` cannot take string and string"),
        ("1 / (claims.level - 42)", "it divides by zero"),
        ("1 % (claims.level - 42)", "it divides by zero"),
        ("9223372036854775807 + 1", "the sum does not fit into 64 bits"),
        ("9223372036854775807 * 2", "a number does not fit into 64 bits"),
        (r#"int("x")"#, "`int` needs a whole number of 64 bits"),
        (r#"int("9223372036854775808")"#, "`int` needs a whole number of 64 bits"),
        ("int(1e300)", "`int` needs a whole number of 64 bits"),
        (r#"double("x")"#, "`double` needs a number"),
        (r#"bool("yes")"#, "`bool` needs \"true\" or \"false\""),
        ("string(claims)", "`string` cannot take map"),
        (r#"claims.sub ? 1 : 2"#, "string stands where bool is needed"),
        ("true && claims.sub", "`&&` cannot take bool and string"),
        ("!claims.sub", "`!` cannot take string"),
        ("-claims.sub", "`-` cannot take string"),
        ("claims.sub.exists(x, true)", "string stands where iterable is needed"),
        (r#"claims.level.contains("4")"#, "`contains` cannot take int and string"),
        ("[1].join()", "`join` needs a list of text"),
        (r#""abc".substring(9)"#, "`substring` reads beyond the text"),
        (r#""abc".substring(-1)"#, "`substring` starts before the text"),
        (r#""abc".substring(2, 1)"#, "`substring` ends before it starts"),
        ("{1: 2}", "the keys of a map must be text"),
        (r#"{"a": 1, "a": 2}"#, "a map has the same key twice"),
    ] {
        assert_eq!(failure(source), expected, "{source}");
    }
}

#[test]
fn no_failure_holds_a_value() {
    let secret = "s3cret";
    let claims = testing::claims(json!({"x": secret, "list": [secret], "map": {"s3cret": secret}, "n": 7_303_147}));
    for source in [
        "claims.x + 1",
        "claims.x - 1",
        "claims.x < 1",
        "claims.x.y",
        "claims[claims.x]",
        "claims.map[claims.n]",
        "claims.list[claims.x]",
        "claims.list + claims.x",
        "claims.n / 0",
        "claims.n * 9223372036854775807",
        "-claims.list",
        "!claims.x",
        "claims.x && true",
        "claims.x ? 1 : 2",
        "claims.x in claims.x",
        "int(claims.x)",
        "double(claims.x)",
        "bool(claims.x)",
        "claims.x.substring(claims.n)",
        "claims.n.exists(x, true)",
        "{claims.n: 1}",
        "{claims.x: 1, claims.x: 2}",
        "claims.map.join()",
        "string(claims.list)",
        "claims.list.exists(x, x)",
        "claims.list.map(x, x.absent)",
        "[claims.map, 1].map(x, x.absent)",
        "claims.x % claims.list",
        r#"idpUser.getProperty(claims.n, "")"#,
    ] {
        let error = evaluate_with(source, &claims, &person([secret])).expect_err(source);
        let told = format!("{error} {error:?}");
        assert!(!told.contains(secret) && !told.contains("7303147"), "{source}: {told}");
    }
    assert!(!format!("{:?}", super::super::value::Datum::text(secret).as_val()).contains(secret));
}
