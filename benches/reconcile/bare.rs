//! The least that anything could do which writes one status for each object: patches it as soon as the object exists.
//! Watches nothing and decides nothing; every status is one that Latchkey wrote.

use std::{error::Error, fmt::Debug};

use futures::{StreamExt, TryStreamExt};
use kube::{
    Api, Resource,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::objects::{Apis, CONCURRENCY, name};

/// What Latchkey wrote to one provider and to one mapper.
#[derive(Clone, Debug)]
pub struct Statuses {
    provider: Value,
    mapper: Value,
}

impl Statuses {
    /// Of the first pair.
    pub async fn read(apis: &Apis) -> Result<Self, Box<dyn Error>> {
        let provider = apis.providers.get_status(&name(0)).await?;
        let mapper = apis.mappers.get_status(&name(0)).await?;
        Ok(Self { provider: serde_json::to_value(provider.status)?, mapper: serde_json::to_value(mapper.status)? })
    }
}

/// Creates so many pairs, and patches the status of each object once it exists; as many at once as Latchkey does.
pub async fn create_and_patch(
    apis: &Apis,
    count: usize,
    issuer: &str,
    statuses: &Statuses,
) -> Result<(), Box<dyn Error>> {
    let (providers, provider_queue) = mpsc::unbounded_channel();
    let (mappers, mapper_queue) = mpsc::unbounded_channel();
    let created = &|number| {
        // Nobody patches any more only after a failure.
        let _ = (providers.send(number), mappers.send(number));
    };
    tokio::try_join!(
        apis.create(count, issuer, created),
        patch(&apis.providers, provider_queue, count, &statuses.provider),
        patch(&apis.mappers, mapper_queue, count, &statuses.mapper),
    )?;
    Ok(())
}

async fn patch<K>(
    api: &Api<K>,
    queue: mpsc::UnboundedReceiver<usize>,
    count: usize,
    status: &impl Serialize,
) -> Result<(), Box<dyn Error>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let params = PatchParams::apply("latchkey").force();
    let numbers = futures::stream::unfold(queue, async |mut queue| Some((queue.recv().await?, queue)));
    let patches = numbers.take(count).map(Ok::<_, kube::Error>);
    let params = &params;
    let one = |number: usize| async move {
        let patch = json!({
            "apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": {"name": name(number)}, "status": status,
        });
        api.patch_status(&name(number), params, &Patch::Apply(patch)).await.map(drop)
    };
    Ok(patches.try_for_each_concurrent(CONCURRENCY, one).await?)
}
