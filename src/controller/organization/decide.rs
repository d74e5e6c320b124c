//! Decides about one organization. Total and pure.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use url::Url;

use super::applications::{Referents, applications, resolved};
use crate::{
    api::{
        self, ConditionType, Conditions, DEFAULT_ORGANIZATION, Fact, OrganizationStatus, ReadyCount, Reason,
        ResourceMeta, Turn, age_order,
    },
    controller::{provider::defaults_of, settings::Settings},
    domain::{
        field,
        organization::{Group, Organization, OrganizationKey, Role, SessionLimits, TokenPolicy},
    },
};

const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);
const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Everything that the decision depends on.
pub struct Observed<'a> {
    pub settings: &'a Settings,
    /// Who may hold the id: see [`contenders`](super::contenders).
    pub contenders: &'a [Arc<api::Organization>],
    /// What its applications refer to.
    pub referents: &'a Referents,
    pub providers: ReadyCount,
    pub now: Timestamp,
}

/// What is to be done about an organization.
pub struct Decision {
    pub status: OrganizationStatus,
    /// What its Events should tell.
    pub turn: Option<Turn>,
    /// None: nobody signs in to it.
    pub entry: Option<Organization>,
    /// Each reference that leads nowhere, of which `ResolvedRefs` says the first.
    pub unresolved: Vec<Fact>,
    /// Where `status` has its conditions from.
    pub conditions: Conditions,
}

/// The key of an organization in the store and the login table.
pub fn key_of(organization: &api::Organization) -> OrganizationKey {
    OrganizationKey::new(organization.namespace_str(), organization.name_str())
}

/// Decides the status of an organization and what logins see of it.
pub fn decide(organization: &api::Organization, observed: &Observed<'_>) -> Decision {
    let accepted = accept(organization, observed.contenders, observed.settings);
    let (applications, unresolved) = applications(organization, observed.referents);
    let mut conditions = Conditions::default();
    let (entry, fact) = match accepted {
        Ok(entry) => (
            Some(Organization { applications, ..entry }),
            Fact::holds("The organization is valid, and its id is its own."),
        ),
        Err(fact) => (None, fact),
    };
    conditions.set(ConditionType::Accepted, fact);
    conditions.set(ConditionType::ResolvedRefs, resolved(&unresolved));
    let sign_in_url = entry.as_ref().map(|entry| entry.url("login"));
    let issuer = entry.as_ref().map(Organization::issuer).unwrap_or_default();
    conditions.summarize(format!("The organization is served at {issuer}."));
    let generation = organization.generation_number();
    let previous = organization.status.as_ref().map_or(&[][..], |status| &status.conditions);
    let status = OrganizationStatus {
        observed_generation: Some(generation),
        id: entry.as_ref().map(|entry| entry.id.to_string()),
        token_url: entry.as_ref().map(|entry| entry.url("token")),
        jwks_uri: entry.as_ref().map(|entry| entry.url(".well-known/jwks.json")),
        sign_in_url,
        identity_providers: Some(observed.providers),
        conditions: conditions.merge(previous, generation, observed.now),
    };
    Decision { status, turn: conditions.turn(previous), entry, unresolved, conditions }
}

