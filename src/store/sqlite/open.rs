//! Opens or makes the database file and finds the encryption key that belongs to it.
//! Never makes a key for a database that was sealed with another one.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::broadcast;

use super::{CHANGES_KEPT, Sqlite};
use crate::store::{
    StoreError,
    seal::{Place, Seal},
};

/// For a free connection of ours, then for a lock of another process; less than `ANSWER_WITHIN` together.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);
const WAIT_FOR_LOCK: Duration = Duration::from_secs(2);
const READERS: u32 = 4;

const PROOF: Place<'static> = Place { table: "seal_proof", row: &[] };

impl Sqlite {
    /// Opens the database; without a `key_file` its key is in the file beside it whose name ends in `.key`.
    pub async fn open(path: &Path, key_file: Option<&Path>) -> Result<Self, StoreError> {
        let path = make_private(path).map_err(|source| file_error(path, source))?;
        let options = SqliteConnectOptions::new().filename(&path).foreign_keys(true).busy_timeout(WAIT_FOR_LOCK);
        // FULL: a logout that was answered survives a power cut.
        let writing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await?;
        sqlx::migrate!("src/store/migrations/sqlite").run(&writer).await?;
        let key_file = key_file.map_or_else(|| beside(&path), std::path::absolute);
        let seal = unlock(&writer, &key_file.map_err(|source| file_error(&path, source))?).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, seal: Arc::new(seal), changes: broadcast::channel(CHANGES_KEPT).0 })
    }
}

/// Reads something that only the database file can answer.
pub async fn ping(readers: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("SELECT id FROM seal_proof").execute(readers).await?;
    Ok(())
}

/// Makes the file for its owner alone, SQLite's companions of it inherit that. One that is there stays as it is.
fn make_private(path: &Path) -> io::Result<PathBuf> {
    // Absolute, so that no name is taken for one of SQLite's URIs.
    let path = std::path::absolute(path)?;
    OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
    Ok(path)
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(".key");
    Ok(name.into())
}

fn file_error(path: &Path, source: io::Error) -> StoreError {
    StoreError::DatabaseFile { path: path.display().to_string(), source }
}

/// Connections are kept for good: they are to a file, and closing the last one costs a checkpoint.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT_FOR_CONNECTION)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Finds the key of a database, or makes it with the first proof, in one transaction for all who start now.
async fn unlock(writer: &SqlitePool, key_file: &Path) -> Result<Seal, StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let db: &mut SqliteConnection = &mut transaction;
    let proof: Option<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM seal_proof").fetch_optional(&mut *db).await?;
    let seal = match (Seal::read(key_file)?, &proof) {
        (Some(seal), _) => seal,
        (None, None) => Seal::make(key_file)?,
        (None, Some(_)) => return Err(StoreError::KeyFileMissing { path: key_file.display().to_string() }),
    };
    match proof {
        Some(proof) => drop(seal.open(&PROOF, &proof)?),
        None => {
            sqlx::query("INSERT INTO seal_proof (id, sealed) VALUES (1, $1)")
                .bind(seal.seal(&PROOF, b"")?)
                .execute(db)
                .await?;
        }
    }
    transaction.commit().await?;
    Ok(seal)
}
