//! Runs the tests that a mapper brings along. Pure.

use super::decide::Target;
use crate::{
    api::{self, Expectation, Fact, MapperTest, Reason, TestCount},
    domain::{
        expectation::{Expected, OfProvider, failure},
        expression::ProviderVariable,
        mapper::Rule,
    },
};

/// So many failures are told in full.
const TOLD: usize = 3;

/// How the tests of a mapper went.
pub struct Proof {
    /// The `TestsPassed` condition.
    pub fact: Fact,
    /// None: they could not be run.
    pub count: Option<TestCount>,
    /// What each test that failed says, its field first; the condition has no room for all.
    pub failures: Vec<String>,
}

impl Proof {
    /// The tests cannot be run.
    fn without_a_run(fact: Fact) -> Self {
        Self { fact, count: None, failures: Vec::new() }
    }
}

/// Runs the tests; None when the mapper brings none.
pub fn prove(spec: &api::IdpMapperSpec, rule: &Rule, targets: &[Target]) -> Option<Proof> {
    if spec.tests.is_empty() {
        return None;
    }
    let mut failures = Vec::new();
    for (index, test) in spec.tests.iter().enumerate() {
        let field = format!("spec.tests[{index}]");
        let Some(target) = target(test, targets) else {
            let message = format!(
                "{field}.provider: write the metadata.name of one of identityProviderRefs, whose person the test is about"
            );
            return Some(Proof::without_a_run(Fact::fails(Reason::TestsFailed, message)));
        };
        let (Some(subject), Some(organization)) = (&target.subject, &target.organization) else {
            let message =
                format!("The tests are run once the IdentityProvider {:?} is accepted: see its status.", target.name);
            return Some(Proof::without_a_run(Fact::unknown(message)));
        };
        let provider = ProviderVariable { key: &subject.key, issuer: &subject.issuer };
        let of = OfProvider { people: &subject.people, provider, organization };
        if let Some(why) = failure(rule, of, &test.claims, &expected(&test.expect)) {
            failures.push(format!("{field} {:?}: {why}", test.name));
        }
    }
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (all, failed) = (spec.tests.len(), failures.len());
    let fact = if failures.is_empty() {
        Fact::holds(format!("{all} of {all} tests came out as expected."))
    } else {
        let more = failed.checked_sub(TOLD).filter(|more| *more > 0);
        let more = more.map(|more| format!(" | and {more} more")).unwrap_or_default();
        let told: Vec<_> = failures.iter().take(TOLD).map(String::as_str).collect();
        Fact::fails(Reason::TestsFailed, format!("{}{more}", told.join(" | ")))
    };
    let count = TestCount { passed: count(all - failed), failed: count(failed) };
    Some(Proof { fact, count: Some(count), failures })
}

fn target<'a>(test: &MapperTest, targets: &'a [Target]) -> Option<&'a Target> {
    match (&test.provider, targets) {
        (Some(name), _) => targets.iter().find(|target| target.name == *name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn expected(expect: &Expectation) -> Expected {
    let set = |names: &Option<Vec<String>>| names.as_ref().map(|names| names.iter().cloned().collect());
    Expected {
        matches: expect.matches,
        roles: set(&expect.roles),
        groups: set(&expect.groups),
        administrator: expect.administrator,
        attributes: expect.attributes.clone().unwrap_or_default(),
    }
}
