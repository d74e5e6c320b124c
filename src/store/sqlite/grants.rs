//! The last verified claims of people, sealed, and the grants that mappers make from them.

use std::{collections::BTreeSet, sync::Arc};

use sqlx::{SqliteConnection, SqlitePool};

use super::rows;
use crate::{
    domain::{
        Claims,
        user::{Grant, UserId},
    },
    store::{
        Keep, LONGEST_CLAIMS, StoreError, StoredClaims,
        seal::{Place, Seal},
    },
};

/// `None` when the claims are too long to be kept.
pub fn seal_claims(
    seal: &Seal,
    user: UserId,
    provider_uid: &str,
    claims: &Claims,
) -> Result<Option<Vec<u8>>, StoreError> {
    let json = serde_json::to_vec(claims).map_err(|_| StoreError::Damaged { what: "claims" })?;
    if json.len() > LONGEST_CLAIMS {
        return Ok(None);
    }
    seal.seal(&Place { table: "claims", row: &[provider_uid, &user.to_string()] }, &json).map(Some)
}

fn open_claims(seal: &Seal, provider_uid: &str, user: &str, sealed: &[u8]) -> Result<Claims, StoreError> {
    let json = seal.open(&Place { table: "claims", row: &[provider_uid, user] }, sealed)?;
    serde_json::from_slice(&json).map_err(|_| StoreError::Damaged { what: "claims" })
}

/// Says which revision the claims have now.
pub async fn write_claims(
    db: &mut SqliteConnection,
    user: UserId,
    provider_uid: &str,
    sealed: Option<&[u8]>,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO claims (provider_uid, user_id, revision, sealed) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (provider_uid, user_id) \
         DO UPDATE SET revision = claims.revision + 1, sealed = excluded.sealed RETURNING revision",
    )
    .bind(provider_uid)
    .bind(user.to_string())
    .bind(sealed)
    .fetch_one(db)
    .await?)
}

/// The revision of a person's claims; None when the person never signed in through the provider.
pub async fn revision(db: &mut SqliteConnection, user: UserId, provider_uid: &str) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT revision FROM claims WHERE provider_uid = $1 AND user_id = $2")
        .bind(provider_uid)
        .bind(user.to_string())
        .fetch_optional(db)
        .await?)
}

pub async fn claims_of_provider(
    readers: &SqlitePool,
    seal: &Seal,
    provider_uid: &str,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<StoredClaims>, StoreError> {
    let rows: Vec<(String, i64, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT user_id, revision, sealed FROM claims \
         WHERE provider_uid = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
    )
    .bind(provider_uid)
    .bind(after.map(|user| user.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    rows.into_iter()
        .map(|(user, revision, sealed)| {
            let claims = sealed.map(|sealed| open_claims(seal, provider_uid, &user, &sealed)).transpose()?;
            Ok(StoredClaims { user: rows::user_id(&user)?, revision, claims })
        })
        .collect()
}

/// Writes the difference between the grants that a provider made for a user and those it makes now; true when
/// there was one.
pub async fn replace(
    db: &mut SqliteConnection,
    user: UserId,
    provider_uid: &str,
    grants: &[Grant],
    keep: &Keep,
) -> Result<bool, StoreError> {
    let before = of_provider(db, user, provider_uid).await?;
    let after = wanted(&before, grants, keep);
    for grant in before.difference(&after) {
        let delete = "DELETE FROM grants \
             WHERE user_id = $1 AND provider_uid = $2 AND mapper_uid = $3 AND kind = $4 AND name = $5";
        write(db, delete, user, provider_uid, grant).await?;
    }
    for grant in after.difference(&before) {
        let insert = "INSERT INTO grants (user_id, provider_uid, mapper_uid, kind, name) VALUES ($1, $2, $3, $4, $5)";
        write(db, insert, user, provider_uid, grant).await?;
    }
    Ok(before != after)
}

fn wanted(before: &BTreeSet<Grant>, grants: &[Grant], keep: &Keep) -> BTreeSet<Grant> {
    let kept = |grant: &Grant| match keep {
        Keep::Mappers(mappers) => mappers.contains(&grant.mapper_uid),
        Keep::AllBut(mappers) => !mappers.contains(&grant.mapper_uid),
    };
    let made = grants.iter().filter(|grant| !kept(grant));
    before.iter().filter(|grant| kept(grant)).chain(made).cloned().collect()
}

async fn of_provider(
    db: &mut SqliteConnection,
    user: UserId,
    provider_uid: &str,
) -> Result<BTreeSet<Grant>, StoreError> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT mapper_uid, kind, name FROM grants WHERE user_id = $1 AND provider_uid = $2")
            .bind(user.to_string())
            .bind(provider_uid)
            .fetch_all(db)
            .await?;
    rows.into_iter()
        .map(|(mapper, kind, name)| Ok(Grant { mapper_uid: Arc::from(mapper), granted: rows::granted(&kind, name)? }))
        .collect()
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
