//! Decides about one mapper. Total and pure.

use std::sync::Arc;

use jiff::Timestamp;

use super::{prove::prove, rule::rule};
use crate::{
    api::{self, ConditionType, Conditions, Fact, IdpMapper, IdpMapperStatus, Reason, ResourceMeta, Turn, age_order},
    domain::{
        mapper::{Mapper, Rule},
        organization::Organization,
        people::People,
    },
};

/// A provider that the mapper refers to.
pub struct Target {
    pub name: String,
    /// None: no such provider.
    pub provider_uid: Option<Arc<str>>,
    /// None: the provider's organization doesn't exist or is not accepted.
    pub organization: Option<Organization>,
    /// What tests need to know of the provider. None: its manifest says nothing usable, or there are no tests.
    pub subject: Option<TestSubject>,
}

/// A provider whose people tests are about.
pub struct TestSubject {
    pub people: People,
    pub key: String,
    pub issuer: String,
}

/// Everything that the decision depends on.
pub struct Observed<'a> {
    /// One for each of spec.identityProviderRefs, in order.
    pub targets: Vec<Target>,
    /// Other mappers of these providers that note the same of the same people.
    pub siblings: Vec<Arc<IdpMapper>>,
    /// What logins see of the mapper now.
    pub current: Option<&'a Mapper>,
    pub now: Timestamp,
}

/// What is to be done about a mapper.
pub struct Decision {
    pub status: IdpMapperStatus,
    /// What its Events should tell.
    pub turn: Option<Turn>,
    pub entry: Mapper,
    /// Where `status` has its conditions from.
    pub conditions: Conditions,
    /// What each test that failed says, its field first.
    pub failures: Vec<String>,
}

/// Decides the status of a mapper and what logins see of it.
pub fn decide(mapper: &IdpMapper, observed: &Observed<'_>) -> Decision {
    let generation = mapper.generation_number();
    let rule = rule(&mapper.spec).and_then(|rule| conflict(mapper, &observed.siblings).map_or(Ok(rule), Err));
    let mut conditions = Conditions::default();
    let accepted = rule.as_ref().err().cloned().unwrap_or_else(|| Fact::holds("The mapper is valid."));
    conditions.set(ConditionType::Accepted, accepted);
    let resolved = resolve(&mapper.spec, &observed.targets);
    let is_resolved = resolved.is_true();
    conditions.set(ConditionType::ResolvedRefs, resolved);
    let rule = rule.ok().filter(|_| is_resolved);
    let proven = rule.as_ref().and_then(|rule| prove(&mapper.spec, rule, &observed.targets));
    let tests = proven.as_ref().and_then(|proof| proof.count);
    let servable = rule.filter(|_| proven.as_ref().is_none_or(|proof| proof.fact.is_true()));
    let failures = proven.map(|proof| {
        conditions.set(ConditionType::TestsPassed, proof.fact);
        proof.failures
    });
    let entry = entry(mapper, servable, observed);
    conditions.summarize("The mapper is applied at every login, and to everybody who has signed in.");
    let previous = mapper.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let status = IdpMapperStatus {
        observed_generation: Some(generation),
        serving_generation: entry.served.as_ref().map(|(_, generation)| *generation),
        tests,
        conditions: conditions.merge(previous, generation, observed.now),
    };
    Decision { status, turn: conditions.turn(previous), entry, conditions, failures: failures.unwrap_or_default() }
}

/// The mapper as logins see it: this generation, else the last good one, else one that leaves its grants alone.
fn entry(mapper: &IdpMapper, servable: Option<Rule>, observed: &Observed<'_>) -> Mapper {
    if servable.is_none()
        && let Some(last_good) = observed.current.filter(|current| current.served.is_some())
    {
        return Mapper { would_admit: would_admit(&mapper.spec), ..last_good.clone() };
    }
    Mapper {
        uid: mapper.uid_str().into(),
        path: mapper.path(),
        providers: observed.targets.iter().filter_map(|target| target.provider_uid.clone()).collect(),
        would_admit: would_admit(&mapper.spec),
        served: servable.map(|rule| (Arc::new(rule), mapper.generation_number())),
    }
}

fn would_admit(spec: &api::IdpMapperSpec) -> bool {
    spec.when.is_some() && spec.grant.is_some()
}

/// Of two mappers that note something else each of the same people, the older one does.
fn conflict(mapper: &IdpMapper, siblings: &[Arc<IdpMapper>]) -> Option<Fact> {
    mapper.spec.attributes.iter().enumerate().find_map(|(index, attribute)| {
        let notes = |other: &&Arc<IdpMapper>| {
            other.spec.attributes.iter().any(|theirs| theirs.target == attribute.target)
                && age_order(&***other, mapper).is_lt()
        };
        let oldest = siblings.iter().filter(notes).min_by(|one, other| age_order(&***one, &***other))?;
        let differs = oldest.spec.attributes.iter().any(|theirs| {
            theirs.target == attribute.target && theirs.from != attribute.from
        });
        differs.then(|| {
            let message = format!(
                "spec.attributes[{index}]: the IdpMapper {}, which came first, takes {:?} of the same people from elsewhere: remove it here or there, or let when tell the people apart",
                oldest.path(), attribute.target
            );
            Fact::fails(Reason::Conflict, message)
        })
    })
}

