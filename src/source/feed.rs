//! The object stores and the stream of what changed in them. Whoever reads them cannot tell a cluster from a
//! directory.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::{
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Resource, ResourceExt,
    runtime::{
        reflector::{Lookup, ObjectRef, Store, store::Writer},
        watcher,
    },
};
use tokio::sync::mpsc;

use crate::api::{IdentityProvider, IdpMapper, Organization, deterministic_uid};

/// Marks an Organization `default` that nobody declared: it has no status to write.
pub const UNDECLARED_ANNOTATION: &str = "latchkey.dev/undeclared";

/// The name of the Organization that exists in every namespace with Latchkey objects.
const DEFAULT_ORGANIZATION: &str = "default";

/// Whether the feed made the organization up because nobody declares one named `default`.
pub fn is_undeclared(organization: &Organization) -> bool {
    organization.annotations().contains_key(UNDECLARED_ANNOTATION)
}

/// All objects, for reading. Every object has a name, a namespace and a UID, and those of our kinds a generation.
#[derive(Clone)]
pub struct Stores {
    pub organizations: Store<Organization>,
    pub providers: Store<IdentityProvider>,
    pub mappers: Store<IdpMapper>,
    pub secrets: Store<Secret>,
    pub config_maps: Store<ConfigMap>,
}

/// An object of any kind that a source feeds.
#[derive(Clone, PartialEq)]
pub enum Object {
    Organization(Organization),
    IdentityProvider(Box<IdentityProvider>),
    IdpMapper(IdpMapper),
    Secret(Secret),
    ConfigMap(ConfigMap),
}

/// Names an object of any kind. References are equal when kind, namespace and name are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    Organization(ObjectRef<Organization>),
    IdentityProvider(ObjectRef<IdentityProvider>),
    IdpMapper(ObjectRef<IdpMapper>),
    Secret(ObjectRef<Secret>),
    ConfigMap(ObjectRef<ConfigMap>),
}

/// What a source saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    Apply(Object),
    Delete(Object),
}

/// What readers of the stores must look at. The stores already hold it when the change arrives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The object is new or different.
    Applied(Reference),
    /// The object with the UID in the reference is gone. An `Applied` of the same name after it is another object.
    Deleted(Reference),
    /// The source has listed everything. `complete: false`: something could not be read, so an object that is
    /// absent may still exist; sent again with `true` once everything could be read.
    Initialized { complete: bool },
}

/// The stream of changes: one batch for one moment at the source.
#[derive(Debug)]
pub struct Changes(mpsc::UnboundedReceiver<Vec<Change>>);

impl Changes {
    /// The next batch, or what has gathered since the last one; `None` when every `Feed` is gone.
    pub async fn next(&mut self) -> Option<Vec<Change>> {
        let mut batch = self.0.recv().await?;
        while let Ok(more) = self.0.try_recv() {
            batch.extend(more);
        }
        Some(batch)
    }
}

/// The writing end of the stores. Clones write to the same stores.
#[derive(Clone)]
pub struct Feed {
    writers: Arc<Mutex<Writers>>,
    changes: mpsc::UnboundedSender<Vec<Change>>,
}

#[derive(Default)]
struct Writers {
    organizations: Writer<Organization>,
    providers: Writer<IdentityProvider>,
    mappers: Writer<IdpMapper>,
    secrets: Writer<Secret>,
    config_maps: Writer<ConfigMap>,
}

impl Feed {
    /// Empty stores, and both ends of the stream of their changes.
    pub fn new() -> (Self, Stores, Changes) {
        let writers = Writers::default();
        let stores = writers.stores();
        let (changes, receiver) = mpsc::unbounded_channel();
        (Self { writers: Arc::new(Mutex::new(writers)), changes }, stores, Changes(receiver))
    }

    /// Writes all updates into the stores, then sends what changed as one batch. An object that comes without
    /// status keeps the one that the store has for its UID.
    pub fn apply(&self, updates: Vec<Update>) {
        let mut writers = self.lock();
        let mut changes = Vec::with_capacity(updates.len());
        let mut namespaces = BTreeSet::new();
        for update in updates {
            let (Update::Apply(object) | Update::Delete(object)) = &update;
            if object.needs_organization() {
                namespaces.insert(object.namespace().to_owned());
            }
            writers.write(update, &mut changes);
        }
        for namespace in namespaces {
            writers.keep_default_organization(&namespace, &mut changes);
        }
        drop(writers);
        forget_repeats(&mut changes);
        if !changes.is_empty() {
            self.send(changes);
        }
    }

    /// Ends the initial listing: the stores are ready from now on. See [`Change::Initialized`].
    pub fn initialized(&self, complete: bool) {
        self.lock().ready();
        self.send(vec![Change::Initialized { complete }]);
    }

