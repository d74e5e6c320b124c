//! The page that asks for the organization, where several live.

use askama::Template;

use super::{assets, text::Language};

/// Asks for an organization's id: a form that sends GET `/` with `organization`.
#[derive(Template)]
#[template(path = "organization.html")]
pub struct OrganizationPage<'a> {
    pub language: &'a Language,
    /// What the person typed before, if no organization has that id.
    pub wrong_id: Option<&'a str>,
}
