//! Users and the links that lead to them. A user stays in one organization.

use jiff::Timestamp;
use sqlx::{SqliteConnection, SqliteExecutor};

use super::rows::{self, UserRow};
use crate::{
    domain::{
        matching::{Known, Namesake},
        modes::GrantKind,
        user::{Link, LinkedTo, User, UserId},
    },
    store::StoreError,
};

/// A user, by which way, and, by the name, once for each link.
#[derive(sqlx::FromRow)]
struct KnownRow {
    way: String,
    #[sqlx(flatten)]
    user: UserRow,
    issuer: Option<String>,
    provider_uid: Option<String>,
}

pub(super) const KNOWN: &str = "SELECT 'link' AS way, u.id AS user_id, u.organization, u.user_name, u.email, \
     u.verified, u.fields, NULL AS issuer, l.provider_uid FROM links l JOIN users u ON u.id = l.user_id \
     WHERE l.organization = $1 AND l.issuer = $2 AND l.external_id = $3 \
     UNION ALL SELECT 'address', id, organization, user_name, email, verified, fields, NULL, NULL FROM users \
     WHERE organization = $1 AND email = $4 \
     UNION ALL SELECT 'name', u.id, u.organization, u.user_name, u.email, u.verified, u.fields, l.issuer, \
     l.provider_uid FROM users u LEFT JOIN links l ON l.user_id = u.id \
     WHERE u.organization = $1 AND u.user_name = $5";

/// Who is found by a link, an address and a user name: in one statement, so that all are of one moment.
pub async fn known(
    db: impl SqliteExecutor<'_>,
    link: &Link,
    address: Option<&str>,
    user_name: &str,
) -> Result<Known, StoreError> {
    let rows: Vec<KnownRow> = sqlx::query_as(KNOWN)
        .bind(link.organization.as_str())
        .bind(&link.issuer)
        .bind(&link.external_id)
        .bind(address)
        .bind(user_name)
        .fetch_all(db)
        .await?;
    let (mut known, mut links) = (Known::default(), Vec::new());
    for KnownRow { way, user, issuer, provider_uid } in rows {
        let user = user.try_into()?;
        match way.as_str() {
            "link" => {
                known.linked = Some(user);
                known.linked_by = provider_uid.clone().map(Into::into);
            }
            "address" => known.holder = Some(user),
            _ => known.namesake = Some(Namesake { user, links: Vec::new() }),
        }
        links.extend(issuer.map(|issuer| LinkedTo { issuer, provider_uid: provider_uid.map(Into::into) }));
    }
    links.sort();
    if let Some(namesake) = &mut known.namesake {
        namesake.links = links;
    }
    Ok(known)
}

/// A user, and when somebody last signed in as them.
#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_login_at: Option<i64>,
}

/// A user, and whether nobody has signed in as them yet.
pub async fn find(db: impl SqliteExecutor<'_>, id: UserId) -> Result<Option<(User, bool)>, StoreError> {
    let row: Option<FoundRow> = sqlx::query_as(
        "SELECT id AS user_id, organization, user_name, email, verified, fields, last_login_at FROM users \
         WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.map(|row| Ok((row.user.try_into()?, row.last_login_at.is_none()))).transpose()
}

/// Others in the organization who have the user's name or address.
pub async fn rivals(db: &mut SqliteConnection, user: &User) -> Result<Vec<User>, StoreError> {
    let rivals: Vec<UserRow> = sqlx::query_as(
        "SELECT id AS user_id, organization, user_name, email, verified, fields FROM users \
         WHERE organization = $1 AND id <> $2 AND (user_name = $3 OR email = $4) ORDER BY id",
    )
    .bind(user.organization.as_str())
    .bind(user.id.to_string())
    .bind(&user.user_name)
    .bind(&user.email)
    .fetch_all(db)
    .await?;
    rivals.into_iter().map(User::try_from).collect()
}

/// On whose word a login writes a user.
pub struct Told<'a> {
    /// The UID of the provider.
    pub by: &'a str,
    /// What it sets alone.
    pub alone: &'a [GrantKind],
    /// Whether the address is written, too.
    pub address: bool,
}

/// Writes a user as a login leaves them; makes those who are not there.
pub async fn write(
    db: &mut SqliteConnection,
    user: &User,
    told: &Told<'_>,
    last_login_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, organization, user_name, email, verified, fields, told_by, told_alone, email_by, \
         last_login_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (id) DO UPDATE SET user_name = excluded.user_name, email = excluded.email, \
         verified = excluded.verified, fields = excluded.fields, told_by = excluded.told_by, \
         told_alone = excluded.told_alone, last_login_at = excluded.last_login_at, \
         email_by = CASE WHEN $11 THEN excluded.email_by ELSE users.email_by END",
    )
    .bind(user.id.to_string())
    .bind(user.organization.as_str())
    .bind(&user.user_name)
    .bind(&user.email)
    .bind(rows::verified_column(user.verified))
    .bind(rows::fields_column(&user.fields)?)
    .bind(told.by)
    .bind(rows::kinds_column(told.alone)?)
    .bind(user.email.as_ref().filter(|_| told.address).map(|_| told.by))
    .bind(rows::milliseconds(last_login_at))
    .bind(told.address)
    .execute(db)
    .await?;
    Ok(())
}

/// Makes a user by hand, as whom nobody has signed in yet.
pub async fn create(db: &mut SqliteConnection, user: &User) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, organization, user_name, email, verified, fields, email_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(user.id.to_string())
    .bind(user.organization.as_str())
    .bind(&user.user_name)
    .bind(&user.email)
    .bind(rows::verified_column(user.verified))
    .bind(rows::fields_column(&user.fields)?)
    .bind(user.email.as_ref().map(|_| ""))
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that somebody signed in as a user, and nothing else.
pub async fn note_login(db: &mut SqliteConnection, user: UserId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET last_login_at = $2 WHERE id = $1")
        .bind(user.to_string())
        .bind(rows::milliseconds(at))
        .execute(db)
        .await?;
    Ok(())
}
