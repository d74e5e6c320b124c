//! Where the manifests of a test go, and where the statuses are read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::Value;
use tokio::{process::Command, sync::Mutex};

use super::{
    access::Access,
    cluster::{Cluster, Namespace},
    control_plane::kubectl,
};

const WATCH_NAMESPACE: &str = "--watch-namespace=";

/// The sources by name.
#[derive(Clone, Copy, Debug)]
pub enum On {
    Directory,
    Cluster,
}

/// One source, for one test.
pub enum Source {
    /// Latchkey reads the files themselves.
    Directory,
    /// Latchkey reads the API server.
    Cluster(Box<Applied>),
}

/// A namespace that holds what the files say, as by a GitOps tool that prunes: what leaves a file is deleted.
pub struct Applied {
    pub namespace: Arc<Namespace>,
    /// How Latchkey reaches the API server, and which namespace is its own.
    access: Access,
    /// What makes Latchkey read the namespace.
    flags: Vec<String>,
    by_file: Mutex<BTreeMap<String, BTreeSet<Identity>>>,
}

/// Which object: API version, kind, namespace and name.
type Identity = [String; 4];

impl Source {
    pub async fn new(on: On) -> Self {
        match on {
            On::Directory => Self::Directory,
            On::Cluster => {
                let namespace = Cluster::shared().await.namespace().await;
                let access = namespace.access.clone();
                Self::in_namespace(Arc::new(namespace), access)
            }
        }
    }

    /// This namespace, which is also Latchkey's own; Latchkey reaches the API server as `access` says.
    pub fn in_namespace(namespace: Arc<Namespace>, access: Access) -> Self {
        let flags = [format!("{WATCH_NAMESPACE}{}", namespace.name)];
        Self::read_by(&access.in_namespace(&namespace.name), &flags, namespace)
    }

    /// This namespace, which a Latchkey with these flags reads; its own is that of `access`.
    pub fn read_by(access: &Access, flags: &[String], namespace: Arc<Namespace>) -> Self {
        let (access, flags) = (access.clone(), flags.to_vec());
        Self::Cluster(Box::new(Applied { namespace, access, flags, by_file: Mutex::default() }))
    }

    /// Where objects are that name no namespace.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Directory => "default",
            Self::Cluster(applied) => &applied.namespace.name,
        }
    }

    /// Where objects are that name this namespace.
    pub fn beside(&self, namespace: &str) -> String {
        match self {
            Self::Directory => namespace.to_owned(),
            Self::Cluster(applied) => applied.namespace.beside(namespace),
        }
    }

    /// Tells `latchkey serve` to read from here. `dir` has the directory `manifests`.
    pub fn configure(&self, command: &mut Command, dir: &Path) {
        match self {
            Self::Directory => {
                command.arg("--manifests").arg(dir.join("manifests")).arg("--status-dir").arg(dir.join("status"));
            }
            Self::Cluster(applied) => {
                let kubeconfig = dir.join("kubeconfig");
                applied.access.write(&kubeconfig);
                command.env("KUBECONFIG", kubeconfig).args(&applied.flags);
            }
        }
    }

    /// Tells a command that is run beside `latchkey serve` to read from here, once `configure` has been called.
    pub fn configure_beside(&self, command: &mut Command, dir: &Path) {
        match self {
            Self::Directory => _ = command.env("LATCHKEY_MANIFESTS", dir.join("manifests")),
            Self::Cluster(applied) => {
                let shared = applied.flags.iter().filter(|flag| flag.starts_with(WATCH_NAMESPACE));
                command.env("KUBECONFIG", dir.join("kubeconfig")).args(shared);
            }
        }
    }

    /// What a file holds now counts; None when it is gone.
    pub async fn changed(&self, file: &str, text: Option<&str>) {
        if let Self::Cluster(applied) = self {
            applied.apply(file, text.unwrap_or_default()).await;
        }
    }

    /// The status of an object; None while there is none. `dir` as for `configure`.
    pub async fn status(&self, dir: &Path, kind: &str, name: &str) -> Option<Value> {
        match self {
            Self::Directory => {
                let text = fs::read_to_string(status_file(dir, kind, name)).ok()?;
                let mut file: Value = serde_yaml::from_str(&text).expect("a status file is YAML");
                Some(file["status"].take())
            }
            Self::Cluster(applied) => Some(applied.namespace.get(kind, name).await?["status"].take()),
        }
    }

    /// Every status, to be read by a person. `dir` as for `configure`.
    pub fn statuses(&self, dir: &Path) -> String {
        match self {
            Self::Directory => {
                let files = fs::read_dir(dir.join("status")).into_iter().flatten().flatten();
                files.map(|file| fs::read_to_string(file.path()).unwrap_or_default()).collect()
            }
            Self::Cluster(applied) => {
                let kubeconfig = dir.join("kubeconfig-of-the-test");
                applied.namespace.access.write(&kubeconfig);
                let kinds = "organizations.latchkey.dev,identityproviders.latchkey.dev,idpmappers.latchkey.dev,events";
                let get = ["--request-timeout=5s", "get", kinds, "--output=yaml"];
                let mut kubectl = std::process::Command::new(kubectl());
                let said = kubectl.arg("--kubeconfig").arg(kubeconfig).args(get).output();
                said.map_or_else(|error| error.to_string(), |said| String::from_utf8_lossy(&said.stdout).into_owned())
            }
        }
    }
}

fn status_file(dir: &Path, kind: &str, name: &str) -> PathBuf {
    dir.join("status").join(format!("{kind}.default.{name}.yaml"))
}

impl Applied {
    async fn apply(&self, file: &str, text: &str) {
        let mut by_file = self.by_file.lock().await;
        let mut here = BTreeSet::new();
        for document in serde_yaml::Deserializer::from_str(text) {
            let object = Value::deserialize(document).expect("a manifest is YAML");
            if !object.is_null() {
                here.insert(identity(&self.namespace.apply(object).await));
            }
        }
        for [api_version, kind, namespace, name] in by_file.remove(file).unwrap_or_default().difference(&here) {
            self.namespace.delete(api_version, kind, namespace, name).await;
        }
        by_file.insert(file.to_owned(), here);
    }
}

fn identity(object: &Value) -> Identity {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let metadata = &object["metadata"];
    [&object["apiVersion"], &object["kind"], &metadata["namespace"], &metadata["name"]].map(text)
}