/// The `ResolvedRefs` condition.
fn resolve(spec: &api::IdpMapperSpec, targets: &[Target]) -> Fact {
    let grant = spec.grant.clone().unwrap_or_default();
    for (index, target) in targets.iter().enumerate() {
        let (Some(_), Some(organization)) = (&target.provider_uid, &target.organization) else {
            let missing = if target.provider_uid.is_some() {
                "has no accepted Organization"
            } else {
                "does not exist in this namespace"
            };
            let message = format!(
                "spec.identityProviderRefs[{index}].name: the IdentityProvider {:?} {missing}: create or mend it, or remove the reference",
                target.name
            );
            return Fact::fails(Reason::IdentityProviderNotFound, message);
        };
        if let Some(role) = grant.roles.iter().find(|role| organization.role(role).is_none()) {
            return missing(Reason::RoleNotFound, "roles", role, organization);
        }
        if let Some(group) = grant.groups.iter().find(|group| organization.group(group).is_none()) {
            return missing(Reason::GroupNotFound, "groups", group, organization);
        }
        let of_type = |type_: &str| organization.groups.iter().any(|group| group.type_.as_deref() == Some(type_));
        if let Some(type_) = grant.group_types.iter().find(|type_| !of_type(type_)) {
            let message = format!(
                "spec.grant.groupTypes: no group in spec.groups of the Organization {} has the type {type_:?}: give it to one, or correct it here",
                organization.key
            );
            return Fact::fails(Reason::GroupNotFound, message);
        }
    }
    Fact::holds("The providers, roles and groups exist.")
}

fn missing(reason: Reason, list: &str, name: &str, organization: &Organization) -> Fact {
    let message = format!(
        "spec.grant.{list}: {name:?} is not in spec.{list} of the Organization {}: add it there, or correct the name here",
        organization.key
    );
    Fact::fails(reason, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::testing::{organization, people};

    fn mapper(generation: i64, spec: Value) -> IdpMapper {
        let metadata = json!({"namespace": "a", "name": "m", "uid": "m", "generation": generation});
        let object =
            json!({"apiVersion": "latchkey.dev/v1alpha1", "kind": "IdpMapper", "metadata": metadata, "spec": spec});
        serde_json::from_value(object).expect("a mapper")
    }

    fn observed(current: Option<&Mapper>) -> Observed<'_> {
        let subject = TestSubject { people: people(), key: "p1".into(), issuer: String::new() };
        let target = Target {
            name: "p1".into(),
            provider_uid: Some("p1".into()),
            organization: Some(organization()),
            subject: Some(subject),
        };
        Observed { targets: vec![target], siblings: Vec::new(), current, now: Timestamp::UNIX_EPOCH }
    }

    fn granting(role: &str, expected: &str) -> Value {
        json!({
            "identityProviderRefs": [{"name": "p1"}],
            "grant": {"roles": [role]},
            "tests": [{"name": "t", "claims": {"sub": "1"}, "expect": {"roles": [expected]}}],
        })
    }

    fn reason(decision: &Decision) -> String {
        let ready = decision.status.conditions.iter().find(|condition| condition.type_ == "Ready");
        ready.expect("Ready").reason.clone()
    }

    #[test]
    fn a_generation_that_fails_is_not_served_and_the_last_good_one_is() {
        let good = decide(&mapper(1, granting("viewer", "viewer")), &observed(None)).entry;
        assert!(good.served.is_some());
        for (spec, why) in [
            (granting("viewer", "admin"), "TestsFailed"),
            (granting("missing", "missing"), "RoleNotFound"),
            (
                json!({"identityProviderRefs": [{"name": "p1"}], "when": {"expression": "1 +"}, "grant": {}}),
                "InvalidExpression",
            ),
        ] {
            let broken = mapper(2, spec);
            let decision = decide(&broken, &observed(Some(&good)));
            assert_eq!((reason(&decision).as_str(), decision.status.serving_generation), (why, Some(1)));
            assert_eq!(decision.entry.served, good.served);
            let never_good = decide(&broken, &observed(None));
            assert_eq!((never_good.status.serving_generation, never_good.entry.rule()), (None, None), "{why}");
        }
        let mended = decide(&mapper(3, granting("admin", "admin")), &observed(Some(&good)));
        assert_eq!((reason(&mended).as_str(), mended.status.serving_generation), ("Succeeded", Some(3)));
    }

    #[test]
    fn of_two_that_take_one_attribute_of_the_same_people_from_elsewhere_the_younger_is_in_conflict() {
        let noting = |name: &str, age: &str, claim: &str| {
            let spec = json!({
                "identityProviderRefs": [{"name": "p1"}],
                "attributes": [{"target": "title", "from": {"claim": claim}}],
            });
            let mut mapper = mapper(1, spec);
            mapper.metadata.name = Some(name.to_owned());
            mapper.metadata.creation_timestamp = serde_json::from_value(json!(age)).expect("a time");
            mapper
        };
        let (old, young) = (noting("z", "2026-01-01T00:00:00Z", "a"), noting("a", "2026-01-02T00:00:00Z", "b"));
        let beside = |mapper: &IdpMapper, other: &IdpMapper| {
            decide(mapper, &Observed { siblings: vec![Arc::new(other.clone())], ..observed(None) })
        };
        assert_eq!(reason(&beside(&old, &young)), "Succeeded");
        let conflict = beside(&young, &old);
        assert_eq!((reason(&conflict).as_str(), conflict.entry.rule()), ("Conflict", None));
        assert_eq!(reason(&beside(&noting("a", "2026-01-02T00:00:00Z", "a"), &old)), "Succeeded", "from the same");
    }
}
