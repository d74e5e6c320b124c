//! From a person to what they get: mappers, then rules over defaults. Pure, and the order of mappers never matters.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use serde_json::Value;

use super::{
    Claims,
    expression::{ProviderVariable, Variables},
    field::{self, Field, Maker, Said, usable},
    grant::{Grant, Granted},
    idp_user::IdpUser,
    mapper::{AttributeFrom, AttributeRule, GrantRule, Mapper, NamesRule, Rule, Verdict},
    organization::Organization,
    people::{Access, People},
    person::names,
    reading::Reading,
    trace::{Problem, Stage, Trace},
    user::Mapped,
};

/// A longer name is none that an organization has, in bytes; patterns cost by length.
const LONGEST_NAME: usize = 63 * 4;
/// So many names that the organization has not are looked at, to be counted.
const LOOKED_AT: usize = 1000;

/// Everything that says what people of a provider get.
#[derive(Clone, Copy)]
pub struct Mapping<'a> {
    pub provider_uid: &'a Arc<str>,
    pub provider: ProviderVariable<'a>,
    pub people: &'a People,
    pub mappers: &'a [Arc<Mapper>],
    pub organization: &'a Organization,
}

impl<'a> Mapping<'a> {
    /// What a person gets.
    pub fn of(&self, evidence: Evidence<'_>, trace: &mut Trace) -> Mapped {
        let mut outcome = Outcome { grants: Vec::new(), attributes: BTreeMap::new(), admitted: false };
        for mapper in self.mappers {
            self.apply(mapper, evidence, &mut outcome, trace);
        }
        if let Some(grant) = by_default(self.provider_uid, self.people) {
            trace.step(Stage::Mappers, &"defaults.administrator", || ("makes everybody an administrator", None));
            outcome.grants.push(grant);
        }
        outcome.grants.sort();
        outcome.grants.dedup();
        let said = self.said(evidence, outcome.attributes, trace);
        let admitted = self.people.access == Access::Everyone || outcome.admitted;
        Mapped { grants: outcome.grants, said: Some(said), admitted }
    }

    fn apply(&self, mapper: &'a Mapper, evidence: Evidence<'_>, outcome: &mut Outcome<'a>, trace: &mut Trace) {
        let Some(rule) = mapper.rule() else {
            trace.step(Stage::Mappers, &mapper.path, || ("no generation of it is served", None));
            return;
        };
        let verdict = rule.when.verdict(evidence.claims, evidence.person, evidence.variables);
        match verdict {
            Verdict::Fails(_) => trace.problem(Stage::Mappers, &mapper.path, Problem::ExpressionFailed, &verdict),
            Verdict::NoBoolean => trace.problem(Stage::Mappers, &mapper.path, Problem::ResultNotUsable, &verdict),
            _ => trace.step(Stage::Mappers, &mapper.path, || (&verdict, None)),
        }
        if verdict != Verdict::Matches {
            return;
        }
        outcome.admitted |= rule.admits();
        if let Some(grant) = &rule.grant {
            let given = granted(grant, self.organization, evidence, &mapper.path, trace);
            let subject = Lazy(|f: &mut fmt::Formatter<'_>| write!(f, "{} grant", mapper.path));
            trace.step(Stage::Mappers, &subject, || {
                ("gives", Some(given.iter().map(ToString::to_string).collect::<Vec<_>>().into()))
            });
            let grants = given.into_iter().map(|granted| Grant { mapper_uid: mapper.uid.clone(), granted });
            outcome.grants.extend(grants);
        }
        for (target, value) in noted(rule, evidence, &mapper.path, trace) {
            outcome.attributes.entry(target).or_default().push((value, &mapper.uid));
        }
    }

    /// What is said of each field: by a mapper, else by a rule or the claims, else by the defaults.
    fn said(
        &self,
        evidence: Evidence<'_>,
        attributes: BTreeMap<&'a str, Vec<(Value, &'a Arc<str>)>>,
        trace: &mut Trace,
    ) -> Said {
        let mut said = Said::default();
        let own = || Maker { provider: self.provider_uid.clone(), mapper: None };
        let of_mapper = |uid: &Arc<str>| Maker { provider: self.provider_uid.clone(), mapper: Some(uid.clone()) };
        for (name, value) in of_person(evidence.person) {
            said.say(name, Value::from(value), own());
        }
        for (name, value, from) in self.by_rules_and_defaults(evidence, trace) {
            if !attributes.contains_key(name) {
                trace.step(Stage::Fields, &name, || (from, Some(value.clone())));
            }
            said.say(name, value, own());
        }
        for (name, mut by) in attributes {
            by.sort_by_key(|(_, mapper)| *mapper);
            let Some((value, mapper)) = by.first().cloned() else { continue };
            if by.iter().any(|(other, _)| *other != value) {
                let said_so = "mappers say different things, so that it stays as it was";
                trace.problem(Stage::Fields, &name, Problem::MappersDiffer, &said_so);
                said.leave(name, by.into_iter().map(|(value, uid)| Field { value, by: of_mapper(uid) }).collect());
                continue;
            }
            let path = || self.mappers.iter().find(|of| of.uid == *mapper).map_or("", |mapper| &mapper.path);
            trace.step(Stage::Fields, &name, || (format!("by the mapper {}", path()), Some(value.clone())));
            said.say(name, value, of_mapper(mapper));
        }
        said
    }

