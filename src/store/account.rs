//! Users as the store tells of them to themselves and to administrators, and as administrators write them.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    grant::Granted,
    update::Held,
    user::{Link, LinkedTo, SessionHandle, User},
};

/// A user with everything that is known of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    /// The UID of the provider on whose word the user name and, unless it is by hand, everything of mode Replace is; None:
    /// nobody has signed in yet.
    pub told_by: Option<Arc<str>>,
    /// The UID of the provider on whose word the address is; empty: by hand; None: not known, or there is none.
    pub email_by: Option<Arc<str>>,
    /// None: nobody has signed in yet, or not since this is noted.
    pub last_login_at: Option<Timestamp>,
    /// By issuer and external ID.
    pub links: Vec<AccountLink>,
    /// Sorted.
    pub grants: Vec<Held>,
    /// The newest first. Some may have expired.
    pub sessions: Vec<AccountSession>,
}

/// A person at an issuer who is this user here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLink {
    pub link: Link,
    /// The UID of the provider that it was used through last; None: not known, or it never was.
    pub provider_uid: Option<Arc<str>>,
    pub last_login_at: Option<Timestamp>,
}

/// A session as its user, and administrators, see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSession {
    pub handle: SessionHandle,
    pub provider_uid: Arc<str>,
    pub provider_key: Arc<str>,
    pub started_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    pub user: User,
    /// Sorted.
    pub links: Vec<LinkedTo>,
    /// None: nobody has signed in yet, or not since this is noted.
    pub last_login_at: Option<Timestamp>,
}

/// A user who is written by hand.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// As they are written, fields with who said them included.
    pub user: User,
    /// All of the user's organization.
    pub links: Vec<Link>,
    /// By hand.
    pub granted: Vec<Granted>,
}

/// What came of giving and taking by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Those that the user did not have by hand before.
    pub granted: Vec<Granted>,
    /// Those that the user has no longer.
    pub revoked: Vec<Held>,
}
