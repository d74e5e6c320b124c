//! Decides about one provider. Total and pure: what the world said comes in as values.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Local, Wish,
    accept::{accepted, owned_domains},
    identity::{Identity, identity},
    logout::page_url,
    people::people,
    relation::served,
    status::{configured_issuer, status},
    tokens::keys_usable,
};
use crate::{
    api::{
        self, ConditionType, Conditions, Fact, IdentityProvider, IdentityProviderStatus, Reason, ResourceMeta,
        ShowOnSignInPage, SigningKey, Status, TokensSpec, TrustSpec, Turn,
    },
    domain::{
        icon::Icon,
        metadata::{DEFAULT_DISCOVERY_INTERVAL, FetchFailure, Fetched, ICON_INTERVAL, Metadata},
        organization::OrganizationKey,
        provider::{LoginState, OnSignInPage, Provider, Served, Trust},
        relation::AcceptedSecret,
    },
};

/// However seldom its metadata is fetched, a provider is looked at so often: what is known of it stays known, and a
/// clock that was set back is noticed.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);

/// What the provider said.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    pub metadata: Fetched<Metadata>,
    pub keys: Fetched<Vec<SigningKey>>,
    /// The picture of its button, from wherever the manifest says.
    pub icon: Fetched<Icon>,
}

impl Remote {
    /// Whether the provider has neither answered nor failed to.
    pub fn is_empty(&self) -> bool {
        self.metadata.attempted_at.is_none() && self.keys.attempted_at.is_none()
    }
}

/// What logins have shown of two client secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotated {
    /// Which one the provider accepted last; None when nobody has signed in here by these two.
    pub accepted: Option<AcceptedSecret>,
    /// The generation in which this process met the provider; None if it was with other secrets.
    pub met_in: Option<i64>,
}

/// Everything that the decision depends on.
pub struct Observed {
    pub local: Local,
    /// What the manifest asks for, or why what it refers to cannot be followed.
    pub wish: Result<Wish, Fact>,
    pub remote: Remote,
    pub rotation: Rotated,
    /// The last value of the annotation that asks for a reconciliation and that has been answered.
    pub handled: Option<String>,
    pub now: Timestamp,
}

/// What is to be done about a provider.
pub struct Decision {
    pub status: IdentityProviderStatus,
    pub entry: Provider,
    /// What its Events should tell.
    pub turn: Option<Turn>,
    /// The `Ready` condition, for the log.
    pub ready: Fact,
    /// Where `status` has its conditions from.
    pub conditions: Conditions,
    /// When to look again by ourselves.
    pub requeue: Duration,
}

/// Decides the status of a provider, what logins see of it, and when to look again.
pub fn decide(idp: &IdentityProvider, observed: &Observed) -> Decision {
    let Observed { local, wish, remote, now, .. } = observed;
    let identity = identity(idp, local);
    let mut conditions = Conditions::default();
    let domains = owned_domains(idp, local);
    let people = people(&idp.spec);
    conditions.set(ConditionType::Accepted, accepted(idp, local, &domains, &people));
    conditions.set(ConditionType::ResolvedRefs, resolved(wish, &remote.icon));
    let served = discovered(idp, identity.as_ref(), wish.as_ref().ok(), observed, &mut conditions);
    let served = keys(&idp.spec.tokens, wish.as_ref().ok(), served, observed, &mut conditions);
    let held_back = conditions.held_back().map(|fact| fact.reason);
    if idp.spec.client.as_ref().is_some_and(|client| client.previous_secret_ref.is_some()) {
        conditions.set(ConditionType::ClientAccepted, client_accepted(idp, observed.rotation));
    }
    let accepted = conditions.fact(ConditionType::Accepted).is_some_and(Fact::is_true);
    let key_taken = conditions.fact(ConditionType::Accepted).is_some_and(|fact| fact.reason == Reason::KeyConflict);
    conditions.summarize(match idp.spec.client {
        Some(_) => "People can sign in.",
        None => "Applications can bring ID tokens of this provider; without client, nobody signs in by browser.",
    });
    let issuer = issuer(idp, served.as_ref());
    let login = login_state(idp, accepted, served, held_back);
    if idp.spec.suspend {
        conditions.suspend(match idp.spec.client {
            Some(_) => "spec.suspend is true: nobody signs in through this provider, and its sessions have ended.",
            None => "spec.suspend is true: no application gets anything for ID tokens of this provider, and sessions that began here have ended.",
        });
    }
    let previous = idp.status.as_ref().map_or(&[][..], |status| &status.conditions);
    Decision {
        turn: conditions.turn(previous),
        requeue: requeue(idp, remote, wish.as_ref().ok(), *now),
        // Who has another's key has none of its own to register.
        status: status(idp, identity.as_ref().filter(|_| !key_taken), observed, &login, &conditions),
        ready: conditions.fact(ConditionType::Ready).cloned().unwrap_or_else(|| Fact::unknown("")),
        entry: Provider {
            uid: idp.uid_str().into(),
            path: idp.path(),
            organization: OrganizationKey::new(idp.namespace_str(), idp.organization_name()),
            key: idp.key().into(),
            display_name: idp.spec.display_name.clone(),
            type_: idp.spec.type_,
            icon: remote.icon.good.as_ref().map(|(icon, _)| icon.clone()),
            issuer,
            // What is not accepted changes nothing for anybody.
            people: people.ok().filter(|_| accepted).map(Arc::new),
            trust: Trust { global: idp.spec.trust.global, domains },
            on_sign_in_page: on_sign_in_page(&idp.spec.trust),
            user_name_separator: idp.spec.users.user_name_separator.clone(),
            suspended: idp.spec.suspend,
            // One that is no URL is not accepted.
            logout_page_url: page_url(&idp.spec.logout).ok().flatten(),
            has_client: idp.spec.client.is_some(),
            login,
        },
        conditions,
    }
}

