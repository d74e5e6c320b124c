//! The object stores and the stream of what changed in them. Whoever reads them cannot tell a cluster from a
//! directory.

mod index;
mod object;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::{
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Resource,
    runtime::{
        reflector::{Lookup, ObjectRef, Store, store::Writer},
        watcher,
    },
};
use tokio::sync::mpsc;

use index::{Index, Indexed, Indexes};
use object::{HasStatus, undeclared_organization};
pub use object::{Object, Reference, UNDECLARED_ANNOTATION, is_undeclared};

use crate::api::{DEFAULT_ORGANIZATION, IdentityProvider, IdpMapper, Organization};

/// All objects, for reading. Every object has a name, a namespace and a UID, and those of our kinds a generation.
#[derive(Clone)]
pub struct Stores {
    pub organizations: Store<Organization>,
    pub providers: Store<IdentityProvider>,
    pub mappers: Store<IdpMapper>,
    pub secrets: Store<Secret>,
    pub config_maps: Store<ConfigMap>,
    /// Names alone, of those that may not be used.
    pub unlabelled_secrets: Store<Secret>,
    pub unlabelled_config_maps: Store<ConfigMap>,
    indexes: Indexes,
}

impl Stores {
    /// The Secret of this name: whole if it is labelled, else perhaps without its data.
    pub fn secret(&self, namespace: &str, name: &str) -> Option<Arc<Secret>> {
        let key = ObjectRef::new(name).within(namespace);
        self.secrets.get(&key).or_else(|| self.unlabelled_secrets.get(&key))
    }

    /// The ConfigMap of this name: whole if it is labelled, else perhaps without its data.
    pub fn config_map(&self, namespace: &str, name: &str) -> Option<Arc<ConfigMap>> {
        let key = ObjectRef::new(name).within(namespace);
        self.config_maps.get(&key).or_else(|| self.unlabelled_config_maps.get(&key))
    }
}

/// What a source saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// A new or changed object. One that is older than what the store has, by its resource version, is passed over.
    Apply(Object),
    /// As `Apply`, out of a listing, which counts whatever the store has.
    List(Object),
    Delete(Object),
}

