//! Where what is known of people comes from.

use kube::core::Rule;

use super::{matches, rule};

/// Where a field comes from.
pub fn claim_or_expression() -> Rule {
    rule("has(self.claim) != has(self.expression)", "write exactly one of claim and expression")
}

/// The name of a time zone, as far as its form goes.
pub fn time_zone() -> Rule {
    let message = "write the name of a time zone, such as Europe/Berlin or W. Europe Standard Time";
    matches(r"^[A-Za-z][A-Za-z0-9 ()._+/-]*$", message)
}
