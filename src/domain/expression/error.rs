//! Why a text is no expression, and why an expression gave nothing. Never holds a value of a claim.

use std::fmt;

/// Where in an expression something stands, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no expression.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum ExpressionError {
    #[error("the expression has {length} bytes, and may have {limit}: split it into several mappers or rules")]
    TooLong { length: usize, limit: usize },
    #[error("{place}: this is not CEL: {problem}")]
    Syntax { place: Place, problem: String },
    #[error("{place}: the expression is nested more than {limit} deep here: write it flatter, or split it")]
    TooDeep { place: Place, limit: usize },
    #[error("{place}: the expression has more than {limit} parts here: split it into several mappers or rules")]
    TooManyParts { place: Place, limit: usize },
    #[error("{place}: {what} is not known{}", instead(hint))]
    Unknown { place: Place, what: String, hint: Option<String> },
    #[error("{place}: {what} cannot be used here: {instead}")]
    Unusable { place: Place, what: String, instead: String },
}

fn instead(hint: &Option<String>) -> String {
    hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default()
}

/// Why an expression gave nothing.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum EvaluationError {
    #[error("it took more time or memory than an expression may")]
    Budget,
    #[error("all expressions for this person together took more time than they may")]
    BudgetOfAll,
    #[error("{what} is larger than expressions may read")]
    InputTooLarge { what: &'static str },
    #[error("its result is too large")]
    ResultTooLarge,
    #[error("its result is {what}, which JSON does not have")]
    ResultType { what: &'static str },
    #[error("{what}")]
    Failed { what: String },
}
