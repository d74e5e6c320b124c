//! What happened from claims to a user, step by step, for whoever wants to see it; and what went wrong on the way.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

/// Something went wrong that refuses nobody: it is counted, and what stands behind it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// An expression failed.
    ExpressionFailed,
    /// What a claim or an expression gave is of another type than is needed, too long, or none of what it should be.
    ResultNotUsable,
    /// The organization has none of a name that the provider gave.
    UnknownName,
    /// Mappers say different things of one attribute.
    MappersDiffer,
}

impl Problem {
    /// The word for metrics and the log.
    pub fn code(self) -> &'static str {
        match self {
            Self::ExpressionFailed => "expression_failed",
            Self::ResultNotUsable => "result_not_usable",
            Self::UnknownName => "unknown_name",
            Self::MappersDiffer => "mappers_differ",
        }
    }
}

/// Which part of the way a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// What the claims say of the person.
    Person,
    ClaimValidationRules,
    Trust,
    Mappers,
    /// What of it all a login writes.
    UpdateModes,
    /// Names, language and the like.
    Fields,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub stage: Stage,
    /// What it is about: a field, a rule, a mapper.
    pub subject: String,
    /// What happened; never a value of a claim.
    pub said: String,
    /// What came of it, for those who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The steps of one evaluation, if they are wanted, and its problems.
#[derive(Debug, Default)]
pub struct Trace {
    steps: Option<Vec<Step>>,
    problems: Vec<Step>,
}

impl Trace {
    /// Notes problems alone.
    pub fn of_problems() -> Self {
        Self::default()
    }

    /// Notes every step.
    pub fn of_all() -> Self {
        Self { steps: Some(Vec::new()), problems: Vec::new() }
    }

    /// All steps in their order; none if they were not wanted.
    pub fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// The steps that went wrong.
    pub fn problems(&self) -> &[Step] {
        &self.problems
    }

    /// Notes a step, if steps are wanted.
    pub fn step<S: Display>(&mut self, stage: Stage, subject: &dyn Display, tell: impl FnOnce() -> (S, Option<Value>)) {
        if let Some(steps) = &mut self.steps {
            let (said, value) = tell();
            steps.push(Step { stage, subject: subject.to_string(), said: said.to_string(), value, problem: None });
        }
    }

    /// Notes something that went wrong.
    pub fn problem(&mut self, stage: Stage, subject: &dyn Display, problem: Problem, said: &dyn Display) {
        let (subject, said) = (subject.to_string(), said.to_string());
        let step = Step { stage, subject, said, value: None, problem: Some(problem) };
        if let Some(steps) = &mut self.steps {
            steps.push(step.clone());
        }
        self.problems.push(step);
    }
}
