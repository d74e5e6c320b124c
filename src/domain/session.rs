//! Whether a session is still good. Pure over the session, the limits of its organization and the login table.

use jiff::Timestamp;

use super::{organization::Organization, table::LoginTable, user::Session};

/// Whether a session signs somebody in to `organization` at `now`, having last been used at `last_used_at`.
pub fn is_good(
    session: &Session,
    last_used_at: Timestamp,
    organization: &Organization,
    table: &LoginTable,
    now: Timestamp,
) -> bool {
    let limits = organization.session;
    let within = |since: Timestamp, limit| since.checked_add(limit).is_ok_and(|end| now < end);
    session.organization == organization.key
        && within(session.started_at, limits.lifetime)
        && within(last_used_at, limits.idle_timeout)
        && began_with_a_provider_that_stays(session, table)
}

/// When a session ends, however much it is used.
pub fn ends_at(session: &Session, organization: &Organization) -> Timestamp {
    session.started_at.checked_add(organization.session.lifetime).unwrap_or(Timestamp::MAX)
}

fn began_with_a_provider_that_stays(session: &Session, table: &LoginTable) -> bool {
    table.provider_by_uid(&session.provider_uid).is_some_and(|provider| {
        provider.keeps_sessions()
            && provider.organization == session.organization
            && provider.key == session.provider_key
    })
}
