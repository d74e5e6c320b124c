//! Users, sessions, grants and keys that outlive the process. What is secret in it is sealed.
//! Knows nothing of providers' protocols or of manifests.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretSlice, SecretString};
use tokio::sync::broadcast;

use crate::domain::{
    documents::Merged,
    grant::Granted,
    matching::Known,
    modes::Terms,
    organization::OrganizationKey,
    provider_session::ProviderLogout,
    update::Held,
    user::{Link, LoginRecord, LostAccess, Mapped, SessionHandle, SessionId, SignedIn, User, UserId},
};

mod account;
#[cfg(test)]
mod conformance;
mod error;
mod seal;
mod sqlite;
#[cfg(test)]
pub(crate) mod testing;
mod verification;

pub use account::{Account, AccountLink, AccountSession, ByHand, ListedUser, NewUser};
pub use error::{CreateUserError, RecordLoginError, StoreError};
pub use verification::{BETWEEN_MAILS, Begun, MAILS_COUNT_FOR, MOST_MAILS, VerificationRequest};

/// Claims whose JSON is longer than this many bytes are not kept.
pub const LONGEST_CLAIMS: usize = 64 * 1024;

/// Opens the database of a URL, makes it when it is not there, and brings it to this version's layout.
///
/// `sqlite:PATH` is all that is known yet. Without a `key_file` the encryption key is in `PATH.key`; it is made as
/// long as nothing has been sealed with another one.
pub async fn open(url: &str, key_file: Option<&Path>) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(sqlite::Sqlite::open(path_of(url)?, key_file).await?))
}

/// Opens a database that is there, in this version's layout, beside the process that serves from it: what is written is
/// heard there within a second. Makes no file, changes no layout, and makes no key.
///
/// # Errors
/// `NoDatabase`, `OlderLayout`, `NewerLayout`, `KeyFileMissing`, and as `open`.
pub async fn open_beside(url: &str, key_file: Option<&Path>) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(sqlite::Sqlite::open_beside(path_of(url)?, key_file).await?))
}

