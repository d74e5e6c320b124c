//! Reconciles one organization.

use std::sync::Arc;

use kube::runtime::controller::Action;

use super::decide::{Observed, decide, key_of};
use crate::{
    api::{Organization, ReadyCount, ResourceMeta},
    controller::{Context, StatusError, publish::Name},
    domain::{organization::OrganizationKey, provider::Provider},
    source::is_undeclared,
};

/// Observe, decide, apply.
pub async fn reconcile(organization: Arc<Organization>, context: Arc<Context>) -> Result<Action, StatusError> {
    let organizations = context.stores.organizations.state();
    let observed = Observed {
        settings: &context.settings,
        organizations: &organizations,
        providers: providers(&organization, &context),
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

fn providers(organization: &Organization, context: &Context) -> ReadyCount {
    let table = context.publisher.table();
    let mine = context.stores.providers.state_filter(|provider| {
        provider.namespace_str() == organization.namespace_str()
            && crate::controller::provider::organization_of(provider) == organization.name_str()
    });
    let serves = |uid: &str| table.provider_by_uid(uid).and_then(|provider| Provider::serving(provider)).is_some();
    let ready = mine.iter().filter(|provider| serves(provider.uid_str())).count();
    ReadyCount { total: count(mine.len()), ready: count(ready) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
