//! Reconciles one mapper.

use std::sync::Arc;

use kube::runtime::controller::Action;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

use super::{
    decide::{Observed, decide},
    observe::{siblings, targets},
};
use crate::{
    api::{IdpMapper, ResourceMeta},
    controller::{Context, StatusError, publish::Name},
};

/// Observe, decide, apply.
pub async fn reconcile(mapper: Arc<IdpMapper>, context: Arc<Context>) -> Result<Action, StatusError> {
    let table = context.publisher.table();
    let observed = Observed {
        targets: targets(&mapper, &context.stores, &context.settings),
        siblings: siblings(&mapper, &context.stores),
        current: table.mapper(mapper.uid_str()).map(|current| &**current),
        now: context.now(),
    };
    let decision = beside_requests(|| decide(&mapper, &observed));
    context.publisher.mapper(&mapper.path(), Some(decision.entry));
    if let Some(turn) = &decision.turn {
        let (path, reason, message) = (mapper.path(), turn.reason.as_str(), &turn.message);
        if turn.warning {
            tracing::warn!(mapper = path, reason, "{message}");
        } else {
            tracing::info!(mapper = path, reason, "{message}");
        }
    }
    let changed = (mapper.status.as_ref() != Some(&decision.status)).then(|| {
        let mut changed = IdpMapper::clone(&mapper);
        changed.status = Some(decision.status);
        (changed.into(), decision.turn)
    });
    context.report(Name::Mapper(mapper.path()), changed, Action::await_change()).await
}

/// Compiling expressions and running tests can take long: other tasks of this thread go on elsewhere meanwhile.
fn beside_requests<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => block_in_place(work),
        _ => work(),
    }
}

/// Takes a mapper that is gone out of the table.
pub fn remove(namespace: &str, name: &str, context: &Context) {
    let path = format!("{namespace}/{name}");
    context.publisher.mapper(&path, None);
    context.rests.end(&Name::Mapper(path));
}