    fn by_rules_and_defaults(
        &self,
        evidence: Evidence<'_>,
        trace: &mut Trace,
    ) -> Vec<(&'static str, Value, &'static str)> {
        let defaults = &self.people.defaults.fields;
        [field::LANGUAGE, field::TIME_ZONE, field::CULTURE]
            .into_iter()
            .filter_map(|name| {
                let rule = self.people.rules.iter().find(|(of, _)| *of == name);
                let by_rule = rule.and_then(|(_, rule)| read(rule, name, evidence, trace));
                let default = || defaults.iter().find(|(of, _)| *of == name).map(|(_, text)| Value::from(&**text));
                match by_rule {
                    Some(value) => Some((name, value, "by the rule")),
                    None => default().map(|value| (name, value, "the provider's default")),
                }
            })
            .collect()
    }
}

/// What everybody of a provider gets.
pub fn by_default(provider_uid: &Arc<str>, people: &People) -> Option<Grant> {
    let grant = Grant { mapper_uid: provider_uid.clone(), granted: Granted::Administrator };
    people.defaults.administrator.then_some(grant)
}

/// What is known of a person.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub claims: &'a Claims,
    pub person: &'a IdpUser,
    /// The same, as expressions see it.
    pub variables: &'a Variables<'a>,
}

struct Outcome<'a> {
    grants: Vec<Grant>,
    attributes: BTreeMap<&'a str, Vec<(Value, &'a Arc<str>)>>,
    admitted: bool,
}

