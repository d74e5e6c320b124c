//! Mappers: who gets what, by what their provider says about them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use wildmatch::WildMatch;

use super::{
    Claims,
    expression::{EvaluationError, Expression, Variables},
    grant::Granted,
    idp_user::IdpUser,
    organization::Organization,
    people::People,
    reading::Reading,
};

/// A mapper as logins see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapper {
    pub uid: Arc<str>,
    /// metadata.namespace and metadata.name, for logs.
    pub path: String,
    /// The UIDs of the providers whose people it is for.
    pub providers: Vec<Arc<str>>,
    /// Whether its newest generation, served or not, is to let people in where only mapped people may sign in.
    pub would_admit: bool,
    /// What is served, and the generation that it stands in. None: the mapper exists, but no generation of it
    /// could be served yet. Its grants stay as they are.
    pub served: Option<(Arc<Rule>, i64)>,
}

impl Mapper {
    /// metadata.name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What is served of it.
    pub fn rule(&self) -> Option<&Rule> {
        self.served.as_ref().map(|(rule, _)| &**rule)
    }
}

/// What a served mapper says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    pub when: When,
    /// None: it gives nothing, and lets nobody in.
    pub grant: Option<GrantRule>,
    pub attributes: Vec<AttributeRule>,
}

impl Rule {
    /// Whether it lets those people in for whom it is, where only such may sign in.
    pub fn admits(&self) -> bool {
        self.when != When::Always && self.grant.is_some()
    }

    /// Whether what it gives depends on which roles and groups the organization has.
    pub fn asks_organization(&self) -> bool {
        self.grant.as_ref().is_some_and(|grant| {
            !grant.group_types.is_empty() || grant.roles_from.is_some() || grant.groups_from.is_some()
        })
    }
}

/// What a mapper gives.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GrantRule {
    pub given: Vec<Granted>,
    /// All groups of these types.
    pub group_types: Vec<String>,
    pub roles_from: Option<NamesRule>,
    pub groups_from: Option<NamesRule>,
}

impl GrantRule {
    /// Everything of an organization that it can give to anybody, whatever claims say.
    pub fn possible(&self, organization: &Organization) -> Vec<Granted> {
        let mut possible = self.given.clone();
        let of_type = |type_: &Option<String>| type_.as_ref().is_some_and(|type_| self.group_types.contains(type_));
        let fits = |rule: &Option<NamesRule>, name: &str| rule.as_ref().is_some_and(|rule| rule.only.fit(name));
        let roles = organization.roles.iter().filter(|role| fits(&self.roles_from, &role.name));
        possible.extend(roles.map(|role| Granted::Role(role.name.clone())));
        let groups = organization.groups.iter();
        let groups = groups.filter(|group| of_type(&group.type_) || fits(&self.groups_from, &group.name));
        possible.extend(groups.map(|group| Granted::Group(group.name.clone())));
        possible
    }
}

/// Names that the provider gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamesRule {
    pub from: Reading,
    pub only: Patterns,
}

/// Names, in which `*` stands for any text and `?` for one character.
#[derive(Clone, Debug, PartialEq)]
pub struct Patterns(Vec<WildMatch>);

impl Patterns {
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        Self(patterns.into_iter().map(WildMatch::new).collect())
    }

    /// Whether one of them fits a name.
    pub fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }
}

impl Serialize for Patterns {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

/// What a mapper notes of people under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeRule {
    pub target: String,
    pub from: AttributeFrom,
}

/// Where an attribute comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AttributeFrom {
    Reading(Reading),
    Constant(String),
}

/// Whom a mapper is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum When {
    Always,
    /// The claim equals the value or, for an array, contains it.
    Claim {
        key: String,
        value: String,
    },
    /// The Groups claim names this group.
    Group(String),
    Expression(Expression),
}

/// Whether a mapper is for somebody, or why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Verdict {
    #[error("is for this person")]
    Matches,
    #[error("there is no claim {0:?}")]
    NoClaim(String),
    #[error("the claim {0:?} has another value")]
    OtherValue(String),
    #[error("the claim {0:?} is neither text, a number, a boolean, nor a list of these")]
    NotFlat(String),
    #[error("the person is not in the group {0:?}")]
    NotInGroup(String),
    #[error("the expression is false")]
    False,
    #[error("the expression gives no boolean; write a comparison")]
    NoBoolean,
    #[error("the expression fails: {0}")]
    Fails(EvaluationError),
}

impl When {
    /// Whether a mapper is for the person of these claims.
    pub fn verdict(&self, claims: &Claims, person: &IdpUser, variables: &Variables<'_>) -> Verdict {
        match self {
            Self::Always => Verdict::Matches,
            Self::Claim { key, value } => match claims.get(key) {
                None | Some(Value::Null) => Verdict::NoClaim(key.clone()),
                Some(claim) if equals_or_contains(claim, value) => Verdict::Matches,
                Some(Value::Object(_)) => Verdict::NotFlat(key.clone()),
                Some(_) => Verdict::OtherValue(key.clone()),
            },
            Self::Group(name) if person.groups.iter().any(|group| group == name) => Verdict::Matches,
            Self::Group(name) => Verdict::NotInGroup(name.clone()),
            Self::Expression(expression) => match expression.evaluate(variables) {
                Ok(Value::Bool(true)) => Verdict::Matches,
                Ok(Value::Bool(false)) => Verdict::False,
                Ok(_) => Verdict::NoBoolean,
                Err(error) => Verdict::Fails(error),
            },
        }
    }
}

fn equals_or_contains(claim: &Value, expected: &str) -> bool {
    match claim {
        Value::Array(items) => items.iter().any(|item| equals(item, expected)),
        single => equals(single, expected),
    }
}

/// Text equals itself; numbers and booleans equal their JSON text; nothing else equals anything.
fn equals(claim: &Value, expected: &str) -> bool {
    match claim {
        Value::String(text) => text == expected,
        Value::Number(number) => number.to_string() == expected,
        Value::Bool(flag) => flag.to_string() == expected,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// What mappers read of a person, so that userinfo is asked for what the ID token lacks.
pub fn readings(mappers: &[Arc<Mapper>]) -> impl Iterator<Item = std::borrow::Cow<'_, Reading>> {
    use std::borrow::Cow;
    mappers.iter().filter_map(|mapper| mapper.rule()).flat_map(|rule| {
        let when = match &rule.when {
            When::Claim { key, .. } => Some(Cow::Owned(Reading::Claim(key.clone()))),
            When::Expression(expression) => Some(Cow::Owned(Reading::Expression(expression.clone()))),
            When::Always | When::Group(_) => None,
        };
        let names = rule.grant.iter().flat_map(|grant| grant.roles_from.iter().chain(&grant.groups_from));
        let attributes = rule.attributes.iter().filter_map(|attribute| match &attribute.from {
            AttributeFrom::Reading(reading) => Some(Cow::Borrowed(reading)),
            AttributeFrom::Constant(_) => None,
        });
        when.into_iter().chain(names.map(|names| Cow::Borrowed(&names.from))).chain(attributes)
    })
}

/// Tells whether people would get the same from a provider and its mappers, across restarts: equal exactly when all
/// that they say is, and what they ask of the organization.
pub fn fingerprint(people: &People, mappers: &[Arc<Mapper>], organization: impl Serialize) -> String {
    let mut rules: Vec<_> = mappers.iter().map(|mapper| (&mapper.uid, mapper.rule())).collect();
    rules.sort_by_key(|(uid, _)| *uid);
    let text = serde_json::to_vec(&(people, rules, organization)).unwrap_or_default();
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &text).to_string()
}

#[cfg(test)]
mod tests;
