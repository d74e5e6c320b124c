//! The objects of the benchmark, and their creation.

use std::error::Error;

use futures::{TryStreamExt, stream};
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
};
use latchkey::api::{IdentityProvider, IdpMapper};
use serde_json::json;

use crate::support::{
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET},
};

/// So many objects are created at once: as many as Latchkey reconciles of a kind.
pub const CONCURRENCY: usize = 16;

/// The APIs of the kinds that are counted.
#[derive(Clone)]
pub struct Apis {
    pub providers: Api<IdentityProvider>,
    pub mappers: Api<IdpMapper>,
}

impl Apis {
    pub fn new(client: Client) -> Self {
        Self { providers: Api::default_namespaced(client.clone()), mappers: Api::default_namespaced(client) }
    }

    /// Creates so many providers of one issuer with a mapper each; `created` hears the number of each pair.
    pub async fn create(
        &self,
        count: usize,
        issuer: &str,
        created: impl Fn(usize) + Copy,
    ) -> Result<(), Box<dyn Error>> {
        let pairs = stream::iter((0..count).map(Ok::<usize, kube::Error>));
        let create = |number: usize| async move {
            let params = PostParams::default();
            self.providers.create(&params, &provider(number, issuer)).await?;
            self.mappers.create(&params, &mapper(number)).await?;
            created(number);
            Ok(())
        };
        Ok(pairs.try_for_each_concurrent(CONCURRENCY, create).await?)
    }
}

/// What all of them need: an organization, and the client's secret.
pub async fn create_surroundings(client: Client) -> Result<(), Box<dyn Error>> {
    let params = PatchParams::apply("bench").force();
    let organization: serde_json::Value = serde_yaml::from_str(manifests::ORGANIZATION)?;
    let organizations: Api<latchkey::api::Organization> = Api::default_namespaced(client.clone());
    organizations.patch("default", &params, &Patch::Apply(organization)).await?;
    let secret: serde_json::Value = serde_yaml::from_str(&manifests::secret(CLIENT_SECRET))?;
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::default_namespaced(client);
    secrets.patch("demo-client", &params, &Patch::Apply(secret)).await?;
    Ok(())
}

/// The name of both objects of a pair.
pub fn name(number: usize) -> String {
    format!("tenant-{number:05}")
}

fn provider(number: usize, issuer: &str) -> IdentityProvider {
    let spec = json!({
        "displayName": format!("Tenant {number:05}"),
        "issuer": issuer,
        "client": {"id": CLIENT_ID, "secretRef": {"name": "demo-client", "key": "client-secret"}},
        "authorization": {"scopes": ["profile", "email", "groups"]},
    });
    IdentityProvider::new(&name(number), serde_json::from_value(spec).expect("a spec"))
}

fn mapper(number: usize) -> IdpMapper {
    let spec = json!({
        "identityProviderRefs": [{"name": name(number)}],
        "when": {"group": "engineering"},
        "grant": {"roles": ["admin"], "groups": ["builders"]},
    });
    IdpMapper::new(&name(number), serde_json::from_value(spec).expect("a spec"))
}
