//! When the keys that tokens are signed with come and go. Pure over when each was made, and the time now.

use jiff::{SignedDuration, Timestamp};

/// A new key is made when the newest is so old.
pub const ROTATION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A key is published for so long before it signs, unless it is the first: verifiers, and other replicas, have it by then.
pub const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// A key is published for so long after the next one has begun to sign: tokens of it are good for 24 hours at most, and
/// clocks differ.
pub const PUBLISHED_AFTER: SignedDuration = SignedDuration::from_hours(25);

/// What the keys of one organization are for at one time. Keys are told by their place, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Signs; None when there is no key.
    pub signer: Option<usize>,
    /// So many of the newest are published; the others are to be forgotten.
    pub published: usize,
    /// A new one is to be made.
    pub is_due: bool,
}

/// What keys are for at `now` that were made at these times, the newest first. A clock that is set back makes keys sign for
/// longer, and no token of theirs goes bad.
pub fn rotation(made_at: &[Timestamp], now: Timestamp) -> Rotation {
    let newest_of_age = |age| made_at.iter().position(|made_at| now.duration_since(*made_at) >= age);
    Rotation {
        // Where none is old enough to sign, the first one has to.
        signer: newest_of_age(PUBLISHED_BEFORE).or(made_at.len().checked_sub(1)),
        published: newest_of_age(PUBLISHED_BEFORE + PUBLISHED_AFTER).map_or(made_at.len(), |last| last + 1),
        is_due: made_at.first().is_none_or(|newest| now.duration_since(*newest) >= ROTATION),
    }
}

#[cfg(test)]
mod tests;
