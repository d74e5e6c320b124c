//! Whether a session is still good. Pure over the session, the limits of its organization and the login table.

use jiff::Timestamp;

use super::{
    organization::{Organization, SessionLimits},
    table::LoginTable,
    user::Session,
};

/// How a session began, and when it was used last.
#[derive(Clone, Copy, Debug)]
pub struct Life<'a> {
    pub provider_uid: &'a str,
    pub provider_key: &'a str,
    pub started_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// Whether a session signs somebody in to `organization` at `now`, having last been used at `last_used_at`.
pub fn is_good(
    session: &Session,
    last_used_at: Timestamp,
    organization: &Organization,
    table: &LoginTable,
    now: Timestamp,
) -> bool {
    let Session { provider_uid, provider_key, started_at, .. } = session;
    let life = Life { provider_uid, provider_key, started_at: *started_at, last_used_at };
    session.organization == organization.key && goes_on(&life, organization, table, now)
}

/// Whether a session of a user of `organization` is still good.
pub fn goes_on(life: &Life<'_>, organization: &Organization, table: &LoginTable, now: Timestamp) -> bool {
    has_time_left(organization.session, life.started_at, life.last_used_at, now)
        && began_with_a_provider_that_stays(life, organization, table)
}

/// Whether a session has neither been unused for too long at `now` nor lasted too long.
pub fn has_time_left(limits: SessionLimits, started_at: Timestamp, last_used_at: Timestamp, now: Timestamp) -> bool {
    let within = |since: Timestamp, limit| since.checked_add(limit).is_ok_and(|end| now < end);
    within(started_at, limits.lifetime) && within(last_used_at, limits.idle_timeout)
}

/// When a session ends, however much it is used.
pub fn ends_at(session: &Session, organization: &Organization) -> Timestamp {
    session.started_at.checked_add(organization.session.lifetime).unwrap_or(Timestamp::MAX)
}

fn began_with_a_provider_that_stays(life: &Life<'_>, organization: &Organization, table: &LoginTable) -> bool {
    table.provider_by_uid(life.provider_uid).is_some_and(|provider| {
        provider.keeps_sessions() && provider.organization == organization.key && *provider.key == *life.provider_key
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::{
        api::Reason,
        domain::{
            organization::SessionLimits,
            provider::{LoginState, Provider},
            testing::{at, login, organization, organization_key, provider},
        },
    };

    const SECOND: i64 = 1000;

    fn table(provider: Provider) -> LoginTable {
        let mut table = LoginTable::default();
        table.set_provider(&provider.uid.clone(), Some(Arc::new(provider)));
        table
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_its_lifetime_is_over() {
        let session = login("ada").session;
        let limits = SessionLimits { idle_timeout: Duration::from_secs(60), lifetime: Duration::from_secs(600) };
        let organization = Organization { session: limits, ..organization() };
        let table = table(provider("p1"));
        for (last_used, now, good) in [
            (0, 0, true),
            (0, 60 * SECOND - 1, true),
            (0, 60 * SECOND, false),
            (59 * SECOND, 60 * SECOND, true),
            (599 * SECOND, 600 * SECOND - 1, true),
            (599 * SECOND, 600 * SECOND, false),
            // The clock of another replica, or of this one before it was set back.
            (SECOND, 0, true),
            (0, -SECOND, true),
        ] {
            assert_eq!(is_good(&session, at(last_used), &organization, &table, at(now)), good, "{last_used} {now}");
        }
        assert_eq!(ends_at(&session, &organization), at(600 * SECOND));
    }

    #[test]
    fn a_session_signs_in_to_its_own_organization_alone() {
        let session = login("ada").session;
        let other = Organization { key: organization_key("globex"), ..organization() };
        assert!(is_good(&session, at(0), &organization(), &table(provider("p1")), at(1)));
        assert!(!is_good(&session, at(0), &other, &table(provider("p1")), at(1)));
    }

    #[test]
    fn a_session_is_good_as_long_as_its_provider_stays_what_it_was() {
        let session = login("ada").session;
        let stays = |provider: Provider| is_good(&session, at(0), &organization(), &table(provider), at(1));
        assert!(stays(Provider { display_name: "Another name".into(), ..provider("p1") }));
        for (login, good) in
            [(LoginState::Unavailable(Reason::ConnectFailed), true), (LoginState::Refused(Reason::KeyConflict), true)]
        {
            assert_eq!(stays(Provider { login: login.clone(), ..provider("p1") }), good, "{login:?}");
        }
        assert!(!stays(Provider { suspended: true, ..provider("p1") }));
        assert!(!stays(provider("p2")), "gone");
        assert!(!stays(Provider { key: "renamed".into(), ..provider("p1") }));
        assert!(!stays(Provider { organization: organization_key("globex"), ..provider("p1") }));
        assert!(!is_good(&session, at(0), &organization(), &LoginTable::default(), at(1)));
    }
}
