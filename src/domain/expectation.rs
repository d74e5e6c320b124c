//! The tests that a mapper brings along: what it alone makes of somebody's claims, against what is expected.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Claims,
    expression::{ProviderVariable, Variables},
    mapper::{Rule, Verdict},
    mapping::{Evidence, granted, noted},
    organization::Organization,
    outcome::rights,
    people::People,
    person::identify,
    trace::{Step, Trace},
};

/// Longer values are cut in messages, in bytes.
const LONGEST_SHOWN: usize = 200;
/// What is wrong with one test is told in at most so many bytes: a status has room for several.
const LONGEST_FAILURE: usize = 2000;

/// The provider whose person a test is about.
#[derive(Clone, Copy)]
pub struct OfProvider<'a> {
    pub people: &'a People,
    pub provider: ProviderVariable<'a>,
    pub organization: &'a Organization,
}

/// What must come of a test; what is None is not looked at, lists are whole sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    pub matches: Option<bool>,
    pub roles: Option<BTreeSet<String>>,
    pub groups: Option<BTreeSet<String>>,
    pub administrator: Option<bool>,
    /// By target; null where nothing must be noted.
    pub attributes: BTreeMap<String, Value>,
}

/// What differs from what was expected; None when nothing does.
///
/// The texts name values: those of tests are written in manifests, for everybody to read.
pub fn failure(rule: &Rule, of: OfProvider<'_>, claims: &Claims, expected: &Expected) -> Option<String> {
    let OfProvider { people, provider, organization } = of;
    let mut trace = Trace::of_problems();
    let person = match identify(people, claims, None, provider, &mut trace) {
        Ok(person) => person,
        Err(error) => return Some(format!("claims: they describe nobody; write it there: {error}")),
    };
    let variables = Variables::new(claims, Some(&person), provider);
    let evidence = Evidence { claims, person: &person, variables: &variables };
    let verdict = rule.when.verdict(claims, &person, &variables);
    let matches = verdict == Verdict::Matches;
    let grants = match &rule.grant {
        Some(grant) if matches => granted(grant, organization, evidence, "", &mut trace),
        _ => Vec::new(),
    };
    let attributes: BTreeMap<_, _> =
        if matches { noted(rule, evidence, "", &mut trace).into_iter().collect() } else { BTreeMap::new() };
    let mut differences = differences(expected, matches, rights(&grants, organization), &attributes);
    if differences.is_empty() {
        return None;
    }
    if !matches {
        differences.push(format!("not matched: {verdict}"));
    }
    let problem = |problem: &Step| format!("{}: {}", problem.subject.trim(), problem.said);
    differences.extend(trace.problems().iter().map(problem));
    Some(cut(differences.join("; "), LONGEST_FAILURE))
}

fn differences(
    expected: &Expected,
    matches: bool,
    (roles, groups, administrator): (BTreeSet<String>, BTreeSet<String>, bool),
    attributes: &BTreeMap<&str, Value>,
) -> Vec<String> {
    let mut differences = Vec::new();
    if expected.matches.is_some_and(|expected| expected != matches) {
        differences.push(format!("matches: expected {}, got {matches}", !matches));
    }
    differ("roles", expected.roles.as_ref(), &roles, &mut differences);
    differ("groups", expected.groups.as_ref(), &groups, &mut differences);
    if let Some(expected) = expected.administrator.filter(|expected| *expected != administrator) {
        differences.push(format!("administrator: expected {expected}, got {administrator}"));
    }
    for (target, expected) in &expected.attributes {
        let actual = attributes.get(target.as_str()).unwrap_or(&Value::Null);
        if actual != expected {
            differences.push(format!("attributes.{target}: expected {}, got {}", shown(expected), shown(actual)));
        }
    }
    differences
}

fn differ(what: &str, expected: Option<&BTreeSet<String>>, actual: &BTreeSet<String>, into: &mut Vec<String>) {
    if let Some(expected) = expected.filter(|expected| *expected != actual) {
        into.push(format!("{what}: expected {}, got {}", list(expected), list(actual)));
    }
}

/// A value of a test, as far as a message has room for it.
fn shown(value: &Value) -> String {
    cut(value.to_string(), LONGEST_SHOWN)
}

fn cut(text: String, longest: usize) -> String {
    if text.len() <= longest {
        return text;
    }
    format!("{}…", &text[..text.floor_char_boundary(longest)])
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    cut(format!("[{}]", names.join(", ")), LONGEST_SHOWN)
}

#[cfg(test)]
mod tests;
