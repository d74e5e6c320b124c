//! Secret keys, sealed, and the generations of objects that have no API server to count them.

use std::borrow::Cow;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use sqlx::{SqliteConnection, SqlitePool};

use super::rows;
use crate::{
    domain::organization::OrganizationKey,
    store::{
        KeyPurpose, StoreError, StoredKey,
        seal::{Place, Seal},
    },
};

pub fn seal(seal: &Seal, purpose: &KeyPurpose, key: &StoredKey) -> Result<Vec<u8>, StoreError> {
    seal.seal(&Place { table: "keys", row: &[&stored(purpose), &key.id.to_string()] }, key.secret.expose_secret())
}

/// What a purpose begins with that is an organization's.
const SIGNING: &str = "signing ";

fn stored(purpose: &KeyPurpose) -> Cow<'static, str> {
    match purpose {
        KeyPurpose::Cookie => "cookie".into(),
        KeyPurpose::Signing(organization) => format!("{SIGNING}{organization}").into(),
    }
}

pub async fn of_purpose(readers: &SqlitePool, seal: &Seal, purpose: &KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
    let purpose = stored(purpose);
    let rows: Vec<(i64, i64, Vec<u8>)> =
        sqlx::query_as("SELECT id, made_at, sealed FROM keys WHERE purpose = $1 ORDER BY made_at DESC, id DESC")
            .bind(&*purpose)
            .fetch_all(readers)
            .await?;
    rows.into_iter()
        .map(|(id, made_at, sealed)| {
            let id = u32::try_from(id).map_err(|_| StoreError::Damaged { what: "keys" })?;
            let plain = seal.open(&Place { table: "keys", row: &[&purpose, &id.to_string()] }, &sealed)?;
            let secret = SecretSlice::from(plain.to_vec());
            Ok(StoredKey { id, secret, made_at: rows::timestamp(made_at, "keys")? })
        })
        .collect()
}

/// False: there is one that was made after `unless_after`.
pub async fn add(
    db: &mut SqliteConnection,
    purpose: &KeyPurpose,
    key: &StoredKey,
    sealed: &[u8],
    unless_after: Timestamp,
) -> Result<bool, StoreError> {
    let added = sqlx::query(
        "INSERT INTO keys (purpose, id, made_at, sealed) SELECT $1, $2, $3, $4 \
         WHERE NOT EXISTS (SELECT 1 FROM keys WHERE purpose = $1 AND made_at > $5)",
    )
    .bind(stored(purpose))
    .bind(i64::from(key.id))
    .bind(rows::milliseconds(key.made_at))
    .bind(sealed)
    .bind(rows::milliseconds(unless_after))
    .execute(db)
    .await?;
    Ok(added.rows_affected() == 1)
}

pub async fn signing_organizations(readers: &SqlitePool) -> Result<Vec<OrganizationKey>, StoreError> {
    let purposes: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT purpose FROM keys ORDER BY purpose").fetch_all(readers).await?;
    Ok(purposes.iter().filter_map(|purpose| purpose.strip_prefix(SIGNING)).map(OrganizationKey::from_stored).collect())
}

pub async fn remove_before(
    db: &mut SqliteConnection,
    purpose: &KeyPurpose,
    before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM keys WHERE purpose = $1 AND made_at < $2")
        .bind(stored(purpose))
        .bind(rows::milliseconds(before))
        .execute(db)
        .await?;
    Ok(())
}

/// The generation of an object whose spec is what it was. A start with nothing new writes nothing.
pub async fn known_generation(
    readers: &SqlitePool,
    uid: &str,
    spec_hash: &[u8; 32],
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT generation FROM generations WHERE uid = $1 AND spec_hash = $2")
        .bind(uid)
        .bind(&spec_hash[..])
        .fetch_optional(readers)
        .await?)
}

pub async fn next_generation(db: &mut SqliteConnection, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO generations (uid, generation, spec_hash) VALUES ($1, 1, $2) \
         ON CONFLICT (uid) DO UPDATE SET spec_hash = excluded.spec_hash, generation = generations.generation \
         + CASE WHEN generations.spec_hash = excluded.spec_hash THEN 0 ELSE 1 END \
         RETURNING generation",
    )
    .bind(uid)
    .bind(&spec_hash[..])
    .fetch_one(db)
    .await?)
}
