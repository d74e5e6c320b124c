//! The settings that say which installation a command is about: its database, its manifests, and where people reach it.
//! `serve` has them, and so has who works beside it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::bail;
use clap::Args;
use serde::Deserialize;
use url::Url;

/// Settings as they are given. What is absent comes from the next place.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Installation {
    /// Directory of manifests (every *.yaml and *.yml below it); changes count within a second [default: the
    /// Kubernetes API, of the cluster that latchkey runs in or that KUBECONFIG names]
    #[arg(long, env = "LATCHKEY_MANIFESTS", value_name = "DIR", global = true)]
    manifests: Option<PathBuf>,

    /// Namespace to read from the Kubernetes API (repeatable) [default: all]
    #[arg(long, env = "LATCHKEY_WATCH_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',', global = true)]
    watch_namespace: Option<Vec<String>>,

    /// Where people's browsers reach Latchkey: scheme, host and port; redirect URIs begin with it
    #[arg(long, env = "LATCHKEY_EXTERNAL_URL", value_name = "URL", global = true)]
    external_url: Option<Url>,

    /// Organizations may choose external URLs here or at hosts below (repeatable)
    #[arg(long, env = "LATCHKEY_ALLOWED_EXTERNAL_URL", value_name = "URL", value_delimiter = ',', global = true)]
    allowed_external_url: Option<Vec<Url>>,

    /// Allow http issuers and an http external URL, for development
    #[arg(long, env = "LATCHKEY_ALLOW_HTTP", num_args = 0..=1, require_equals = true, default_missing_value = "true", global = true)]
    allow_http: Option<bool>,

    /// The database for users, sessions and keys, sqlite:PATH [default: sqlite:latchkey.db]
    #[arg(long, env = "LATCHKEY_DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    database_url: Option<String>,

    /// The key that seals what is secret in the database, 32 bytes in base64 [default: made beside a new SQLite file]
    #[arg(long, env = "LATCHKEY_ENCRYPTION_KEY_FILE", value_name = "FILE", global = true)]
    encryption_key_file: Option<PathBuf>,

    /// YAML file with these settings, named as the flags are, such as `external-url: https://login.example.com`
    #[arg(long, env = "LATCHKEY_CONFIG", value_name = "FILE", global = true)]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// The settings of an installation, complete and checked.
#[derive(Clone, Debug)]
pub struct Installed {
    pub manifests: Manifests,
    /// An origin: the path is `/`.
    pub external_url: Option<Url>,
    /// None: not said.
    pub allowed_external_url: Option<Vec<Url>>,
    pub allow_http: bool,
    pub database_url: String,
    pub encryption_key_file: Option<PathBuf>,
}

/// Where the manifests of an installation are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifests {
    Directory(PathBuf),
    /// In these namespaces; empty: in all.
    Kubernetes(Vec<String>),
}

impl Installation {
    /// The YAML file that has what is not given.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The settings in force, `file` for what is absent.
    ///
    /// # Errors
    /// What is wrong, naming the flag.
    pub fn complete(self, file: Self) -> anyhow::Result<Installed> {
        let allow_http = self.allow_http.or(file.allow_http).unwrap_or_default();
        let external_url = self.external_url.or(file.external_url);
        let allowed = self.allowed_external_url.or(file.allowed_external_url);
        let allowed = allowed.map(|urls| {
            urls.into_iter().map(|url| origin("--allowed-external-url", url, allow_http)).collect::<Result<_, _>>()
        });
        Ok(Installed {
            manifests: manifests(self.manifests.or(file.manifests), self.watch_namespace.or(file.watch_namespace))?,
            external_url: external_url.map(|url| origin("--external-url", url, allow_http)).transpose()?,
            allowed_external_url: allowed.transpose()?,
            allow_http,
            database_url: self.database_url.or(file.database_url).unwrap_or_else(|| "sqlite:latchkey.db".to_owned()),
            encryption_key_file: self.encryption_key_file.or(file.encryption_key_file),
        })
    }
}

/// A directory if one is named, else Kubernetes.
fn manifests(directory: Option<PathBuf>, namespaces: Option<Vec<String>>) -> anyhow::Result<Manifests> {
    match directory {
        Some(_) if namespaces.is_some() => {
            bail!("--watch-namespace is for the Kubernetes API: leave it out, or leave out --manifests")
        }
        Some(directory) => Ok(Manifests::Directory(directory)),
        None => Ok(Manifests::Kubernetes(namespaces_of(namespaces.unwrap_or_default())?)),
    }
}

/// Each once. An empty one would be all of them.
fn namespaces_of(names: Vec<String>) -> anyhow::Result<Vec<String>> {
    if names.iter().any(|name| name.trim().is_empty()) {
        bail!("--watch-namespace is empty: name a namespace, or leave it out for all of them");
    }
    let each: BTreeSet<_> = names.into_iter().collect();
    Ok(each.into_iter().collect())
}

/// An external URL is an origin: every path below it is Latchkey's.
pub fn origin(flag: &str, url: Url, allow_http: bool) -> anyhow::Result<Url> {
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        bail!("{flag} {url}: write scheme, host and port alone, such as https://login.example.com");
    }
    if url.scheme() == "http" && !allow_http {
        bail!("{flag} {url}: must begin with https://; for development, add --allow-http");
    }
    Ok(url)
}

impl Installation {
    /// Of this directory, reached here, for tests.
    #[cfg(test)]
    pub fn at(manifests: &str, external_url: &str, config: Option<PathBuf>) -> Self {
        let external_url = Some(external_url.parse().expect("a URL"));
        Self { manifests: Some(manifests.into()), external_url, config, ..Self::default() }
    }
}
