//! Users, their links to providers, and their sessions.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use secrecy::{SecretString, zeroize::Zeroize};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    documents::Merged,
    field::{FULL_NAME, Fields, Said},
    grant::{Grant, Granted},
    keep::Keep,
    organization::OrganizationKey,
    provider_session::{ProviderLogout, ProviderSession},
};

/// Identifies a user of the installation; what applications get as user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub Uuid);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A person of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub organization: OrganizationKey,
    /// Unique in the organization.
    pub user_name: String,
    /// Unique in the organization, in canonical form.
    pub email: Option<String>,
    pub email_verified: bool,
    pub fields: Fields,
}

impl User {
    /// The full name, if one is known.
    pub fn full_name(&self) -> Option<&str> {
        self.fields.text(FULL_NAME)
    }
}

/// Identifies a session; whoever has it is signed in. Printed nowhere.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 32]);

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId")
    }
}

impl Drop for SessionId {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A session as it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub organization: OrganizationKey,
    pub user: UserId,
    /// The provider that the person signed in through, and its key at that time.
    pub provider_uid: Arc<str>,
    pub provider_key: Arc<str>,
    pub started_at: Timestamp,
    pub last_used_at: Timestamp,
    /// The session at the provider; None: this one began before such were noted.
    pub at_provider: Option<ProviderSession>,
}

impl Session {
    /// Whether a provider's logout ends it.
    pub fn ends_by(&self, logout: &ProviderLogout) -> bool {
        self.at_provider.as_ref().is_some_and(|at_provider| logout.ends(&self.provider_uid, at_provider))
    }
}

/// A session with all that an answer about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub session: Session,
    pub user: User,
    /// All grants of the user, by every provider and mapper.
    pub grants: Vec<Granted>,
}

/// Everything that a successful login writes, in one transaction.
#[derive(Clone, Debug)]
pub struct LoginRecord {
    /// With no fields: what is noted is worked out from what is said and what was noted.
    pub user: User,
    pub link: Link,
    /// The user was found by the address, so that it must still have it, verified.
    pub found_by_address: bool,
    /// The verified claims that mappers are evaluated with again when they change.
    pub claims: Merged,
    /// What this provider and its mappers make of the person now.
    pub mapped: Mapped,
    /// The mappers of which it is not known what they say now.
    pub keep: Keep,
    /// Tells the mappers that the grants are by from others: should all others have been evaluated by different
    /// ones, they are evaluated again after the next start.
    pub mark: String,
    pub session: Session,
    pub id_token: IdToken,
}

/// Everything that a login writes of somebody who may not sign in any more.
#[derive(Clone, Debug)]
pub struct LostAccess {
    pub user: UserId,
    pub provider_uid: Arc<str>,
    pub claims: Merged,
    pub mapped: Mapped,
    pub keep: Keep,
    pub mark: String,
}

/// What is kept of the ID token of a login.
#[derive(Clone, Debug)]
pub struct IdToken {
    /// `iat`.
    pub issued_at: Timestamp,
    /// The token itself, where signing out needs it.
    pub hint: Option<SecretString>,
}

/// What a provider and its mappers make of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// All grants, sorted, each once.
    pub grants: Vec<Grant>,
    /// None: it is not known what they say, and what is noted stays, but for what mappers said whose grants do not stay.
    pub said: Option<Said>,
    /// Whether the person may sign in, as far as mappers have a say in it.
    pub admitted: bool,
}

/// Ties a person at an issuer to a user here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    pub organization: OrganizationKey,
    pub issuer: String,
    pub external_id: String,
}
