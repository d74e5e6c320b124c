//! The writing side of the object stores: the stores and their indexes change together, and what changed is noted.

use k8s_openapi::{
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::runtime::{
    reflector::{ObjectRef, store::Writer},
    watcher,
};

use super::{
    Change, Object, Reference, Stores, UNDECLARED_ANNOTATION, Update,
    index::{Index, Indexed, Indexes},
    is_undeclared,
    object::{HasStatus, Stored, undeclared_organization},
};
use crate::api::{DEFAULT_ORGANIZATION, IdentityProvider, IdpMapper, Organization};

#[derive(Default)]
pub(super) struct Writers {
    organizations: Writer<Organization>,
    providers: Writer<IdentityProvider>,
    mappers: Writer<IdpMapper>,
    secrets: Writer<Secret>,
    config_maps: Writer<ConfigMap>,
    unlabelled_secrets: Writer<Secret>,
    unlabelled_config_maps: Writer<ConfigMap>,
    indexes: Indexes,
}

impl Writers {
    pub(super) fn stores(&self) -> Stores {
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

    pub(super) fn write(&mut self, update: Update, changes: &mut Vec<Change>) {
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
        match object {
            Object::Organization(_) => has_newer(&self.organizations, object),
            Object::IdentityProvider(_) => has_newer(&self.providers, object),
            Object::IdpMapper(_) => has_newer(&self.mappers, object),
            _ => false,
        }
    }

    /// Makes the Organization `default` of a namespace up when it is needed and nobody declares it, and takes it
    /// away with the last object.
    pub(super) fn keep_default_organization(&mut self, namespace: &str, changes: &mut Vec<Change>) {
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

    /// Puts the object's status into the store, if the store still has this object and no later state of it.
    pub(super) fn set_status(&mut self, object: &Object) {
        if self.has_newer(object) {
            return;
        }
        match object {
            Object::Organization(object) => set_status(&mut self.organizations, object),
            Object::IdentityProvider(object) => set_status(&mut self.providers, object.as_ref()),
            Object::IdpMapper(object) => set_status(&mut self.mappers, object),
            _ => {}
        }
    }

    /// Releases whoever waits for the stores; what is in them stays.
    pub(super) fn ready(&mut self) {
        ready(&mut self.organizations);
        ready(&mut self.providers);
        ready(&mut self.mappers);
        ready(&mut self.secrets);
        ready(&mut self.config_maps);
        ready(&mut self.unlabelled_secrets);
        ready(&mut self.unlabelled_config_maps);
    }
}

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
        let known = same.is_some_and(|same| differs_in_version_alone(same.as_ref(), &mut object));
        writer.apply_watcher_event(&watcher::Event::Apply(object));
        if !known {
            changes.push(Change::Applied(reference(key)));
        }
    } else if let Some(stored) = stored {
        writer.apply_watcher_event(&watcher::Event::Delete(object));
        changes.push(Change::Deleted(reference(ObjectRef::from_obj(stored.as_ref()))));
    }
}

fn has_newer<K: Stored>(writer: &Writer<K>, object: &Object) -> bool {
    let stored = writer.as_reader().get(&ObjectRef::new(object.name()).within(object.namespace()));
    let version = |meta: &ObjectMeta| meta.resource_version.as_deref()?.parse::<u64>().ok();
    let (stored, meta) = (stored.as_ref().map(|stored| stored.meta()), object.meta());
    stored.is_some_and(|stored| stored.uid == meta.uid && version(stored) > version(meta))
}

fn differs_in_version_alone<K: Stored>(stored: &K, object: &mut K) -> bool {
    let version = object.meta_mut().resource_version.take();
    object.meta_mut().resource_version.clone_from(&stored.meta().resource_version);
    let same = version.is_some() && *stored == *object;
    object.meta_mut().resource_version = version;
    same
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
    if index.replace(before.as_deref(), apply.then_some(&object)) {
        changes.extend(before.map(K::former).map(Change::Former));
    }
    write(writer, object, apply, reference, changes);
}

fn carry_status<K: Stored + HasStatus>(writer: &Writer<K>, object: &mut K) {
    let stored = writer.as_reader().get(&ObjectRef::from_obj(&*object));
    if let Some(stored) = stored.filter(|stored| stored.meta().uid == object.meta().uid)
        && object.status().is_none()
    {
        *object.status_mut() = stored.status().clone();
    }
}

fn set_status<K: Stored + HasStatus>(writer: &mut Writer<K>, object: &K) {
    let stored = writer.as_reader().get(&ObjectRef::from_obj(object));
    if let Some(stored) = stored.filter(|stored| stored.meta().uid == object.meta().uid) {
        let mut stored = K::clone(&stored);
        *stored.status_mut() = object.status().clone();
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
