//! Writes statuses to the Kubernetes API, and nothing else. Whether they should be written is not decided here.

use std::{fmt::Debug, time::Duration};

use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::NamespaceResourceScope,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

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

    /// Writes the status that the object carries; `false`: the object is gone.
    ///
    /// # Errors
    /// Nothing was written, or nobody knows; `Conflict` where the object is not the one that was looked at.
    pub async fn write_status(&self, object: &Object) -> Result<bool, WriteError> {
        let written = match object {
            Object::Organization(object) => self.write(object, &object.status, |of| &of.status).await,
            Object::IdentityProvider(object) => self.write(&**object, &object.status, |of| &of.status).await,
            Object::IdpMapper(object) => self.write(object, &object.status, |of| &of.status).await,
            _ => return Ok(true),
        };
        match written {
            Ok(mut written) => {
                trim(written.meta_mut());
                self.feed.set_status(&written);
                Ok(true)
            }
            Err(error) if error.code() == Some(404) => Ok(false),
            Err(error) if error.code() == Some(409) => Err(WriteError::Conflict),
            Err(error) => Err(error.into()),
        }
    }

    /// Applies the status. What others have put into it besides is not ours to apply away; it is taken out.
    async fn write<K, S>(&self, object: &K, status: &S, of: fn(&K) -> &S) -> Result<Object, ApiError>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Into<Object>,
        S: Serialize + PartialEq,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), object.meta().namespace.as_deref().unwrap_or_default());
        let name = object.name_any();
        // The versions make sure that what was looked at is what is written to, whoever else writes.
        let identity =
            |of: &K| json!({ "name": name, "uid": of.meta().uid, "resourceVersion": of.meta().resource_version });
        let applied = Patch::Apply(json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": identity(object), "status": status,
        }));
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        let written = within(ANSWER, api.patch_status(&name, &parameters, &applied)).await?;
        if of(&written) == status {
            return Ok(written.into());
        }
        let difference = merge_patch(&json!(of(&written)), &json!(status));
        let merged = Patch::Merge(json!({ "metadata": identity(&written), "status": difference }));
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        within(ANSWER, api.patch_status(&name, &parameters, &merged)).await.map(Into::into)
    }
}

/// What makes `to` of `from` when it is merged into it (RFC 7386).
fn merge_patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let removed = from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let changed = to.iter().filter(|(key, value)| from.get(*key) != Some(*value));
    let changed = changed.map(|(key, value)| (key.clone(), merge_patch(from.get(key).unwrap_or(&Value::Null), value)));
    Value::Object(removed.chain(changed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_takes_out_what_is_not_wanted_and_leaves_what_is() {
        let from =
            json!({"key": "azure", "issuer": "https://a", "mappers": {"total": 1, "ready": 1}, "conditions": [1, 2]});
        let to = json!({"key": "azure", "mappers": {"total": 1}, "conditions": [1]});
        let expected = json!({"issuer": null, "mappers": {"ready": null}, "conditions": [1]});
        assert_eq!(merge_patch(&from, &to), expected);
        assert_eq!(merge_patch(&to, &to), json!({}));
    }
}
