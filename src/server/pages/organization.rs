//! The page that asks who is signing in, where several organizations live.

use askama::Template;

use super::{assets, text::Language};

/// Asks for an e-mail address or an organization's id: a form that sends POST `/discover` with `identifier`,
/// `return_to` and `address`.
#[derive(Template)]
#[template(path = "organization.html")]
pub struct OrganizationPage<'a> {
    pub language: &'a Language,
    pub return_to: Option<&'a str>,
    /// What was typed before, to be corrected.
    pub value: Option<&'a str>,
    /// An address whose domain several organizations have: it is kept, and the field asks for the id alone.
    pub address: Option<&'a str>,
    pub problem: Option<IdentifierProblem>,
    /// The organization used last on this device.
    pub last: Option<LastOrganization<'a>>,
}

/// Why what was typed leads nowhere yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierProblem {
    UnknownOrganization,
    UnknownAddress,
    MalformedAddress,
    /// They all have the address's domain, so that the id decides.
    SeveralOrganizations,
}

/// An organization that people come back to.
#[derive(Clone, Debug)]
pub struct LastOrganization<'a> {
    pub display_name: &'a str,
    /// Its sign-in page.
    pub href: &'a str,
}

impl OrganizationPage<'_> {
    /// What the field holds is wrong. That several organizations share a domain is nobody's mistake.
    fn mistake(&self) -> Option<&str> {
        let text = &self.language.organization;
        match self.problem? {
            IdentifierProblem::UnknownOrganization => Some(text.unknown_organization),
            IdentifierProblem::UnknownAddress => Some(text.unknown_address),
            IdentifierProblem::MalformedAddress => Some(text.malformed_address),
            IdentifierProblem::SeveralOrganizations => None,
        }
    }
}
