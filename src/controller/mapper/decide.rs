//! Decides about one mapper. Total and pure.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    api::{self, ConditionType, Conditions, Fact, GrantSpec, IdpMapperStatus, Reason, ResourceMeta, Turn},
    domain::{
        mapper::{Mapper, Rule, When},
        organization::Organization,
        user::Granted,
    },
};

/// A provider that the mapper refers to.
pub struct Target {
    pub name: String,
    /// None: no such provider.
    pub provider_uid: Option<Arc<str>>,
    /// None: the provider's organization doesn't exist or is not accepted.
    pub organization: Option<Organization>,
}

/// Everything that the decision depends on.
pub struct Observed<'a> {
    /// One for each of spec.identityProviderRefs, in order.
    pub targets: Vec<Target>,
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
}

/// Decides the status of a mapper and what logins see of it.
pub fn decide(mapper: &api::IdpMapper, observed: &Observed<'_>) -> Decision {
    let generation = mapper.generation_number();
    let (accepted, rule) = match rule(&mapper.spec) {
        Ok(rule) => (Fact::holds("The mapper is valid."), Some(rule)),
        Err(fact) => (fact, None),
    };
    let resolved = resolve(&mapper.spec, &observed.targets);
    let servable = resolved.is_true().then_some(rule).flatten();
    let entry = entry(mapper, servable, observed);
    let mut conditions = Conditions::default();
    conditions.set(ConditionType::Accepted, accepted);
    conditions.set(ConditionType::ResolvedRefs, resolved);
    conditions.summarize("The mapper is applied at every login, and to everybody who has signed in.");
    let previous = mapper.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let status = IdpMapperStatus {
        observed_generation: Some(generation),
        serving_generation: entry.served.as_ref().map(|(_, generation)| *generation),
        conditions: conditions.merge(previous, generation, observed.now),
    };
    Decision { status, turn: conditions.turn(previous), entry }
}

/// The mapper as logins see it: this generation, else the last good one, else one that leaves its grants alone.
fn entry(mapper: &api::IdpMapper, servable: Option<Rule>, observed: &Observed<'_>) -> Mapper {
    if servable.is_none()
        && let Some(last_good) = observed.current.filter(|current| current.served.is_some())
    {
        return last_good.clone();
    }
    Mapper {
        uid: mapper.uid_str().into(),
        path: mapper.path(),
        providers: observed.targets.iter().filter_map(|target| target.provider_uid.clone()).collect(),
        served: servable.map(|rule| (Arc::new(rule), mapper.generation_number())),
    }
}

fn rule(spec: &api::IdpMapperSpec) -> Result<Rule, Fact> {
    let when = match &spec.when {
        None => When::Always,
        Some(api::When { claim: Some(claim), group: None }) => {
            When::Claim { key: claim.key.clone(), value: claim.value.clone() }
        }
        Some(api::When { claim: None, group: Some(group) }) => When::Group(group.clone()),
        // The CRD's rule keeps it out; the type has room for it, and it must never count as every user.
        Some(_) => {
            let message = "spec.when: write exactly one of claim and group; leave out when to match every user";
            return Err(Fact::fails(Reason::InvalidCombination, message));
        }
    };
    Ok(Rule { when, grants: spec.grant.as_ref().map(granted).unwrap_or_default() })
}

fn granted(grant: &GrantSpec) -> Vec<Granted> {
    let roles = grant.roles.iter().cloned().map(Granted::Role);
    let groups = grant.groups.iter().cloned().map(Granted::Group);
    let administrator = grant.administrator.then_some(Granted::Administrator);
    roles.chain(groups).chain(administrator).collect()
}

/// Whether a mapper can be served as it stands.
pub fn is_servable(spec: &api::IdpMapperSpec, targets: &[Target]) -> bool {
    rule(spec).is_ok() && resolve(spec, targets).is_true()
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
