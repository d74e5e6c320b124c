//! Users, their links, and the transaction that writes a login.

use sqlx::{SqliteConnection, SqliteExecutor};

use super::{
    claims::{self, SealedClaims},
    grants, logouts, reapply,
    rows::{self, UserRow},
    sessions,
};
use crate::{
    domain::{
        field::Fields,
        trust::Known,
        user::{Link, LoginRecord, LostAccess, User, UserId},
    },
    store::{Reapplied, RecordLoginError, StoreChange, StoreError},
};

/// A user, and whether it is the link that leads there.
#[derive(sqlx::FromRow)]
struct KnownRow {
    is_linked: bool,
    #[sqlx(flatten)]
    user: UserRow,
}

pub async fn known(db: impl SqliteExecutor<'_>, link: &Link, address: Option<&str>) -> Result<Known, StoreError> {
    // One statement, so that both are of one moment.
    let rows: Vec<KnownRow> = sqlx::query_as(
        "SELECT TRUE AS is_linked, u.id AS user_id, u.organization, u.user_name, u.email, u.email_verified, u.fields \
         FROM links l JOIN users u ON u.id = l.user_id \
         WHERE l.organization = $1 AND l.issuer = $2 AND l.external_id = $3 \
         UNION ALL SELECT FALSE, id, organization, user_name, email, email_verified, fields FROM users \
         WHERE organization = $1 AND email = $4",
    )
    .bind(link.organization.as_str())
    .bind(&link.issuer)
    .bind(&link.external_id)
    .bind(address)
    .fetch_all(db)
    .await?;
    let mut known = Known::default();
    for KnownRow { is_linked, user } in rows {
        let place = if is_linked { &mut known.linked } else { &mut known.holder };
        *place = Some(user.try_into()?);
    }
    Ok(known)
}

/// Writes a login. Says which revision the claims have now, and what other sessions of the user must hear of.
pub async fn record(
    db: &mut SqliteConnection,
    login: &LoginRecord,
    sealed_claims: Option<&SealedClaims>,
    sealed_id_token: Option<&[u8]>,
) -> Result<(i64, Option<StoreChange>), RecordLoginError> {
    let user = &login.user;
    if let Some(session) = &login.session.at_provider
        && logouts::has_overtaken(db, login, session).await?
    {
        return Err(RecordLoginError::SignedOut);
    }
    // Before names, because a person who was linked meanwhile also took the name and the address.
    if known(&mut *db, &login.link, None).await?.linked.is_some_and(|linked| linked.id != user.id) {
        return Err(RecordLoginError::Raced);
    }
    refuse_what_others_have(db, user).await?;

    let before = find(db, user.id).await?;
    let has_address = |before: &User| before.email_verified && before.email == user.email;
    if login.found_by_address && !before.as_ref().is_some_and(has_address) {
        return Err(RecordLoginError::Raced);
    }
    let after = User { fields: noted(before.as_ref(), login), ..user.clone() };
    let provider = &login.session.provider_uid;
    write_user(db, &after, provider).await?;
    write_link(db, &login.link, user.id).await?;
    let revision = claims::write(db, user.id, provider, sealed_claims).await?;
    let granted = grant(db, login).await?;
    grants::forget_other_mark(db, provider, &login.mark).await?;
    if login.found_by_address {
        // Who signed in as this user before may have been somebody else.
        sessions::end_of_user(db, user.id).await?;
    }
    sessions::begin(db, &login.session, sealed_id_token).await?;
    if login.found_by_address {
        return Ok((revision, Some(StoreChange::SessionsOfUserEnded(user.id))));
    }
    let changed = before.is_some_and(|before| granted || before != after);
    Ok((revision, changed.then_some(StoreChange::UserChanged(user.id))))
}

/// What is noted of a user by a login.
fn noted(before: Option<&User>, login: &LoginRecord) -> Fields {
    let before = before.map(|user| user.fields.clone()).unwrap_or_default();
    match &login.mapped.said {
        Some(said) => before.replaced_by(said, &login.keep),
        None => before.kept(&login.keep),
    }
}

/// Sets the grants of the provider; true when they were others before.
async fn grant(db: &mut SqliteConnection, login: &LoginRecord) -> Result<bool, StoreError> {
    let (user, provider) = (login.user.id, &login.session.provider_uid);
    let before = grants::of_people(db, provider, &(user..=user)).await?.remove(&user).unwrap_or_default();
    grants::replace(db, user, provider, &before, &login.mapped.grants, &login.keep).await
}

/// Writes what a login has shown of somebody who may not sign in any more. Says what others must hear of.
pub async fn record_lost(
    db: &mut SqliteConnection,
    lost: LostAccess,
    sealed_claims: Option<&SealedClaims>,
) -> Result<((), Vec<StoreChange>), StoreError> {
    let LostAccess { user, provider_uid, mapped, keep, mark, .. } = lost;
    let revision = claims::write(db, user, &provider_uid, sealed_claims).await?;
    grants::forget_other_mark(db, &provider_uid, &mark).await?;
    let person = Reapplied { user, revision, mapped, keep };
    let (_, changes) = reapply::all(db, &provider_uid, &[person]).await?;
    Ok(((), changes))
}

async fn refuse_what_others_have(db: &mut SqliteConnection, user: &User) -> Result<(), RecordLoginError> {
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT user_name FROM users \
         WHERE organization = $1 AND id <> $2 AND (user_name = $3 OR email = $4) ORDER BY id",
    )
    .bind(user.organization.as_str())
    .bind(user.id.to_string())
    .bind(&user.user_name)
    .bind(&user.email)
    .fetch_all(db)
    .await
    .map_err(StoreError::from)?;
    if others.contains(&user.user_name) {
        return Err(RecordLoginError::UserNameTaken);
    }
    // Who has the address was looked for before.
    if others.is_empty() { Ok(()) } else { Err(RecordLoginError::Raced) }
}

async fn find(db: &mut SqliteConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = sqlx::query_as(
        "SELECT id AS user_id, organization, user_name, email, email_verified, fields FROM users WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(db)
    .await?;
    row.map(User::try_from).transpose()
}

/// Never moves a user to another organization: the rows that refer to both would then be refused.
async fn write_user(db: &mut SqliteConnection, user: &User, told_by: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO users (id, organization, user_name, email, email_verified, fields, told_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO UPDATE SET user_name = excluded.user_name, email = excluded.email, \
         email_verified = excluded.email_verified, fields = excluded.fields, told_by = excluded.told_by",
    )
    .bind(user.id.to_string())
    .bind(user.organization.as_str())
    .bind(&user.user_name)
    .bind(&user.email)
    .bind(user.email_verified)
    .bind(rows::fields_column(&user.fields)?)
    .bind(told_by)
    .execute(db)
    .await?;
    Ok(())
}

async fn write_link(db: &mut SqliteConnection, link: &Link, user: UserId) -> Result<(), StoreError> {
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