fn path_of(url: &str) -> Result<&Path, StoreError> {
    let path = url.strip_prefix("sqlite:").ok_or(StoreError::UnknownUrl)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(StoreError::UnknownUrl);
    }
    Ok(Path::new(path))
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
    async fn keys(&self, purpose: &KeyPurpose) -> Result<Vec<StoredKey>, StoreError>;
    /// Adds a key, unless the purpose has one that was made after `unless_after`; an error when it has one of this id. False:
    /// it was not added.
    async fn add_key(&self, purpose: &KeyPurpose, key: &StoredKey, unless_after: Timestamp)
    -> Result<bool, StoreError>;
    /// Removes the keys of a purpose that were made before a time.
    async fn remove_keys_before(&self, purpose: &KeyPurpose, before: Timestamp) -> Result<(), StoreError>;
    /// The organizations that have keys to sign with.
    async fn signing_organizations(&self) -> Result<Vec<OrganizationKey>, StoreError>;

    /// Marks a login attempt as used until it would have expired anyway; false when it was used before.
    async fn use_attempt(&self, id: &[u8; 16], expires: Timestamp) -> Result<bool, StoreError>;

    /// The user whom a link leads to, and those of its organization who have an address, in canonical form, and a user
    /// name; all as they are at one moment.
    async fn known(&self, link: &Link, address: Option<&str>, user_name: &str) -> Result<Known, StoreError>;
    /// Writes a login: creates or updates the user (`update::user_after`), links it, keeps the claims, sets the grants
    /// (`update::grants_after`), keeps the ID token if it is to be kept, and begins the session, unless the user's address
    /// has to be verified first or an application brought the ID token, which is marked as used, and which counts only while
    /// none that was issued later has been seen. A link that led to somebody else leads to this user from now on. Where the provider links
    /// a user who was there before, the other sessions of the user end.
    async fn record_login(&self, login: &LoginRecord) -> Result<Recorded, RecordLoginError>;

    /// Writes what a login has shown of somebody who may not sign in any more: keeps the claims, and sets anew what the
    /// provider and its mappers make of the user, as `reapply` does. Marks the ID token that an application brought as used.
    async fn record_lost_access(&self, lost: &LostAccess) -> Result<(), RecordLoginError>;

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
    /// Sets what a provider and its mappers make of people, each by the claims of a revision: grants
    /// (`update::grants_after`, where what another provider has set alone by the last login is its own); fields
    /// (`update::fields_after`), if it was by this provider that the person was told last; and who may not sign in any more loses
    /// the sessions that began with it. Of people whose claims have another revision nothing is written: a newer login is
    /// never overwritten. The answers have the order of `people`, who are different ones. Logins wait meanwhile: a few
    /// dozen at once are good.
    async fn reapply_all(&self, provider_uid: &str, people: Vec<Reapplied>) -> Result<Vec<Replaced>, StoreError>;
    /// `reapply_all` for one person.
    async fn reapply(
        &self,
        user: UserId,
        provider_uid: &str,
        revision: i64,
        mapped: &Mapped,
        terms: &Terms,
    ) -> Result<Replaced, StoreError> {
        let person = Reapplied { user, revision, mapped: mapped.clone(), terms: terms.clone() };
        let replaced = self.reapply_all(provider_uid, vec![person]).await?;
        Ok(replaced.first().copied().unwrap_or(Replaced::Outdated))
    }
    /// What `set_applied_mappers` noted last for a provider; empty when a login with another mark came since.
    async fn applied_mappers(&self, provider_uid: &str) -> Result<Option<String>, StoreError>;
    /// Notes the fingerprint of the mappers by which all grants of a provider were evaluated last.
    async fn set_applied_mappers(&self, provider_uid: &str, fingerprint: &str) -> Result<(), StoreError>;
    /// A user with everything that is known of them; None when there is none.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError>;
    /// The users of an organization whose id, user name or address this is, however the address is written; usually one.
    /// Ordered by user name.
    async fn find_users(&self, organization: &OrganizationKey, text: &str) -> Result<Vec<User>, StoreError>;
    /// The users of an organization, ordered by user name, `limit` at a time after the name `after`.
    async fn users(
        &self,
        organization: &OrganizationKey,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ListedUser>, StoreError>;
    /// Writes a user by hand, with links and grants. Nobody has signed in as the user yet.
    async fn create_user(&self, new: &NewUser) -> Result<(), CreateUserError>;
    /// Gives by hand, and takes exactly the grants that are named, whoever gave them: whether that is allowed is for the
    /// caller to say. Says what differs now; nothing where there is no such user.
    async fn grant_by_hand(&self, user: UserId, granted: &[Granted], revoked: &[Held]) -> Result<ByHand, StoreError>;
    /// Ends one session of a user; false when the user has no such session.
    async fn end_session_of_user(&self, user: UserId, session: &SessionHandle) -> Result<bool, StoreError>;
    /// Ends all sessions of a user, but for one if it is named; says how many.
    async fn end_sessions_of_user(&self, user: UserId, but: Option<&SessionHandle>) -> Result<u64, StoreError>;

    /// Notes that a mail is sent to verify the address of a user, if it may be sent now. It counts even if it is never
    /// delivered, unless it is forgotten.
    async fn begin_verification(&self, request: &VerificationRequest) -> Result<Begun, StoreError>;
    /// Forgets a mail that was not sent: it counts no longer, and its link never works. No error when there is none.
    async fn forget_verification(&self, token: &[u8; 32]) -> Result<(), StoreError>;
    /// Whose address a link verifies, and when it expires; None when it was used before, has expired, is none of ours, or
    /// the user has another address by now.
    async fn verification(&self, token: &[u8; 32], now: Timestamp) -> Result<Option<(User, Timestamp)>, StoreError>;
    /// Verifies the address that a link was sent to; false as `verification` says None, and when the link is another
    /// user's. Every link of the user is used then.
    async fn verify_address(&self, token: &[u8; 32], user: UserId, now: Timestamp) -> Result<bool, StoreError>;
    /// Forgets the mails that count no longer and whose links have expired.
    async fn remove_expired_verifications(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Announces, among `changes`, what others have written since this store was opened that were opened beside it
    /// (`open_beside`). Until it is dropped; to be run by whoever serves. Reads alone.
    async fn hear_others(&self);
    /// Forgets what was to be heard an hour ago.
    async fn remove_expired_announcements(&self, now: Timestamp) -> Result<(), StoreError>;

    /// The UIDs of the providers for which a mapper has made grants; what is by hand is of none.
    async fn providers_with_grants(&self) -> Result<Vec<String>, StoreError>;

    /// Removes sessions last used before `idle_before` or begun before `begun_before` (of one organization),
    /// says how many. No change is announced: who keeps copies knows the same limits. Call `touch_sessions` first.
    async fn remove_expired_sessions(
        &self,
        organization: &OrganizationKey,
        idle_before: Timestamp,
        begun_before: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Removes the marks of what counts once and has expired.
    async fn remove_expired_uses(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// What changes from now on, by whichever replica, within a second. Announced after it can be read, and a time
    /// too many rather than too few. A receiver that lags takes it that everything may have changed.
    fn changes(&self) -> broadcast::Receiver<StoreChange>;
}

/// What a key is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Seals session and login attempt cookies.
    Cookie,
    /// Signs the access tokens of an organization.
    Signing(OrganizationKey),
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
    /// How it is written.
    pub terms: Terms,
}

/// What came of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Which revision the claims have now: 1 at first, one more at every login.
    pub revision: i64,
    /// The user as it was written.
    pub user: User,
    /// All grants of the user, by every provider and mapper.
    pub grants: Vec<Granted>,
    /// Whether the person is let in: the session has begun, or the ID token of an application counts; false: the address has
    /// to be verified first.
    pub let_in: bool,
    /// Whether the user had another address before, or none.
    pub address_is_new: bool,
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
    /// Some of a user's, or all but the one that has just begun; the user may have changed, too.
    SessionsOfUserEnded(UserId),
    /// Those of these people that began with the provider; the people may have changed, too.
    SessionsOfPeopleEnded {
        provider_uid: Arc<str>,
        users: BTreeSet<UserId>,
    },
    /// The user's fields or grants.
    UserChanged(UserId),
    /// Something, of which more is not known.
    Anything,
}
