//! The object stores and the stream of what changed in them. Whoever reads them cannot tell a cluster from a
//! directory.

mod index;
mod object;
mod writers;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::mpsc;

use index::Indexes;
pub use object::{Object, Reference, UNDECLARED_ANNOTATION, is_undeclared};
use writers::Writers;

use crate::api::{IdentityProvider, IdpMapper, Organization};

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
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The object is new or different.
    Applied(Reference),
    /// The object with the UID in the reference is gone. An `Applied` of the same name after it is another object.
    Deleted(Reference),
    /// An object that was like this says something else now, or is gone: who had to do with what it said must be
    /// looked at.
    Former(Former),
    /// The source has listed everything. `complete: false`: something could not be read, so an object that is
    /// absent may still exist; sent again with `true` once everything could be read.
    Initialized { complete: bool },
}

/// An object of one of our kinds, as it was.
#[derive(Clone, Debug, PartialEq)]
pub enum Former {
    Organization(Arc<Organization>),
    IdentityProvider(Arc<IdentityProvider>),
    IdpMapper(Arc<IdpMapper>),
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
        self.lock().set_status(object);
    }

    fn send(&self, changes: Vec<Change>) {
        // Nobody listens any more only while the process is ending.
        let _ = self.changes.send(changes);
    }

    fn lock(&self) -> MutexGuard<'_, Writers> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
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
        Change::Former(_) | Change::Initialized { .. } => true,
    });
}

#[cfg(test)]
mod tests;
