//! Mappers: who gets what, by what their provider says about them.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{
    Claims,
    provider::ClaimNames,
    user::{Grant, Granted, IdpUser},
};

/// A mapper as logins see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapper {
    pub uid: Arc<str>,
    /// metadata.namespace and metadata.name, for logs.
    pub path: String,
    /// The UIDs of the providers whose people it is for.
    pub providers: Vec<Arc<str>>,
    /// What is served, and the generation that it stands in. None: the mapper exists, but no generation of it
    /// could be served yet. Its grants stay as they are.
    pub served: Option<(Arc<Rule>, i64)>,
}

impl Mapper {
    fn rule(&self) -> Option<&Rule> {
        self.served.as_ref().map(|(rule, _)| &**rule)
    }
}

/// What a served mapper says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    pub when: When,
    pub grants: Vec<Granted>,
}

/// Whom a mapper matches.
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
}

impl When {
    fn matches(&self, claims: &Claims, person: &IdpUser) -> bool {
        match self {
            Self::Always => true,
            Self::Claim { key, value } => claims.get(key).is_some_and(|claim| equals_or_contains(claim, value)),
            Self::Group(name) => person.groups.iter().any(|group| group == name),
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

/// The grants that the mappers of a provider make for one person, sorted, each once. The order of the mappers never
/// matters; one of which nothing is served makes none.
pub fn evaluate(mappers: &[Arc<Mapper>], claims: &Claims, person: &IdpUser) -> Vec<Grant> {
    let mut grants = Vec::new();
    for mapper in mappers {
        if let Some(rule) = mapper.rule().filter(|rule| rule.when.matches(claims, person)) {
            grants.extend(
                rule.grants.iter().map(|granted| Grant { mapper_uid: mapper.uid.clone(), granted: granted.clone() }),
            );
        }
    }
    grants.sort();
    grants.dedup();
    grants
}

/// The claims that mappers read by name, so that userinfo is asked for those that the ID token lacks.
pub fn claims_read(mappers: &[Arc<Mapper>]) -> impl Iterator<Item = &str> {
    mappers.iter().filter_map(|mapper| match &mapper.rule()?.when {
        When::Claim { key, .. } => Some(key.as_str()),
        When::Always | When::Group(_) => None,
    })
}

/// Tells whether people would get the same from a provider's mappers, across restarts: equal exactly when the
/// claims that are read and the rules are.
pub fn fingerprint(names: &ClaimNames, mappers: &[Arc<Mapper>]) -> String {
    let mut rules: Vec<_> = mappers.iter().map(|mapper| (&mapper.uid, mapper.rule())).collect();
    rules.sort_by_key(|(uid, _)| *uid);
    let text = serde_json::to_vec(&(names, rules)).unwrap_or_default();
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::testing::{self, claim_names, claims};

    fn person(groups: &[&str]) -> IdpUser {
        IdpUser {
            external_id: "1".into(),
            user_name: "john".into(),
            full_name: None,
            email: None,
            email_verified: false,
            groups: groups.iter().map(|&group| group.into()).collect(),
        }
    }

    fn mapper(uid: &str, when: When, roles: &[&str]) -> Arc<Mapper> {
        Arc::new(testing::mapper(uid, "idp", when, roles))
    }

    fn claim_is(key: &str, value: &str) -> When {
        When::Claim { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_claim_matches_by_its_json_text_or_as_a_member_of_an_array() {
        let claims = claims(json!({
            "dept": "Sales", "level": 42, "ratio": 1.5, "active": true, "teams": ["a", "b", 7], "nothing": null,
            "https://example.com/role": "x", "nested": {"dept": "Sales"}
        }));
        for (key, value, expected) in [
            ("dept", "Sales", true),
            ("dept", "sales", false),
            ("level", "42", true),
            ("ratio", "1.5", true),
            ("active", "true", true),
            ("active", "True", false),
            ("teams", "b", true),
            ("teams", "7", true),
            ("teams", "c", false),
            ("nothing", "null", false),
            ("nested", "Sales", false),
            ("nested.dept", "Sales", false),
            ("https://example.com/role", "x", true),
            ("absent", "", false),
        ] {
            assert_eq!(claim_is(key, value).matches(&claims, &person(&[])), expected, "{key} = {value}");
        }
    }

    #[test]
    fn a_group_matches_by_its_exact_name() {
        let when = When::Group("US Users".into());
        assert!(when.matches(&Claims::new(), &person(&["Everyone", "US Users"])));
        assert!(!when.matches(&Claims::new(), &person(&["us users"])));
    }

    #[test]
    fn every_grant_knows_its_mapper_and_order_never_matters() {
        let a = mapper("a", When::Always, &["viewer"]);
        let b = mapper("b", When::Group("eng".into()), &["viewer", "admin"]);
        let forward = evaluate(&[a.clone(), b.clone()], &Claims::new(), &person(&["eng"]));
        assert_eq!(forward, evaluate(&[b, a], &Claims::new(), &person(&["eng"])));
        let by: Vec<_> = forward.iter().map(|grant| (&*grant.mapper_uid, grant.granted.clone())).collect();
        let role = |name: &str| Granted::Role(name.into());
        assert_eq!(by, [("a", role("viewer")), ("b", role("admin")), ("b", role("viewer"))]);
    }

    #[test]
    fn a_mapper_without_a_served_generation_makes_no_grant() {
        let mut frozen = Arc::unwrap_or_clone(mapper("a", When::Always, &["viewer"]));
        frozen.served = None;
        assert_eq!(evaluate(&[Arc::new(frozen)], &Claims::new(), &person(&[])), []);
    }

    #[test]
    fn the_fingerprint_tells_a_changed_rule_but_not_a_changed_order() {
        let fingerprint = |mappers: &[Arc<Mapper>]| fingerprint(&claim_names(), mappers);
        let (a, b) = (mapper("a", When::Always, &["viewer"]), mapper("b", When::Always, &["admin"]));
        let changed = mapper("b", When::Always, &["viewer"]);
        assert_eq!(fingerprint(&[a.clone(), b.clone()]), fingerprint(&[b.clone(), a.clone()]));
        assert_ne!(fingerprint(&[a.clone(), b]), fingerprint(&[a.clone(), changed]));
        assert_ne!(fingerprint(&[a]), fingerprint(&[]));
    }
}
