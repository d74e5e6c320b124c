//! Users, sessions, grants and keys that outlive the process. What is secret in it is sealed.
//! Knows nothing of providers' protocols or of manifests.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretSlice, SecretString};
use tokio::sync::broadcast;

use crate::domain::{
    documents::Merged,
    keep::Keep,
    organization::OrganizationKey,
    provider_session::ProviderLogout,
    trust::Known,
    user::{Link, LoginRecord, LostAccess, Mapped, SessionId, SignedIn, UserId},
};

#[cfg(test)]
mod conformance;
mod seal;
mod sqlite;
#[cfg(test)]
pub(crate) mod testing;

/// Claims whose JSON is longer than this many bytes are not kept.
pub const LONGEST_CLAIMS: usize = 64 * 1024;

/// Opens the database of a URL, makes it when it is not there, and brings it to this version's layout.
///
/// `sqlite:PATH` is all that is known yet. Without a `key_file` the encryption key is in `PATH.key`; it is made as
/// long as nothing has been sealed with another one.
pub async fn open(url: &str, key_file: Option<&Path>) -> Result<Arc<dyn Store>, StoreError> {
    let path = url.strip_prefix("sqlite:").ok_or(StoreError::UnknownUrl)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(StoreError::UnknownUrl);
    }
    Ok(Arc::new(sqlite::Sqlite::open(Path::new(path), key_file).await?))
}

/// What every database behind Latchkey can do. One conformance suite runs against all of them.
///
/// Every method is one transaction: it happens whole or not at all. A write that has begun goes on when nobody waits
/// for its answer any more. Each answers within seconds, if only with an error; after `TimedOut` the write may happen
/// yet.
/// Times are kept to the millisecond.
#[async_trait]
pub trait Store: Send + Sync {
    /// The generation of an object without an API server: 1 for a UID that was never seen, one more whenever
    /// `spec_hash` differs from the last one.
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, StoreError>;

    /// The keys of a purpose, newest first.
    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError>;
    /// Adds a key; an error when the purpose has one of this id.
    async fn add_key(&self, purpose: KeyPurpose, key: StoredKey) -> Result<(), StoreError>;
    /// Removes the keys of a purpose that were made before a time.
    async fn remove_keys_before(&self, purpose: KeyPurpose, before: Timestamp) -> Result<(), StoreError>;

    /// Marks a login attempt as used until it would have expired anyway; false when it was used before.
    async fn use_attempt(&self, id: &[u8; 16], expires: Timestamp) -> Result<bool, StoreError>;

    /// The user whom a link leads to, and the one of its organization who has an address, in canonical form; both as they
    /// are at one moment.
    async fn known(&self, link: &Link, address: Option<&str>) -> Result<Known, StoreError>;
    /// Writes a login: creates or updates the user, links it, notes what is said of the user now, keeps the claims, sets
    /// the grants that this provider's mappers make (those of other providers stay), keeps the ID token if it is to be
    /// kept, and begins the session. `login.user` is written whole, but for its fields, which are worked out here.
    /// Says which revision the claims have now: 1 at first, one more at every login.
    async fn record_login(&self, login: &LoginRecord) -> Result<i64, RecordLoginError>;

    /// Writes what a login has shown of somebody who may not sign in any more: keeps the claims, and sets anew what the
    /// provider and its mappers make of the user, as `reapply` does.
    async fn record_lost_access(&self, lost: &LostAccess) -> Result<(), StoreError>;

    /// A session that has not ended, with its user and all grants of the user. Whether it has expired is for
    /// the caller to say.
    async fn session(&self, id: &SessionId) -> Result<Option<SignedIn>, StoreError>;
    /// Ends a session; it never comes back. No error when there is none.
    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError>;
    /// Ends all sessions that began with a provider; says how many.
    async fn end_sessions_of_provider(&self, provider_uid: &str) -> Result<u64, StoreError>;
    /// The UIDs of the providers that sessions began with.
    async fn providers_with_sessions(&self) -> Result<Vec<String>, StoreError>;
    /// The ID token that a session began with, if it is kept.
    async fn id_token(&self, session: &SessionId) -> Result<Option<SecretString>, StoreError>;
    /// Ends the sessions that a provider says are over; says how many. With the `mark` of a logout token the logout is
    /// noted, so that no login begins a session that it has overtaken; `None`, and nothing happens, when the token was
    /// used before.
    async fn end_sessions_at_provider(
        &self,
        logout: &ProviderLogout,
        mark: Option<&LogoutMark>,
    ) -> Result<Option<u64>, StoreError>;
    /// Forgets the logouts that need not be known any longer.
    async fn remove_expired_logouts(&self, now: Timestamp) -> Result<(), StoreError>;
    /// Notes when sessions were last used; never moves a time back, ignores sessions that have ended.
    async fn touch_sessions(&self, used: &[(SessionId, Timestamp)]) -> Result<(), StoreError>;

