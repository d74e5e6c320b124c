//! The page where a login ends that has nowhere else to go: who the person is here.

use askama::Template;

use super::{assets, text::Language};

/// Says who is signed in, how, and what they were granted.
#[derive(Template)]
#[template(path = "signed_in.html")]
pub struct SignedInPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    pub full_name: Option<&'a str>,
    pub user_name: &'a str,
    pub email: Option<&'a str>,
    pub administrator: bool,
    /// Display names.
    pub roles: Vec<&'a str>,
    /// Display names.
    pub groups: Vec<&'a str>,
    /// The display name of the provider that the session began with.
    pub provider: &'a str,
    pub sign_out_href: &'a str,
}

impl SignedInPage<'_> {
    /// What to call the person.
    fn name(&self) -> &str {
        self.full_name.unwrap_or(self.user_name)
    }
}
