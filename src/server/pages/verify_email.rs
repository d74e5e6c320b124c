//! The pages on which people confirm that an e-mail address is theirs. Looking at them changes nothing.

use askama::Template;

use super::{assets, text::Language};

/// One step of confirming an address.
#[derive(Template)]
#[template(path = "verify_email.html")]
pub struct VerifyEmailPage<'a> {
    pub language: &'a Language,
    /// The organization's display name.
    pub organization: &'a str,
    /// Where the forms are posted to.
    pub action: &'a str,
    pub stage: VerifyEmail<'a>,
}

/// Where somebody is who confirms an address.
#[derive(Clone, Debug)]
pub enum VerifyEmail<'a> {
    /// Somebody has to open the link in a mail; a form asks for another mail.
    MailSent {
        address: &'a str,
        delivery: Delivery<'a>,
    },
    /// Asks whether the address is theirs, by a form with the token of the link.
    Confirm {
        address: &'a str,
        user_name: &'a str,
        token: &'a str,
    },
    Confirmed {
        next: Next,
        href: &'a str,
    },
    /// Nobody is signed in here; a link is for this user.
    SignInFirst {
        user_name: Option<&'a str>,
        href: &'a str,
    },
    /// The link is for somebody else than who is signed in here.
    AnotherUser {
        user_name: &'a str,
        signed_in_as: &'a str,
        sign_out_href: &'a str,
    },
    /// The link is for somebody else than who has come here, and whose own address has to be verified first; a form asks
    /// for a mail to that one.
    AnotherWaits {
        user_name: &'a str,
        /// The address that they came with.
        came_with: &'a str,
        sign_in_href: &'a str,
    },
    /// The link works no more; a form asks for another mail.
    Spent,
}

/// Where a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery<'a> {
    Sent,
    OnItsWay,
    /// None was sent now, for there were enough before; from this time on there may be another.
    NotBefore(&'a str),
}

/// What comes after an address is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    SignIn,
    Account,
}

impl VerifyEmailPage<'_> {
    fn heading(&self) -> &str {
        let text = &self.language.verify_email;
        match self.stage {
            VerifyEmail::MailSent { .. } => text.check_mail,
            VerifyEmail::Confirm { .. } => text.confirm,
            VerifyEmail::Confirmed { .. } => text.confirmed,
            VerifyEmail::SignInFirst { .. } => text.sign_in_first,
            VerifyEmail::AnotherUser { .. } | VerifyEmail::AnotherWaits { .. } => text.another_user,
            VerifyEmail::Spent => text.spent,
        }
    }

    fn is_confirmed(&self) -> bool {
        matches!(self.stage, VerifyEmail::Confirmed { .. })
    }
}
