//! What every kind has in common: its identity, its age, its generation.

use kube::{
    ResourceExt,
    runtime::reflector::{Lookup, ObjectRef},
};
use std::cmp::Ordering;
use uuid::Uuid;

/// The namespace in which UIDs of objects without a cluster are derived (UUIDv5).
const UID_NAMESPACE: Uuid = Uuid::from_u128(0x6c61_7463_686b_6579_9f5b_0b1e_5a5e_4d01);

/// The UID of an object that no API server has numbered: UUIDv5 of kind, namespace and name.
pub fn deterministic_uid(kind: &str, namespace: &str, name: &str) -> String {
    Uuid::new_v5(&UID_NAMESPACE, format!("{kind}/{namespace}/{name}").as_bytes()).to_string()
}

/// Reads identity without `Option`s: sources guarantee namespace, name, UID and generation.
pub trait ResourceMeta: ResourceExt {
    /// The namespace; empty only for an object that no source has admitted.
    fn namespace_str(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }

    /// metadata.name.
    fn name_str(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// metadata.uid.
    fn uid_str(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or_default()
    }

    /// metadata.generation; 0 before any source has counted it.
    fn generation_number(&self) -> i64 {
        self.meta().generation.unwrap_or_default()
    }

    /// `namespace/name`, for messages and keys.
    fn path(&self) -> String {
        format!("{}/{}", self.namespace_str(), self.name_str())
    }
}

impl<K: ResourceExt> ResourceMeta for K {}

/// The object of a path, `namespace/name`.
pub fn object_ref<K: Lookup<DynamicType = ()>>(path: &str) -> Option<ObjectRef<K>> {
    let (namespace, name) = path.split_once('/')?;
    Some(ObjectRef::new(name).within(namespace))
}

/// Orders the older object first; ties of age by namespace and name.
pub fn age_order<K: ResourceExt>(a: &K, b: &K) -> Ordering {
    let age = |object: &K| object.meta().creation_timestamp.as_ref().map(|time| time.0);
    // An object without a creation time comes from a directory, where all have the same age.
    age(a)
        .cmp(&age(b))
        .then_with(|| a.namespace_str().cmp(b.namespace_str()))
        .then_with(|| a.name_str().cmp(b.name_str()))
}
