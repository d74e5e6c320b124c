//! The Kubernetes API as a source: each kind is watched by itself, and all of them feed the object stores.
//! Nothing here decides what an object means; nothing but a status and Events is ever written.

mod client;
mod events;
mod status;
mod trim;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    mem,
    time::Duration,
};

use futures::Stream;
use kube::{
    Api, Client, Resource,
    api::ListParams,
    core::{DeserializeGuard, NamespaceResourceScope, error_boundary::InvalidObject},
    runtime::{
        reflector::{Lookup, Store},
        watcher::{self, Event},
    },
};
use serde::de::DeserializeOwned;
use tokio::{sync::mpsc, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

pub use client::{ApiError, ConnectError, connect, within};
pub use events::{Herald, News};
pub use status::{ClusterStatuses, WriteError};

use super::feed::{Feed, Object, Stores, Update, is_undeclared};
use crate::api::{IdentityProvider, USABLE_LABEL};
use watch::{Listing, Seen, Sighting, config, follow, names, whole};

/// Changes that come so soon after each other are one: a Secret that gets its label is deleted for one watch and
/// new for another.
const SETTLE: Duration = Duration::from_millis(15);

/// A list that somebody waits for may take so long.
const LIST: Duration = Duration::from_secs(60);

/// The objects of a cluster, or of some of its namespaces.
pub struct Cluster {
    client: Client,
    /// Empty: all.
    namespaces: Vec<String>,
    feed: Feed,
    stores: Stores,
}

/// Deletes what the stores have of a watch's objects, by namespace and name.
type Delete = Box<dyn Fn(&dyn Fn(&(String, String)) -> bool) -> Vec<Update> + Send>;

/// The watches, and how far they are.
struct Watches {
    running: JoinSet<()>,
    sightings: mpsc::UnboundedSender<Sighting>,
    /// By watch.
    delete: Vec<Delete>,
    /// Those that have neither listed their objects nor been refused for good.
    awaited: BTreeSet<usize>,
    /// Those of the awaited that have failed for a while.
    late: BTreeSet<usize>,
    /// Those whose objects are not all known.
    partial: BTreeSet<usize>,
    /// By watch: what was seen before all of them had.
    early: BTreeMap<usize, Vec<Update>>,
    begun: bool,
}

impl Cluster {
    /// Follows these namespaces; with none, all.
    pub fn new(client: Client, namespaces: Vec<String>, feed: Feed, stores: Stores) -> Self {
        Self { client, namespaces, feed, stores }
    }

    /// Feeds the stores until shutdown, or until a watch ends, which none does by itself.
    pub async fn run(self, shutdown: CancellationToken) {
        let (sightings, mut seen) = mpsc::unbounded_channel();
        let mut watches = self.watch(sightings);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = watches.running.join_next() => break,
                _ = seen.recv_many(&mut batch, usize::MAX) => {}
            }
            sleep(SETTLE).await;
            while let Ok(more) = seen.try_recv() {
                batch.push(more);
            }
            watches.feed(mem::take(&mut batch), &self.feed);
        }
        watches.running.shutdown().await;
    }

    fn watch(&self, sightings: mpsc::UnboundedSender<Sighting>) -> Watches {
        let Self { client, stores, .. } = self;
        let mut watches = Watches {
            running: JoinSet::new(),
            sightings,
            delete: Vec::new(),
            awaited: BTreeSet::new(),
            late: BTreeSet::new(),
            partial: BTreeSet::new(),
            early: BTreeMap::new(),
            begun: false,
        };
        let labelled = config().labels(&format!("{USABLE_LABEL}=true"));
        let unlabelled = config().labels(&format!("{USABLE_LABEL}!=true"));
        let provider: fn(IdentityProvider) -> Object = Object::from;
        let some: Vec<_> = self.namespaces.iter().map(|namespace| Some(namespace.as_str())).collect();
        for scope in if some.is_empty() { &[None][..] } else { &some } {
            let events = whole(api(client, *scope), config(), Object::Organization);
            watches.add("organizations.latchkey.dev", *scope, &stores.organizations, Object::Organization, events);
            let events = whole(api(client, *scope), config(), provider);
            watches.add("identityproviders.latchkey.dev", *scope, &stores.providers, provider, events);
            let events = whole(api(client, *scope), config(), Object::IdpMapper);
            watches.add("idpmappers.latchkey.dev", *scope, &stores.mappers, Object::IdpMapper, events);
            let events = whole(api(client, *scope), labelled.clone(), Object::Secret);
            watches.add("secrets", *scope, &stores.secrets, Object::Secret, events);
            let events = whole(api(client, *scope), labelled.clone(), Object::ConfigMap);
            watches.add("configmaps", *scope, &stores.config_maps, Object::ConfigMap, events);
            // Others may not be used; but whoever names one learns why.
            let events = names(api(client, *scope), unlabelled.clone(), Object::UnlabelledSecret);
            watches.add("secrets", *scope, &stores.unlabelled_secrets, Object::UnlabelledSecret, events);
            let events = names(api(client, *scope), unlabelled.clone(), Object::UnlabelledConfigMap);
            watches.add("configmaps", *scope, &stores.unlabelled_config_maps, Object::UnlabelledConfigMap, events);
        }
        watches
    }
}

