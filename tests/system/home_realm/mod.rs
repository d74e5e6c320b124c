//! Who is sent where: by an e-mail address, by the id of an organization, by a button, or straight on.

mod bad_input;
mod browser;
mod domains;
mod forward_auth;
mod offers;
mod typed;

use crate::support::{
    latchkey::Latchkey,
    visitor::{Answer, Visitor},
};

/// A second organization.
pub const GLOBEX: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: globex}
spec: {displayName: Globex}
";
/// The line of a provider's spec that makes it one of the second organization.
pub const AT_GLOBEX: &str = "  organizationRef: {name: globex}\n";

/// What somebody gets who types this into the first page.
pub async fn discover(visitor: &Visitor, latchkey: &Latchkey, typed: &str) -> Answer {
    visitor.post(&latchkey.url("discover"), &[("identifier", typed)]).await
}

/// What somebody gets who types this into the sign-in page of the organization `default`.
pub async fn discover_here(visitor: &Visitor, latchkey: &Latchkey, typed: &str) -> Answer {
    let form = [("organization", latchkey.organization()), ("identifier", typed)];
    visitor.post(&latchkey.url("discover"), &form).await
}
