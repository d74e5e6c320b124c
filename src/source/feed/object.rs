//! An object of any kind that the stores hold, and the Organization `default` where nobody declares one.

use std::fmt;

use k8s_openapi::{
    api::core::v1::{ConfigMap, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Resource, ResourceExt,
    runtime::reflector::{Lookup, ObjectRef},
};

use crate::api::{
    DEFAULT_ORGANIZATION, IdentityProvider, IdentityProviderStatus, IdpMapper, IdpMapperStatus, Organization,
    OrganizationStatus, deterministic_uid,
};

/// An object of any kind that a source feeds.
#[derive(Clone, PartialEq)]
pub enum Object {
    Organization(Organization),
    IdentityProvider(Box<IdentityProvider>),
    IdpMapper(IdpMapper),
    Secret(Secret),
    ConfigMap(ConfigMap),
    /// A Secret that may not be used, of which a source reads the name alone.
    UnlabelledSecret(Secret),
    /// A ConfigMap that may not be used, of which a source reads the name alone.
    UnlabelledConfigMap(ConfigMap),
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

impl Object {
    /// The kind, as manifests write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Organization(_) => "Organization",
            Self::IdentityProvider(_) => "IdentityProvider",
            Self::IdpMapper(_) => "IdpMapper",
            Self::Secret(_) | Self::UnlabelledSecret(_) => "Secret",
            Self::ConfigMap(_) | Self::UnlabelledConfigMap(_) => "ConfigMap",
        }
    }

    /// metadata.
    pub fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Organization(object) => &object.metadata,
            Self::IdentityProvider(object) => &object.metadata,
            Self::IdpMapper(object) => &object.metadata,
            Self::Secret(object) | Self::UnlabelledSecret(object) => &object.metadata,
            Self::ConfigMap(object) | Self::UnlabelledConfigMap(object) => &object.metadata,
        }
    }

    /// metadata, to write.
    pub fn meta_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Self::Organization(object) => &mut object.metadata,
            Self::IdentityProvider(object) => &mut object.metadata,
            Self::IdpMapper(object) => &mut object.metadata,
            Self::Secret(object) | Self::UnlabelledSecret(object) => &mut object.metadata,
            Self::ConfigMap(object) | Self::UnlabelledConfigMap(object) => &mut object.metadata,
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
            _ => return None,
        };
        status.ok()
    }

    /// Sets the status to what `status` gave; one that another version wrote and that cannot be read is dropped.
    pub fn restore_status(&mut self, status: serde_json::Value) {
        match self {
            Self::Organization(object) => object.status = serde_json::from_value(status).ok(),
            Self::IdentityProvider(object) => object.status = serde_json::from_value(status).ok(),
            Self::IdpMapper(object) => object.status = serde_json::from_value(status).ok(),
            _ => {}
        }
    }

    /// Whether the object is of a kind of ours: one that belongs to an organization, or is one.
    pub(super) fn needs_organization(&self) -> bool {
        matches!(self, Self::Organization(_) | Self::IdentityProvider(_) | Self::IdpMapper(_))
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

/// What every kind in a store can do.
pub(super) trait Stored:
    Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + PartialEq + 'static
{
}
impl<K: Lookup<DynamicType = ()> + Resource<DynamicType = ()> + Clone + PartialEq + 'static> Stored for K {}

/// The kinds that have a status of ours.
pub(super) trait HasStatus {
    type Status: Clone;
    fn status(&self) -> &Option<Self::Status>;
    fn status_mut(&mut self) -> &mut Option<Self::Status>;
}

macro_rules! has_status {
    ($($kind:ty, $status:ty;)*) => {$(
        impl HasStatus for $kind {
            type Status = $status;
            fn status(&self) -> &Option<$status> {
                &self.status
            }
            fn status_mut(&mut self) -> &mut Option<$status> {
                &mut self.status
            }
        }
    )*};
}
has_status! {
    Organization, OrganizationStatus;
    IdentityProvider, IdentityProviderStatus;
    IdpMapper, IdpMapperStatus;
}

/// Marks an Organization `default` that nobody declared: it has no status to write.
pub const UNDECLARED_ANNOTATION: &str = "latchkey.dev/undeclared";

/// Whether the feed made the organization up because nobody declares one named `default`.
pub fn is_undeclared(organization: &Organization) -> bool {
    organization.annotations().contains_key(UNDECLARED_ANNOTATION)
}

/// The Organization `default` as it is without a declaration.
pub(super) fn undeclared_organization(namespace: &str) -> Organization {
    let mut organization = Organization::new(DEFAULT_ORGANIZATION, Default::default());
    organization.metadata.namespace = Some(namespace.to_owned());
    organization.metadata.uid = Some(deterministic_uid("Organization", namespace, DEFAULT_ORGANIZATION));
    organization.metadata.generation = Some(1);
    organization.annotations_mut().insert(UNDECLARED_ANNOTATION.to_owned(), "true".to_owned());
    organization
}
