//! What the account page says, put together from the session, the login table, and what the store knows of the user.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::origins;
use crate::{
    domain::{
        field::STANDARD,
        grant::Granted,
        organization::{Group, Role},
        outcome::{Outcome, outcome},
        session::{Life, goes_on},
        update::Held,
        user::{SessionHandle, User},
    },
    server::{
        current::View,
        pages::{AccountPage, Address, ENGLISH, Moment, Noted, Origin, Right, SessionRow},
        sessions::{Current, heard_late},
    },
    store::{Account, AccountLink, AccountSession},
};

/// What the page is made of.
pub struct Shown<'a> {
    pub view: &'a View,
    pub current: &'a Current,
    /// None: the store does not answer.
    pub account: Option<&'a Account>,
    pub can_send_mail: bool,
    pub now: Timestamp,
}

impl<'a> Shown<'a> {
    /// Gives the page to somebody who sends it.
    pub fn with<R>(&self, show: impl FnOnce(&AccountPage<'_>) -> R) -> R {
        let organization = &self.view.organization;
        let outcome = outcome(self.user(), &self.granted(), organization, &self.current.session().provider_key);
        let verify = format!("/o/{}/verify-email", organization.id);
        let zone = Zone::of(outcome.time_zone.as_deref());
        show(&AccountPage {
            language: &ENGLISH,
            organization: &organization.display_name,
            full_name: outcome.full_name.as_deref(),
            user_name: &outcome.user_name,
            address: outcome.email.as_deref().map(|email| Address {
                email,
                verified: outcome.email_verified,
                verify_action: self.can_send_mail.then_some(verify.as_str()),
            }),
            provider: self.provider_name(&self.current.session().provider_uid).unwrap_or_default(),
            linked: self.linked(),
            administrator: outcome.administrator.then(|| self.origins_of_administrator()),
            roles: self.roles(&outcome),
            groups: self.groups(&outcome),
            noted: self.noted(),
            sessions: self.account.map(|account| self.sessions(&account.sessions, &zone)),
            time_zone: zone.name,
            action: &format!("/o/{}/account", organization.id),
            sign_out_href: &format!("/o/{}/logout", organization.id),
        })
    }

    fn user(&self) -> &'a User {
        self.account.map_or(&self.current.person.user, |account| &account.user)
    }

    fn granted(&self) -> Vec<Granted> {
        match self.account {
            Some(account) => account.grants.iter().map(|held| held.grant.granted.clone()).collect(),
            None => self.current.person.grants.clone(),
        }
    }