/// The organization as logins by browser see it, which is without applications, or the fact that says why it is not
/// accepted.
///
/// # Errors
/// `Accepted=False` with `IDConflict` or `InvalidCombination`.
pub fn accept(
    organization: &api::Organization,
    contenders: &[Arc<api::Organization>],
    settings: &Settings,
) -> Result<Organization, Fact> {
    let spec = &organization.spec;
    let id = organization.id();
    if let Some(holder) = holder_of_id(organization, id, contenders) {
        let message = format!(
            "spec.id: {id:?} belongs to the Organization {}, which came first or is the one of that namespace: create this one anew with another id",
            holder.path()
        );
        return Err(Fact::fails(Reason::IdConflict, message));
    }
    let display_name = spec.display_name.clone().unwrap_or_else(|| id.to_owned());
    Ok(Organization {
        key: key_of(organization),
        id: id.into(),
        external_url: external_url(spec.external_url.as_deref(), settings)?,
        roles: spec.roles.iter().map(role).collect(),
        groups: spec.groups.iter().map(group).collect(),
        defaults: defaults_of([
            (field::LANGUAGE, &spec.defaults.language),
            (field::TIME_ZONE, &spec.defaults.time_zone),
            (field::CULTURE, &spec.defaults.culture),
        ])?,
        title: spec.sign_in.title.clone(),
        allowed_return_urls: urls("spec.signIn.allowedReturnURLs", &spec.sign_in.allowed_return_urls)?,
        require_verified_email: spec.sign_in.require_verified_email,
        logout_page_url: urls("spec.signIn.logoutPageURL", spec.sign_in.logout_page_url.as_slice())?.pop(),
        session: session_limits(&spec.session),
        tokens: TokenPolicy {
            audience: spec.tokens.audience.clone(),
            lifetime: spec.tokens.lifetime.map_or(DEFAULT_TOKEN_LIFETIME, api::Duration::get),
        },
        applications: Vec::new(),
        display_name,
    })
}

/// The other organization that an id belongs to: that of the namespace of this name, else the oldest that asks.
fn holder_of_id<'a>(
    organization: &api::Organization,
    id: &str,
    contenders: &'a [Arc<api::Organization>],
) -> Option<&'a Arc<api::Organization>> {
    let is_default_of = |other: &api::Organization, namespace: &str| {
        other.name_str() == DEFAULT_ORGANIZATION && other.namespace_str() == namespace
    };
    if is_default_of(organization, id) {
        return None;
    }
    let others = || contenders.iter().filter(|other| other.path() != organization.path());
    others().find(|other| is_default_of(other, id) && other.namespace_str() != organization.namespace_str()).or_else(
        || {
            others().find(|other| {
                other.id() == id && (is_default_of(other, id) || age_order(&***other, organization).is_lt())
            })
        },
    )
}

fn external_url(own: Option<&str>, settings: &Settings) -> Result<Url, Fact> {
    let Some(text) = own else { return Ok(settings.external_url.clone()) };
    let url = parse("spec.externalURL", text)?;
    if url.scheme() != "https" && !settings.allow_http {
        return Err(invalid(format!("spec.externalURL: {text:?} must begin with https://")));
    }
    if !settings.allows_external_url(&url) {
        return Err(invalid(format!(
            "spec.externalURL: {text:?} is neither the operator's external URL nor below one that --allowed-external-url names: leave it out, or ask the operator to allow it"
        )));
    }
    Ok(url)
}

fn session_limits(policy: &api::SessionPolicy) -> SessionLimits {
    SessionLimits {
        idle_timeout: policy.idle_timeout.map_or(DEFAULT_IDLE_TIMEOUT, api::Duration::get),
        lifetime: policy.lifetime.map_or(DEFAULT_LIFETIME, api::Duration::get),
    }
}

fn urls(field: &str, texts: &[String]) -> Result<Vec<Url>, Fact> {
    texts.iter().map(|text| parse(field, text)).collect()
}

/// Which hosts are valid (IDNA, addresses, ports) is more than a rule of the CRD can say.
fn parse(field: &str, text: &str) -> Result<Url, Fact> {
    Url::parse(text).map_err(|error| {
        invalid(format!("{field}: {text:?} is not a URL ({error}): write it in full, such as https://app.example.com/"))
    })
}

fn invalid(message: String) -> Fact {
    Fact::fails(Reason::InvalidCombination, message)
}

fn role(role: &api::Role) -> Role {
    let display_name = role.display_name.clone().unwrap_or_else(|| role.name.clone());
    Role { name: role.name.clone(), display_name, administrator: role.administrator }
}

fn group(group: &api::Group) -> Group {
    let display_name = group.display_name.clone().unwrap_or_else(|| group.name.clone());
    Group { name: group.name.clone(), display_name, type_: group.type_.clone() }
}
