//! Runs the tests that a mapper brings along. Pure.

use super::decide::Target;
use crate::{
    api::{self, Expectation, Fact, MapperTest, Reason, TestCount},
    domain::{
        expression::ProviderVariable,
        mapper::Rule,
        mapper_test::{Expected, OfProvider, failure},
    },
};

/// So many failures are told in full.
const TOLD: usize = 3;

/// The `TestsPassed` condition and the count of tests; None when the mapper brings none.
pub fn prove(spec: &api::IdpMapperSpec, rule: &Rule, targets: &[Target]) -> Option<(Fact, Option<TestCount>)> {
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
            return Some((Fact::fails(Reason::TestsFailed, message), None));
        };
        let (Some(subject), Some(organization)) = (&target.subject, &target.organization) else {
            let message =
                format!("The tests are run once the IdentityProvider {:?} is accepted: see its status.", target.name);
            return Some((Fact::unknown(message), None));
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
        failures.truncate(TOLD);
        let more = more.map(|more| format!(" | and {more} more")).unwrap_or_default();
        Fact::fails(Reason::TestsFailed, format!("{}{more}", failures.join(" | ")))
    };
    Some((fact, Some(TestCount { passed: count(all - failed), failed: count(failed) })))
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
