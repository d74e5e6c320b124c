//! Runs the reconcilers: one queue a kind, each object by itself.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, stream};
use kube::{
    Resource,
    runtime::{
        controller::{self, Action, ReconcileReason, ReconcileRequest, applier},
        reflector::{ObjectRef, Store},
    },
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Beginnings, Context, StatusError,
    fetch::{self, FetchQueue},
    mapper, organization, provider,
    publish::{Name, path},
    retry::Retries,
    triggers::{self, Touched},
};
use crate::{
    api::{IdentityProvider, IdpMapper, Organization, ResourceMeta},
    source::{Change, Changes},
};

/// So many objects of a kind are reconciled at once.
const CONCURRENCY: u16 = 16;
/// Organizations count their providers, and providers their mappers, so often at most.
const COUNT_INTERVAL: Duration = Duration::from_secs(2);

/// The ends of the queues that changes are put in.
struct Queues {
    organizations: mpsc::UnboundedSender<ObjectRef<Organization>>,
    providers: mpsc::UnboundedSender<ObjectRef<IdentityProvider>>,
    mappers: mpsc::UnboundedSender<ObjectRef<IdpMapper>>,
    counts: mpsc::UnboundedSender<ObjectRef<Organization>>,
}

/// Reconciles whatever changes, and everything when this replica begins to lead, until shutdown, or until a part of
/// it ends.
pub async fn run(
    context: Arc<Context>,
    changes: Changes,
    beginnings: Beginnings,
    wanted: FetchQueue,
    shutdown: CancellationToken,
) {
    let (organizations, organization_queue) = mpsc::unbounded_channel();
    let (providers, provider_queue) = mpsc::unbounded_channel();
    let (mappers, mapper_queue) = mpsc::unbounded_channel();
    let (counted, count_queue) = mpsc::unbounded_channel();
    let (mapped, mapped_queue) = mpsc::unbounded_channel();
    let queues =
        Queues { organizations: organizations.clone(), providers: providers.clone(), mappers, counts: counted.clone() };
    let stores = &context.stores;
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = route(changes, beginnings, queues, &context) => {}
        () = fetch::run(context.clone(), wanted, providers.clone(), shutdown.clone()) => {}
        () = count(count_queue, organizations, &context) => {}
        () = count(mapped_queue, providers, &context) => {}
        () = reconcile_kind(stores.organizations.clone(), organization_queue, &context, organization::reconcile, organization::remove) => {}
        () = reconcile_kind(stores.mappers.clone(), mapper_queue, &context, move |mapper, context| {
            let providers: Vec<_> = triggers::named_by(&mapper).collect();
            let mapped = mapped.clone();
            mapper::reconcile(mapper, context).map(move |action| {
                providers.into_iter().for_each(|provider| _ = mapped.send(provider));
                action
            })
        }, mapper::remove) => {}
        () = reconcile_kind(stores.providers.clone(), provider_queue, &context, move |idp, context| {
            let organization = ObjectRef::new(idp.organization_name()).within(idp.namespace_str());
            let counted = counted.clone();
            provider::reconcile(idp, context).map(move |action| {
                // Nobody counts any more only while the process is ending.
                let _ = counted.send(organization);
                action
            })
        }, provider::remove) => {}
    }
}

/// Puts what a change touches into the queues.
async fn route(mut changes: Changes, mut beginnings: Beginnings, queues: Queues, context: &Context) {
    loop {
        let batch = tokio::select! {
            batch = changes.next() => batch,
            () = beginnings.next() => {
                queues.put(triggers::everything(&context.stores));
                continue;
            }
        };
        let Some(batch) = batch else { return };
        queues.put(triggers::touched(&batch, &context.stores));
        for change in &batch {
            if let Change::Initialized { complete } = change {
                let everything = triggers::everything(&context.stores);
                context.publisher.initialized(names(&everything), *complete);
                queues.put(everything);
            }
        }
    }
}

impl Queues {
    fn put(&self, touched: Touched) {
        // Nobody reconciles any more only while the process is ending.
        touched.organizations.into_iter().for_each(|object| _ = self.organizations.send(object));
        touched.providers.into_iter().for_each(|object| _ = self.providers.send(object));
        touched.mappers.into_iter().for_each(|object| _ = self.mappers.send(object));
        touched.counts.into_iter().for_each(|object| _ = self.counts.send(object));
    }
}

fn names(touched: &Touched) -> HashSet<Name> {
    let organizations = touched.organizations.iter().map(|object| Name::Organization(path(object)));
    let providers = touched.providers.iter().map(|object| Name::Provider(path(object)));
    organizations.chain(providers).chain(touched.mappers.iter().map(|object| Name::Mapper(path(object)))).collect()
}

/// Lets objects count again what belongs to them, in turns rather than for each.
async fn count<K: Resource<DynamicType = ()>>(
    mut counted: mpsc::UnboundedReceiver<ObjectRef<K>>,
    queue: mpsc::UnboundedSender<ObjectRef<K>>,
    context: &Context,
) {
    let mut turns = interval_at(Instant::now() + COUNT_INTERVAL, COUNT_INTERVAL);
    // Turns that nobody needed are not caught up with.
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut due = HashSet::new();
    loop {
        tokio::select! {
            next = counted.recv() => match next {
                Some(object) => _ = due.insert(object),
                None => return,
            },
            // Before everything has been looked at once, there is nothing to count.
            _ = turns.tick(), if !due.is_empty() => if context.publisher.table().settled {
                due.drain().for_each(|object| _ = queue.send(object));
            },
        }
    }
}

/// Reconciles the objects of one kind as they come out of its queue. An object that is gone is removed.
async fn reconcile_kind<K, Reconciled>(
    store: Store<K>,
    queue: mpsc::UnboundedReceiver<ObjectRef<K>>,
    context: &Arc<Context>,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> Reconciled,
    remove: fn(&str, &str, &Context),
) where
    K: Resource<DynamicType = ()> + Clone + 'static,
    Reconciled: Future<Output = Result<Action, StatusError>> + Send + 'static,
{
    let requests = stream::unfold(queue, |mut queue| async move {
        let obj_ref = queue.recv().await?;
        let request = ReconcileRequest { obj_ref, reason: ReconcileReason::ObjectUpdated };
        Some((Ok::<_, std::convert::Infallible>(request), queue))
    });
    let config = controller::Config::default().concurrency(CONCURRENCY);
    let retries = Arc::new(Retries::new());
    let failed = retries.clone();
    let retry = move |object: Arc<K>, _: &StatusError, _: Arc<Context>| {
        Action::requeue(failed.wait(ObjectRef::from_obj(object.as_ref()), Instant::now()))
    };
    let results = applier(
        move |object, context| reconcile(object, context).boxed(),
        retry,
        context.clone(),
        store.clone(),
        Box::pin(requests),
        config,
    );
    let mut results = std::pin::pin!(results);
    while let Some(result) = results.next().await {
        match result {
            Ok((object, _)) => retries.forget(&object),
            Err(controller::Error::ReconcilerFailed(StatusError::Conflict, object)) => {
                tracing::debug!(%object, "the object has changed meanwhile; looking again");
            }
            Err(controller::Error::ObjectNotFound(gone)) => {
                let namespace = gone.namespace.as_deref().unwrap_or_default();
                let gone_ref = ObjectRef::new(&gone.name).within(namespace);
                // It may have come back meanwhile; then it has been queued again.
                if store.get(&gone_ref).is_none() {
                    retries.forget(&gone_ref);
                    remove(namespace, &gone.name, context);
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a reconciliation failed; trying again")
            }
        }
    }
}
