//! The settings of `latchkey serve`: flags, then `LATCHKEY_*` variables, then a YAML file, then defaults.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::telemetry::LogFormat;

/// Settings as they are given. What is absent comes from the next place.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Arguments {
    /// Directory of manifests (every *.yaml and *.yml below it); changes count within a second [default: the
    /// Kubernetes API, of the cluster that latchkey runs in or that KUBECONFIG names]
    #[arg(long, env = "LATCHKEY_MANIFESTS", value_name = "DIR")]
    manifests: Option<PathBuf>,

    /// Namespace to read from the Kubernetes API (repeatable) [default: all]
    #[arg(long, env = "LATCHKEY_WATCH_NAMESPACE", value_name = "NAMESPACE", value_delimiter = ',')]
    watch_namespace: Option<Vec<String>>,

    /// The Lease, in Latchkey's own namespace, by which one of several replicas writes statuses; two installations in
    /// a namespace need two [default: latchkey]
    #[arg(long, env = "LATCHKEY_LEASE_NAME", value_name = "NAME")]
    lease_name: Option<String>,

    /// With --manifests: directory to write one status file an object into, outside the manifests [default: none]
    #[arg(long, env = "LATCHKEY_STATUS_DIR", value_name = "DIR")]
    status_dir: Option<PathBuf>,

    /// Where people's browsers reach Latchkey: scheme, host and port; redirect URIs begin with it
    #[arg(long, env = "LATCHKEY_EXTERNAL_URL", value_name = "URL")]
    external_url: Option<Url>,

    /// Organizations may choose external URLs here or at hosts below (repeatable)
    #[arg(long, env = "LATCHKEY_ALLOWED_EXTERNAL_URL", value_name = "URL", value_delimiter = ',')]
    allowed_external_url: Option<Vec<Url>>,

    /// Address of the login endpoints [default: 127.0.0.1:8080]
    #[arg(long, env = "LATCHKEY_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Address of /healthz, /readyz and /metrics [default: 127.0.0.1:9090]
    #[arg(long, env = "LATCHKEY_MANAGEMENT_LISTEN", value_name = "ADDRESS")]
    management_listen: Option<SocketAddr>,

    /// The database for users, sessions and keys, sqlite:PATH [default: sqlite:latchkey.db]
    #[arg(long, env = "LATCHKEY_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// The key that seals what is secret in the database, 32 bytes in base64 [default: made beside a new SQLite file]
    #[arg(long, env = "LATCHKEY_ENCRYPTION_KEY_FILE", value_name = "FILE")]
    encryption_key_file: Option<PathBuf>,

    /// Proxies whose X-Forwarded-* headers count (repeatable) [default: nobody's]
    #[arg(long, env = "LATCHKEY_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    trusted_proxies: Option<Vec<IpNet>>,

    /// Loopback, link-local or metadata addresses that may be dialled nevertheless (repeatable)
    #[arg(long, env = "LATCHKEY_EGRESS_ALLOW", value_name = "CIDR", value_delimiter = ',')]
    egress_allow: Option<Vec<IpNet>>,

    /// Allow http issuers and an http external URL, for development
    #[arg(long, env = "LATCHKEY_ALLOW_HTTP", num_args = 0..=1, default_missing_value = "true")]
    allow_http: Option<bool>,

    /// How to write the log [default: text]
    #[arg(long, env = "LATCHKEY_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// YAML file with these settings, named as the flags are, such as `external-url: https://login.example.com`
    #[arg(long, env = "LATCHKEY_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
}

/// Settings, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub source: Source,
    /// An origin: the path is `/`.
    pub external_url: Url,
    pub allowed_external_url: Vec<Url>,
    pub listen: SocketAddr,
    pub management_listen: SocketAddr,
    pub database_url: String,
    pub encryption_key_file: Option<PathBuf>,
    pub trusted_proxies: Vec<IpNet>,
    pub egress_allow: Vec<IpNet>,
    pub allow_http: bool,
    pub log_format: LogFormat,
}

/// Where the manifests come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Directory {
        manifests: PathBuf,
        status_dir: Option<PathBuf>,
    },
    Kubernetes {
        /// Empty: all.
        namespaces: Vec<String>,
        lease_name: String,
    },
}

