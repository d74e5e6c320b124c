//! Between columns and the values of the domain. What does not fit is `Damaged`, never a panic.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        field::Fields,
        grant::Granted,
        modes::GrantKind,
        organization::OrganizationKey,
        user::{User, UserId, Verification},
    },
    store::StoreError,
};

/// A user as every query selects it.
#[derive(sqlx::FromRow)]
pub struct UserRow {
    user_id: String,
    organization: String,
    user_name: String,
    email: Option<String>,
    verified: Option<String>,
    fields: String,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: user_id(&row.user_id)?,
            organization: OrganizationKey::from_stored(&row.organization),
            user_name: row.user_name,
            email: row.email,
            verified: row.verified.as_deref().map(verification).transpose()?,
            fields: fields(&row.fields)?,
        })
    }
}

fn verification(word: &str) -> Result<Verification, StoreError> {
    match word {
        "provider" => Ok(Verification::Provider),
        "mail" => Ok(Verification::Mail),
        "hand" => Ok(Verification::Hand),
        _ => Err(StoreError::Damaged { what: "users" }),
    }
}

/// The column `verified` of a user.
pub fn verified_column(verified: Option<Verification>) -> Option<&'static str> {
    verified.map(|by| match by {
        Verification::Provider => "provider",
        Verification::Mail => "mail",
        Verification::Hand => "hand",
    })
}

pub fn user_id(text: &str) -> Result<UserId, StoreError> {
    text.parse::<Uuid>().map(UserId).map_err(|_| StoreError::Damaged { what: "users" })
}

pub fn fields(json: &str) -> Result<Fields, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Damaged { what: "users" })
}

/// The column `fields` of a user.
pub fn fields_column(fields: &Fields) -> Result<String, StoreError> {
    serde_json::to_string(fields).map_err(|_| StoreError::Damaged { what: "users" })
}

/// The column `told_alone` of a user.
pub fn kinds_column(kinds: &[GrantKind]) -> Result<String, StoreError> {
    serde_json::to_string(kinds).map_err(|_| StoreError::Damaged { what: "users" })
}

pub fn kinds(json: &str) -> Result<Vec<GrantKind>, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::Damaged { what: "users" })
}

/// Time as it is stored: milliseconds since the epoch.
pub fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub fn timestamp(milliseconds: i64, what: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| StoreError::Damaged { what })
}

/// When somebody last signed in; 0 where it is not known when that was.
pub fn last_login(at: Option<i64>, what: &'static str) -> Result<Option<Timestamp>, StoreError> {
    at.filter(|at| *at > 0).map(|at| timestamp(at, what)).transpose()
}

/// The columns `kind` and `name` of a grant.
pub fn granted_columns(granted: &Granted) -> (&'static str, &str) {
    match granted {
        Granted::Role(name) => ("role", name),
        Granted::Group(name) => ("group", name),
        Granted::Administrator => ("administrator", ""),
    }
}

pub fn granted(kind: &str, name: String) -> Result<Granted, StoreError> {
    match kind {
        "role" => Ok(Granted::Role(name)),
        "group" => Ok(Granted::Group(name)),
        "administrator" => Ok(Granted::Administrator),
        _ => Err(StoreError::Damaged { what: "grants" }),
    }
}
