//! What providers say is over: sessions end, and logins that were overtaken begin none.

use sqlx::SqliteConnection;

use super::rows;
use crate::{
    domain::{
        provider_session::{ProviderLogout, ProviderSession},
        user::LoginRecord,
    },
    store::{LogoutMark, StoreError},
};

/// One branch for each index: without statistics, an OR is looked up by the provider alone.
pub(super) const END_SESSIONS: &str = "DELETE FROM sessions WHERE id_hash IN ( \
     SELECT id_hash FROM sessions WHERE provider_uid = $1 AND sid = $3 AND issuer = $2 \
     UNION ALL SELECT id_hash FROM sessions \
     WHERE provider_uid = $1 AND subject = $4 AND issuer = $2 AND ($3 IS NULL OR sid IS NULL))";
pub(super) const OVERTAKEN: &str = "SELECT EXISTS ( \
     SELECT 1 FROM logouts WHERE provider_uid = $1 AND sid = $3 AND issuer = $2) \
     OR EXISTS (SELECT 1 FROM logouts WHERE provider_uid = $1 AND subject = $4 AND issuer = $2 \
     AND ($3 IS NULL OR sid IS NULL) AND issued_at >= $5)";

/// Ends the sessions that a logout ends, in the words of `ProviderLogout::ends`; says how many.
pub async fn end_sessions(db: &mut SqliteConnection, logout: &ProviderLogout) -> Result<u64, StoreError> {
    let ended = sqlx::query(END_SESSIONS)
        .bind(&*logout.provider_uid)
        .bind(&logout.issuer)
        .bind(&logout.sid)
        .bind(&logout.subject)
        .execute(db)
        .await?;
    Ok(ended.rows_affected())
}

/// Notes a logout; false when its token was noted before.
pub async fn note(db: &mut SqliteConnection, logout: &ProviderLogout, mark: &LogoutMark) -> Result<bool, StoreError> {
    let noted = sqlx::query(
        "INSERT INTO logouts (id_hash, provider_uid, issuer, sid, subject, issued_at, kept_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id_hash) DO NOTHING",
    )
    .bind(&mark.id_hash[..])
    .bind(&*logout.provider_uid)
    .bind(&logout.issuer)
    .bind(&logout.sid)
    .bind(&logout.subject)
    .bind(rows::milliseconds(mark.issued_at))
    .bind(rows::milliseconds(mark.kept_until))
    .execute(db)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Whether a logout that is noted ended the session at the provider that a login comes from. Who signs in anew has a new
/// `sid` there, or an ID token that is younger.
pub async fn has_overtaken(
    db: &mut SqliteConnection,
    login: &LoginRecord,
    session: &ProviderSession,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(OVERTAKEN)
        .bind(&*login.session.provider_uid)
        .bind(&session.issuer)
        .bind(&session.sid)
        .bind(&session.subject)
        .bind(rows::milliseconds(login.id_token.issued_at))
        .fetch_one(db)
        .await?)
}

pub async fn remove_expired(db: &mut SqliteConnection, now: jiff::Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM logouts WHERE kept_until < $1").bind(rows::milliseconds(now)).execute(db).await?;
    Ok(())
}
