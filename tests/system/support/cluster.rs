//! A Kubernetes API server with Latchkey's CRDs, one for all tests of the process; a namespace of its own for each.
//! No controller runs there: nothing is collected as garbage, and a deleted namespace stays.

use std::{path::PathBuf, process::Command};

use k8s_openapi::{
    api::core::v1::Namespace as KubernetesNamespace,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
    runtime::{conditions, wait::await_condition},
};
use tokio::{sync::OnceCell, time::timeout};

use super::{DEADLINE, access::Access, control_plane::ControlPlane};

/// Who applies what the tests apply.
pub const FIELD_MANAGER: &str = "tests";

/// The API server of this test process.
pub struct Cluster {
    /// As somebody who may do everything.
    pub access: Access,
    /// Absent where TEST_KUBECONFIG names a cluster.
    control_plane: Option<ControlPlane>,
}

impl Cluster {
    /// The one API server, started and given the CRDs at the first call.
    pub async fn shared() -> &'static Self {
        static CLUSTER: OnceCell<Result<Cluster, String>> = OnceCell::const_new();
        match CLUSTER.get_or_init(Self::start).await {
            Ok(cluster) => cluster,
            Err(problem) => panic!("{problem}"),
        }
    }

    async fn start() -> Result<Self, String> {
        let cluster = if let Some(path) = std::env::var_os("TEST_KUBECONFIG") {
            Self { access: Access::read(&PathBuf::from(path))?, control_plane: None }
        } else {
            let control_plane = ControlPlane::start().await?;
            Self { access: control_plane.access.clone(), control_plane: Some(control_plane) }
        };
        install_crds(cluster.access.client().await).await;
        Ok(cluster)
    }

    /// An API server of a test's own, where nothing is installed. None where TEST_KUBECONFIG names a cluster: that is
    /// not for installing and uninstalling at will.
    pub async fn empty() -> Option<Self> {
        if std::env::var_os("TEST_KUBECONFIG").is_some() {
            return None;
        }
        let control_plane = ControlPlane::start().await.unwrap_or_else(|problem| panic!("{problem}"));
        Some(Self { access: control_plane.access.clone(), control_plane: Some(control_plane) })
    }

    /// A namespace that no other test uses.
    pub async fn namespace(&self) -> Namespace {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("test-{}", &unique[..12]);
        let object = KubernetesNamespace {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            ..KubernetesNamespace::default()
        };
        let access = self.access.in_namespace(&name);
        let client = access.client().await;
        let namespaces: Api<KubernetesNamespace> = Api::all(client.clone());
        namespaces.create(&PostParams::default(), &object).await.expect("a namespace");
        Namespace { name, access, client, outlives_the_tests: self.control_plane.is_none() }
    }
}

async fn install_crds(client: Client) {
    let crds: Api<CustomResourceDefinition> = Api::all(client);
    for crd in latchkey::api::crds() {
        let (name, apply) = (crd.name_any(), PatchParams::apply(FIELD_MANAGER).force());
        crds.patch(&name, &apply, &Patch::Apply(&crd)).await.expect("a CRD that the API server takes");
        let established = await_condition(crds.clone(), &name, conditions::is_crd_established());
        timeout(DEADLINE, established).await.expect("established in time").expect("established");
    }
}

/// A namespace of a test's own.
pub struct Namespace {
    pub name: String,
    /// As somebody who may do everything, here.
    pub access: Access,
    pub client: Client,
    outlives_the_tests: bool,
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.outlives_the_tests {
            let config = std::env::var_os("TEST_KUBECONFIG").unwrap_or_default();
            let delete = ["delete", "namespace", "--wait=false", &self.name];
            let _ = Command::new("kubectl").arg("--kubeconfig").arg(config).args(delete).status();
        }
    }
}
