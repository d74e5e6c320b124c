//! Reconciles one provider.

use std::{sync::Arc, time::Duration};

use kube::runtime::controller::Action;

use super::{
    decide::{Observed, decide},
    observe::local,
    wish::wish,
};
use crate::{
    api::{IdentityProvider, ResourceMeta},
    controller::{Context, StatusError},
    source::Object,
};

/// How long the first status waits for the provider's first answer, so that most need only one write.
const PATIENCE: Duration = Duration::from_secs(2);

/// Observe, decide, apply. Never waits for the provider: what is not known yet is fetched beside, and brings
/// the provider here again.
pub async fn reconcile(idp: Arc<IdentityProvider>, context: Arc<Context>) -> Result<Action, StatusError> {
    let now = context.now();
    let local = local(&idp, &context);
    let wish = wish(&idp, &local).ok();
    let known = context.fetches.known(&idp, wish.as_ref(), now);
    let waiting = known.pending_since.filter(|_| known.remote.is_empty());
    let patience =
        waiting.map(|since| PATIENCE.saturating_sub(now.duration_since(since).try_into().unwrap_or_default()));
    let decision = decide(&idp, &Observed { local, remote: known.remote, now });
    context.publisher.provider(&idp.path(), Some(decision.entry));
    if let Some(patience) = patience.filter(|patience| !patience.is_zero()) {
        return Ok(Action::requeue(patience));
    }
    if idp.status.as_ref() != Some(&decision.status) {
        let mut written = IdentityProvider::clone(&idp);
        written.status = Some(decision.status);
        context.statuses.write(Object::IdentityProvider(Box::new(written))).await?;
    }
    Ok(Action::requeue(decision.requeue))
}

/// Takes a provider that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    context.publisher.provider(&format!("{namespace}/{name}"), None);
}
