//! The pieces that tests are made of: one organization, its providers, mappers and people.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{
    Claims,
    expression::ProviderVariable,
    field::{self, Fields, Maker, Said},
    grant::{Grant, Granted},
    idp_user::IdpUser,
    logout::LogoutRules,
    mapper::{GrantRule, Mapper, Rule, When},
    modes::{Modes, Terms},
    organization::{Group, Organization, OrganizationKey, Role, SessionLimits, TokenPolicy},
    people::{Access, Defaults, Match, OtherReading, People, Readings},
    person::identify,
    provider::{LoginState, OnSignInPage, Provider, Trust},
    provider_session::ProviderSession,
    reading::Reading,
    relation::{Authority, Bearer, ClaimsSource, Flow, Relation, RequestOptions},
    trace::Trace,
    update::user_after,
    user::{FoundBy, IdToken, Link, LoginRecord, Mapped, Session, SessionId, User, UserId, Verification},
};
use crate::api::{ProviderType, Reason};

/// `default/acme` with the roles `admin` (administrators) and `viewer`, and the group `staff`.
pub fn organization() -> Organization {
    let role = |name: &str, administrator| Role { name: name.into(), display_name: name.into(), administrator };
    Organization {
        key: organization_key("acme"),
        id: "acme".into(),
        display_name: "Acme".into(),
        external_url: "https://sso.example".parse().expect("a URL"),
        roles: vec![role("admin", true), role("viewer", false)],
        groups: vec![Group { name: "staff".into(), display_name: "Staff".into(), type_: None }],
        defaults: Vec::new(),
        title: None,
        allowed_return_urls: Vec::new(),
        logout_page_url: None,
        require_verified_email: false,
        session: SessionLimits { idle_timeout: Duration::from_secs(1800), lifetime: Duration::from_secs(36_000) },
        tokens: TokenPolicy { audience: None, lifetime: Duration::from_secs(600) },
        applications: Vec::new(),
    }
}

/// A provider of `default/acme` whose sessions go on.
pub fn provider(uid: &str) -> Provider {
    Provider {
        uid: uid.into(),
        path: format!("default/{uid}"),
        organization: organization_key("acme"),
        key: format!("key-of-{uid}").into(),
        display_name: format!("Provider {uid}"),
        type_: ProviderType::Generic,
        icon: None,
        issuer: "https://issuer.example".into(),
        people: Some(Arc::new(people())),
        trust: Trust::default(),
        on_sign_in_page: OnSignInPage::Shown,
        user_name_separator: None,
        suspended: false,
        logout_page_url: None,
        has_client: true,
        login: LoginState::Unavailable(Reason::Pending),
    }
}

/// By which people can sign in.
pub fn relation() -> Relation {
    let url = |url: &str| url.parse().expect("a URL");
    Relation {
        authority: Arc::new(Authority { issuer: "https://issuer.example".into(), ..Authority::default() }),
        authorization_endpoint: url("https://issuer.example/authorize"),
        pushing: None,
        client_id: "latchkey".into(),
        credentials: Vec::new(),
        previous: None,
        redirect_uri: url("https://sso.example/o/acme/callback/p1"),
        flow: Flow::IdToken,
        request: RequestOptions::default(),
        claims_source: ClaimsSource::IdToken,
        iss_parameter: false,
        logout: LogoutRules::default(),
    }
}

/// By which applications can bring ID tokens.
pub fn bearer() -> Arc<Bearer> {
    Arc::new(Bearer { authority: Arc::default(), max_token_age: Duration::from_secs(300) })
}

/// Everybody, by the claims that the OpenID specifications name, and `groups`.
pub fn people() -> People {
    let other = |name, claim| OtherReading { name, reading: Reading::claim(claim), is_wanted: false };
    People {
        readings: Readings {
            user_id: Reading::claim("sub"),
            user_name: None,
            preferred_user_name: Some(Reading::claim("preferred_username")),
            email: Reading::claim("email"),
            email_verified: Reading::claim("email_verified"),
            groups: Some(Reading::claim("groups")),
            full_name: Reading::claim("name"),
            others: vec![
                other(field::GIVEN_NAME, "given_name"),
                other(field::FAMILY_NAME, "family_name"),
                other(field::PICTURE, "picture"),
                other(field::PROFILE, "profile"),
                other(field::GENDER, "gender"),
                other(field::LOCALE, "locale"),
            ],
        },
        access: Access::Everyone,
        matching: vec![Match::ExternalId, Match::Email],
        modes: Modes::default(),
        trust_email: false,
        defaults: Defaults::default(),
        rules: Vec::new(),
        validation: Vec::new(),
    }
}

/// What expressions see of a provider.
pub const PROVIDER: ProviderVariable<'static> = ProviderVariable { key: "azure", issuer: "https://issuer.example" };

/// The person whom claims describe.
pub fn person(claims: &Claims) -> IdpUser {
    identify(&people(), claims, None, PROVIDER, &mut Trace::of_problems()).expect("a person")
}