impl Arguments {
    /// The settings in force.
    ///
    /// # Errors
    /// What is missing or wrong, naming the flag.
    pub fn complete(self) -> anyhow::Result<Config> {
        let file = self.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let allow_http = self.allow_http.or(file.allow_http).unwrap_or_default();
        let Some(external_url) = self.external_url.or(file.external_url) else {
            bail!(
                "--external-url is missing: write where people's browsers reach Latchkey, such as --external-url https://login.example.com"
            );
        };
        let namespaces = self.watch_namespace.or(file.watch_namespace);
        let lease_name = self.lease_name.or(file.lease_name);
        let source =
            source(self.manifests.or(file.manifests), self.status_dir.or(file.status_dir), namespaces, lease_name)?;
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let allowed = self.allowed_external_url.or(file.allowed_external_url).unwrap_or_default();
        Ok(Config {
            source,
            external_url: origin("--external-url", external_url, allow_http)?,
            allowed_external_url: allowed
                .into_iter()
                .map(|url| origin("--allowed-external-url", url, allow_http))
                .collect::<Result<_, _>>()?,
            listen: self.listen.or(file.listen).unwrap_or(local(8080)),
            management_listen: self.management_listen.or(file.management_listen).unwrap_or(local(9090)),
            database_url: self.database_url.or(file.database_url).unwrap_or_else(|| "sqlite:latchkey.db".to_owned()),
            encryption_key_file: self.encryption_key_file.or(file.encryption_key_file),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies).unwrap_or_default(),
            egress_allow: self.egress_allow.or(file.egress_allow).unwrap_or_default(),
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            allow_http,
        })
    }
}

/// A directory if one is named, else Kubernetes.
fn source(
    manifests: Option<PathBuf>,
    status_dir: Option<PathBuf>,
    namespaces: Option<Vec<String>>,
    lease_name: Option<String>,
) -> anyhow::Result<Source> {
    match manifests {
        Some(_) if namespaces.is_some() => {
            bail!("--watch-namespace is for the Kubernetes API: leave it out, or leave out --manifests")
        }
        Some(_) if lease_name.is_some() => {
            bail!("--lease-name is for the Kubernetes API: leave it out, or leave out --manifests")
        }
        Some(manifests) => Ok(Source::Directory { manifests, status_dir }),
        None if status_dir.is_some() => bail!(
            "--status-dir goes with --manifests: name the directory that holds the manifests, such as --manifests ./manifests; a cluster keeps the statuses itself"
        ),
        None => Ok(Source::Kubernetes {
            namespaces: namespaces_of(namespaces.unwrap_or_default())?,
            lease_name: lease_name.unwrap_or_else(|| "latchkey".to_owned()),
        }),
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

fn read(path: &Path) -> anyhow::Result<Arguments> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--config {}", path.display()))?;
    serde_yaml::from_str(&text).with_context(|| format!("--config {}", path.display()))
}

/// An external URL is an origin: every path below it is Latchkey's.
pub(super) fn origin(flag: &str, url: Url, allow_http: bool) -> anyhow::Result<Url> {
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        bail!("{flag} {url}: write scheme, host and port alone, such as https://login.example.com");
    }
    if url.scheme() == "http" && !allow_http {
        bail!("{flag} {url}: must begin with https://; for development, add --allow-http");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(external_url: &str) -> Arguments {
        Arguments {
            manifests: Some("manifests".into()),
            external_url: Some(external_url.parse().expect("a URL")),
            ..Arguments::default()
        }
    }

    #[test]
    fn an_external_url_is_an_origin_and_https_unless_allowed() {
        assert!(arguments("https://login.example.com").complete().is_ok());
        for (url, expected) in [
            ("http://login.example.com", "--allow-http"),
            ("https://a.example/path", "alone"),
            ("ftp://a.example", "alone"),
        ] {
            let error = arguments(url).complete().expect_err(url).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_fills_in_what_flags_leave_out() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "listen: 127.0.0.1:1\nallow-http: true\nexternal-url: https://b.example\n")
            .expect("written");
        let config = Arguments { config: Some(file.path().to_owned()), ..arguments("http://a.example") }
            .complete()
            .expect("a config");
        assert_eq!((config.listen.port(), config.external_url.host_str()), (1, Some("a.example")));
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "lisen: 127.0.0.1:1\n").expect("written");
        let error = Arguments { config: Some(file.path().to_owned()), ..arguments("https://a.example") }
            .complete()
            .expect_err("refused");
        assert!(format!("{error:#}").contains("lisen"), "{error:#}");
    }
}
