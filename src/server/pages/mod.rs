//! The pages that people see, as HTML without JavaScript, and their one stylesheet. Texts are in
//! `english.rs`, looks in `assets/latchkey.css`. They must never read, decide or trust anything:
//! what a page shows is given to it, and escaped. Addresses are made here or checked before.

mod account;
mod assets;
mod english;
mod error;
mod organization;
mod policy;
mod sign_in;
mod sign_out;
mod text;
mod verify_email;

#[cfg(test)]
mod tests;

pub use account::{AccountPage, Address, Moment, Noted, Origin, Right, SessionRow};
pub use assets::{Asset, favicon, stylesheet};
pub use english::ENGLISH;
pub use error::ErrorPage;
pub use organization::{IdentifierProblem, LastOrganization, OrganizationPage};
pub use policy::{FRAMABLE, Forms, content_security_policy};
pub use sign_in::{AddressProblem, EmailForm, Icon, ProviderButton, SignInPage};
pub use sign_out::{SignOutPage, SignedOutPage};
pub use text::Language;
pub use verify_email::{Delivery, Next, VerifyEmail, VerifyEmailPage};

/// Something that a browser can show.
pub trait Page {
    /// The whole HTML document, in UTF-8.
    fn render(&self) -> String;
}

impl<T: askama::Template> Page for T {
    fn render(&self) -> String {
        askama::Template::render(self).expect("a String takes all that is written to it, and no filter used here fails")
    }
}
