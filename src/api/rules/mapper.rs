//! What a mapper says.

use kube::core::Rule;

use super::{matches, rule};
use crate::api::NO_ATTRIBUTE;

/// One that gives and notes nothing would be served in vain.
pub fn says_something() -> Rule {
    let message = "write grant, attributes, or both; grant: {} with when is for providers with users.access MappedOnly";
    rule("has(self.grant) || (has(self.attributes) && size(self.attributes) > 0)", message)
}

/// Several conditions at once would leave open whether all or any must hold.
pub fn one_condition() -> Rule {
    rule(
        "(has(self.claim) ? 1 : 0) + (has(self.group) ? 1 : 0) + (has(self.expression) ? 1 : 0) == 1",
        "write exactly one of when.claim, when.group and when.expression; leave out when to match every user; an expression can hold several conditions, joined by && or ||",
    )
}

/// Where names come from.
pub fn one_source_of_names() -> Rule {
    rule("has(self.claim) != has(self.expression)", "write exactly one of claim and expression")
}

/// Where an attribute comes from.
pub fn one_source_of_attribute() -> Rule {
    rule(
        "(has(self.claim) ? 1 : 0) + (has(self.value) ? 1 : 0) + (has(self.expression) ? 1 : 0) == 1",
        "write exactly one of from.claim, from.value and from.expression",
    )
}

/// Names that stand well in JSON, in headers and on the command line.
pub fn attribute_name() -> Rule {
    let message = "write a letter and then letters, digits, dots, dashes and underscores, such as title";
    matches("^[A-Za-z][A-Za-z0-9._-]*$", message)
}

/// Fields that mappers give otherwise, or that belong to the claims of the provider.
pub fn attribute_of_its_own() -> Rule {
    let others = NO_ATTRIBUTE.map(|name| format!("'{name}'")).join(", ");
    rule(
        format!("!(self in [{others}])"),
        "roles, groups and administrator belong under grant; who somebody is (id, userName, email, emailVerified) comes from the claims of the IdentityProvider alone: write another name",
    )
}

/// Whose person a test is about.
pub fn provider_of_tests() -> Rule {
    let named = "self.identityProviderRefs.exists(r, r.name == t.provider)";
    let holds = format!("self.tests.all(t, has(t.provider) ? {named} : size(self.identityProviderRefs) == 1)");
    let message = "provider must be the metadata.name of one of identityProviderRefs; with several of them, write it";
    rule(format!("!has(self.tests) || {holds}"), message).field_path(".tests")
}

/// A test that looks at nothing proves nothing.
pub fn expects_something() -> Rule {
    let fields =
        ["matches", "roles", "groups", "administrator", "attributes"].map(|field| format!("has(self.{field})"));
    rule(fields.join(" || "), "write at least one of matches, roles, groups, administrator and attributes")
}
