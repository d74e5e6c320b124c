//! Decides about one provider. Total and pure: what the world said comes in as values.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    Local, Wish,
    accept::{Identity, accepted, identity},
    relation::relation,
    wish::wish,
};
use crate::{
    api::{
        ClaimMapping, Claims, ConditionType, Conditions, Discovered, Fact, IdentityProvider, IdentityProviderStatus,
        Reason, ResourceMeta, SigningKey, Status, Turn,
    },
    domain::{
        organization::OrganizationKey,
        provider::{
            ClaimNames, DEFAULT_DISCOVERY_INTERVAL, FetchFailure, Fetched, LoginState, Metadata, Provider, Relation,
        },
    },
};

/// However seldom its metadata is fetched, a provider is looked at so often: what is known of it stays known, and a
/// clock that was set back is noticed.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);

/// How long the last good metadata serves while the provider fails.
const STALE_GRACE: SignedDuration = SignedDuration::from_hours(24);

/// What the provider said.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    pub metadata: Fetched<Metadata>,
    pub keys: Fetched<Vec<SigningKey>>,
}

impl Remote {
    /// Whether the provider has neither answered nor failed to.
    pub fn is_empty(&self) -> bool {
        self.metadata.attempted_at.is_none()
    }
}

/// Everything that the decision depends on.
pub struct Observed {
    pub local: Local,
    pub remote: Remote,
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
    /// When to look again by ourselves.
    pub requeue: Duration,
}

/// Decides the status of a provider, what logins see of it, and when to look again.
pub fn decide(idp: &IdentityProvider, observed: &Observed) -> Decision {
    let Observed { local, remote, now, .. } = observed;
    let wish = wish(idp, local);
    let identity = identity(idp, local);
    let mut conditions = Conditions::default();
    conditions.set(ConditionType::Accepted, accepted(idp, local));
    conditions.set(ConditionType::ResolvedRefs, resolved(&wish));
    let relation = discovered(idp, identity.as_ref(), wish.as_ref().ok(), remote, *now, &mut conditions);
    conditions.set(ConditionType::KeysUsable, keys_usable(remote));
    let accepted = conditions.fact(ConditionType::Accepted).is_some_and(Fact::is_true);
    let key_taken = conditions.fact(ConditionType::Accepted).is_some_and(|fact| fact.reason == Reason::KeyConflict);
    conditions.summarize("People can sign in.");
    let login = login_state(idp, accepted, relation, &conditions);
    if idp.spec.suspend {
        conditions.suspend("spec.suspend is true: nobody signs in through this provider, and its sessions have ended.");
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
            claims: Arc::new(claim_names(&idp.spec.claims)),
            suspended: idp.spec.suspend,
            login,
        },
    }
}

fn resolved(wish: &Result<Wish, Fact>) -> Fact {
    match wish {
        Ok(_) => Fact::holds("Everything that the manifest refers to is there."),
        Err(fact) => fact.clone(),
    }
}

/// Sets `Discovered` and, while it applies, `ServingStale`; returns the relation when there is one to serve by.
fn discovered(
    idp: &IdentityProvider,
    identity: Option<&Identity<'_>>,
    wish: Option<&Wish>,
    remote: &Remote,
    now: Timestamp,
    conditions: &mut Conditions,
) -> Option<Relation> {
    let (fact, relation) = match (&remote.metadata.good, identity, wish) {
        (Some((metadata, _)), Some(identity), Some(wish)) => match relation(idp, identity, wish, metadata) {
            Ok(relation) => (Fact::holds("The provider's metadata was fetched and fits the manifest."), Some(relation)),
            Err(fact) => (fact, None),
        },
        (None, Some(_), Some(_)) => (Fact::unknown("The provider's metadata is being fetched."), None),
        _ => (Fact::unknown("The provider's metadata is fetched once the rest of the manifest is in order."), None),
    };
    let Some(failure) = &remote.metadata.failure else {
        conditions.set(ConditionType::Discovered, fact);
        return relation;
    };
    conditions.set(ConditionType::Discovered, Fact::fails(failure.reason, &failure.message));
    let relation = relation.filter(|_| now.duration_since(failure.since) < STALE_GRACE)?;
    conditions.set(ConditionType::ServingStale, stale(failure));
    Some(relation)
}

fn stale(failure: &FetchFailure) -> Fact {
    let since = failure.since.strftime("%Y-%m-%dT%H:%M:%SZ");
    let message = format!("The last good metadata serves since {since}, and for 24h at most: {}", failure.message);
    Fact { status: Status::True, reason: failure.reason, message }
}

