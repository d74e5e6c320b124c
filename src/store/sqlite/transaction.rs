//! How the file is read and written: one transaction a time, in bounded time, announced once it can be read.

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::broadcast;

use super::announcements;
use crate::store::{StoreChange, StoreError, seal::Seal};

/// How long anything may take, waiting for a connection and for other processes' locks included.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(6);

pub struct Sqlite {
    /// One connection: SQLite has one writer at a time, and waiting in order here is fairer than its busy timeout.
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    pub(super) seal: Arc<Seal>,
    pub(super) changes: broadcast::Sender<StoreChange>,
    /// Another process serves, and hears of what is written here by announcements.
    pub(super) is_beside: bool,
    /// The last announcement that was there when this was opened.
    pub(super) heard: i64,
}

/// What a transaction says, and what is announced once it is committed.
type Written<T, C, E> = Result<(T, C), E>;

impl Sqlite {
    /// Runs one transaction. A task of its own, because a request that is dropped in the middle must not commit
    /// without the announcement.
    pub(super) async fn write<T, C, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        C: IntoIterator<Item = StoreChange, IntoIter: Send> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Written<T, C, E>> + Send + 'static,
    {
        let (writer, changes, is_beside) = (self.writer.clone(), self.changes.clone(), self.is_beside);
        let transaction = tokio::spawn(async move {
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::from)?;
            let (value, announced) = work(&mut transaction).await?;
            let announced: Vec<_> = announced.into_iter().collect();
            if is_beside {
                announcements::note(&mut transaction, &announced).await?;
            }
            let committed = transaction.commit().await;
            for change in announced {
                // An error means that nobody listens.
                let _ = changes.send(change);
            }
            committed.map_err(StoreError::from)?;
            Ok(value)
        });
        match tokio::time::timeout(ANSWER_WITHIN, transaction).await {
            Ok(Ok(result)) => result,
            Ok(Err(ended)) => match ended.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(StoreError::from(sqlx::Error::PoolClosed).into()),
            },
            Err(_) => Err(StoreError::TimedOut(ANSWER_WITHIN).into()),
        }
    }

    pub(super) async fn read<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(ANSWER_WITHIN, work).await.unwrap_or(Err(StoreError::TimedOut(ANSWER_WITHIN)))
    }
}
