//! Sets anew what a provider and its mappers make of people, apart from a login. Never over what a newer login wrote.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use sqlx::SqliteConnection;

use super::{grants, rows, sessions};
use crate::{
    domain::{
        update::{Held, Occasion, fields_after, grants_after},
        user::UserId,
    },
    store::{Reapplied, Replaced, StoreChange, StoreError},
};

/// A person of a provider as the store has them.
#[derive(sqlx::FromRow)]
struct PersonRow {
    user_id: String,
    revision: i64,
    /// None where another provider tells them.
    fields: Option<String>,
    /// What another provider set alone when it told them last.
    others_alone: Option<String>,
}

/// Says what came of each, and what others must hear of.
pub async fn all(
    db: &mut SqliteConnection,
    provider_uid: &Arc<str>,
    people: &[Reapplied],
) -> Result<(Vec<Replaced>, Vec<StoreChange>), StoreError> {
    let users = || people.iter().map(|person| person.user);
    let (Some(first), Some(last)) = (users().min(), users().max()) else { return Ok(Default::default()) };
    let stored = of_provider(db, provider_uid, &(first..=last)).await?;
    let granted = grants::of_people(db, provider_uid, &(first..=last)).await?;
    let (nothing, mut signed_out, mut changes) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let mut replaced = Vec::with_capacity(people.len());
    for person in people {
        let Some(stored) = stored.get(&person.user).filter(|stored| stored.revision == person.revision) else {
            replaced.push(Replaced::Outdated);
            continue;
        };
        let granted = granted.get(&person.user).unwrap_or(&nothing);
        let changed = one(db, provider_uid, person, stored, granted).await?;
        let ended = !person.mapped.admitted && sessions::end_of_person(db, person.user, provider_uid).await?;
        replaced.push(if changed || ended { Replaced::Changed } else { Replaced::Same });
        if ended {
            signed_out.insert(person.user);
        } else if changed {
            changes.push(StoreChange::UserChanged(person.user));
        }
    }
    if !signed_out.is_empty() {
        changes.push(StoreChange::SessionsOfPeopleEnded { provider_uid: provider_uid.clone(), users: signed_out });
    }
    Ok((replaced, changes))
}

pub(super) const OF_PROVIDER: &str = "SELECT c.user_id, c.revision, CASE WHEN u.told_by = $1 THEN u.fields END AS fields, \
     CASE WHEN u.told_by <> $1 THEN u.told_alone END AS others_alone \
     FROM claims c JOIN users u ON u.id = c.user_id WHERE c.provider_uid = $1 AND c.user_id BETWEEN $2 AND $3";

async fn of_provider(
    db: &mut SqliteConnection,
    provider_uid: &str,
    range: &RangeInclusive<UserId>,
) -> Result<HashMap<UserId, PersonRow>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(OF_PROVIDER)
        .bind(provider_uid)
        .bind(range.start().to_string())
        .bind(range.end().to_string())
        .fetch_all(db)
        .await?;
    rows.into_iter().map(|row| Ok((rows::user_id(&row.user_id)?, row))).collect()
}

/// Writes what differs in grants and fields; true when something did.
async fn one(
    db: &mut SqliteConnection,
    provider_uid: &Arc<str>,
    person: &Reapplied,
    stored: &PersonRow,
    granted: &BTreeSet<Held>,
) -> Result<bool, StoreError> {
    let Reapplied { user, mapped, terms, .. } = person;
    let alone = stored.others_alone.as_deref().map(rows::kinds).transpose()?.unwrap_or_default();
    let occasion = Occasion::Change { alone: &alone };
    // What others have given stays at a change, so that none of it need be read.
    let after = grants_after(granted, provider_uid, mapped, terms, occasion);
    let other_grants = grants::replace(db, *user, granted, &after).await?;
    let other_fields = match &stored.fields {
        Some(fields) => note(db, person, fields, occasion).await?,
        None => false,
    };
    Ok(other_grants || other_fields)
}

async fn note(
    db: &mut SqliteConnection,
    person: &Reapplied,
    before: &str,
    occasion: Occasion<'_>,
) -> Result<bool, StoreError> {
    let before = rows::fields(before)?;
    let after = fields_after(&before, &person.mapped, &person.terms, occasion);
    if after == before {
        return Ok(false);
    }
    sqlx::query("UPDATE users SET fields = $2 WHERE id = $1")
        .bind(person.user.to_string())
        .bind(rows::fields_column(&after)?)
        .execute(db)
        .await?;
    Ok(true)
}
