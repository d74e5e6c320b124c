//! Sessions and used login attempts. A session that ended is gone; its id is kept as a hash only.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{SqliteConnection, SqlitePool};

use super::rows::{self, UserRow};
use crate::{
    domain::{
        grant::Granted,
        organization::OrganizationKey,
        provider_session::ProviderSession,
        user::{Session, SessionHandle, SessionId, SignedIn, User, UserId},
    },
    store::{
        AccountSession, StoreError,
        seal::{Place, Seal},
    },
};

pub fn hash(id: &SessionId) -> Vec<u8> {
    SessionHandle::of(id).0.to_vec()
}

/// The ID token of a session is sealed for its row.
fn place_of<T>(id: &SessionId, work: impl FnOnce(&Place<'_>) -> T) -> T {
    work(&Place { table: "sessions", row: &[&STANDARD.encode(hash(id))] })
}

/// `None` when there is none to be kept.
pub fn seal_id_token(
    seal: &Seal,
    id: &SessionId,
    id_token: Option<&SecretString>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let seal = |token: &SecretString| place_of(id, |place| seal.seal(place, token.expose_secret().as_bytes()));
    id_token.map(seal).transpose()
}

pub async fn id_token(readers: &SqlitePool, seal: &Seal, id: &SessionId) -> Result<Option<SecretString>, StoreError> {
    let sealed: Option<Option<Vec<u8>>> = sqlx::query_scalar("SELECT sealed FROM sessions WHERE id_hash = $1")
        .bind(hash(id))
        .fetch_optional(readers)
        .await?;
    let Some(sealed) = sealed.flatten() else { return Ok(None) };
    let plain = place_of(id, |place| seal.open(place, &sealed))?;
    let text = str::from_utf8(&plain).map_err(|_| StoreError::Damaged { what: "sessions" })?;
    Ok(Some(SecretString::from(text)))
}

/// A session and its user, once for each grant, or once without.
#[derive(sqlx::FromRow)]
struct SignedInRow {
    provider_uid: String,
    provider_key: String,
    started_at: i64,
    last_used_at: i64,
    issuer: Option<String>,
    subject: Option<String>,
    sid: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
    kind: Option<String>,
    name: Option<String>,
}

pub async fn find(readers: &SqlitePool, id: &SessionId) -> Result<Option<SignedIn>, StoreError> {
    // One statement, so that session, user and grants are of one moment.
    let rows: Vec<SignedInRow> = sqlx::query_as(
        "SELECT DISTINCT s.provider_uid, s.provider_key, s.started_at, s.last_used_at, s.issuer, s.subject, s.sid, \
         u.id AS user_id, u.organization, u.user_name, u.email, u.verified, u.fields, g.kind, g.name \
         FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN grants g ON g.user_id = u.id \
         WHERE s.id_hash = $1",
    )
    .bind(hash(id))
    .fetch_all(readers)
    .await?;
    let mut grants = Vec::new();
    let mut found = None;
    for row in rows {
        if let (Some(kind), Some(name)) = (&row.kind, &row.name) {
            grants.push(rows::granted(kind, name.clone())?);
        }
        found = Some(row);
    }
    grants.sort();
    found.map(|row| signed_in(id, row, grants)).transpose()
}

fn signed_in(id: &SessionId, row: SignedInRow, grants: Vec<Granted>) -> Result<SignedIn, StoreError> {
    let user = User::try_from(row.user)?;
    let session = Session {
        id: id.clone(),
        organization: user.organization.clone(),
        user: user.id,
        provider_uid: Arc::from(row.provider_uid),
        provider_key: Arc::from(row.provider_key),
        started_at: rows::timestamp(row.started_at, "sessions")?,
        last_used_at: rows::timestamp(row.last_used_at, "sessions")?,
        at_provider: row.issuer.zip(row.subject).map(|(issuer, subject)| ProviderSession {
            issuer,
            subject,
            sid: row.sid,
        }),
    };
    Ok(SignedIn { session, user, grants })
}

pub async fn begin(
    db: &mut SqliteConnection,
    session: &Session,
    sealed_id_token: Option<&[u8]>,
) -> Result<(), StoreError> {
    let at_provider = session.at_provider.as_ref();
    sqlx::query(
        "INSERT INTO sessions (id_hash, organization, user_id, provider_uid, provider_key, started_at, last_used_at, \
         issuer, subject, sid, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(hash(&session.id))
    .bind(session.organization.as_str())
    .bind(session.user.to_string())
    .bind(&*session.provider_uid)
    .bind(&*session.provider_key)
    .bind(rows::milliseconds(session.started_at))
    .bind(rows::milliseconds(session.last_used_at))
    .bind(at_provider.map(|session| &session.issuer))
    .bind(at_provider.map(|session| &session.subject))
    .bind(at_provider.and_then(|session| session.sid.as_ref()))
    .bind(sealed_id_token)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn end(db: &mut SqliteConnection, id: &SessionId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE id_hash = $1").bind(hash(id)).execute(db).await?;
    Ok(())
}

pub async fn end_of_provider(db: &mut SqliteConnection, provider_uid: &str) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE provider_uid = $1").bind(provider_uid).execute(db).await?;
    Ok(ended.rows_affected())
}

/// Ends all sessions of a user, but for one if it is named; says how many.
pub async fn end_of_user(
    db: &mut SqliteConnection,
    user: UserId,
    but: Option<&SessionHandle>,
) -> Result<u64, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id_hash IS NOT $2")
        .bind(user.to_string())
        .bind(but.map(|session| &session.0[..]))
        .execute(db)
        .await?;
    Ok(ended.rows_affected())
}

/// Ends one session of a user; true when there was one.
pub async fn end_one(db: &mut SqliteConnection, user: UserId, session: &SessionHandle) -> Result<bool, StoreError> {
    let ended = sqlx::query("DELETE FROM sessions WHERE id_hash = $1 AND user_id = $2")
        .bind(&session.0[..])
        .bind(user.to_string())
        .execute(db)
        .await?;
    Ok(ended.rows_affected() > 0)
}

#[derive(sqlx::FromRow)]
struct AccountSessionRow {
    id_hash: Vec<u8>,
    provider_uid: String,
    provider_key: String,
    started_at: i64,
    last_used_at: i64,
}

/// The sessions of a user, the newest first.
pub async fn of_user(db: &mut SqliteConnection, user: UserId) -> Result<Vec<AccountSession>, StoreError> {
    let rows: Vec<AccountSessionRow> = sqlx::query_as(
        "SELECT id_hash, provider_uid, provider_key, started_at, last_used_at FROM sessions WHERE user_id = $1 \
         ORDER BY started_at DESC, id_hash",
    )
    .bind(user.to_string())
    .fetch_all(db)
    .await?;
    let session = |row: AccountSessionRow| {
        let handle = row.id_hash.try_into().map_err(|_| StoreError::Damaged { what: "sessions" })?;
        Ok(AccountSession {
            handle: SessionHandle(handle),
            provider_uid: row.provider_uid.into(),
            provider_key: row.provider_key.into(),
            started_at: rows::timestamp(row.started_at, "sessions")?,
            last_used_at: rows::timestamp(row.last_used_at, "sessions")?,
        })
    };
    rows.into_iter().map(session).collect()
}

pub(super) const END_OF_PERSON: &str = "DELETE FROM sessions WHERE user_id = $1 AND provider_uid = $2";

/// Ends the sessions of a user that began with a provider; true when there was one.
pub async fn end_of_person(db: &mut SqliteConnection, user: UserId, provider_uid: &str) -> Result<bool, StoreError> {
    let ended = sqlx::query(END_OF_PERSON).bind(user.to_string()).bind(provider_uid).execute(db).await?;
    Ok(ended.rows_affected() > 0)
}

pub async fn providers(readers: &SqlitePool) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT DISTINCT provider_uid FROM sessions ORDER BY provider_uid")
        .fetch_all(readers)
        .await?)
}

pub async fn touch(db: &mut SqliteConnection, used: &[(SessionId, Timestamp)]) -> Result<(), StoreError> {
    for (id, at) in used {
        sqlx::query("UPDATE sessions SET last_used_at = $2 WHERE id_hash = $1 AND last_used_at < $2")
            .bind(hash(id))
            .bind(rows::milliseconds(*at))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

pub async fn remove_expired(
    db: &mut SqliteConnection,
    organization: &OrganizationKey,
    idle_before: Timestamp,
    begun_before: Timestamp,
) -> Result<u64, StoreError> {
    let removed =
        sqlx::query("DELETE FROM sessions WHERE organization = $1 AND (last_used_at < $2 OR started_at < $3)")
            .bind(organization.as_str())
            .bind(rows::milliseconds(idle_before))
            .bind(rows::milliseconds(begun_before))
            .execute(db)
            .await?;
    Ok(removed.rows_affected())
}
