//! The mails that verify addresses, and what their links verify.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::{
    rows::{self, UserRow},
    users,
};
use crate::{
    domain::user::{User, UserId},
    store::{BETWEEN_MAILS, Begun, MAILS_COUNT_FOR, MOST_MAILS, StoreChange, StoreError, VerificationRequest},
};

/// One branch for each index.
pub(super) const SENT: &str = "SELECT sent_at, TRUE AS to_user FROM verifications WHERE user_id = $1 AND sent_at > $4 \
     UNION ALL SELECT v.sent_at, FALSE FROM verifications v JOIN users u ON u.id = v.user_id \
     WHERE v.email = $2 AND u.organization = $3 AND v.sent_at > $4 ORDER BY 1 DESC";

/// Notes a mail, if it may be sent.
pub async fn begin(db: &mut SqliteConnection, request: &VerificationRequest) -> Result<Begun, StoreError> {
    let user = users::find(&mut *db, request.user).await?.map(|(user, _)| user);
    let wants = |user: &User| user.email.as_ref() == Some(&request.address) && !user.email_verified();
    let Some(user) = user.filter(wants) else { return Ok(Begun::NotNeeded) };
    let sent: Vec<(i64, bool)> = sqlx::query_as(SENT)
        .bind(request.user.to_string())
        .bind(&request.address)
        .bind(user.organization.as_str())
        .bind(rows::milliseconds(request.sent_at) - milliseconds(MAILS_COUNT_FOR))
        .fetch_all(&mut *db)
        .await?;
    let times = |to_user| sent.iter().filter(move |(_, sent)| *sent == to_user).map(|(at, _)| *at);
    let earliest = earliest(times(true)).max(earliest(times(false)));
    if let Some(earliest) = earliest.filter(|earliest| *earliest > rows::milliseconds(request.sent_at)) {
        return Ok(Begun::NotBefore(rows::timestamp(earliest, "verifications")?));
    }
    sqlx::query(
        "INSERT INTO verifications (token_hash, user_id, email, sent_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&request.token[..])
    .bind(request.user.to_string())
    .bind(&request.address)
    .bind(rows::milliseconds(request.sent_at))
    .bind(rows::milliseconds(request.expires_at))
    .execute(db)
    .await?;
    Ok(Begun::Send)
}

/// Forgets a mail that was not sent.
pub async fn forget(db: &mut SqliteConnection, token: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM verifications WHERE token_hash = $1").bind(&token[..]).execute(db).await?;
    Ok(())
}

/// From when on another mail may be sent, by when those before were, newest first; None: at any time.
fn earliest(mut sent: impl Iterator<Item = i64>) -> Option<i64> {
    let last = sent.next()?;
    let of_many = sent.nth(MOST_MAILS - 2).map(|at| at + milliseconds(MAILS_COUNT_FOR));
    Some(last + milliseconds(BETWEEN_MAILS)).max(of_many)
}

fn milliseconds(duration: jiff::SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A user whom a link verifies.
#[derive(sqlx::FromRow)]
struct VerificationRow {
    #[sqlx(flatten)]
    user: UserRow,
    expires_at: i64,
}

/// Whose address a link verifies, and when it expires.
pub async fn find(
    db: impl sqlx::SqliteExecutor<'_>,
    token: &[u8; 32],
    now: Timestamp,
) -> Result<Option<(User, Timestamp)>, StoreError> {
    let row: Option<VerificationRow> = sqlx::query_as(
        "SELECT u.id AS user_id, u.organization, u.user_name, u.email, u.verified, u.fields, v.expires_at \
         FROM verifications v JOIN users u ON u.id = v.user_id AND u.email = v.email \
         WHERE v.token_hash = $1 AND NOT v.used AND v.expires_at > $2",
    )
    .bind(&token[..])
    .bind(rows::milliseconds(now))
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok((row.user.try_into()?, rows::timestamp(row.expires_at, "verifications")?))).transpose()
}

/// Verifies an address, if the link does; all links of the user are used then.
pub async fn verify(
    db: &mut SqliteConnection,
    token: &[u8; 32],
    user: UserId,
    now: Timestamp,
) -> Result<(bool, Option<StoreChange>), StoreError> {
    if find(&mut *db, token, now).await?.is_none_or(|(found, _)| found.id != user) {
        return Ok((false, None));
    }
    for statement in
        ["UPDATE users SET verified = 'mail' WHERE id = $1", "UPDATE verifications SET used = TRUE WHERE user_id = $1"]
    {
        sqlx::query(statement).bind(user.to_string()).execute(&mut *db).await?;
    }
    Ok((true, Some(StoreChange::UserChanged(user))))
}

pub async fn remove_expired(db: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM verifications WHERE sent_at <= $1 AND expires_at <= $2")
        .bind(rows::milliseconds(now) - milliseconds(MAILS_COUNT_FOR))
        .bind(rows::milliseconds(now))
        .execute(db)
        .await?;
    Ok(())
}
