//! Reconciles one provider.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::{
    decide::{Observed, decide},
    observe::local,
    wish::wish,
};
use crate::{
    api::{Fact, IdentityProvider, Reason, ResourceMeta},
    controller::{Context, StatusError, fetch::Known, publish::Name},
    domain::provider::{LoginState, Provider},
};

/// How long the first status waits for the provider's first answer, so that most need only one write.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a status of this generation, which an earlier run has written, stays while the provider is asked again:
/// longer than many slow ones take one after the other.
const TRUST: Duration = Duration::from_secs(10 * 60);

/// Observe, decide, apply. Never waits for the provider: what is not known yet is fetched beside, and brings
/// the provider here again.
pub async fn reconcile(idp: Arc<IdentityProvider>, context: Arc<Context>) -> Result<Action, StatusError> {
    let now = context.now();
    let local = local(&idp, &context.stores, &context.settings, &context.publisher.table());
    let wish = wish(&idp, &local);
    let known = context.fetches.known(&idp, wish.as_ref().ok(), now);
    let patience = known.pending_since.filter(|_| known.remote.is_empty()).map(|since| patience(&idp, since, now));
    let Known { remote, rotation, handled, .. } = known;
    let decision = decide(&idp, &Observed { local, wish, remote, rotation, handled, now });
    let before = context.publisher.table();
    log_turn(before.provider_by_uid(idp.uid_str()).map(|provider| &provider.login), &decision.entry, &decision.ready);
    context.publisher.provider(&idp.path(), Some(decision.entry));
    if let Some(patience) = patience.filter(|patience| !patience.is_zero()) {
        // The answer brings the provider here again.
        return Ok(Action::requeue(patience));
    }
    let changed = (idp.status.as_ref() != Some(&decision.status)).then(|| {
        let mut changed = IdentityProvider::clone(&idp);
        changed.status = Some(decision.status);
        (changed.into(), decision.turn)
    });
    context.report(Name::Provider(idp.path()), changed, Action::requeue(decision.requeue)).await
}

/// How long nothing is written while the provider has not answered for the first time.
fn patience(idp: &IdentityProvider, since: Timestamp, now: Timestamp) -> Duration {
    let described = idp.status.as_ref().and_then(|status| status.observed_generation) == Some(idp.generation_number());
    let patience = if described { TRUST } else { PATIENCE };
    patience.saturating_sub(now.duration_since(since).try_into().unwrap_or_default())
}

/// Says once when people can sign in through a provider, and when they no longer can.
fn log_turn(before: Option<&LoginState>, provider: &Provider, ready: &Fact) {
    let unchanged = before.is_some_and(|before| match (before, &provider.login) {
        (LoginState::Unavailable(was), LoginState::Unavailable(is))
        | (LoginState::Refused(was), LoginState::Refused(is)) => was == is,
        (before, now) => std::mem::discriminant(before) == std::mem::discriminant(now),
    });
    let (path, reason, message) = (&provider.path, ready.reason.as_str(), &ready.message);
    match &provider.login {
        _ if unchanged || ready.reason == Reason::Pending => {}
        LoginState::Serving(_) | LoginState::Suspended => tracing::info!(provider = path, reason, "{message}"),
        LoginState::Refused(_) | LoginState::Unavailable(_) => tracing::warn!(provider = path, reason, "{message}"),
    }
}

/// Takes a provider that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    let path = format!("{namespace}/{name}");
    context.publisher.provider(&path, None);
    context.fetches.forget(&path);
    context.rests.end(&Name::Provider(path));
}