/// A mapper for the people of a provider, in its first generation, that gives roles.
pub fn mapper(uid: &str, provider_uid: &str, when: When, roles: &[&str]) -> Mapper {
    let given = roles.iter().map(|name| Granted::Role((*name).to_owned())).collect();
    let grant = Some(GrantRule { given, ..GrantRule::default() });
    mapper_of(uid, provider_uid, Rule { when, grant, attributes: Vec::new() })
}

/// A mapper that says this.
pub fn mapper_of(uid: &str, provider_uid: &str, rule: Rule) -> Mapper {
    Mapper {
        uid: uid.into(),
        path: format!("default/{uid}"),
        providers: vec![provider_uid.into()],
        would_admit: rule.admits(),
        served: Some((Arc::new(rule), 1)),
    }
}

/// What gives these grants and says nothing besides.
pub fn mapped(grants: Vec<Grant>) -> Mapped {
    Mapped { grants, said: Some(Said::default()), admitted: true }
}

const START: i64 = 1_760_000_000_000;

/// So many milliseconds after the tests' epoch.
pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(START + milliseconds).unwrap()
}

/// The key of `default/NAME`.
pub fn organization_key(name: &str) -> OrganizationKey {
    OrganizationKey::new("default", name)
}

/// A first login through provider `p1` of organization `default/acme`, with names and an address made from `name`.
pub fn login(name: &str) -> LoginRecord {
    let user = User {
        id: UserId(Uuid::now_v7()),
        organization: organization_key("acme"),
        user_name: name.to_owned(),
        email: Some(format!("{name}@example.com")),
        verified: Some(Verification::Provider),
        fields: Fields::default(),
    };
    LoginRecord {
        link: link(&user.organization, name),
        claims: claims(json!({"sub": name, "groups": ["a", "b"]})).into(),
        mapped: full_name("p1", name, Vec::new()),
        found: FoundBy::New,
        linked: None,
        only_link: false,
        terms: Terms::default(),
        requires_verified_email: false,
        mark: "by these mappers".to_owned(),
        id_token: IdToken { issued_at: at(0), hint: None },
        session: session(&user, "p1"),
        brought: None,
        user,
    }
}

/// The same person's next login.
pub fn again(login: &LoginRecord) -> LoginRecord {
    let session = session(&login.user, &login.session.provider_uid);
    LoginRecord { session, found: FoundBy::Link, linked: Some(login.user.id), ..login.clone() }
}

/// The same person's login through another provider.
pub fn through(login: &LoginRecord, provider_uid: &str, grants: Vec<Grant>) -> LoginRecord {
    let mapped = full_name(provider_uid, &login.link.external_id, grants);
    LoginRecord { session: session(&login.user, provider_uid), mapped, ..again(login) }
}

/// A login as the first one of the person.
pub fn first(login: LoginRecord) -> LoginRecord {
    LoginRecord { found: FoundBy::New, linked: None, ..login }
}

/// The user whom a login leaves behind if nothing was noted before.
pub fn written(login: &LoginRecord) -> User {
    user_after(None, login, true)
}

/// A provider that says nothing but a full name.
fn full_name(provider_uid: &str, name: &str, grants: Vec<Grant>) -> Mapped {
    let said = said(provider_uid, &[(field::FULL_NAME, &format!("Full {name}"), None)]);
    Mapped { grants, said: Some(said), admitted: true }
}

/// What is said on the word of a provider: the name of a field, its value, and the mapper if one says it.
pub fn said(provider_uid: &str, fields: &[(&str, &str, Option<&str>)]) -> Said {
    let mut said = Said::default();
    for (name, value, mapper) in fields {
        said.say(name, json!(value), Maker { provider: provider_uid.into(), mapper: mapper.map(Arc::from) });
    }
    said
}

/// A new session that began at the tests' epoch.
pub fn session(user: &User, provider_uid: &str) -> Session {
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let mut id = [0; 32];
    id[..16].copy_from_slice(first.as_bytes());
    id[16..].copy_from_slice(second.as_bytes());
    Session {
        id: SessionId(id),
        organization: user.organization.clone(),
        user: user.id,
        provider_uid: provider_uid.into(),
        provider_key: format!("key-of-{provider_uid}").into(),
        started_at: at(0),
        last_used_at: at(0),
        at_provider: Some(at_provider(&user.user_name, None)),
    }
}

/// The session at `https://issuer.example` of somebody.
pub fn at_provider(subject: &str, sid: Option<&str>) -> ProviderSession {
    ProviderSession {
        issuer: "https://issuer.example".to_owned(),
        subject: subject.to_owned(),
        sid: sid.map(str::to_owned),
    }
}

pub fn link(organization: &OrganizationKey, external_id: &str) -> Link {
    Link {
        organization: organization.clone(),
        issuer: "https://issuer.example".to_owned(),
        external_id: external_id.to_owned(),
    }
}

/// The claims of a JSON object.
pub fn claims(value: serde_json::Value) -> Claims {
    value.as_object().unwrap().clone()
}

pub fn role(mapper: &str, name: &str) -> Grant {
    Grant { mapper_uid: mapper.into(), granted: Granted::Role(name.to_owned()) }
}

pub fn group(mapper: &str, name: &str) -> Grant {
    Grant { mapper_uid: mapper.into(), granted: Granted::Group(name.to_owned()) }
}
