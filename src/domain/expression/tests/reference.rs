//! The page of the docs says what is so.

use super::{
    super::functions::{FUNCTIONS, Style},
    *,
};

const PAGE: &str = include_str!("../../../../docs/reference/expressions.md");

/// The cells of every row in a table, without the heads.
fn rows() -> impl Iterator<Item = Vec<String>> {
    PAGE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).map(|line| {
        let line = line.replace("\\|", "\u{0}");
        line.trim_matches('|')
            .split(" | ")
            .map(|cell| cell.trim().trim_matches('|').trim().replace('\u{0}', "|"))
            .collect()
    })
}

fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}

#[test]
fn every_example_gives_what_the_page_says() {
    let claims = PAGE.split("```json claims\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the claims");
    let claims = testing::claims(serde_json::from_str(claims).expect("JSON"));
    let person = person(["eng-core", "app-wiki", "US Users"]);
    let person = IdpUser { gender: None, locale: None, ..person };
    let mut examples = 0;
    for row in rows() {
        let [.., source, expected] = &row[..] else { continue };
        let (Some(source), Some(expected)) = (code(source), code(expected)) else { continue };
        let Ok(expected) = serde_json::from_str::<Value>(expected) else { continue };
        assert_eq!(evaluate_with(source, &claims, &person), Ok(expected), "{source}");
        examples += 1;
    }
    assert!(examples > 45, "only {examples} examples were found");
}

#[test]
fn every_function_and_message_is_on_the_page() {
    for function in FUNCTIONS.iter().filter(|function| function.style != Style::Inner) {
        assert!(PAGE.contains(&format!("| `{}`", function.name)), "the page says nothing of {}", function.name);
    }
    let too_large = EvaluationError::InputTooLarge { what: "…" };
    let type_ = EvaluationError::ResultType { what: "…" };
    for error in
        [EvaluationError::Budget, EvaluationError::BudgetOfAll, too_large, EvaluationError::ResultTooLarge, type_]
    {
        assert!(PAGE.contains(&format!("| {error} |")), "the page says nothing of: {error}");
    }
}
