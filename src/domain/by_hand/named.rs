//! Whether a text names the user whom it led to. An address that nobody has verified may be anybody's, and so may a user
//! name that looks like one: neither must lead a gift to a stranger.

use crate::domain::{
    email::canonical_address,
    user::{User, UserId},
};

/// A text may mean somebody else than the user whom it led to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text}: this is no verified address of the user {id}, who may be somebody else; see who that is by latchkey users show {id}, and name them by id{}",
    if *.has_plain_name { ", or by user name" } else { "" }
)]
pub struct Unproven {
    text: String,
    id: UserId,
    /// Whether the user name does not look like an address itself.
    has_plain_name: bool,
}

/// Whether a text that led to a user by the id, the user name or the address leads to nobody else.
///
/// # Errors
/// The text looks like an address, which is not the user's verified one.
pub fn must_name(text: &str, user: &User) -> Result<(), Unproven> {
    let Some(address) = canonical_address(text) else { return Ok(()) };
    if user.email_verified() && user.email.as_ref() == Some(&address) {
        return Ok(());
    }
    let has_plain_name = canonical_address(&user.user_name).is_none();
    Err(Unproven { text: text.to_owned(), id: user.id, has_plain_name })
}
