//! The grants that mappers make, and by which mappers those of everybody were evaluated last.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use sqlx::{SqliteConnection, SqlitePool};

use super::rows;
use crate::{
    domain::{grant::Grant, keep::Keep, user::UserId},
    store::StoreError,
};

pub(super) const OF_PEOPLE: &str = "SELECT user_id, mapper_uid, kind, name FROM grants \
     WHERE provider_uid = $1 AND user_id BETWEEN $2 AND $3";

/// What the mappers of a provider have given to the people in a range of IDs.
pub async fn of_people(
    db: &mut SqliteConnection,
    provider_uid: &str,
    range: &RangeInclusive<UserId>,
) -> Result<HashMap<UserId, BTreeSet<Grant>>, StoreError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(OF_PEOPLE)
        .bind(provider_uid)
        .bind(range.start().to_string())
        .bind(range.end().to_string())
        .fetch_all(db)
        .await?;
    let mut grants: HashMap<_, BTreeSet<_>> = HashMap::new();
    for (user, mapper, kind, name) in rows {
        let grant = Grant { mapper_uid: Arc::from(mapper), granted: rows::granted(&kind, name)? };
        grants.entry(rows::user_id(&user)?).or_default().insert(grant);
    }
    Ok(grants)
}

/// Writes the difference between the grants that a provider made for a user and those it makes now; true when
/// there was one.
pub async fn replace(
    db: &mut SqliteConnection,
    user: UserId,
    provider_uid: &str,
    before: &BTreeSet<Grant>,
    grants: &[Grant],
    keep: &Keep,
) -> Result<bool, StoreError> {
    let after = wanted(before, grants, keep);
    for grant in before.difference(&after) {
        let delete = "DELETE FROM grants \
             WHERE user_id = $1 AND provider_uid = $2 AND mapper_uid = $3 AND kind = $4 AND name = $5";
        write(db, delete, user, provider_uid, grant).await?;
    }
    for grant in after.difference(before) {
        let insert = "INSERT INTO grants (user_id, provider_uid, mapper_uid, kind, name) VALUES ($1, $2, $3, $4, $5)";
        write(db, insert, user, provider_uid, grant).await?;
    }
    Ok(*before != after)
}

fn wanted(before: &BTreeSet<Grant>, grants: &[Grant], keep: &Keep) -> BTreeSet<Grant> {
    let kept = |grant: &Grant| keep.keeps(&grant.mapper_uid);
    let made = grants.iter().filter(|grant| !kept(grant));
    before.iter().filter(|grant| kept(grant)).chain(made).cloned().collect()
}

async fn write(
    db: &mut SqliteConnection,
    statement: &'static str,
    user: UserId,
    provider_uid: &str,
    grant: &Grant,
) -> Result<(), StoreError> {
    let (kind, name) = rows::granted_columns(&grant.granted);
    sqlx::query(statement)
        .bind(user.to_string())
        .bind(provider_uid)
        .bind(&*grant.mapper_uid)
        .bind(kind)
        .bind(name)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn providers(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT DISTINCT provider_uid FROM grants ORDER BY provider_uid").fetch_all(readers).await?)
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