/// A picture that cannot be had is told, but holds nothing back.
fn resolved(wish: &Result<Wish, Fact>, icon: &Fetched<Icon>) -> Fact {
    match (wish, &icon.failure) {
        (Ok(_), None) => Fact::holds("Everything that the manifest refers to is there."),
        (Ok(_), Some(failure)) => {
            let shown = match icon.good {
                Some(_) => "the picture cannot be fetched anew, and the last good one is shown",
                None => "the built-in icon is shown instead of the picture",
            };
            let message = &failure.message;
            Fact::holds(format!("Everything that logins need is there, but {shown}: spec.iconURL: {message}"))
        }
        (Err(fact), _) => fact.clone(),
    }
}

/// Sets `Discovered` and, while it applies, `ServingStale`; returns the ways in when there are some.
fn discovered(
    idp: &IdentityProvider,
    identity: Option<&Identity<'_>>,
    wish: Option<&Wish>,
    Observed { remote, local: Local { allow_http, .. }, now, .. }: &Observed,
    conditions: &mut Conditions,
) -> Option<Served> {
    let discovers = wish.is_none_or(|wish| wish.question.metadata.is_some());
    let metadata = remote.metadata.good.as_ref().map(|(metadata, _)| &**metadata);
    let (fact, found) = match (identity, wish) {
        (Some(_), Some(_)) if discovers && metadata.is_none() => {
            (Fact::unknown("The provider's metadata is being fetched."), None)
        }
        (Some(identity), Some(wish)) => match served(idp, identity, wish, metadata, *allow_http) {
            Ok(found) if discovers => {
                (Fact::holds("The provider's metadata was fetched and fits the manifest."), Some(found))
            }
            Ok(found) => (Fact::holds("discovery.mode is Manual: the manifest says it all."), Some(found)),
            Err(fact) => (fact, None),
        },
        _ => (Fact::unknown("The provider's metadata is fetched once the rest of the manifest is in order."), None),
    };
    let (Some(failure), Some(wish)) = (&remote.metadata.failure, wish) else {
        conditions.set(ConditionType::Discovered, fact);
        return found;
    };
    conditions.set(ConditionType::Discovered, Fact::fails(failure.reason, &failure.message));
    let found = found.filter(|_| in_grace(failure, wish, *now))?;
    conditions.set(ConditionType::ServingStale, stale("metadata serves", failure, wish.stale_grace));
    Some(found)
}

/// Sets `KeysUsable` and, while it applies, `ServingStale`; published keys that have failed for too long count no more.
fn keys(
    spec: &TokensSpec,
    wish: Option<&Wish>,
    mut served: Option<Served>,
    observed: &Observed,
    conditions: &mut Conditions,
) -> Option<Served> {
    let Observed { remote: Remote { keys, .. }, now, .. } = observed;
    let failing = keys.good.as_ref().and(keys.failure.as_ref()).zip(wish);
    let stale_keys = failing.filter(|(failure, wish)| in_grace(failure, wish, *now));
    let rules = served.as_ref().and_then(Served::authority).map(|authority| &authority.tokens);
    conditions.set(ConditionType::KeysUsable, keys_usable(spec, keys, stale_keys.is_some(), rules));
    if let Some((failure, wish)) = stale_keys
        && conditions.fact(ConditionType::ServingStale).is_none()
    {
        conditions.set(ConditionType::ServingStale, stale("keys serve", failure, wish.stale_grace));
    }
    if failing.is_some() && stale_keys.is_none() {
        served.iter_mut().for_each(Served::forget_published_keys);
    }
    served
}

/// Whether what was good before it began to fail still serves.
fn in_grace(failure: &FetchFailure, wish: &Wish, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(failure.since)).unwrap_or_default() < wish.stale_grace
}

