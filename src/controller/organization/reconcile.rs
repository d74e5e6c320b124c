//! Reconciles one organization.

use std::sync::Arc;

use kube::runtime::controller::Action;

use super::{
    decide::{Observed, decide, key_of},
    observe::{contenders, providers, referents},
};
use crate::{
    api::{Organization, ResourceMeta},
    controller::{Context, StatusError, publish::Name},
    domain::organization::OrganizationKey,
    source::is_undeclared,
};

/// Observe, decide, apply.
pub async fn reconcile(organization: Arc<Organization>, context: Arc<Context>) -> Result<Action, StatusError> {
    let observed = Observed {
        settings: &context.settings,
        contenders: &contenders(&organization, &context.stores),
        referents: &referents(&organization, &context.stores),
        providers: providers(&organization, &context.stores, &context.publisher.table()),
        now: context.now(),
    };
    let decision = decide(&organization, &observed);
    context.publisher.organization(&key_of(&organization), decision.entry);
    let differs = organization.status.as_ref() != Some(&decision.status) && !is_undeclared(&organization);
    let changed = differs.then(|| {
        let mut changed = Organization::clone(&organization);
        changed.status = Some(decision.status);
        (changed.into(), decision.turn)
    });
    context.report(Name::Organization(organization.path()), changed, Action::await_change()).await
}

/// Takes an organization that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    let key = OrganizationKey::new(namespace, name);
    context.publisher.organization(&key, None);
    context.rests.end(&Name::Organization(key.as_str().to_owned()));
}
