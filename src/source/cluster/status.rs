//! Writes statuses to the Kubernetes API, and nothing else. Whether they should be written is not decided here.

use std::{fmt::Debug, time::Duration};

use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    client::{ApiError, within},
    trim::trim,
};
use crate::source::feed::{Feed, Object};

/// Who owns the statuses (Kubernetes server-side apply).
const FIELD_MANAGER: &str = "latchkey";

/// The API server has so much time to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// What could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The object has changed since it was looked at.
    #[error("the object has changed meanwhile")]
    Conflict,
    #[error(transparent)]
    Failed(#[from] ApiError),
}

/// The statuses of a cluster's objects.
pub struct ClusterStatuses {
    client: Client,
    feed: Feed,
}

impl ClusterStatuses {
    /// Writes by `client`, and keeps what was written in the stores of `feed`.
    pub fn new(client: Client, feed: Feed) -> Self {
        Self { client, feed }
    }

    /// Writes the status that the object carries. An object that is gone is no failure.
    ///
    /// # Errors
    /// Nothing was written, or nobody knows; `Conflict` where the object is not the one that was looked at.
    pub async fn write_status(&self, object: &Object) -> Result<(), WriteError> {
        let written = match object {
            Object::Organization(object) => self.apply(object, &object.status).await?.map(Object::from),
            Object::IdentityProvider(object) => self.apply(&**object, &object.status).await?.map(Object::from),
            Object::IdpMapper(object) => self.apply(object, &object.status).await?.map(Object::from),
            _ => None,
        };
        if let Some(mut written) = written {
            trim(written.meta_mut());
            self.feed.set_status(&written);
        }
        Ok(())
    }

    async fn apply<K>(&self, object: &K, status: &impl serde::Serialize) -> Result<Option<K>, WriteError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let meta = object.meta();
        // The versions make sure that what was looked at is what is written to, whoever else writes.
        let patch = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": { "name": meta.name, "uid": meta.uid, "resourceVersion": meta.resource_version },
            "status": status,
        });
        let api: Api<K> = Api::namespaced(self.client.clone(), meta.namespace.as_deref().unwrap_or_default());
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        match within(ANSWER, api.patch_status(&object.name_any(), &parameters, &Patch::Apply(patch))).await {
            Ok(written) => Ok(Some(written)),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) if error.code() == Some(409) => Err(WriteError::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}
