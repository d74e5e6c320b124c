//! The expressions of manifests, compiled where they are decided about.

use crate::{
    api::{Fact, Reason},
    domain::expression::Expression,
};

/// The expression that stands in a field.
///
/// # Errors
/// `Accepted=False` with `InvalidExpression`, and the field.
pub fn compiled(field: &str, source: &str) -> Result<Expression, Fact> {
    Expression::compile(source).map_err(|error| Fact::fails(Reason::InvalidExpression, format!("{field}: {error}")))
}
