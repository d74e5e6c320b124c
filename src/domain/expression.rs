//! CEL: the one place where expressions are compiled and evaluated, within a budget of time and memory.
//! Nothing that a provider or a person sends can make one stall, and no error tells the value of a claim.

mod budget;
mod compile;
mod error;
mod functions;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod pattern;
mod result;
mod value;
mod variables;

use std::{fmt, sync::Arc};

use cel::{Context, Value};
use serde::{Serialize, Serializer};

use self::{
    budget::Budget,
    compile::{Compiled, compile},
    functions::ENVIRONMENT,
    variables::Scope,
};
pub use self::{
    error::{EvaluationError, ExpressionError, Place},
    variables::{LONGEST_CLAIMS, MOST_GROUPS, ProviderVariable, Variables},
};

/// The longest expression, in bytes.
pub const LONGEST_EXPRESSION: usize = 1024;

/// A compiled expression. Equal and serialized by its source.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    compiled: Arc<Compiled>,
}

impl Expression {
    /// # Errors
    /// Why it is none, with the place in it, and what to write instead.
    pub fn compile(source: &str) -> Result<Self, ExpressionError> {
        Ok(Self { source: source.into(), compiled: Arc::new(compile(source)?) })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it reads `claims`, or properties of `idpUser` by name: then userinfo is worth asking.
    pub fn reads_claims(&self) -> bool {
        self.compiled.reads.claims
    }

    /// Whether it reads `idpUser` at all.
    pub fn reads_person(&self) -> bool {
        self.compiled.reads.person
    }

    /// # Errors
    /// Why it gave nothing; never holds a value of a claim.
    pub fn evaluate(&self, variables: &Variables<'_>) -> Result<serde_json::Value, EvaluationError> {
        self.evaluate_within(variables, &Budget::new(self.compiled.patterns.clone()))
    }

    /// The steps and the bytes that evaluating it takes.
    #[cfg(any(test, fuzzing))]
    fn cost(&self, variables: &Variables<'_>) -> (u32, u32) {
        let budget = Budget::new(self.compiled.patterns.clone());
        // What comes of it does not matter here.
        drop(self.evaluate_within(variables, &budget));
        budget.used()
    }

    fn evaluate_within(
        &self,
        variables: &Variables<'_>,
        budget: &Budget,
    ) -> Result<serde_json::Value, EvaluationError> {
        variables.charge(0)?;
        if self.reads_claims() {
            variables.claims().as_ref().map_err(Clone::clone)?;
        }
        if self.reads_person() {
            variables.person().as_ref().map_err(Clone::clone)?;
        }
        let scope = Scope { variables, budget };
        let mut context = Context::with_env(ENVIRONMENT.clone());
        context.set_variable_resolver(&scope);
        let result = Value::resolve_val(&self.compiled.code, &context);
        // Whatever came of it: an operator may have made a value of the error.
        let (steps, _) = budget.used();
        let within_all = variables.charge(steps);
        if budget.is_spent() {
            return Err(EvaluationError::Budget);
        }
        within_all?;
        result::to_json(&result.map_err(|error| result::failure(&error))?, budget)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

#[cfg(test)]
mod tests;
