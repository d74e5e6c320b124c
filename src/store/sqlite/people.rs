//! Users as administrators and they themselves see them, and what is written by hand.

use std::collections::BTreeSet;

use sqlx::{SqliteConnection, SqlitePool};

use super::{
    grants, links,
    rows::{self, UserRow},
    sessions, users,
};
use crate::{
    domain::{
        email::canonical_address,
        grant::{Grant, Granted},
        organization::OrganizationKey,
        update::Held,
        user::{LinkedTo, User, UserId},
    },
    store::{Account, ByHand, CreateUserError, ListedUser, NewUser, StoreChange, StoreError},
};

#[derive(sqlx::FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    told_by: Option<String>,
    email_by: Option<String>,
    last_login_at: Option<i64>,
}

pub async fn account(readers: &SqlitePool, id: UserId) -> Result<Option<Account>, StoreError> {
    // One transaction, so that all is of one moment.
    let mut db = readers.begin().await?;
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT id AS user_id, organization, user_name, email, verified, fields, told_by, email_by, last_login_at \
         FROM users WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let user = User::try_from(row.user)?;
    Ok(Some(Account {
        links: links::of_user(&mut db, &user).await?,
        grants: grants::of_user(&mut *db, id).await?.into_iter().collect(),
        sessions: sessions::of_user(&mut db, id).await?,
        told_by: row.told_by.map(Into::into),
        email_by: row.email_by.map(Into::into),
        last_login_at: rows::last_login(row.last_login_at, "users")?,
        user,
    }))
}

/// One branch for each index.
pub(super) const FIND: &str = "SELECT id AS user_id, organization, user_name, email, verified, fields FROM users \
     WHERE organization = $1 AND id = $2 \
     UNION SELECT id, organization, user_name, email, verified, fields FROM users \
     WHERE organization = $1 AND user_name = $3 \
     UNION SELECT id, organization, user_name, email, verified, fields FROM users \
     WHERE organization = $1 AND email = $4 ORDER BY user_name";

pub async fn find(readers: &SqlitePool, organization: &OrganizationKey, text: &str) -> Result<Vec<User>, StoreError> {
    let found: Vec<UserRow> = sqlx::query_as(FIND)
        .bind(organization.as_str())
        .bind(text.to_ascii_lowercase())
        .bind(text)
        .bind(canonical_address(text))
        .fetch_all(readers)
        .await?;
    found.into_iter().map(User::try_from).collect()
}

/// A user of a list, once for each link, or once without.
#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    user: UserRow,
    last_login_at: Option<i64>,
    issuer: Option<String>,
    provider_uid: Option<String>,
}

pub(super) const LIST: &str = "SELECT page.id AS user_id, page.organization, page.user_name, page.email, \
     page.verified, page.fields, page.last_login_at, l.issuer, l.provider_uid FROM ( \
     SELECT * FROM users WHERE organization = $1 AND user_name > $2 ORDER BY user_name LIMIT $3 \
     ) page LEFT JOIN links l ON l.user_id = page.id ORDER BY page.user_name, l.issuer, l.provider_uid";

pub async fn list(
    readers: &SqlitePool,
    organization: &OrganizationKey,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ListedUser>, StoreError> {
    let rows: Vec<ListedRow> = sqlx::query_as(LIST)
        .bind(organization.as_str())
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(readers)
        .await?;
    let mut users: Vec<ListedUser> = Vec::new();
    for ListedRow { user, last_login_at, issuer, provider_uid } in rows {
        let user = User::try_from(user)?;
        let link = issuer.map(|issuer| LinkedTo { issuer, provider_uid: provider_uid.map(Into::into) });
        match users.last_mut().filter(|last| last.user.id == user.id) {
            Some(last) => last.links.extend(link),
            None => {
                let last_login_at = rows::last_login(last_login_at, "users")?;
                users.push(ListedUser { user, links: link.into_iter().collect(), last_login_at });
            }
        }
    }
    Ok(users)
}

/// Writes a user by hand. Nobody holds a copy of somebody who was not there.
pub async fn create(db: &mut SqliteConnection, new: &NewUser) -> Result<((), Option<StoreChange>), CreateUserError> {
    let NewUser { user, links, granted } = new;
    let rivals = users::rivals(db, user).await?;
    if let Some(rival) = rivals.iter().find(|rival| rival.user_name == user.user_name) {
        return Err(CreateUserError::UserNameTaken(rival.id));
    }
    if let Some(rival) = rivals.first() {
        return Err(CreateUserError::AddressTaken(rival.id));
    }
    for link in links {
        if let Some(linked) = users::known(&mut *db, link, None, "").await?.linked {
            return Err(CreateUserError::LinkTaken(linked.id));
        }
    }
    users::create(db, user).await?;
    for link in links {
        links::create(db, link, user.id).await?;
    }
    grants::replace(db, user.id, &BTreeSet::new(), &granted.iter().map(by_hand).collect()).await?;
    Ok(((), None))
}

/// Says what differs now.
pub async fn grant(
    db: &mut SqliteConnection,
    user: UserId,
    granted: &[Granted],
    revoked: &[Held],
) -> Result<(ByHand, Option<StoreChange>), StoreError> {
    if users::find(&mut *db, user).await?.is_none() {
        return Ok((ByHand::default(), None));
    }
    let before = grants::of_user(&mut *db, user).await?;
    let after: BTreeSet<_> = before.iter().filter(|held| !revoked.contains(held)).cloned().collect();
    let after = after.into_iter().chain(granted.iter().map(by_hand)).collect();
    let changed = grants::replace(db, user, &before, &after).await?;
    let by_hand = ByHand {
        granted: after.difference(&before).map(|held| held.grant.granted.clone()).collect(),
        revoked: before.difference(&after).cloned().collect(),
    };
    Ok((by_hand, changed.then_some(StoreChange::UserChanged(user))))
}

fn by_hand(granted: &Granted) -> Held {
    Held { provider_uid: "".into(), grant: Grant { mapper_uid: "".into(), granted: granted.clone() } }
}