fn of_person(person: &IdpUser) -> impl Iterator<Item = (&'static str, &str)> {
    [
        (field::FULL_NAME, &person.full_name),
        (field::GIVEN_NAME, &person.given_name),
        (field::FAMILY_NAME, &person.family_name),
        (field::LOCALE, &person.locale),
        (field::PICTURE, &person.picture),
        (field::PROFILE, &person.profile),
        (field::GENDER, &person.gender),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// Everything that a mapper gives to somebody for whom it is.
pub(super) fn granted(
    grant: &GrantRule,
    organization: &Organization,
    evidence: Evidence<'_>,
    mapper: &str,
    trace: &mut Trace,
) -> Vec<Granted> {
    let mut granted = grant.given.clone();
    let of_type = organization
        .groups
        .iter()
        .filter(|group| group.type_.as_ref().is_some_and(|type_| grant.group_types.contains(type_)));
    granted.extend(of_type.map(|group| Granted::Group(group.name.clone())));
    if let Some(rule) = &grant.roles_from {
        let roles = organization.roles.iter().map(|role| &*role.name);
        granted.extend(named(rule, "rolesFrom", roles, evidence, mapper, trace).into_iter().map(Granted::Role));
    }
    if let Some(rule) = &grant.groups_from {
        let groups = organization.groups.iter().map(|group| &*group.name);
        granted.extend(named(rule, "groupsFrom", groups, evidence, mapper, trace).into_iter().map(Granted::Group));
    }
    granted
}

fn named<'a>(
    rule: &NamesRule,
    field: &str,
    of_organization: impl Iterator<Item = &'a str>,
    evidence: Evidence<'_>,
    mapper: &str,
    trace: &mut Trace,
) -> Vec<String> {
    let subject = Lazy(|f: &mut fmt::Formatter<'_>| write!(f, "{mapper} grant.{field}"));
    let value = match rule.from.read(evidence.claims, evidence.variables) {
        Ok(Some(value)) => value,
        Ok(None) => {
            trace.step(Stage::Mappers, &subject, || (format!("nothing in {}", rule.from), None));
            return Vec::new();
        }
        Err(error) => {
            trace.problem(Stage::Mappers, &subject, Problem::ExpressionFailed, &error);
            return Vec::new();
        }
    };
    let (all, only_names) = names(&value);
    if !only_names {
        let said = format!("{}: it gives something else than names", rule.from);
        trace.problem(Stage::Mappers, &subject, Problem::ResultNotUsable, &said);
    }
    let known: BTreeSet<_> = of_organization.filter(|name| all.contains(name) && rule.only.fit(name)).collect();
    let others = all.iter().filter(|name| name.len() <= LONGEST_NAME && !known.contains(**name));
    let unknown = others.take(LOOKED_AT).filter(|name| rule.only.fit(name)).count();
    if unknown > 0 {
        let said = format!("the organization has none of at least {unknown} of the names");
        trace.problem(Stage::Mappers, &subject, Problem::UnknownName, &said);
    }
    trace.step(Stage::Mappers, &subject, || {
        (format!("{} of {} names", known.len(), all.len()), Some(known.iter().copied().collect()))
    });
    known.into_iter().map(str::to_owned).collect()
}

/// What a mapper notes of somebody for whom it is.
pub(super) fn noted<'a>(
    rule: &'a Rule,
    evidence: Evidence<'_>,
    mapper: &str,
    trace: &mut Trace,
) -> Vec<(&'a str, Value)> {
    let value = |AttributeRule { target, from }: &'a AttributeRule| {
        let value = match from {
            AttributeFrom::Reading(reading) => read(reading, target, evidence, trace),
            AttributeFrom::Constant(text) => usable(target, &Value::from(&**text)).ok().flatten(),
        };
        if value.is_none() {
            let subject = Lazy(|f: &mut fmt::Formatter<'_>| write!(f, "{mapper} attributes {target}"));
            trace.step(Stage::Mappers, &subject, || ("says nothing", None));
        }
        Some((&**target, value?))
    };
    rule.attributes.iter().filter_map(value).collect()
}

/// The value of a field, if there is a usable one.
fn read(reading: &Reading, name: &str, evidence: Evidence<'_>, trace: &mut Trace) -> Option<Value> {
    let value: Cow<'_, Value> = match reading.read(evidence.claims, evidence.variables) {
        Ok(value) => value?,
        Err(error) => {
            trace.problem(Stage::Fields, &name, Problem::ExpressionFailed, &format!("{reading}: {error}"));
            return None;
        }
    };
    usable(name, &value).unwrap_or_else(|why| {
        trace.problem(Stage::Fields, &name, Problem::ResultNotUsable, &format!("{reading}: {why}"));
        None
    })
}

/// Text that is made only where somebody reads it.
struct Lazy<F>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Lazy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0(f)
    }
}

#[cfg(test)]
mod tests;