fn stale(what: &str, failure: &FetchFailure, grace: Duration) -> Fact {
    let since = failure.since.strftime("%Y-%m-%dT%H:%M:%SZ");
    let grace = api::Duration::from_secs(grace.as_secs());
    let message = format!("The last good {what} since {since}, and for {grace} at most: {}", failure.message);
    Fact { status: Status::True, reason: failure.reason, message }
}

/// While secrets rotate: which of the two is in force, as far as logins have shown. What was known of them before this
/// process began is kept.
fn client_accepted(idp: &IdentityProvider, rotation: Rotated) -> Fact {
    const CURRENT: &str = "spec.client.secretRef";
    const PREVIOUS: &str = "spec.client.previousSecretRef";
    match rotation.accepted {
        None => known_before(idp, rotation).unwrap_or_else(|| Fact {
            status: Status::Unknown,
            reason: Reason::NotProbed,
            message: format!(
                "No login has shown yet which of the secrets of {CURRENT} and {PREVIOUS} the provider accepts; the next one does."
            ),
        }),
        Some(AcceptedSecret::Current) => Fact::holds(format!(
            "At the last login with these secrets the provider accepted that of {CURRENT}: {PREVIOUS} can be removed."
        )),
        Some(AcceptedSecret::Previous) => Fact::holds(format!(
            "At the last login with these secrets the provider refused that of {CURRENT} and accepted that of {PREVIOUS}: put the new secret into force at the provider before the previous one ends."
        )),
        Some(AcceptedSecret::Neither) => Fact::fails(
            Reason::InvalidClient,
            format!(
                "At the last login with them the provider refused the secrets of {CURRENT} and of {PREVIOUS}: put one into the Secret that the provider knows, and check client.id and authMethod."
            ),
        ),
    }
}

/// What the status has said since before this process began, if nothing else has been here since.
fn known_before(idp: &IdentityProvider, rotation: Rotated) -> Option<Fact> {
    let conditions = idp.status.iter().flat_map(|status| &status.conditions);
    let said = conditions.into_iter().find(|condition| condition.type_ == ConditionType::ClientAccepted.as_str())?;
    let holds = said.status == "True" && said.observed_generation >= Some(rotation.met_in?);
    holds.then(|| Fact::holds(&said.message))
}

fn on_sign_in_page(trust: &TrustSpec) -> OnSignInPage {
    match trust.show_on_sign_in_page {
        ShowOnSignInPage::Auto if trust.assigned_email_domains.is_empty() => OnSignInPage::Shown,
        ShowOnSignInPage::Auto => OnSignInPage::IfUsedLast,
        ShowOnSignInPage::Always => OnSignInPage::Shown,
        ShowOnSignInPage::Never => OnSignInPage::Hidden,
    }
}

fn login_state(
    idp: &IdentityProvider,
    accepted: bool,
    served: Option<Served>,
    held_back: Option<Reason>,
) -> LoginState {
    match (held_back, served) {
        // Whose key, name or organization is not its own has no URL; what is only malformed, or has a domain too many, keeps
        // it.
        (Some(reason), _) if !accepted && !keeps_url(reason) => LoginState::Refused(reason),
        _ if idp.spec.suspend => LoginState::Suspended,
        (None, Some(served)) => LoginState::Serving(served),
        (reason, _) => LoginState::Unavailable(reason.unwrap_or(Reason::Pending)),
    }
}

fn keeps_url(not_accepted: Reason) -> bool {
    matches!(not_accepted, Reason::InvalidCombination | Reason::InvalidExpression | Reason::DomainConflict)
}

/// The issuer as far as it is known: by what logins go by, by the manifest, or by what was found before.
fn issuer(idp: &IdentityProvider, served: Option<&Served>) -> Arc<str> {
    let found_before = || idp.status.as_ref()?.issuer.clone();
    let served = served.and_then(Served::authority).map(|authority| authority.issuer.clone());
    let known = served.or_else(|| configured_issuer(idp)).or_else(found_before);
    known.unwrap_or_default().into()
}

/// When to look again by ourselves: when the first of what was fetched is due, a little later for some than for
/// others, so that not all providers are asked at one moment.
fn requeue(idp: &IdentityProvider, remote: &Remote, wish: Option<&Wish>, now: Timestamp) -> Duration {
    let Some(wish) = wish else { return DEFAULT_DISCOVERY_INTERVAL };
    let due =
        [remote.metadata.due_at(wish.interval), remote.keys.due_at(wish.interval), remote.icon.due_at(ICON_INTERVAL)];
    let first = due.into_iter().flatten().min();
    let wait = first.map_or(wish.interval, |due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
    let spread = idp.uid_str().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 100;
    // What is due is being fetched; its answer comes here by itself.
    (wait + wait * spread / 1000).clamp(Duration::from_secs(1), LONGEST_REST)
}