    fn provider_name(&self, uid: &str) -> Option<&'a str> {
        self.view.table.provider_by_uid(uid).map(|provider| provider.display_name.as_str())
    }

    /// The others that lead to the same user; by issuer where no provider is known.
    fn linked(&self) -> Vec<&'a str> {
        let this = self.provider_name(&self.current.session().provider_uid);
        let names = self.account.iter().flat_map(|account| &account.links).map(|link| self.name_of(link));
        let others: BTreeSet<_> = names.filter(|name| Some(*name) != this).collect();
        others.into_iter().collect()
    }

    fn name_of(&self, link: &'a AccountLink) -> &'a str {
        let used = link.provider_uid.as_ref().and_then(|uid| self.provider_name(uid));
        let of_issuer = || {
            let mut providers = self.view.table.providers_of(&self.view.organization.key);
            let provider = providers.find(|provider| *provider.issuer == *link.link.issuer)?;
            Some(provider.display_name.as_str())
        };
        used.or_else(of_issuer).unwrap_or(&link.link.issuer)
    }

    fn origins_of(&self, what: impl Fn(&Granted) -> bool) -> Vec<Origin<'a>> {
        let grants = self.account.map(|account| account.grants.as_slice()).unwrap_or_default();
        let of_these = |held: &&Held| what(&held.grant.granted);
        let origins: BTreeSet<_> =
            grants.iter().filter(of_these).map(|held| origins::of_grant(held, &self.view.table)).collect();
        origins.into_iter().collect()
    }

    /// Also the roles that make administrators.
    fn origins_of_administrator(&self) -> Vec<Origin<'a>> {
        let granted = self.granted();
        let held = |name: &String| granted.contains(&Granted::Role(name.clone()));
        let roles = self.view.organization.roles.iter().filter(|role| role.administrator && held(&role.name));
        let by_role = roles.map(|role| Origin::Role(&role.display_name));
        self.origins_of(|granted| *granted == Granted::Administrator).into_iter().chain(by_role).collect()
    }

    fn roles(&self, outcome: &Outcome) -> Vec<Right<'a>> {
        let roles = self.view.organization.roles.iter().filter(|role| outcome.roles.contains(&role.name));
        let right = |role: &'a Role| Right {
            display_name: &role.display_name,
            origins: self.origins_of(|granted| matches!(granted, Granted::Role(name) if *name == role.name)),
        };
        roles.map(right).collect()
    }

    fn groups(&self, outcome: &Outcome) -> Vec<Right<'a>> {
        let groups = self.view.organization.groups.iter().filter(|group| outcome.groups.contains(&group.name));
        let right = |group: &'a Group| Right {
            display_name: &group.display_name,
            origins: self.origins_of(|granted| matches!(granted, Granted::Group(name) if *name == group.name)),
        };
        groups.map(right).collect()
    }

    /// Standard fields first; with what the organization assumes where nothing is noted.
    fn noted(&self) -> Vec<Noted<'a>> {
        let (user, organization) = (self.user(), &self.view.organization);
        let noted = |name: &'a str| {
            let field = user.fields.get(name)?;
            let origin = origins::of_field(&field.by, &self.view.table);
            Some(Noted { name, value: in_words(&field.value), origin })
        };
        let assumed = |name: &'a str| {
            let (_, value) = organization.defaults.iter().find(|(of, _)| *of == name)?;
            Some(Noted { name, value: value.clone(), origin: Origin::Everybody(&organization.display_name) })
        };
        let standard = STANDARD.into_iter().filter_map(|name| noted(name).or_else(|| assumed(name)));
        standard.chain(user.fields.custom().filter_map(|(name, _)| noted(name))).collect()
    }

    fn sessions(&self, sessions: &'a [AccountSession], zone: &Zone<'_>) -> Vec<SessionRow<'a>> {
        let this = SessionHandle::of(&self.current.session().id);
        let good = |session: &&AccountSession| session.handle == this || self.goes_on(session);
        let row = |session: &'a AccountSession| {
            let is_this = session.handle == this;
            let last_used = if is_this { self.now } else { session.last_used_at };
            SessionRow {
                handle: session.handle.to_string(),
                provider: self.provider_name(&session.provider_uid).unwrap_or(&session.provider_key),
                began: zone.moment(session.started_at),
                last_used: zone.moment(last_used),
                is_this,
            }
        };
        sessions.iter().filter(good).map(row).collect()
    }

    fn goes_on(&self, session: &AccountSession) -> bool {
        let AccountSession { provider_uid, provider_key, started_at, last_used_at, .. } = session;
        let organization = &self.view.organization;
        let life = Life {
            provider_uid,
            provider_key,
            started_at: *started_at,
            last_used_at: last_used_at.checked_add(heard_late(organization)).unwrap_or(*last_used_at),
        };
        goes_on(&life, organization, &self.view.table, self.now)
    }
}

/// A value in one line.
fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Whose clock the times are by.
struct Zone<'a> {
    name: &'a str,
    zone: TimeZone,
}

impl<'a> Zone<'a> {
    /// UTC where none is noted, or this machine does not know it.
    fn of(name: Option<&'a str>) -> Self {
        let known = name.and_then(|name| Some(Zone { name, zone: TimeZone::get(name).ok()? }));
        known.unwrap_or(Zone { name: "UTC", zone: TimeZone::UTC })
    }

    fn moment(&self, at: Timestamp) -> Moment {
        let local = at.to_zoned(self.zone.clone());
        Moment { text: local.strftime(ENGLISH.account.time_format).to_string(), machine: format!("{at:.0}") }
    }
}
