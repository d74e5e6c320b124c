//! Sees by watches of its own what is written to the objects, and when the last of them is Ready.

use std::{
    collections::HashMap,
    error::Error,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Api, Client, Resource,
    core::NamespaceResourceScope,
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use latchkey::api::{Condition, IdentityProvider, IdpMapper, Organization, ResourceMeta};
use serde::de::DeserializeOwned;
use tokio::{task::JoinSet, time::sleep};

/// Once nothing has been written for so long, nothing more is expected.
const QUIET: Duration = Duration::from_secs(3);
/// When nothing becomes Ready for so long, nothing will.
const STUCK: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// What was seen of the objects of one namespace since it began to look.
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
    _watches: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    /// By kind and name.
    objects: HashMap<(String, String), Object>,
    ready: usize,
    last_ready: Option<Instant>,
    last_write: Option<Instant>,
}

#[derive(Default)]
struct Object {
    /// After the creation.
    writes: usize,
    ready: bool,
}

/// How often objects were written after their creation.
#[derive(Clone, Copy, Debug)]
pub struct Writes {
    /// Of providers and mappers, on average.
    pub mean: f64,
    /// Of the provider or mapper that was written most.
    pub most: usize,
    /// Of the organization, which counts its providers.
    pub organization: usize,
}

impl Witness {
    /// Begins to look.
    pub fn new(client: &Client) -> Self {
        let seen = Arc::new(Mutex::default());
        let mut watches = JoinSet::new();
        watches.spawn(watch::<IdentityProvider>(client.clone(), seen.clone(), |object| {
            object.status.as_ref().map_or(&[], |status| &status.conditions)
        }));
        watches.spawn(watch::<IdpMapper>(client.clone(), seen.clone(), |object| {
            object.status.as_ref().map_or(&[], |status| &status.conditions)
        }));
        watches.spawn(watch::<Organization>(client.clone(), seen.clone(), |_| &[]));
        Self { seen, _watches: watches }
    }

    /// When the last of so many objects became Ready.
    pub async fn all_ready(&self, wanted: usize) -> Result<Instant, Box<dyn Error>> {
        let began = Instant::now();
        loop {
            let (ready, last) = {
                let seen = self.lock();
                (seen.ready, seen.last_ready)
            };
            match last {
                Some(last) if ready >= wanted => return Ok(last),
                last if last.unwrap_or(began).elapsed() > STUCK => {
                    return Err(format!("{ready} of {wanted} objects are Ready, and no more will be").into());
                }
                _ => sleep(LOOK).await,
            }
        }
    }

    /// Waits until nothing is written any more.
    pub async fn quiet(&self) {
        let is_quiet = || self.lock().last_write.is_none_or(|last| last.elapsed() > QUIET);
        while !is_quiet() {
            sleep(LOOK).await;
        }
    }

    pub fn writes(&self) -> Writes {
        let seen = self.lock();
        let of = |organization: bool| {
            let objects = seen.objects.iter().filter(move |((kind, _), _)| (kind == "Organization") == organization);
            objects.map(|(_, object)| object.writes)
        };
        let (count, sum) = (of(false).count(), of(false).sum::<usize>());
        Writes {
            mean: sum as f64 / count as f64,
            most: of(false).max().unwrap_or_default(),
            organization: of(true).sum(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch<K>(client: Client, seen: Arc<Mutex<Seen>>, conditions: fn(&K) -> &[Condition])
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let events = watcher(Api::<K>::default_namespaced(client), watcher::Config::default()).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => note(&seen, &object, conditions(&object)),
            Ok(Event::Init | Event::InitDone | Event::Delete(_)) => {}
            Err(error) => eprintln!("a watch of the benchmark: {error}"),
        }
    }
}

fn note<K: Resource<DynamicType = ()>>(seen: &Mutex<Seen>, object: &K, conditions: &[Condition]) {
    let now_ready = conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True");
    let mut seen = lock(seen);
    let name = (K::kind(&()).into_owned(), object.name_str().to_owned());
    let is_new = !seen.objects.contains_key(&name);
    let noted = seen.objects.entry(name).or_default();
    noted.writes += usize::from(!is_new);
    let becomes_ready = now_ready && !noted.ready;
    noted.ready |= now_ready;
    seen.last_write = Some(Instant::now());
    if becomes_ready {
        seen.ready += 1;
        seen.last_ready = seen.last_write;
    }
}
