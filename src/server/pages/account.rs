//! The page where people see who they are here and why, and end their sessions.

use askama::Template;

use super::{assets, text::Language};

/// Says who is signed in, what they were granted by whom, what is noted of them, and where they are signed in.
#[derive(Template)]
#[template(path = "account.html")]
pub struct AccountPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    pub full_name: Option<&'a str>,
    pub user_name: &'a str,
    pub address: Option<Address<'a>>,
    /// The display name of the provider that the session began with.
    pub provider: &'a str,
    /// The display names, or else the issuers, of others that lead to the same user.
    pub linked: Vec<&'a str>,
    /// None: the person is no administrator.
    pub administrator: Option<Vec<Origin<'a>>>,
    pub roles: Vec<Right<'a>>,
    pub groups: Vec<Right<'a>>,
    pub noted: Vec<Noted<'a>>,
    /// Their newest first; None: they cannot be listed now.
    pub sessions: Option<Vec<SessionRow<'a>>>,
    /// In which all times are: its IANA name.
    pub time_zone: &'a str,
    /// Where sessions are ended: a form that sends `end`, which is a handle, `others` or `all`.
    pub action: &'a str,
    pub sign_out_href: &'a str,
}

/// The person's e-mail address.
pub struct Address<'a> {
    pub email: &'a str,
    pub verified: bool,
    /// Where a form without fields asks for a mail that verifies it; None: nobody can send one.
    pub verify_action: Option<&'a str>,
}

/// A role or group of the person.
pub struct Right<'a> {
    pub display_name: &'a str,
    /// Empty: not known now.
    pub origins: Vec<Origin<'a>>,
}

/// Something that is noted of the person.
pub struct Noted<'a> {
    /// `fullName` and the like, or the name of a custom attribute.
    pub name: &'a str,
    pub value: String,
    pub origin: Origin<'a>,
}

/// Who gave or said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin<'a> {
    /// Its `metadata.name`.
    Mapper(&'a str),
    /// The display name of one that makes administrators.
    Role(&'a str),
    /// The display name of a provider, or organization, all of whose people have it.
    Everybody(&'a str),
    /// The display name of a provider that says so itself.
    Provider(&'a str),
    Administrator,
    /// Somebody who is not here any more.
    Gone,
}

/// A session of the person.
pub struct SessionRow<'a> {
    /// What the form sends to end it.
    pub handle: String,
    /// The display name of the provider that it began with.
    pub provider: &'a str,
    pub began: Moment,
    pub last_used: Moment,
    /// It is the one that shows the page.
    pub is_this: bool,
}

/// A time, for people and for machines.
pub struct Moment {
    pub text: String,
    /// RFC 3339.
    pub machine: String,
}

impl AccountPage<'_> {
    /// What to call the person.
    fn name(&self) -> &str {
        self.full_name.unwrap_or(self.user_name)
    }

    /// What stands before a name, the name, and what stands after it.
    fn told<'a>(&'a self, origin: &Origin<'a>) -> (&'a str, &'a str, &'a str) {
        let text = &self.language.account;
        let (phrase, name) = match *origin {
            Origin::Mapper(name) => (&text.by_mapper, name),
            Origin::Role(name) => (&text.by_role, name),
            Origin::Everybody(name) => (&text.for_everybody, name),
            Origin::Provider(name) => (&text.from_provider, name),
            Origin::Administrator => return (text.by_hand, "", ""),
            Origin::Gone => return (text.by_nobody, "", ""),
        };
        (phrase.before, name, phrase.after)
    }

    /// What a field is called.
    fn label<'a>(&'a self, name: &'a str) -> &'a str {
        let labels = &self.language.account.fields;
        labels.iter().find(|(field, _)| *field == name).map_or(name, |(_, label)| label)
    }

    /// Where a mail is asked for that verifies the address, where one helps and can be sent.
    fn verify_action(&self) -> Option<&str> {
        self.address.as_ref().filter(|address| !address.verified)?.verify_action
    }

    /// Whether a mail would help, and none can be sent.
    fn lacks_mail(&self) -> bool {
        self.address.as_ref().is_some_and(|address| !address.verified && address.verify_action.is_none())
    }

    fn has_others(&self) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| sessions.iter().any(|session| !session.is_this))
    }
}
