//! Why the store could not do something. Never says what it holds.

use crate::domain::user::UserId;

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
    #[error(
        "there is no database at {path}: start latchkey serve once, which makes it, or name the one that it serves from"
    )]
    NoDatabase { path: String },
    #[error(
        "the database at {path} has the layout of an older Latchkey: start latchkey serve once, which brings it up to date"
    )]
    OlderLayout { path: String },
    #[error("the database at {path} has the layout of a newer Latchkey: use the version that serves from it")]
    NewerLayout { path: String },
    // Never shown: a URL can hold a password.
    #[error("the database URL is none that Latchkey knows: write sqlite:PATH")]
    UnknownUrl,
}

/// Why a login could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordLoginError {
    /// The provider has ended the session there that the login comes from.
    #[error("the provider ended the session before the login was written")]
    SignedOut,
    /// The ID token that an application brought.
    #[error("the ID token was used before")]
    UsedBefore,
    /// The ID token that an application brought: what it says is old.
    #[error("the provider has said something newer of the person than this ID token")]
    Outdated,
    /// At the same moment the user came, went, or was found by what holds no longer, or somebody else took the name or the
    /// address: gather and decide again.
    #[error("the user changed at the same moment")]
    Raced,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user could not be written by hand.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    #[error("the user {0} of the organization has this user name")]
    UserNameTaken(UserId),
    #[error("the user {0} of the organization has this e-mail address")]
    AddressTaken(UserId),
    #[error("the user {0} of the organization is linked to this user ID of this issuer")]
    LinkTaken(UserId),
    #[error(transparent)]
    Store(#[from] StoreError),
}
