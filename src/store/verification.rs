//! Mails that verify addresses, and how many of them there may be.

use jiff::{SignedDuration, Timestamp};

use crate::domain::user::UserId;

/// No mail goes to a user, or to an address of an organization, sooner than this after the one before.
pub const BETWEEN_MAILS: SignedDuration = SignedDuration::from_mins(1);
/// So many mails at most go to a user, and to an address of an organization, within `MAILS_COUNT_FOR`.
pub const MOST_MAILS: usize = 5;
/// How long a mail counts against the next one.
pub const MAILS_COUNT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A mail that verifies an address.
#[derive(Clone, Debug)]
pub struct VerificationRequest {
    pub user: UserId,
    pub address: String,
    /// SHA-256 of what the link holds.
    pub token: [u8; 32],
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Whether a mail that verifies an address may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is noted, and its link works.
    Send,
    /// Enough have been sent to the user, or to the address; another one may be from this time on.
    NotBefore(Timestamp),
    /// The address is verified, or is not the user's any more.
    NotNeeded,
}
