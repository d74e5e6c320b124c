//! The sign-in page of an organization: one button a provider, and a field for the e-mail address.

use askama::Template;

use super::{assets, text::Language};
use crate::api::ProviderType;

/// Where people choose how to sign in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// The heading, when the organization names one.
    pub title: Option<&'a str>,
    /// In the order in which they are shown, but for the one used last, which goes first. Neither any of them nor an
    /// e-mail form: the page says whom to ask.
    pub providers: Vec<ProviderButton<'a>>,
    /// Present where an address can lead to a provider.
    pub email: Option<EmailForm<'a>>,
}

/// A provider on the sign-in page.
#[derive(Clone, Debug)]
pub struct ProviderButton<'a> {
    pub display_name: &'a str,
    /// Where a login begins, by GET. None: shown, but not available right now.
    pub href: Option<&'a str>,
    pub icon: Icon,
    /// Chosen last on this device; at most one of a page is.
    pub last_used: bool,
}

/// The icon of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Icon {
    /// By the type of the provider: of our own drawing, and nobody's logo.
    BuiltIn(ProviderType),
    /// Where a picture is served from here.
    Picture(String),
}

/// Asks for the e-mail address: a form that sends POST `/discover` with `organization`, `identifier` and `return_to`.
#[derive(Clone, Debug)]
pub struct EmailForm<'a> {
    pub organization_id: &'a str,
    pub return_to: Option<&'a str>,
    /// What was typed before.
    pub value: Option<&'a str>,
    /// What is wrong with it.
    pub problem: Option<AddressProblem>,
}

/// Why an e-mail address leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressProblem {
    /// It is none.
    Malformed,
    /// No provider is there for it.
    Unknown,
}

impl<'a> SignInPage<'a> {
    fn heading(&self) -> &str {
        self.title.unwrap_or(self.language.sign_in.heading)
    }

    /// What the page asks people to do; None where there is nothing to say beside the only button.
    fn request(&self) -> Option<&str> {
        let text = &self.language.sign_in;
        match (&self.email, self.providers.len()) {
            (Some(_), 0) => Some(text.type_address),
            (Some(_), _) => Some(text.choose),
            (None, 2..) if self.any_available() => Some(text.choose),
            (None, _) => None,
        }
    }

    /// Everything without an e-mail form; with one, what was used last.
    fn above_the_form(&self) -> Vec<&ProviderButton<'a>> {
        let (mut last_used, others): (Vec<_>, Vec<_>) = self.providers.iter().partition(|provider| provider.last_used);
        if self.email.is_none() {
            last_used.extend(others);
        }
        last_used
    }

    fn below_the_form(&self) -> Vec<&ProviderButton<'a>> {
        self.providers.iter().filter(|provider| !provider.last_used).collect()
    }

    /// Whether this is the one way that most people will want.
    fn is_featured(&self, provider: &ProviderButton<'_>) -> bool {
        let alone = self.providers.len() == 1 && self.email.is_none();
        provider.href.is_some() && (provider.last_used || alone)
    }

    fn form_is_featured(&self) -> bool {
        !self.providers.iter().any(|provider| self.is_featured(provider))
    }

    /// What to say below the field, if what it holds is wrong.
    fn mistake(&self) -> Option<&str> {
        let text = &self.language.sign_in;
        match self.email.as_ref()?.problem? {
            AddressProblem::Malformed => Some(text.malformed_address),
            AddressProblem::Unknown if self.any_available() => Some(text.unknown_address),
            AddressProblem::Unknown => Some(text.unknown_address_alone),
        }
    }

    fn any_available(&self) -> bool {
        self.providers.iter().any(|provider| provider.href.is_some())
    }

    fn any_unavailable(&self) -> bool {
        self.providers.iter().any(|provider| provider.href.is_none())
    }
}
