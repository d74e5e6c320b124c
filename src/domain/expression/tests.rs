//! What expressions say of people, and what they cannot do.

mod hostile;
mod made_up;
mod reference;
mod refused;
mod rules;

use serde_json::{Value, json};

use super::*;
use crate::domain::{Claims, idp_user::IdpUser, testing};

pub(super) const PROVIDER: ProviderVariable<'static> = ProviderVariable { key: "azure", issuer: "https://op.example" };

pub(super) fn person(groups: impl IntoIterator<Item = impl Into<String>>) -> IdpUser {
    IdpUser {
        external_id: "42".into(),
        user_name: "ada".into(),
        full_name: Some("Ada Lovelace".into()),
        gender: Some("f".into()),
        picture: Some(String::new()),
        groups: groups.into_iter().map(Into::into).collect(),
        ..IdpUser::default()
    }
}

pub(super) fn compiled(source: &str) -> Expression {
    Expression::compile(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

pub(super) fn evaluate_with(source: &str, claims: &Claims, person: &IdpUser) -> Result<Value, EvaluationError> {
    compiled(source).evaluate(&Variables::new(claims, Some(person), PROVIDER))
}

/// Over the claims and the person of most tests.
pub(super) fn evaluate(source: &str) -> Result<Value, EvaluationError> {
    let claims = testing::claims(json!({
        "sub": "42", "givenName": "Ada", "familyName": "Lovelace", "locale": "de-AT", "level": 42, "ratio": 1.5,
        "admin": true, "nothing": null, "roles": [{"name": "x"}, {"name": "y"}], "address": {"country": "US"},
        "large": u64::MAX, "https://example.com/dept": "Sales"
    }));
    evaluate_with(source, &claims, &person(["eng-core", "app-wiki", "US Users"]))
}

pub(super) fn failure(source: &str) -> String {
    match evaluate(source) {
        Err(EvaluationError::Failed { what }) => what,
        other => panic!("{source} gives {other:?}"),
    }
}
