//! The sign-in page of an organization: one button a provider.

use askama::Template;

use super::{assets, text::Language};

/// Where people choose how to sign in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// The heading, when the organization names one.
    pub title: Option<&'a str>,
    /// In the order in which they are shown. None: the page says whom to ask.
    pub providers: Vec<ProviderButton<'a>>,
}

/// A provider on the sign-in page.
#[derive(Clone, Debug)]
pub struct ProviderButton<'a> {
    pub display_name: &'a str,
    /// Where a login begins, by GET. None: shown, but not available right now.
    pub href: Option<&'a str>,
    pub icon: Icon,
}

/// The built-in icons, by type of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Generic,
}

impl SignInPage<'_> {
    fn heading(&self) -> &str {
        self.title.unwrap_or(self.language.sign_in.heading)
    }

    fn any_available(&self) -> bool {
        self.providers.iter().any(|provider| provider.href.is_some())
    }

    fn any_unavailable(&self) -> bool {
        self.providers.iter().any(|provider| provider.href.is_none())
    }
}
