//! What those beside the process that serves have written, for it to hear.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};
use tokio::{
    sync::broadcast,
    time::{MissedTickBehavior, interval},
};

use super::{ANSWER_WITHIN, rows};
use crate::{
    domain::user::UserId,
    store::{StoreChange, StoreError},
};

/// It is listened for so often.
const LISTEN: Duration = Duration::from_millis(250);
/// What was written so long ago has been heard.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Notes changes in the transaction that makes them.
pub async fn note(db: &mut SqliteConnection, changes: &[StoreChange]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            StoreChange::UserChanged(user) => write(db, Some(*user), false).await?,
            StoreChange::SessionsOfUserEnded(user) => write(db, Some(*user), true).await?,
            StoreChange::SessionsOfPeopleEnded { users, .. } => {
                for user in users {
                    write(db, Some(*user), true).await?;
                }
            }
            // A session's ID is kept nowhere, and what providers end is not done beside them.
            StoreChange::SessionEnded(_)
            | StoreChange::SessionsOfProviderEnded(_)
            | StoreChange::SessionsEndedAtProvider(_)
            | StoreChange::Anything => write(db, None, true).await?,
        }
    }
    Ok(())
}

async fn write(db: &mut SqliteConnection, user: Option<UserId>, sessions: bool) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO announcements (user_id, sessions, made_at) VALUES ($1, $2, $3)")
        .bind(user.map(|user| user.to_string()))
        .bind(sessions)
        .bind(rows::milliseconds(Timestamp::now()))
        .execute(db)
        .await?;
    Ok(())
}

/// The ID of the newest one.
pub async fn newest(db: impl SqliteExecutor<'_>) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM announcements").fetch_one(db).await?)
}

/// Sends on what is written after the announcement of an ID.
pub async fn hear(readers: &SqlitePool, mut heard: i64, changes: &broadcast::Sender<StoreChange>) {
    let mut turns = interval(LISTEN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        // A database that does not answer is noticed by all who ask it; what was written meanwhile is heard later.
        let Ok(Ok(news)) = tokio::time::timeout(ANSWER_WITHIN, after(readers, heard)).await else { continue };
        for (id, change) in news {
            heard = id;
            // An error means that nobody listens.
            let _ = changes.send(change);
        }
    }
}

async fn after(readers: &SqlitePool, heard: i64) -> Result<Vec<(i64, StoreChange)>, StoreError> {
    let rows: Vec<(i64, Option<String>, bool)> =
        sqlx::query_as("SELECT id, user_id, sessions FROM announcements WHERE id > $1 ORDER BY id")
            .bind(heard)
            .fetch_all(readers)
            .await?;
    Ok(rows.into_iter().map(|(id, user, sessions)| (id, change(user.as_deref(), sessions))).collect())
}

fn change(user: Option<&str>, sessions: bool) -> StoreChange {
    match (user.map(rows::user_id), sessions) {
        (Some(Ok(user)), false) => StoreChange::UserChanged(user),
        (Some(Ok(user)), true) => StoreChange::SessionsOfUserEnded(user),
        (None | Some(Err(_)), _) => StoreChange::Anything,
    }
}

pub async fn remove_expired(db: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM announcements WHERE made_at < $1")
        .bind(rows::milliseconds(now) - i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX))
        .execute(db)
        .await?;
    Ok(())
}
