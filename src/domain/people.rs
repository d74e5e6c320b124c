//! What a provider's manifest says of its people: where everything about them is read, and what must hold of them.

use serde::Serialize;

use super::{expression::Expression, modes::Modes, reading::Reading};

/// What a provider's manifest says of its people. Equal ones give everybody the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct People {
    pub readings: Readings,
    pub access: Access,
    /// By what they are found among the users, in order.
    pub matching: Vec<Match>,
    pub modes: Modes,
    /// Their addresses count as verified.
    pub trust_email: bool,
    pub defaults: Defaults,
    /// By the name of the field that they give.
    pub rules: Vec<(&'static str, Reading)>,
    pub validation: Vec<ClaimRule>,
}

/// Who may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Access {
    #[default]
    Everyone,
    /// Only people for whom a mapper is.
    MappedOnly,
}

/// By what a person is found among the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Match {
    ExternalId,
    Email,
    UserName,
}

/// What holds of people of whom nothing else is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Defaults {
    /// By the name of the field.
    pub fields: Vec<(&'static str, String)>,
    /// Everybody is an administrator.
    pub administrator: bool,
}

/// What must hold of the claims of everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimRule {
    pub expression: Expression,
    /// What people are told who are refused by it.
    pub message: String,
}

/// Where each field of a user is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readings {
    pub user_id: Reading,
    /// Must give something. None: preferred_user_name, else the e-mail address, else the user ID.
    pub user_name: Option<Reading>,
    /// None: the provider has no such claim.
    pub preferred_user_name: Option<Reading>,
    pub email: Reading,
    pub email_verified: Reading,
    /// None: the provider has no such claim.
    pub groups: Option<Reading>,
    pub full_name: Reading,
    /// The other standard fields, by name.
    pub others: Vec<OtherReading>,
}

/// A field that is taken along where it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherReading {
    pub name: &'static str,
    pub reading: Reading,
    /// The manifest asks for it, so that it is worth looking for in another document.
    pub is_wanted: bool,
}

impl Readings {
    /// Everything that is worth looking for in another document, if one may lack it.
    pub fn wanted(&self) -> impl Iterator<Item = &Reading> {
        let named = [&self.user_id, &self.full_name, &self.email].into_iter();
        let others = self.others.iter().filter(|other| other.is_wanted).map(|other| &other.reading);
        named.chain(self.user_name()).chain(&self.groups).chain(others)
    }

    /// Where the user name is read before all others.
    pub fn user_name(&self) -> Option<&Reading> {
        self.user_name.as_ref().or(self.preferred_user_name.as_ref())
    }
}