/// Objects in one namespace; without one, in all.
fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// All objects of a kind in a namespace; without one, in all. One that cannot be read is an error of its own.
///
/// # Errors
/// They could not be listed.
pub async fn list<K>(
    client: &Client,
    namespace: Option<&str>,
) -> Result<impl Iterator<Item = Result<Object, Box<InvalidObject>>>, ApiError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Into<Object>,
{
    let listed = within(LIST, api::<DeserializeGuard<K>>(client, namespace).list(&ListParams::default())).await?;
    Ok(listed.items.into_iter().map(|guarded| guarded.0.map(Into::into).map_err(Box::new)))
}

impl Watches {
    /// `what`: the plural of the kind, for the log.
    fn add<K>(
        &mut self,
        what: &'static str,
        scope: Option<&str>,
        store: &Store<K>,
        object: fn(K) -> Object,
        events: impl Stream<Item = watcher::Result<Event<Seen>>> + Send + 'static,
    ) where
        K: Resource<DynamicType = ()> + Lookup<DynamicType = ()> + Clone + Send + Sync + 'static,
    {
        let (watch, store, scope) = (self.delete.len(), store.clone(), scope.map(str::to_owned));
        self.delete.push(Box::new(move |wanted| {
            let is_wanted = |stored: &K| {
                let namespace = stored.meta().namespace.clone().unwrap_or_default();
                let in_scope = scope.as_ref().is_none_or(|scope| *scope == namespace);
                in_scope && wanted(&(namespace, stored.meta().name.clone().unwrap_or_default()))
            };
            let gone = store.state_filter(is_wanted).into_iter().map(|gone| object(K::clone(&gone)));
            // What nobody declared is in no listing.
            let declared = |gone: &Object| !matches!(gone, Object::Organization(gone) if is_undeclared(gone));
            gone.filter(declared).map(Update::Delete).collect()
        }));
        self.awaited.insert(watch);
        self.running.spawn(follow(watch, what, events, self.sightings.clone()));
    }

    /// Puts what was seen into the stores. Nothing before each watch has listed its objects or has failed to: an
    /// object must not be judged while what it refers to is still on its way.
    fn feed(&mut self, sightings: Vec<Sighting>, feed: &Feed) {
        let mut updates = Vec::new();
        for sighting in sightings {
            match sighting {
                Sighting::Changed { watch, update } if !self.begun => {
                    self.early.entry(watch).or_default().push(*update);
                }
                Sighting::Changed { update, .. } => updates.push(*update),
                Sighting::Gone { watch, name } => {
                    // The stores must be up to date to tell what they have.
                    feed.apply(mem::take(&mut updates));
                    updates = self.delete[watch](&|stored| *stored == name);
                }
                Sighting::Refused { watch, for_good } if self.awaited.contains(&watch) => {
                    self.late.insert(watch);
                    self.partial.insert(watch);
                    if for_good {
                        self.awaited.remove(&watch);
                    }
                }
                Sighting::Refused { .. } => {}
                Sighting::Listed(listing) => {
                    feed.apply(mem::take(&mut updates));
                    self.listed(listing, feed);
                }
            }
        }
        feed.apply(updates);
        self.begin(feed);
    }

    fn listed(&mut self, Listing { watch, objects, names, complete }: Listing, feed: &Feed) {
        self.awaited.remove(&watch);
        self.late.remove(&watch);
        let was_partial = self.partial.remove(&watch);
        if !complete {
            self.partial.insert(watch);
        }
        let objects = objects.into_iter().map(Update::List);
        if !self.begun {
            self.early.insert(watch, objects.collect());
            return;
        }
        let gone = self.delete[watch](&|stored| !names.contains(stored));
        feed.apply(gone.into_iter().chain(objects).collect());
        if was_partial && self.partial.is_empty() {
            feed.initialized(true);
        }
    }

    /// Begins once nobody is waited for any more, unless nothing at all could be listed.
    fn begin(&mut self, feed: &Feed) {
        if self.begun || self.early.is_empty() || !self.awaited.is_subset(&self.late) {
            return;
        }
        self.begun = true;
        feed.apply(mem::take(&mut self.early).into_values().flatten().collect());
        feed.initialized(self.partial.is_empty());
    }
}
