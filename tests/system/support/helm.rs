//! Helm, as people run it, with the chart of this repository.

use std::{fs, path::PathBuf, process::Stdio};

use kube::{
    Api, Client, ResourceExt,
    api::DynamicObject,
    core::GroupVersionKind,
    discovery::{Scope, pinned_kind},
};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use super::{access::Access, control_plane::built};

/// Where the chart is.
pub const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/latchkey");

/// Values that are enough, and no more.
pub const ENOUGH: &str = "\
externalURL: https://login.example.com
image: {repository: registry.example.com/latchkey}
";

/// Helm with a home and a kubeconfig of its own.
pub struct Helm {
    home: TempDir,
}

impl Helm {
    /// Reaches no cluster.
    pub fn alone() -> Self {
        Self { home: tempfile::tempdir().expect("a directory") }
    }

    /// Reaches a cluster; releases are in the namespace of `access`.
    pub fn new(access: &Access) -> Self {
        let helm = Self::alone();
        access.write(&helm.file("kubeconfig"));
        helm
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What it says on its standard output.
    ///
    /// # Errors
    /// What it says on standard error, when it fails.
    pub async fn try_run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(built("helm").unwrap_or_else(|problem| panic!("{problem}")))
            .args(arguments)
            .env("KUBECONFIG", self.file("kubeconfig"))
            .env("HELM_CACHE_HOME", self.file("cache"))
            .env("HELM_CONFIG_HOME", self.file("config"))
            .env("HELM_DATA_HOME", self.file("data"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .expect("helm runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// As `try_run`, with these values in a file.
    pub async fn try_with(&self, values: &str, arguments: &[&str]) -> Result<String, String> {
        let file = self.file("values.yaml");
        fs::write(&file, values).expect("written");
        self.try_run(&[arguments, &["--values", &file.display().to_string()]].concat()).await
    }

    /// As `try_with`; it must succeed.
    pub async fn with(&self, values: &str, arguments: &[&str]) -> String {
        self.try_with(values, arguments).await.unwrap_or_else(|said| panic!("helm {arguments:?}: {said}"))
    }

    /// The objects that a release would have.
    pub async fn render(&self, release: &str, values: &str) -> Vec<DynamicObject> {
        let text = self.with(values, &["template", release, CHART]).await;
        let documents = serde_yaml::Deserializer::from_str(&text);
        documents.map(|document| DynamicObject::deserialize(document).expect("an object")).collect()
    }
}

/// Where an object of any kind is in the API.
pub async fn api_of(client: &Client, object: &DynamicObject) -> Api<DynamicObject> {
    let types = object.types.as_ref().expect("kind and apiVersion");
    let kind = GroupVersionKind::try_from(types).expect("a kind");
    let (resource, capabilities) = pinned_kind(client, &kind).await.expect("a kind that the API server knows");
    match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => Api::namespaced_with(client.clone(), &object.namespace().expect("a namespace"), &resource),
    }
}
