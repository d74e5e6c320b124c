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
    Connection, SqliteConnection, SqlitePool,
    migrate::{Migrate, MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::broadcast;

use super::{Sqlite, announcements};
use crate::store::{
    StoreError,
    seal::{Place, Seal},
};

/// For a free connection of ours, then for a lock of another process; less than `ANSWER_WITHIN` together.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(3);
const WAIT_FOR_LOCK: Duration = Duration::from_millis(2500);
const READERS: u32 = 4;
/// Who falls so many changes behind hears that it lagged.
const CHANGES_KEPT: usize = 1024;

static LAYOUT: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

const PROOF: Place<'static> = Place { table: "seal_proof", row: &[] };

impl Sqlite {
    /// Opens the database; without a `key_file` its key is in the file beside it whose name ends in `.key`.
    pub async fn open(path: &Path, key_file: Option<&Path>) -> Result<Self, StoreError> {
        let path = make_private(path).map_err(|source| file_error(path, source))?;
        let writer = pool(1).connect_with(options(&path).journal_mode(SqliteJournalMode::Wal)).await?;
        LAYOUT.run(&writer).await?;
        let seal = unlock(&writer, &key_path(&path, key_file)?).await?;
        Self::with(&path, writer, seal, false).await
    }

    /// Opens the database that another process serves from; writes nothing to do so.
    pub async fn open_beside(path: &Path, key_file: Option<&Path>) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|source| file_error(path, source))?;
        match path.metadata() {
            Ok(file) if file.len() > 0 => {}
            Ok(_) => return Err(StoreError::NoDatabase { path: path.display().to_string() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NoDatabase { path: path.display().to_string() });
            }
            Err(source) => return Err(file_error(&path, source)),
        }
        let writer = pool(1).connect_with(options(&path)).await?;
        compare_layout(&writer, &path).await?;
        let key_file = key_path(&path, key_file)?;
        let seal = Seal::read(&key_file)?;
        let seal = seal.ok_or_else(|| StoreError::KeyFileMissing { path: key_file.display().to_string() })?;
        let proof = proof(&mut *writer.acquire().await?).await?;
        let proof = proof.ok_or_else(|| StoreError::NoDatabase { path: path.display().to_string() })?;
        seal.open(&PROOF, &proof)?;
        Self::with(&path, writer, seal, true).await
    }

    async fn with(path: &Path, writer: SqlitePool, seal: Seal, is_beside: bool) -> Result<Self, StoreError> {
        let readers = pool(READERS).connect_with(options(path).read_only(true)).await?;
        let heard = announcements::newest(&readers).await?;
        let changes = broadcast::channel(CHANGES_KEPT).0;
        Ok(Self { writer, readers, seal: Arc::new(seal), changes, is_beside, heard })
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(true).busy_timeout(WAIT_FOR_LOCK);
    // FULL: a logout that was answered survives a power cut.
    options.synchronous(SqliteSynchronous::Full)
}

/// Whether a database has this version's layout.
async fn compare_layout(writer: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let mut db = writer.acquire().await?;
    let path = || path.display().to_string();
    let has_layout: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = $1)")
        .bind(&*LAYOUT.table_name)
        .fetch_one(&mut *db)
        .await?;
    if !has_layout {
        return Err(StoreError::NoDatabase { path: path() });
    }
    if let Some(version) = db.dirty_version(&LAYOUT.table_name).await? {
        return Err(MigrateError::Dirty(version).into());
    }
    let applied = db.list_applied_migrations(&LAYOUT.table_name).await?;
    if applied.iter().any(|applied| !LAYOUT.version_exists(applied.version)) {
        return Err(StoreError::NewerLayout { path: path() });
    }
    for wanted in LAYOUT.iter() {
        match applied.iter().find(|applied| applied.version == wanted.version) {
            None => return Err(StoreError::OlderLayout { path: path() }),
            Some(applied) if applied.checksum != wanted.checksum => {
                return Err(MigrateError::VersionMismatch(wanted.version).into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn key_path(path: &Path, key_file: Option<&Path>) -> Result<PathBuf, StoreError> {
    key_file.map_or_else(|| beside(path), std::path::absolute).map_err(|source| file_error(path, source))
}

async fn proof(db: &mut SqliteConnection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT sealed FROM seal_proof").fetch_optional(db).await?)
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
        // A disk that is full can leave a transaction open that nobody will end: such a connection is replaced.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Finds the key of a database, or makes it with the first proof, in one transaction for all who start now.
async fn unlock(writer: &SqlitePool, key_file: &Path) -> Result<Seal, StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let db: &mut SqliteConnection = &mut transaction;
    let proof = proof(&mut *db).await?;
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
