//! One watch: the objects of one kind, in one namespace or in all, listed and then followed. It waits and tries
//! again by itself, so that a kind that may not be read holds up no other.

use std::{collections::HashSet, error::Error, fmt::Debug, mem, pin::pin, time::Duration};

use futures::{Stream, StreamExt, TryStreamExt, future};
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde::de::DeserializeOwned;
use tokio::{sync::mpsc, time::Instant};

use super::{
    client::{ApiError, WATCH_SECONDS},
    trim::trim,
};
use crate::source::feed::{Object, Update};

/// Who waits for a listing does not wait longer while it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a watch saw.
pub enum Sighting {
    /// Everything that there is.
    Listed(Listing),
    Changed {
        watch: usize,
        update: Box<Update>,
    },
    /// The object of this namespace and name is gone; it could not be read.
    Gone {
        watch: usize,
        name: (String, String),
    },
    /// These will not be listed soon. `for_good`: the API server does not let them be, or does not know them.
    Refused {
        watch: usize,
        for_good: bool,
    },
}

/// Everything that a watch listed.
pub struct Listing {
    pub watch: usize,
    pub objects: Vec<Object>,
    /// Namespace and name of each, and of each that could not be read.
    pub names: HashSet<(String, String)>,
    /// Whether all of them could be read.
    pub complete: bool,
}

/// An object as the API server showed it.
pub struct Seen {
    name: (String, String),
    /// None: it cannot be read.
    object: Option<Object>,
}

/// Objects of kind `K`. One that cannot be read, as another version of Latchkey may have written it, is passed over.
pub fn whole<K>(
    api: Api<DeserializeGuard<K>>,
    config: watcher::Config,
    object: impl Fn(K) -> Object + Copy + Send + 'static,
) -> impl Stream<Item = watcher::Result<Event<Seen>>> + Send
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let seen = move |guarded: DeserializeGuard<K>| {
        let name = (guarded.namespace().unwrap_or_default(), guarded.name_any());
        let object = match guarded.0 {
            Ok(mut whole) => {
                trim(whole.meta_mut());
                Some(object(whole))
            }
            Err(invalid) => {
                let (namespace, name) = &name;
                tracing::warn!(kind = %K::kind(&()), namespace, name, "an object cannot be read and does not count: {invalid}");
                None
            }
        };
        Seen { name, object }
    };
    watcher(api, config).map_ok(move |event| mapped(event, seen))
}

/// The names of objects of kind `K`, and no more of them.
pub fn names<K>(
    api: Api<PartialObjectMeta<K>>,
    config: watcher::Config,
    object: impl Fn(K) -> Object + Copy + Send + 'static,
) -> impl Stream<Item = watcher::Result<Event<Seen>>> + Send
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Default + Send + 'static,
{
    let seen = move |partial: PartialObjectMeta<K>| {
        let name = (partial.namespace().unwrap_or_default(), partial.name_any());
        let mut named = K::default();
        *named.meta_mut() = partial.metadata;
        trim(named.meta_mut());
        Seen { name, object: Some(object(named)) }
    };
    watcher(api, config).map_ok(move |event| mapped(event, seen))
}

/// How everything is watched that is not asked for by labels.
pub fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_SECONDS)
}

fn mapped<A, B>(event: Event<A>, of: impl Fn(A) -> B) -> Event<B> {
    match event {
        Event::Apply(object) => Event::Apply(of(object)),
        Event::Delete(object) => Event::Delete(of(object)),
        Event::Init => Event::Init,
        Event::InitApply(object) => Event::InitApply(of(object)),
        Event::InitDone => Event::InitDone,
    }
}

/// Follows one watch for as long as somebody listens. `what` is the plural of the kind, for the log.
pub async fn follow(
    watch: usize,
    what: &'static str,
    events: impl Stream<Item = watcher::Result<Event<Seen>>> + Send,
    sightings: mpsc::UnboundedSender<Sighting>,
) {
    let mut listing = Listing::new(watch);
    let mut failing_since: Option<Instant> = None;
    // That a listing begins is no success yet: it would end the backoff.
    let events = events.try_filter(|event| future::ready(!matches!(event, Event::Init)));
    let mut events = pin!(events.default_backoff());
    while let Some(event) = events.next().await {
        let sighting = match event {
            Ok(event) => {
                if failing_since.take().is_some() {
                    tracing::info!("the {what} can be watched again");
                }
                listing.follow(event)
            }
            Err(error) => {
                // A listing that failed is begun anew.
                listing = Listing::new(watch);
                let error = cause(error);
                let now = Instant::now();
                if failing_since.is_none() {
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "the {what} cannot be watched{}; trying again",
                        hint(&error)
                    );
                }
                let for_good = refuses(&error);
                let since = *failing_since.get_or_insert(now);
                (for_good || now - since > PATIENCE).then_some(Sighting::Refused { watch, for_good })
            }
        };
        if sighting.is_some_and(|sighting| sightings.send(sighting).is_err()) {
            return;
        }
    }
}

impl Listing {
    fn new(watch: usize) -> Self {
        Self { watch, objects: Vec::new(), names: HashSet::new(), complete: true }
    }

    fn changed(&self, update: Update) -> Sighting {
        Sighting::Changed { watch: self.watch, update: Box::new(update) }
    }

    fn follow(&mut self, event: Event<Seen>) -> Option<Sighting> {
        match event {
            Event::Apply(Seen { object, .. }) => Some(self.changed(Update::Apply(object?))),
            Event::Delete(Seen { object: Some(object), .. }) => Some(self.changed(Update::Delete(object))),
            Event::Delete(Seen { name, object: None }) => Some(Sighting::Gone { watch: self.watch, name }),
            Event::Init => None,
            Event::InitApply(Seen { name, object }) => {
                self.complete &= object.is_some();
                self.objects.extend(object);
                self.names.insert(name);
                None
            }
            Event::InitDone => Some(Sighting::Listed(mem::replace(self, Self::new(self.watch)))),
        }
    }
}

/// What a failure of a watch comes down to.
fn cause(error: watcher::Error) -> ApiError {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error.into(),
        watcher::Error::WatchError(status) => kube::Error::Api(status).into(),
        error @ watcher::Error::NoResourceVersion => ApiError::Unreachable(error.into()),
    }
}

/// Whether asking again soon gives the same answer, so that nobody should wait for it.
fn refuses(error: &ApiError) -> bool {
    matches!(error.code(), Some(403 | 404))
}

fn hint(error: &ApiError) -> &'static str {
    match error.code() {
        Some(403) => ": grant Latchkey's service account the verbs list and watch on them",
        Some(404) => ": install the CustomResourceDefinitions, which the chart and `latchkey crds` have",
        Some(401) => ": Latchkey's credentials are not accepted",
        _ => "",
    }
}
