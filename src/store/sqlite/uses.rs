//! What counts once: login attempts, and the ID tokens that applications bring.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::rows;
use crate::{domain::user::OneUse, store::StoreError};

/// False: it was used before.
pub async fn mark(db: &mut SqliteConnection, once: &OneUse) -> Result<bool, StoreError> {
    let marked = sqlx::query("INSERT INTO used (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
        .bind(&once.id[..])
        .bind(rows::milliseconds(once.until))
        .execute(db)
        .await?;
    Ok(marked.rows_affected() == 1)
}

pub async fn remove_expired(db: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM used WHERE expires_at < $1").bind(rows::milliseconds(now)).execute(db).await?;
    Ok(())
}
