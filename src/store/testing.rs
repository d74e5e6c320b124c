//! A database of one test alone, and somebody else who keeps it from answering.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{Store, StoreError};

/// A real database in a directory that goes away with it.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Opens the database, as often as a test likes.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        super::open(&format!("sqlite:{}", self.path("latchkey.db").display()), None).await
    }

    /// A connection as another process has it. While a transaction of it writes, the store cannot.
    pub async fn stranger(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path("latchkey.db"));
        SqliteConnection::connect_with(&options).await.expect("a connection")
    }
}

/// Waits for what a task does beside.
pub async fn soon(mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done().await {
        assert!(Instant::now() < deadline, "it did not happen");
        sleep(Duration::from_millis(10)).await;
    }
}
