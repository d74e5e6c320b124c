//! How to reach an API server, and as whom: what a kubeconfig says.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::{
    Client, Config,
    config::{AuthInfo, KubeConfigOptions, Kubeconfig, NamedAuthInfo},
};
use serde_json::json;

/// An address, whom to trust there, credentials and a namespace.
#[derive(Clone)]
pub struct Access(Kubeconfig);

impl Access {
    /// At `url`, as who has this token; `authority` in PEM.
    pub fn new(url: &str, authority: &[u8], token: &str) -> Self {
        let cluster = json!({"server": url, "certificate-authority-data": STANDARD.encode(authority)});
        Self::from_parts(&cluster, &json!({"token": token}))
    }

    /// At `url` without TLS and as nobody.
    pub fn plain(url: &str) -> Self {
        Self::from_parts(&json!({"server": url}), &json!({}))
    }

    fn from_parts(cluster: &serde_json::Value, user: &serde_json::Value) -> Self {
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": user}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
            "current-context": "tests"
        });
        Self(Kubeconfig::from_yaml(&text.to_string()).expect("a kubeconfig"))
    }

    /// What a file says.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        Ok(Self(Kubeconfig::read_from(path).map_err(|error| format!("{}: {error}", path.display()))?))
    }

    /// There, as who has this token.
    pub fn as_bearer(&self, token: &str) -> Self {
        let mut access = self.clone();
        let context = access.0.contexts.iter_mut().find(|one| Some(&one.name) == access.0.current_context.as_ref());
        context.and_then(|one| one.context.as_mut()).expect("a context").user = Some("bearer".to_owned());
        let token = AuthInfo { token: Some(token.to_owned().into()), ..AuthInfo::default() };
        access.0.auth_infos =
            vec![NamedAuthInfo { name: "bearer".to_owned(), auth_info: Some(token), ..NamedAuthInfo::default() }];
        access
    }

    /// There, in this namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        let mut access = self.clone();
        for context in access.0.contexts.iter_mut().filter_map(|one| one.context.as_mut()) {
            context.namespace = Some(namespace.to_owned());
        }
        access
    }

    /// A client that lives in the runtime of whoever asks, and tries nothing again by itself.
    pub async fn client(&self) -> Client {
        let config = Config::from_custom_kubeconfig(self.0.clone(), &KubeConfigOptions::default()).await;
        let mut config = config.expect("a kubeconfig that works");
        config.default_retry = false;
        Client::try_from(config).expect("a client")
    }

    /// Writes it as a kubeconfig.
    pub fn write(&self, path: &Path) {
        fs::write(path, serde_yaml::to_string(&self.0).expect("YAML")).expect("written");
    }
}