    /// Everybody who ever signed in through a provider, with their last verified claims; ordered by user, `limit`
    /// at a time after `after`.
    async fn claims_of_provider(
        &self,
        provider_uid: &str,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StoredClaims>, StoreError>;
    /// Sets what a provider and its mappers make of people, each by the claims of a revision: grants, but those of the
    /// mappers in `keep` stay as they are, whatever is said of them; fields, if it was by this provider that the person
    /// signed in last; and who may not sign in any more loses the sessions that began with it. Of people whose claims
    /// have another revision nothing is written: a newer login is never overwritten. The answers have the order of
    /// `people`, who are different ones. Logins wait meanwhile: a few dozen at once are good.
    async fn reapply_all(&self, provider_uid: &str, people: Vec<Reapplied>) -> Result<Vec<Replaced>, StoreError>;
    /// `reapply_all` for one person.
    async fn reapply(
        &self,
        user: UserId,
        provider_uid: &str,
        revision: i64,
        mapped: &Mapped,
        keep: &Keep,
    ) -> Result<Replaced, StoreError> {
        let person = Reapplied { user, revision, mapped: mapped.clone(), keep: keep.clone() };
        let replaced = self.reapply_all(provider_uid, vec![person]).await?;
        Ok(replaced.first().copied().unwrap_or(Replaced::Outdated))
    }
    /// What `set_applied_mappers` noted last for a provider; empty when a login with another mark came since.
    async fn applied_mappers(&self, provider_uid: &str) -> Result<Option<String>, StoreError>;
    /// Notes the fingerprint of the mappers by which all grants of a provider were evaluated last.
    async fn set_applied_mappers(&self, provider_uid: &str, fingerprint: &str) -> Result<(), StoreError>;
    /// The UIDs of the providers for which a mapper has made grants.
    async fn providers_with_grants(&self) -> Result<Vec<String>, StoreError>;

    /// Removes sessions last used before `idle_before` or begun before `begun_before` (of one organization),
    /// says how many. No change is announced: who keeps copies knows the same limits. Call `touch_sessions` first.
    async fn remove_expired_sessions(
        &self,
        organization: &OrganizationKey,
        idle_before: Timestamp,
        begun_before: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Removes the marks of login attempts that have expired.
    async fn remove_expired_attempts(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// What changes from now on, by whichever replica, within a second. Announced after it can be read, and a time
    /// too many rather than too few. A receiver that lags takes it that everything may have changed.
    fn changes(&self) -> broadcast::Receiver<StoreChange>;
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Seals session and login attempt cookies.
    Cookie,
}

impl KeyPurpose {
    /// As it is stored.
    fn as_str(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
        }
    }
}

/// A secret key and when it was made. The store seals it.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Identifies the key among those of its purpose.
    pub id: u32,
    pub secret: SecretSlice<u8>,
    pub made_at: Timestamp,
}

/// The last verified claims of one person of a provider.
#[derive(Clone, Debug)]
pub struct StoredClaims {
    pub user: UserId,
    /// Tells these claims from those of a newer login.
    pub revision: i64,
    /// None when they were longer than `LONGEST_CLAIMS`.
    pub claims: Option<Merged>,
}

/// What is to be set anew of one person, and by which claims that was decided.
#[derive(Clone, Debug)]
pub struct Reapplied {
    pub user: UserId,
    pub revision: i64,
    pub mapped: Mapped,
    /// The mappers whose grants and fields stay.
    pub keep: Keep,
}

/// Names a logout token, which counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutMark {
    /// Of the provider and the token's `jti`.
    pub id_hash: [u8; 32],
    /// The token's `iat`.
    pub issued_at: Timestamp,
    /// Nobody asks for the logout any longer.
    pub kept_until: Timestamp,
}

/// What came of setting somebody's grants and fields anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// Something differs now, or sessions ended.
    Changed,
    Same,
    /// A newer login has been written, or the user is gone; nothing was changed.
    Outdated,
}

/// Something that holders of copies in memory must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChange {
    SessionEnded(SessionId),
    SessionsOfProviderEnded(String),
    SessionsEndedAtProvider(ProviderLogout),
    /// All of a user's but the one that has just begun; the user has changed, too.
    SessionsOfUserEnded(UserId),
    /// Those of these people that began with the provider; the people may have changed, too.
    SessionsOfPeopleEnded {
        provider_uid: Arc<str>,
        users: BTreeSet<UserId>,
    },
    /// The user's fields or grants.
    UserChanged(UserId),
}

/// The database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database could not be brought to this version's layout")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(
        "what the database holds under {what} cannot be read with this encryption key: use the key file that belongs to the database, or start with a new database"
    )]
    Unsealable { what: &'static str },
    #[error("what the database holds under {what} is damaged")]
    Damaged { what: &'static str },
    #[error("a value could not be sealed: the system's cryptography failed")]
    Seal,
    #[error("the database did not answer within {} seconds", .0.as_secs())]
    TimedOut(std::time::Duration),
    #[error("the database file {path} cannot be made or read")]
    DatabaseFile {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the encryption key file {path} cannot be made or read")]
    KeyFile {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the encryption key file {path} is not there, but the database holds what was sealed with it: restore it from your backup, or move the database away to start anew"
    )]
    KeyFileMissing { path: String },
    #[error(
        "the encryption key file {path} does not hold 32 bytes in base64: restore it from your backup, or move it away together with the database to start anew"
    )]
    KeyFileInvalid { path: String },
    // Never shown: a URL can hold a password.
    #[error("the database URL is none that Latchkey knows: write sqlite:PATH")]
    UnknownUrl,
}

/// Why a login could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordLoginError {
    /// Somebody else in the organization has this user name.
    #[error("the user name is taken in the organization")]
    UserNameTaken,
    /// The provider has ended the session there that the login comes from.
    #[error("the provider ended the session before the login was written")]
    SignedOut,
    /// At the same moment another login linked the same person, or changed who has the address: gather and decide again.
    #[error("another login changed the user at the same moment")]
    Raced,
    #[error(transparent)]
    Store(#[from] StoreError),
}
