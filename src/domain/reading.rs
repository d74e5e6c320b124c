//! Where something about a person is read from: a claim, or an expression over all of them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::{
    Claims,
    expression::{EvaluationError, Expression, Variables},
};

/// Where something is read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reading {
    /// The claim of exactly this name.
    Claim(String),
    Expression(Expression),
}

impl Reading {
    /// The claim of a name.
    pub fn claim(name: &str) -> Self {
        Self::Claim(name.to_owned())
    }

    /// What is there; None when nothing is, or null.
    ///
    /// # Errors
    /// The expression fails.
    pub fn read<'a>(
        &self,
        claims: &'a Claims,
        variables: &Variables<'_>,
    ) -> Result<Option<Cow<'a, Value>>, EvaluationError> {
        let value = match self {
            Self::Claim(name) => claims.get(name).map(Cow::Borrowed),
            Self::Expression(expression) => Some(Cow::Owned(expression.evaluate(variables)?)),
        };
        Ok(value.filter(|value| !value.is_null()))
    }

    /// Whether a document may lack what is read here: another one is worth asking for it.
    pub fn may_lack(&self, document: &Claims) -> bool {
        match self {
            Self::Claim(name) => document.get(name).is_none_or(Value::is_null),
            Self::Expression(expression) => expression.reads_claims(),
        }
    }

    /// The claim's name, or the one that is usual.
    pub fn claim_or<'a>(&'a self, usual: &'a str) -> &'a str {
        match self {
            Self::Claim(name) => name,
            Self::Expression(_) => usual,
        }
    }

    /// Whether it is the claim of a name.
    pub fn is_claim(&self, name: &str) -> bool {
        matches!(self, Self::Claim(claim) if claim == name)
    }
}

impl std::fmt::Display for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Claim(name) => write!(f, "the claim {name:?}"),
            Self::Expression(expression) => write!(f, "the expression {:?}", expression.source()),
        }
    }
}
