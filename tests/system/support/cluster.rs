//! A Kubernetes API server with Latchkey's CRDs, one for all tests of the process; a namespace of its own for each.
//! No controller runs there: nothing is collected as garbage, and a deleted namespace stays.

use std::{path::PathBuf, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::{
    api::core::v1::Namespace as KubernetesNamespace,
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, TypeMeta},
    runtime::{conditions, wait::await_condition},
};
use latchkey::api::{GROUP, VERSION};
use serde_json::{Value, json};
use tokio::{sync::OnceCell, time::timeout};

use super::{
    DEADLINE,
    access::Access,
    control_plane::{ControlPlane, kubectl},
    wait_for,
};

/// Who applies what the tests apply.
pub const FIELD_MANAGER: &str = "tests";
/// On every namespace: the test's first one.
const TEST_LABEL: &str = "tests.latchkey.dev/namespace";

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

    /// One of the caller's own.
    ///
    /// # Errors
    /// Why there is none, with the log of the control plane.
    pub async fn start() -> Result<Self, String> {
        let cluster = if let Some(path) = std::env::var_os("TEST_KUBECONFIG") {
            Self { access: Access::read(&PathBuf::from(path))?, control_plane: None }
        } else {
            let control_plane = ControlPlane::start().await?;
            Self { access: control_plane.access.clone(), control_plane: Some(control_plane) }
        };
        cluster.install_crds().await;
        Ok(cluster)
    }

    /// An API server of a test's own, where nothing is installed; also where TEST_KUBECONFIG names a cluster, since that
    /// is not for installing and uninstalling at will.
    pub async fn empty() -> Self {
        let control_plane = ControlPlane::start().await.unwrap_or_else(|problem| panic!("{problem}"));
        Self { access: control_plane.access.clone(), control_plane: Some(control_plane) }
    }

    /// Gives it the kinds.
    pub async fn install_crds(&self) {
        install_crds(self.access.client().await).await;
    }

    /// A namespace that no other test uses.
    pub async fn namespace(&self) -> Namespace {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("test-{}", &unique[..12]);
        let access = self.access.in_namespace(&name);
        let client = access.client().await;
        let outlives_the_tests = self.control_plane.is_none();
        let namespace = Namespace { name, access, client, outlives_the_tests };
        namespace.create(&namespace.name).await;
        namespace
    }
}

async fn install_crds(client: Client) {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in latchkey::api::crds() {
        let (name, apply) = (crd.name_any(), PatchParams::apply(FIELD_MANAGER).force());
        crds.patch(&name, &apply, &Patch::Apply(&crd)).await.expect("a CRD that the API server takes");
        let established = await_condition(crds.clone(), &name, conditions::is_crd_established());
        timeout(DEADLINE, established).await.expect("established in time").expect("established");
        // A moment later, what is watched is served, too.
        let path = format!("/apis/{GROUP}/{VERSION}/{}?resourceVersion=0", crd.spec.names.plural);
        wait_for(&path, async || {
            let list = http::Request::get(&path).body(Vec::new()).expect("a request");
            client.request_text(list).await.ok()
        })
        .await;
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

impl Namespace {
    /// The objects of a kind that are here.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        let (group, version, kind) = match kind {
            "identityprovider" => (GROUP, VERSION, "IdentityProvider"),
            "idpmapper" => (GROUP, VERSION, "IdpMapper"),
            "organization" => (GROUP, VERSION, "Organization"),
            "secret" => ("", "v1", "Secret"),
            "event" => ("events.k8s.io", "v1", "Event"),
            _ => panic!("the tests do not know the kind {kind}"),
        };
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.name, &kind)
    }

    /// An object as the API server has it; None when it has none.
    pub async fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let object = self.api(kind).get_opt(name).await.expect("an answer of the API server")?;
        Some(serde_json::to_value(object).expect("JSON"))
    }

    /// Applies a manifest; answers with what the API server made of it. A namespace that it names is one beside this
    /// one, so that no two tests meet there.
    pub async fn apply(&self, mut manifest: Value) -> Value {
        let metadata = &mut manifest["metadata"];
        let namespace = match metadata["namespace"].as_str() {
            Some(other) => {
                let other = self.beside(other);
                self.create(&other).await;
                other
            }
            None => self.name.clone(),
        };
        metadata["namespace"] = namespace.as_str().into();
        encode_string_data(&mut manifest);
        let name = manifest["metadata"]["name"].as_str().expect("a name").to_owned();
        let apply = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
        let objects = self.objects(text(&manifest["apiVersion"]), text(&manifest["kind"]), &namespace);
        let object = objects.patch(&name, &apply, &Patch::Apply(&manifest)).await;
        serde_json::to_value(object.unwrap_or_else(|error| panic!("{name}: {error}"))).expect("JSON")
    }

    /// Deletes an object, if it is there.
    pub async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        match self.objects(api_version, kind, namespace).delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => {}
            answer => drop(answer.expect("deleted")),
        }
    }

    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let types = TypeMeta { api_version: api_version.to_owned(), kind: kind.to_owned() };
        let kind = ApiResource::from_gvk(&GroupVersionKind::try_from(types).expect("an API version"));
        Api::namespaced_with(self.client.clone(), namespace, &kind)
    }

    /// The name of another namespace of this test.
    pub fn beside(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    async fn create(&self, name: &str) {
        let metadata = json!({"name": name, "labels": {TEST_LABEL: self.name}});
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        let namespaces: Api<KubernetesNamespace> = Api::all(self.client.clone());
        let apply = PatchParams::apply(FIELD_MANAGER);
        namespaces.patch(name, &apply, &Patch::Apply(&object)).await.expect("a namespace");
    }
}

/// As `kubectl create secret` does it: the API server merges `stringData` into `data`, and what leaves it would stay.
fn encode_string_data(manifest: &mut Value) {
    if let Some(Value::Object(texts)) = manifest.as_object_mut().and_then(|secret| secret.remove("stringData")) {
        let data = texts.iter().map(|(key, value)| (key.clone(), STANDARD.encode(text(value)).into()));
        manifest["data"] = Value::Object(data.collect());
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.outlives_the_tests {
            let config = std::env::var_os("TEST_KUBECONFIG").unwrap_or_default();
            let these = format!("{TEST_LABEL}={}", self.name);
            let delete = ["delete", "namespace", "--wait=false", "--selector", &these];
            let _ = Command::new(kubectl()).arg("--kubeconfig").arg(config).args(delete).output();
        }
    }
}
