//! Users, their links to providers, and their sessions.

use std::{fmt, str::FromStr, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use secrecy::{SecretString, zeroize::Zeroize};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    documents::Merged,
    field::{FULL_NAME, Fields, Said},
    grant::{Grant, Granted},
    modes::Terms,
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
    /// On whose word the address is theirs; None: on nobody's yet.
    pub verified: Option<Verification>,
    pub fields: Fields,
}

/// On whose word an address is somebody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// That of the provider of the last login.
    Provider,
    /// The person opened the link in a mail to it.
    Mail,
    /// An administrator's.
    Hand,
}

impl User {
    /// Whether the address is known to be theirs.
    pub fn email_verified(&self) -> bool {
        self.verified.is_some()
    }

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

/// Names a session to its user and to administrators; nobody is signed in by it.
/// The SHA-256 of its ID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHandle(pub [u8; 32]);

impl SessionHandle {
    pub fn of(id: &SessionId) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &id.0).as_ref());
        Self(hash)
    }
}

/// In lower-case hexadecimal digits.
impl fmt::Display for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Some text names no session: a handle has 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session's handle has 64 hexadecimal digits")]
pub struct NoSessionHandle;

impl FromStr for SessionHandle {
    type Err = NoSessionHandle;

    fn from_str(text: &str) -> Result<Self, NoSessionHandle> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(NoSessionHandle)
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
    /// Who the provider says that the person is, without fields. What is written of it is worked out from what was known
    /// before (`update::user_after`).
    pub user: User,
    /// How the user was found, which must still hold when this is written.
    pub found: FoundBy,
    pub link: Link,
    /// The user whom the link led to when this was decided.
    pub linked: Option<UserId>,
    /// The provider's user IDs do not tell people apart: the user keeps no other link by it.
    pub only_link: bool,
    /// The verified claims that mappers are evaluated with again when they change.
    pub claims: Merged,
    /// What this provider and its mappers make of the person now.
    pub mapped: Mapped,
    /// How that is written.
    pub terms: Terms,
    /// Tells the mappers that the grants are by from others: should all others have been evaluated by different
    /// ones, they are evaluated again after the next start.
    pub mark: String,
    /// No session begins before the user's address is verified.
    pub requires_verified_email: bool,
    /// The session that begins, if one does.
    pub session: Session,
    pub id_token: IdToken,
    /// An application brought the ID token, which counts once: no session begins. None: a browser did.
    pub brought: Option<OneUse>,
}

/// Something that counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneUse {
    /// Half of a hash of what tells it from others.
    pub id: [u8; 16],
    /// Nobody takes it any longer.
    pub until: Timestamp,
}

/// How the user of a login was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// Not at all: the login creates the user.
    New,
    Link,
    /// The user has this address, verified.
    Address(String),
    /// The user has this name, and these links alone.
    UserName(String, Vec<LinkedTo>),
}

impl LoginRecord {
    /// Whether the login links a user who was there before.
    pub fn links_anew(&self) -> bool {
        self.found != FoundBy::New && self.linked != Some(self.user.id)
    }
}

/// Whom a user is linked to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkedTo {
    pub issuer: String,
    /// The UID of the provider that the link was used through last; None: it never was, or before that was noted.
    pub provider_uid: Option<Arc<str>>,
}

/// Everything that a login writes of somebody who may not sign in any more.
#[derive(Clone, Debug)]
pub struct LostAccess {
    pub user: UserId,
    pub provider_uid: Arc<str>,
    pub claims: Merged,
    /// When the ID token was issued that shows it.
    pub issued_at: Timestamp,
    /// An application brought the ID token, which counts once. None: a browser did.
    pub brought: Option<OneUse>,
    pub mapped: Mapped,
    pub terms: Terms,
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