    /// Puts the object's status into the store, if the store still has this object; no change is sent.
    pub fn set_status(&self, object: &Object) {
        let mut writers = self.lock();
        match object {
            Object::Organization(object) => set_status(&mut writers.organizations, object),
            Object::IdentityProvider(object) => set_status(&mut writers.providers, object.as_ref()),
            Object::IdpMapper(object) => set_status(&mut writers.mappers, object),
            Object::Secret(_) | Object::ConfigMap(_) => {}
        }
    }

    fn send(&self, changes: Vec<Change>) {
        // Nobody listens any more only while the process is ending.
        let _ = self.changes.send(changes);
    }

    fn lock(&self) -> MutexGuard<'_, Writers> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writers {
    fn stores(&self) -> Stores {
        Stores {
            organizations: self.organizations.as_reader(),
            providers: self.providers.as_reader(),
            mappers: self.mappers.as_reader(),
            secrets: self.secrets.as_reader(),
            config_maps: self.config_maps.as_reader(),
        }
    }

    fn write(&mut self, update: Update, changes: &mut Vec<Change>) {
        let (object, apply) = match update {
            Update::Apply(object) => (object, true),
            Update::Delete(object) => (object, false),
        };
        match object {
            Object::Organization(mut object) => {
                carry_status(&self.organizations, &mut object);
                write(&mut self.organizations, object, apply, Reference::Organization, changes);
            }
            Object::IdentityProvider(mut object) => {
                carry_status(&self.providers, object.as_mut());
                write(&mut self.providers, *object, apply, Reference::IdentityProvider, changes);
            }
            Object::IdpMapper(mut object) => {
                carry_status(&self.mappers, &mut object);
                write(&mut self.mappers, object, apply, Reference::IdpMapper, changes);
            }
            Object::Secret(object) => write(&mut self.secrets, object, apply, Reference::Secret, changes),
            Object::ConfigMap(object) => write(&mut self.config_maps, object, apply, Reference::ConfigMap, changes),
        }
    }

    /// Makes the Organization `default` of a namespace up when it is needed and nobody declares it, and takes it
    /// away with the last object.
    fn keep_default_organization(&mut self, namespace: &str, changes: &mut Vec<Change>) {
        let key = ObjectRef::new(DEFAULT_ORGANIZATION).within(namespace);
        let current = self.organizations.as_reader().get(&key);
        let needed = lives_in(&self.providers, namespace, |_| true)
            || lives_in(&self.mappers, namespace, |_| true)
            || lives_in(&self.organizations, namespace, |organization| !is_undeclared(organization));
        match current {
            None if needed => {
                let organization = undeclared_organization(namespace);
                write(&mut self.organizations, organization, true, Reference::Organization, changes);
            }
            Some(current) if !needed && is_undeclared(&current) => {
                let organization = Organization::clone(&current);
                write(&mut self.organizations, organization, false, Reference::Organization, changes);
            }
            _ => {}
        }
    }

    fn ready(&mut self) {
        ready(&mut self.organizations);
        ready(&mut self.providers);
        ready(&mut self.mappers);
        ready(&mut self.secrets);
        ready(&mut self.config_maps);
    }
}

/// Leaves one `Applied` of each object, or one on either side of its deletion.
fn forget_repeats(changes: &mut Vec<Change>) {
    let mut applied = HashSet::new();
    changes.retain(|change| match change {
        Change::Applied(reference) => applied.insert(reference.clone()),
        Change::Deleted(reference) => {
            applied.remove(reference);
            true
        }
        Change::Initialized { .. } => true,
    });
}

/// What every kind in a store can do.
trait Stored: Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + 'static {}
impl<K: Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + 'static> Stored for K {}

fn write<K: Stored>(
    writer: &mut Writer<K>,
    mut object: K,
    apply: bool,
    reference: fn(ObjectRef<K>) -> Reference,
    changes: &mut Vec<Change>,
) {
    object.meta_mut().managed_fields = None;
    let key = ObjectRef::from_obj(&object);
    let stored = writer.as_reader().get(&key);
    if apply {
        // A deletion between two looks at the source shows only in the UID.
        if let Some(other) = stored.filter(|stored| stored.meta().uid != object.meta().uid) {
            changes.push(Change::Deleted(reference(ObjectRef::from_obj(other.as_ref()))));
        }
        writer.apply_watcher_event(&watcher::Event::Apply(object));
        changes.push(Change::Applied(reference(key)));
    } else if let Some(stored) = stored {
        writer.apply_watcher_event(&watcher::Event::Delete(object));
        changes.push(Change::Deleted(reference(ObjectRef::from_obj(stored.as_ref()))));
    }
}

fn carry_status<K: Stored + HasStatus>(writer: &Writer<K>, object: &mut K) {
    let stored = writer.as_reader().get(&ObjectRef::from_obj(&*object));
    if let Some(stored) = stored.filter(|stored| stored.meta().uid == object.meta().uid)
        && object.status_mut().is_none()
    {
        *object.status_mut() = K::clone(&stored).status_mut().take();
    }
}

