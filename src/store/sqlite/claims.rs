//! The last verified claims of people, sealed. What is too long is not kept.

use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::task::yield_now;

use super::rows;
use crate::{
    domain::{Claims, documents::Merged, person::Address, user::UserId},
    store::{
        LONGEST_CLAIMS, StoreError, StoredClaims,
        seal::{Place, Seal},
    },
};

const DAMAGED: StoreError = StoreError::Damaged { what: "claims" };

/// Claims as they are stored.
pub struct SealedClaims {
    sealed: Vec<u8>,
    address: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ClaimsRow {
    user_id: String,
    revision: i64,
    sealed: Option<Vec<u8>>,
    address: Option<String>,
}

/// `None` when the claims are too long to be kept.
pub fn seal(
    seal: &Seal,
    user: UserId,
    provider_uid: &str,
    merged: &Merged,
) -> Result<Option<SealedClaims>, StoreError> {
    let json = serde_json::to_vec(&merged.claims).map_err(|_| DAMAGED)?;
    if json.len() > LONGEST_CLAIMS {
        return Ok(None);
    }
    let sealed = seal.seal(&Place { table: "claims", row: &[provider_uid, &user.to_string()] }, &json)?;
    let address = merged.address.as_ref().map(serde_json::to_string).transpose().map_err(|_| DAMAGED)?;
    Ok(Some(SealedClaims { sealed, address }))
}

fn open(seal: &Seal, provider_uid: &str, user: &str, stored: &SealedClaims) -> Result<Merged, StoreError> {
    let json = seal.open(&Place { table: "claims", row: &[provider_uid, user] }, &stored.sealed)?;
    let claims: Claims = serde_json::from_slice(&json).map_err(|_| DAMAGED)?;
    let address = stored.address.as_deref().map(serde_json::from_str::<Address>).transpose().map_err(|_| DAMAGED)?;
    Ok(Merged { claims, address })
}

/// When the newest ID token was issued that has told of a person of a provider; None: there was none, or it is not known.
pub async fn issued_at(
    db: &mut SqliteConnection,
    provider_uid: &str,
    user: UserId,
) -> Result<Option<Timestamp>, StoreError> {
    let stored: Option<Option<i64>> =
        sqlx::query_scalar("SELECT issued_at FROM claims WHERE provider_uid = $1 AND user_id = $2")
            .bind(provider_uid)
            .bind(user.to_string())
            .fetch_optional(db)
            .await?;
    stored.flatten().map(|milliseconds| rows::timestamp(milliseconds, "claims")).transpose()
}

/// Says which revision the claims have now. `issued_at`: that of the ID token that they are by.
pub async fn write(
    db: &mut SqliteConnection,
    user: UserId,
    provider_uid: &str,
    claims: Option<&SealedClaims>,
    issued_at: Timestamp,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "INSERT INTO claims (provider_uid, user_id, revision, sealed, address, issued_at) \
         VALUES ($1, $2, 1, $3, $4, $5) ON CONFLICT (provider_uid, user_id) DO UPDATE SET \
         revision = claims.revision + 1, sealed = excluded.sealed, address = excluded.address, issued_at = \
         CASE WHEN excluded.issued_at < claims.issued_at THEN claims.issued_at ELSE excluded.issued_at END \
         RETURNING revision",
    )
    .bind(provider_uid)
    .bind(user.to_string())
    .bind(claims.map(|claims| &*claims.sealed))
    .bind(claims.and_then(|claims| claims.address.as_deref()))
    .bind(rows::milliseconds(issued_at))
    .fetch_one(db)
    .await?)
}

pub async fn of_provider(
    readers: &SqlitePool,
    seal: &Seal,
    provider_uid: &str,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<StoredClaims>, StoreError> {
    let rows: Vec<ClaimsRow> = sqlx::query_as(
        "SELECT user_id, revision, sealed, address FROM claims \
         WHERE provider_uid = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
    )
    .bind(provider_uid)
    .bind(after.map(|user| user.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await?;
    let mut people = Vec::with_capacity(rows.len());
    for ClaimsRow { user_id, revision, sealed, address } in rows {
        let stored = sealed.map(|sealed| SealedClaims { sealed, address });
        let claims = stored.map(|stored| open(seal, provider_uid, &user_id, &stored)).transpose()?;
        people.push(StoredClaims { user: rows::user_id(&user_id)?, revision, claims });
        // Claims can be long: requests that wait for this thread go first.
        yield_now().await;
    }
    Ok(people)
}
