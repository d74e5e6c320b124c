//! Reconciles one organization.

use std::sync::Arc;

use kube::runtime::controller::Action;

use super::{
    decide::{Observed, decide, key_of},
    observe::{contenders, providers},
};
use crate::{
    api::Organization,
    controller::{Context, StatusError},
    domain::organization::OrganizationKey,
    source::{Object, is_undeclared},
};

/// Observe, decide, apply.
pub async fn reconcile(organization: Arc<Organization>, context: Arc<Context>) -> Result<Action, StatusError> {
    let observed = Observed {
        settings: &context.settings,
        contenders: &contenders(&organization, &context.stores),
        providers: providers(&organization, &context.stores, &context.publisher.table()),
        now: context.now(),
    };
    let decision = decide(&organization, &observed);
    context.publisher.organization(&key_of(&organization), decision.entry);
    if organization.status.as_ref() != Some(&decision.status) && !is_undeclared(&organization) {
        let mut written = Organization::clone(&organization);
        written.status = Some(decision.status);
        context.statuses.write(Object::Organization(written)).await?;
    }
    Ok(Action::await_change())
}

/// Takes an organization that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    context.publisher.organization(&OrganizationKey::new(namespace, name), None);
}
