//! The grants of users, and by which mappers those of everybody were evaluated last.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::rows;
use crate::{
    domain::{grant::Grant, update::Held, user::UserId},
    store::StoreError,
};

pub(super) const OF_PEOPLE: &str = "SELECT user_id, mapper_uid, kind, name FROM grants \
     WHERE provider_uid = $1 AND user_id BETWEEN $2 AND $3";

/// What the mappers of a provider have given to the people in a range of IDs.
pub async fn of_people(
    db: &mut SqliteConnection,
    provider_uid: &Arc<str>,
    range: &RangeInclusive<UserId>,
) -> Result<HashMap<UserId, BTreeSet<Held>>, StoreError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(OF_PEOPLE)
        .bind(&**provider_uid)
        .bind(range.start().to_string())
        .bind(range.end().to_string())
        .fetch_all(db)
        .await?;
    let mut grants: HashMap<_, BTreeSet<_>> = HashMap::new();
    for (user, mapper, kind, name) in rows {
        let held = held(provider_uid.clone(), mapper, &kind, name)?;
        grants.entry(rows::user_id(&user)?).or_default().insert(held);
    }
    Ok(grants)
}

/// All that a user has been given: by every provider, and by hand.
pub async fn of_user(db: impl SqliteExecutor<'_>, user: UserId) -> Result<BTreeSet<Held>, StoreError> {
    let rows: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT provider_uid, mapper_uid, kind, name FROM grants WHERE user_id = $1")
            .bind(user.to_string())
            .fetch_all(db)
            .await?;
    rows.into_iter().map(|(provider, mapper, kind, name)| held(provider.into(), mapper, &kind, name)).collect()
}

fn held(provider_uid: Arc<str>, mapper: String, kind: &str, name: String) -> Result<Held, StoreError> {
    let grant = Grant { mapper_uid: mapper.into(), granted: rows::granted(kind, name)? };
    Ok(Held { provider_uid, grant })
}

/// Writes the difference between what a user had been given and what the user has now; true when there was one.
pub async fn replace(
    db: &mut SqliteConnection,
    user: UserId,
    before: &BTreeSet<Held>,
    after: &BTreeSet<Held>,
) -> Result<bool, StoreError> {
    for held in before.difference(after) {
        let delete = "DELETE FROM grants \
             WHERE user_id = $1 AND provider_uid = $2 AND mapper_uid = $3 AND kind = $4 AND name = $5";
        write(db, delete, user, held).await?;
    }
    for held in after.difference(before) {
        let insert = "INSERT INTO grants (user_id, provider_uid, mapper_uid, kind, name) VALUES ($1, $2, $3, $4, $5)";
        write(db, insert, user, held).await?;
    }
    Ok(before != after)
}

async fn write(
    db: &mut SqliteConnection,
    statement: &'static str,
    user: UserId,
    held: &Held,
) -> Result<(), StoreError> {
    let (kind, name) = rows::granted_columns(&held.grant.granted);
    sqlx::query(statement)
        .bind(user.to_string())
        .bind(&*held.provider_uid)
        .bind(&*held.grant.mapper_uid)
        .bind(kind)
        .bind(name)
        .execute(db)
        .await?;
    Ok(())
}

/// The providers that have given something; what is by hand has none.
pub async fn providers(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT DISTINCT provider_uid FROM grants WHERE provider_uid > '' ORDER BY provider_uid")
        .fetch_all(readers)
        .await?)
}

pub async fn applied_mappers(readers: &SqlitePool, provider_uid: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT fingerprint FROM applied_mappers WHERE provider_uid = $1")
        .bind(provider_uid)
        .fetch_optional(readers)
        .await?)
}

pub async fn set_applied_mappers(
    db: &mut SqliteConnection,
    provider_uid: &str,
    fingerprint: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO applied_mappers (provider_uid, fingerprint) VALUES ($1, $2) \
         ON CONFLICT (provider_uid) DO UPDATE SET fingerprint = excluded.fingerprint",
    )
    .bind(provider_uid)
    .bind(fingerprint)
    .execute(db)
    .await?;
    Ok(())
}

/// Grants made by other mappers than were applied to everybody: what was noted no longer holds for all.
pub async fn forget_other_mark(db: &mut SqliteConnection, provider_uid: &str, mark: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE applied_mappers SET fingerprint = '' WHERE provider_uid = $1 AND fingerprint <> $2")
        .bind(provider_uid)
        .bind(mark)
        .execute(db)
        .await?;
    Ok(())
}