fn set_status<K: Stored + HasStatus>(writer: &mut Writer<K>, object: &K) {
    let stored = writer.as_reader().get(&ObjectRef::from_obj(object));
    if let Some(stored) = stored.filter(|stored| stored.meta().uid == object.meta().uid) {
        let mut stored = K::clone(&stored);
        *stored.status_mut() = object.clone().status_mut().take();
        writer.apply_watcher_event(&watcher::Event::Apply(stored));
    }
}

/// Releases whoever waits for the store; what is in it stays.
fn ready<K: Stored>(writer: &mut Writer<K>) {
    let objects = writer.as_reader().state();
    writer.apply_watcher_event(&watcher::Event::Init);
    for object in objects {
        writer.apply_watcher_event(&watcher::Event::InitApply(K::clone(&object)));
    }
    writer.apply_watcher_event(&watcher::Event::InitDone);
}

fn lives_in<K: Stored>(writer: &Writer<K>, namespace: &str, which: impl Fn(&K) -> bool) -> bool {
    writer.as_reader().find(|object| object.meta().namespace.as_deref() == Some(namespace) && which(object)).is_some()
}

fn undeclared_organization(namespace: &str) -> Organization {
    let mut organization = Organization::new(DEFAULT_ORGANIZATION, Default::default());
    organization.metadata.namespace = Some(namespace.to_owned());
    organization.metadata.uid = Some(deterministic_uid("Organization", namespace, DEFAULT_ORGANIZATION));
    organization.metadata.generation = Some(1);
    organization.annotations_mut().insert(UNDECLARED_ANNOTATION.to_owned(), "true".to_owned());
    organization
}

/// The kinds that have a status of ours.
trait HasStatus {
    type Status;
    fn status_mut(&mut self) -> &mut Option<Self::Status>;
}

macro_rules! has_status {
    ($($kind:ty, $status:ty;)*) => {$(
        impl HasStatus for $kind {
            type Status = $status;
            fn status_mut(&mut self) -> &mut Option<$status> {
                &mut self.status
            }
        }
    )*};
}
has_status! {
    Organization, crate::api::OrganizationStatus;
    IdentityProvider, crate::api::IdentityProviderStatus;
    IdpMapper, crate::api::IdpMapperStatus;
}

impl Object {
    /// The kind, as manifests write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Organization(_) => "Organization",
            Self::IdentityProvider(_) => "IdentityProvider",
            Self::IdpMapper(_) => "IdpMapper",
            Self::Secret(_) => "Secret",
            Self::ConfigMap(_) => "ConfigMap",
        }
    }

    /// metadata.
    pub fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Organization(object) => &object.metadata,
            Self::IdentityProvider(object) => &object.metadata,
            Self::IdpMapper(object) => &object.metadata,
            Self::Secret(object) => &object.metadata,
            Self::ConfigMap(object) => &object.metadata,
        }
    }

    /// metadata, to write.
    pub fn meta_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Organization(object) => &mut object.metadata,
            Self::IdentityProvider(object) => &mut object.metadata,
            Self::IdpMapper(object) => &mut object.metadata,
            Self::Secret(object) => &mut object.metadata,
            Self::ConfigMap(object) => &mut object.metadata,
        }
    }

    /// metadata.namespace.
    pub fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    /// metadata.name.
    pub fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// status, where it has one of ours.
    pub fn status(&self) -> Option<serde_json::Value> {
        let status = match self {
            Self::Organization(object) => serde_json::to_value(object.status.as_ref()?),
            Self::IdentityProvider(object) => serde_json::to_value(object.status.as_ref()?),
            Self::IdpMapper(object) => serde_json::to_value(object.status.as_ref()?),
            Self::Secret(_) | Self::ConfigMap(_) => return None,
        };
        status.ok()
    }

    /// Sets the status to what `status` gave; one that another version wrote and that cannot be read is dropped.
    pub fn restore_status(&mut self, status: serde_json::Value) {
        match self {
            Self::Organization(object) => object.status = serde_json::from_value(status).ok(),
            Self::IdentityProvider(object) => object.status = serde_json::from_value(status).ok(),
            Self::IdpMapper(object) => object.status = serde_json::from_value(status).ok(),
            Self::Secret(_) | Self::ConfigMap(_) => {}
        }
    }

    fn needs_organization(&self) -> bool {
        !matches!(self, Self::Secret(_) | Self::ConfigMap(_))
    }
}

/// Identity only: a Secret must not be printed.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind(), self.namespace(), self.name())
    }
}

macro_rules! from_kind {
    ($($kind:ident)*) => {$(
        impl From<$kind> for Object {
            fn from(object: $kind) -> Self {
                Self::$kind(object)
            }
        }
    )*};
}
from_kind! { Organization IdpMapper Secret ConfigMap }

impl From<IdentityProvider> for Object {
    fn from(object: IdentityProvider) -> Self {
        Self::IdentityProvider(Box::new(object))
    }
}

#[cfg(test)]
mod tests;
