//! The pages before and after signing out. A GET shows them; only the form's POST signs anybody out.

use askama::Template;

use super::{assets, text::Language};

/// Asks whether to sign out.
#[derive(Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    pub user_name: &'a str,
    /// The display name of the provider where this signs out, too.
    pub provider: Option<&'a str>,
    /// Where the form is posted to, without fields.
    pub action: &'a str,
    pub cancel_href: &'a str,
}

/// Says that the session has ended.
#[derive(Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    pub sign_in_href: &'a str,
}
