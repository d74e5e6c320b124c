//! Reconciles one mapper.

use std::sync::Arc;

use kube::runtime::{controller::Action, reflector::ObjectRef};

use super::decide::{Observed, Target, decide};
use crate::{
    api::{IdpMapper, ResourceMeta},
    controller::{Context, Settings, StatusError, provider, publish::Name},
    source::Stores,
};

/// Observe, decide, apply.
pub async fn reconcile(mapper: Arc<IdpMapper>, context: Arc<Context>) -> Result<Action, StatusError> {
    let table = context.publisher.table();
    let observed = Observed {
        targets: targets(&mapper, &context.stores, &context.settings),
        current: table.mapper(mapper.uid_str()).map(|current| &**current),
        now: context.now(),
    };
    let decision = decide(&mapper, &observed);
    context.publisher.mapper(&mapper.path(), Some(decision.entry));
    let changed = (mapper.status.as_ref() != Some(&decision.status)).then(|| {
        let mut changed = IdpMapper::clone(&mapper);
        changed.status = Some(decision.status);
        (changed.into(), decision.turn)
    });
    context.report(Name::Mapper(mapper.path()), changed, Action::await_change()).await
}

/// Takes a mapper that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    let path = format!("{namespace}/{name}");
    context.publisher.mapper(&path, None);
    context.rests.end(&Name::Mapper(path));
}

/// What a mapper's references lead to.
pub fn targets(mapper: &IdpMapper, stores: &Stores, settings: &Settings) -> Vec<Target> {
    let target = |name: &str| {
        let key = ObjectRef::new(name).within(mapper.namespace_str());
        let idp = stores.providers.get(&key);
        Target {
            name: name.to_owned(),
            organization: idp.as_ref().and_then(|idp| provider::accepted_organization(idp, stores, settings)?.ok()),
            provider_uid: idp.map(|idp| idp.uid_str().into()),
        }
    };
    mapper.spec.identity_provider_refs.iter().map(|reference| target(&reference.name)).collect()
}
