//! Which person at which issuer is which user.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::rows;
use crate::{
    domain::user::{Link, User, UserId},
    store::{AccountLink, StoreError},
};

/// Links a user by a login through a provider; a link that led to somebody else leads to this user from now on.
pub async fn write(
    db: &mut SqliteConnection,
    link: &Link,
    user: UserId,
    provider_uid: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO links (organization, issuer, external_id, user_id, provider_uid, last_login_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization, issuer, external_id) DO UPDATE SET \
         user_id = excluded.user_id, provider_uid = excluded.provider_uid, last_login_at = excluded.last_login_at",
    )
    .bind(link.organization.as_str())
    .bind(&link.issuer)
    .bind(&link.external_id)
    .bind(user.to_string())
    .bind(provider_uid)
    .bind(rows::milliseconds(at))
    .execute(db)
    .await?;
    Ok(())
}

/// Removes the links of a user that were used through a provider last, but for one.
pub async fn remove_others(
    db: &mut SqliteConnection,
    link: &Link,
    user: UserId,
    provider_uid: &str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM links WHERE user_id = $1 AND provider_uid = $2 AND (issuer <> $3 OR external_id <> $4)")
        .bind(user.to_string())
        .bind(provider_uid)
        .bind(&link.issuer)
        .bind(&link.external_id)
        .execute(db)
        .await?;
    Ok(())
}

/// Links a user whom nobody has signed in as by it; a second time is no error.
pub async fn create(db: &mut SqliteConnection, link: &Link, user: UserId) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO links (organization, issuer, external_id, user_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization, issuer, external_id) DO NOTHING",
    )
    .bind(link.organization.as_str())
    .bind(&link.issuer)
    .bind(&link.external_id)
    .bind(user.to_string())
    .execute(db)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    issuer: String,
    external_id: String,
    provider_uid: Option<String>,
    last_login_at: Option<i64>,
}

/// By issuer and external ID.
pub async fn of_user(db: &mut SqliteConnection, user: &User) -> Result<Vec<AccountLink>, StoreError> {
    let rows: Vec<LinkRow> = sqlx::query_as(
        "SELECT issuer, external_id, provider_uid, last_login_at FROM links WHERE user_id = $1 \
         ORDER BY issuer, external_id",
    )
    .bind(user.id.to_string())
    .fetch_all(db)
    .await?;
    let link = |LinkRow { issuer, external_id, provider_uid, last_login_at }| {
        Ok(AccountLink {
            link: Link { organization: user.organization.clone(), issuer, external_id },
            provider_uid: provider_uid.map(Into::into),
            last_login_at: rows::last_login(last_login_at, "links")?,
        })
    };
    rows.into_iter().map(link).collect()
}