impl Update {
    fn object(&self) -> &Object {
        let (Self::Apply(object) | Self::List(object) | Self::Delete(object)) = self;
        object
    }
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
    unlabelled_secrets: Writer<Secret>,
    unlabelled_config_maps: Writer<ConfigMap>,
    indexes: Indexes,
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
            let object = update.object();
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
            _ => {}
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
            unlabelled_secrets: self.unlabelled_secrets.as_reader(),
            unlabelled_config_maps: self.unlabelled_config_maps.as_reader(),
            indexes: self.indexes.clone(),
        }
    }

    fn write(&mut self, update: Update, changes: &mut Vec<Change>) {
        let (object, apply) = match update {
            Update::Apply(object) if self.has_newer(&object) => return,
            Update::Apply(object) | Update::List(object) => (object, true),
            Update::Delete(object) => (object, false),
        };
        match object {
            Object::Organization(mut object) => {
                // Only the feed itself may say so.
                object.metadata.annotations.as_mut().and_then(|of| of.remove(UNDECLARED_ANNOTATION));
                carry_status(&self.organizations, &mut object);
                write_indexed(
                    &mut self.organizations,
                    &self.indexes.organizations,
                    object,
                    apply,
                    Reference::Organization,
                    changes,
                );
            }
            Object::IdentityProvider(mut object) => {
                carry_status(&self.providers, object.as_mut());
                write_indexed(
                    &mut self.providers,
                    &self.indexes.providers,
                    *object,
                    apply,
                    Reference::IdentityProvider,
                    changes,
                );
            }
            Object::IdpMapper(mut object) => {
                carry_status(&self.mappers, &mut object);
                write_indexed(&mut self.mappers, &self.indexes.mappers, object, apply, Reference::IdpMapper, changes);
            }
            Object::Secret(object) => write(&mut self.secrets, object, apply, Reference::Secret, changes),
            Object::ConfigMap(object) => write(&mut self.config_maps, object, apply, Reference::ConfigMap, changes),
            Object::UnlabelledSecret(object) => {
                write(&mut self.unlabelled_secrets, object, apply, Reference::Secret, changes);
            }
            Object::UnlabelledConfigMap(object) => {
                write(&mut self.unlabelled_config_maps, object, apply, Reference::ConfigMap, changes);
            }
        }
    }

    /// Whether the store has a later state of this very object: what was written is read back before what was
    /// written before it.
    fn has_newer(&self, object: &Object) -> bool {
        let key = (object.namespace(), object.name());
        let stored = match object {
            Object::Organization(_) => stored_meta(&self.organizations, key),
            Object::IdentityProvider(_) => stored_meta(&self.providers, key),
            Object::IdpMapper(_) => stored_meta(&self.mappers, key),
            _ => return false,
        };
        let version = |meta: &ObjectMeta| meta.resource_version.as_deref()?.parse::<u64>().ok();
        stored.is_some_and(|stored| stored.uid == object.meta().uid && version(&stored) > version(object.meta()))
    }

    /// Makes the Organization `default` of a namespace up when it is needed and nobody declares it, and takes it
    /// away with the last object.
    fn keep_default_organization(&mut self, namespace: &str, changes: &mut Vec<Change>) {
        let key = ObjectRef::new(DEFAULT_ORGANIZATION).within(namespace);
        let current = self.organizations.as_reader().get(&key);
        let needed = self.indexes.need_organization(namespace);
        let (organization, apply) = match current {
            None if needed => (undeclared_organization(namespace), true),
            Some(current) if !needed && is_undeclared(&current) => (Organization::clone(&current), false),
            _ => return,
        };
        let index = &self.indexes.organizations;
        write_indexed(&mut self.organizations, index, organization, apply, Reference::Organization, changes);
    }

    fn ready(&mut self) {
        ready(&mut self.organizations);
        ready(&mut self.providers);
        ready(&mut self.mappers);
        ready(&mut self.secrets);
        ready(&mut self.config_maps);
        ready(&mut self.unlabelled_secrets);
        ready(&mut self.unlabelled_config_maps);
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
trait Stored: Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + PartialEq + 'static {}
impl<K: Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + PartialEq + 'static> Stored for K {}

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
        let (same, other) = match stored {
            Some(stored) if stored.meta().uid == object.meta().uid => (Some(stored), None),
            other => (None, other),
        };
        // A deletion between two looks at the source shows only in the UID.
        if let Some(other) = other {
            changes.push(Change::Deleted(reference(ObjectRef::from_obj(other.as_ref()))));
        }
        // What came of our own writing is no news.
        let known = same.is_some_and(|same| differs_in_version_alone(same.as_ref(), &object));
        writer.apply_watcher_event(&watcher::Event::Apply(object));
        if !known {
            changes.push(Change::Applied(reference(key)));
        }
    } else if let Some(stored) = stored {
        writer.apply_watcher_event(&watcher::Event::Delete(object));
        changes.push(Change::Deleted(reference(ObjectRef::from_obj(stored.as_ref()))));
    }
}

fn stored_meta<K: Stored>(writer: &Writer<K>, (namespace, name): (&str, &str)) -> Option<ObjectMeta> {
    writer.as_reader().get(&ObjectRef::new(name).within(namespace)).map(|stored| stored.meta().clone())
}

fn differs_in_version_alone<K: Stored>(stored: &K, object: &K) -> bool {
    let mut stored = stored.clone();
    stored.meta_mut().resource_version.clone_from(&object.meta().resource_version);
    stored.meta().resource_version.is_some() && stored == *object
}

/// The same for a kind that has an index.
fn write_indexed<K: Indexed>(
    writer: &mut Writer<K>,
    index: &Index<K>,
    object: K,
    apply: bool,
    reference: fn(ObjectRef<K>) -> Reference,
    changes: &mut Vec<Change>,
) {
    let before = writer.as_reader().get(&ObjectRef::from_obj(&object));
    index.replace(before.as_deref(), apply.then_some(&object));
    write(writer, object, apply, reference, changes);
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
        stored.meta_mut().resource_version.clone_from(&object.meta().resource_version);
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

#[cfg(test)]
mod tests;