fn keys_usable(remote: &Remote) -> Fact {
    match (&remote.keys.good, &remote.keys.failure) {
        // Keys that were good stay good while the provider cannot be asked.
        (Some(_), _) => Fact::holds("The provider's signing keys were fetched."),
        (None, Some(failure)) => Fact::fails(failure.reason, &failure.message),
        (None, None) => Fact::unknown("The provider's keys are fetched once its metadata is known."),
    }
}

fn login_state(
    idp: &IdentityProvider,
    accepted: bool,
    relation: Option<Relation>,
    conditions: &Conditions,
) -> LoginState {
    let held_back = conditions.fact(ConditionType::Ready).filter(|ready| !ready.is_true()).map(|ready| ready.reason);
    match (held_back, relation) {
        (Some(reason), _) if !accepted => LoginState::Refused(reason),
        _ if idp.spec.suspend => LoginState::Suspended,
        (None, Some(relation)) => LoginState::Serving(Arc::new(relation)),
        (reason, _) => LoginState::Unavailable(reason.unwrap_or(Reason::Pending)),
    }
}

fn status(
    idp: &IdentityProvider,
    identity: Option<&Identity<'_>>,
    observed: &Observed,
    login: &LoginState,
    conditions: &Conditions,
) -> IdentityProviderStatus {
    let generation = idp.generation_number();
    let metadata = observed.remote.metadata.good.as_ref().map(|(metadata, _)| &**metadata);
    let previous = idp.status.as_ref().map_or(&[][..], |status| &status.conditions);
    IdentityProviderStatus {
        observed_generation: Some(generation),
        serving_generation: matches!(login, LoginState::Serving(_)).then_some(generation),
        key: Some(idp.key().to_owned()),
        organization_id: identity.map(|identity| identity.organization.id.to_string()),
        redirect_uri: identity.map(Identity::redirect_uri),
        login_url: identity.map(Identity::login_url),
        issuer: metadata.map(|metadata| metadata.issuer.clone()).or_else(|| idp.spec.issuer.clone()),
        discovered: metadata.map(summary),
        keys: observed.remote.keys.good.as_ref().map(|(keys, _)| keys.to_vec()).unwrap_or_default(),
        mappers: Some(observed.local.mappers),
        last_handled_reconcile_at: observed.handled.clone(),
        conditions: conditions.merge(previous, generation, observed.now),
    }
}

fn summary(metadata: &Metadata) -> Discovered {
    Discovered {
        authorization_endpoint: metadata.authorization_endpoint.to_string(),
        token_endpoint: metadata.token_endpoint.to_string(),
        user_info_endpoint: metadata.userinfo_endpoint.as_ref().map(ToString::to_string),
        jwks_endpoint: metadata.jwks_uri.to_string(),
        end_session_endpoint: metadata.end_session_endpoint.as_ref().map(ToString::to_string),
        response_types: metadata.response_types.clone(),
        auth_methods: metadata.auth_methods.clone(),
        signing_algorithms: metadata.signing_algorithms.clone(),
        pkce_methods: metadata.pkce_methods.clone().unwrap_or_default(),
        iss_parameter_supported: metadata.iss_parameter_supported,
    }
}

fn claim_names(claims: &Claims) -> ClaimNames {
    let name = |mapping: &Option<ClaimMapping>, standard: &str| {
        mapping.as_ref().map_or_else(|| standard.to_owned(), |mapping| mapping.claim.clone())
    };
    ClaimNames {
        user_id: name(&claims.user_id, "sub"),
        user_name: claims.user_name.as_ref().map(|mapping| mapping.claim.clone()),
        full_name: name(&claims.full_name, "name"),
        email: name(&claims.email, "email"),
        email_verified: name(&claims.email_verified, "email_verified"),
        groups: name(&claims.groups, "groups"),
    }
}

/// When to look again by ourselves: when the first of what was fetched is due, a little later for some than for
/// others, so that not all providers are asked at one moment.
fn requeue(idp: &IdentityProvider, remote: &Remote, wish: Option<&Wish>, now: Timestamp) -> Duration {
    let Some(wish) = wish else { return DEFAULT_DISCOVERY_INTERVAL };
    let due = [remote.metadata.due_at(wish.interval), remote.keys.due_at(wish.interval)];
    let first = due.into_iter().flatten().min();
    let wait = first.map_or(wish.interval, |due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
    let spread = idp.uid_str().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 100;
    // What is due is being fetched; its answer comes here by itself.
    (wait + wait * spread / 1000).clamp(Duration::from_secs(1), LONGEST_REST)
}
