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

/// A second mention would have no meaning.
pub fn each_way_of_matching_once() -> Rule {
    rule("self.all(m, self.exists_one(n, n == m))", "write each of ExternalID, Email and UserName at most once")
}

/// Modes of what is never written would have no meaning.
pub fn no_modes_if_read_only() -> Rule {
    let message = "has no meaning where users.provisioning is ReadOnly, since nothing of a user is written: leave it out, or write CreateOrReplace";
    let none = "!has(self.updateModes) || size(self.updateModes) == 0";
    rule(format!("!has(self.provisioning) || self.provisioning != 'ReadOnly' || {none}"), message)
        .field_path(".updateModes")
}

/// Only of what several can give at once something can stay beside.
pub fn merge_of_grants_alone() -> Rule {
    let message = "only roles and groups can have the mode Merge: write Replace, Create or None";
    rule("self.mode != 'Merge' || self.target in ['roles', 'groups']", message).field_path(".mode")
}

/// Who somebody is comes from every login.
pub fn target_that_logins_write() -> Rule {
    rule(
        "!(self in ['id', 'userName', 'emailVerified', 'organization', 'provider', 'attributes', 'expiresAt'])",
        "no login leaves this to a mode: write fullName, givenName, familyName, email, locale, language, timeZone, culture, picture, profile, gender, administrator, roles or groups, or the name of a custom attribute",
    )
}

/// A custom attribute of nearly the same name is hardly meant.
pub fn target_as_it_is_spelled() -> Rule {
    let fields = [
        "fullName",
        "givenName",
        "familyName",
        "email",
        "locale",
        "language",
        "timeZone",
        "culture",
        "picture",
        "profile",
        "gender",
        "administrator",
        "roles",
        "groups",
    ];
    let exact = fields.map(|field| format!("'{field}'")).join(", ");
    rule(
        format!("self in [{exact}] || !self.matches('^(?i:{})$')", fields.join("|")),
        "is spelled with other capitals: write fullName, givenName, familyName, email, locale, language, timeZone, culture, picture, profile, gender, administrator, roles or groups",
    )
}
