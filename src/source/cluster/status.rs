//! Writes statuses and Events to the Kubernetes API, and nothing else. Whether they should be written is not
//! decided here.

use std::{fmt::Debug, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    core::NamespaceResourceScope,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    client::{ApiError, within},
    trim::trim,
};
use crate::{
    api::Turn,
    source::feed::{Feed, Object},
};

/// Who owns the statuses (Kubernetes server-side apply), and who reports the Events.
const FIELD_MANAGER: &str = "latchkey";
const CONTROLLER: &str = "latchkey.dev/latchkey";
const ACTION: &str = "Reconcile";

/// The API server has so much time to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The limits of the API server for the parts of an Event.
const MAX_NOTE: usize = 1024;
const MAX_INSTANCE: usize = 128;

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
    /// This process, among others that may run.
    instance: String,
}

impl ClusterStatuses {
    /// Writes by `client`, and keeps what was written in the stores of `feed`.
    pub fn new(client: Client, feed: Feed, instance: String) -> Self {
        Self { client, feed, instance }
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

    /// Writes an Event about the object.
    ///
    /// # Errors
    /// The Event was not written.
    pub async fn tell(&self, object: &Object, turn: &Turn) -> Result<(), ApiError> {
        let event = event(object, turn, &self.instance, Timestamp::now());
        let api: Api<Event> = Api::namespaced(self.client.clone(), object.namespace());
        within(ANSWER, api.create(&PostParams::default(), &event)).await.map(|_| ())
    }
}

fn event(object: &Object, turn: &Turn, instance: &str, now: Timestamp) -> Event {
    let meta = object.meta();
    Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", object.name())),
            namespace: meta.namespace.clone(),
            ..ObjectMeta::default()
        },
        action: Some(ACTION.to_owned()),
        event_time: Some(MicroTime(now)),
        note: Some(within_bytes(&turn.message, MAX_NOTE)),
        reason: Some(turn.reason.as_str().to_owned()),
        regarding: Some(ObjectReference {
            api_version: Some(format!("{}/{}", crate::api::GROUP, crate::api::VERSION)),
            kind: Some(object.kind().to_owned()),
            name: meta.name.clone(),
            namespace: meta.namespace.clone(),
            uid: meta.uid.clone(),
            resource_version: meta.resource_version.clone(),
            ..ObjectReference::default()
        }),
        reporting_controller: Some(CONTROLLER.to_owned()),
        reporting_instance: Some(within_bytes(instance, MAX_INSTANCE)),
        type_: Some(if turn.warning { "Warning" } else { "Normal" }.to_owned()),
        ..Event::default()
    }
}

fn within_bytes(text: &str, limit: usize) -> String {
    text[..text.floor_char_boundary(limit)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Organization, Reason};

    #[test]
    fn an_event_keeps_within_what_the_api_server_takes() {
        let object = Object::from(Organization::new("acme", Default::default()));
        let turn = Turn { warning: true, reason: Reason::IdConflict, message: "ä".repeat(2000) };
        let event = event(&object, &turn, &"a-very-long-name-of-a-host".repeat(10), Timestamp::UNIX_EPOCH);
        assert_eq!(event.note.map(|note| note.len()), Some(1024));
        assert_eq!(event.reporting_instance.map(|instance| instance.len()), Some(128));
        assert_eq!((event.type_.as_deref(), event.reason.as_deref()), (Some("Warning"), Some("IDConflict")));
    }
}
