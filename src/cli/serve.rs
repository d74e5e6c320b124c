//! The settings of `latchkey serve`: flags, then `LATCHKEY_*` variables, then a YAML file, then defaults.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny},
};
use url::Url;

use super::installation::{Installation, Installed, Manifests};
use crate::{
    mail::{Sender, Smtp},
    telemetry::LogFormat,
};

/// Settings as they are given. What is absent comes from the next place.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Arguments {
    #[command(flatten)]
    #[serde(flatten)]
    installation: Installation,

    /// The Lease, in Latchkey's own namespace, by which one of several replicas writes statuses; two installations in
    /// a namespace need two [default: latchkey]
    #[arg(long, env = "LATCHKEY_LEASE_NAME", value_name = "NAME")]
    lease_name: Option<String>,

    /// With --manifests: directory to write one status file an object into, outside the manifests [default: none]
    #[arg(long, env = "LATCHKEY_STATUS_DIR", value_name = "DIR")]
    status_dir: Option<PathBuf>,

    /// Address of the login endpoints [default: 127.0.0.1:8080]
    #[arg(long, env = "LATCHKEY_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Address of /healthz, /readyz and /metrics [default: 127.0.0.1:9090]
    #[arg(long, env = "LATCHKEY_MANAGEMENT_LISTEN", value_name = "ADDRESS")]
    management_listen: Option<SocketAddr>,

    /// Proxies whose X-Forwarded-* headers count (repeatable) [default: nobody's]
    #[arg(long, env = "LATCHKEY_TRUSTED_PROXIES", value_name = "CIDR", value_delimiter = ',')]
    trusted_proxies: Option<Vec<IpNet>>,

    /// Loopback, link-local or metadata addresses that may be dialled nevertheless (repeatable)
    #[arg(long, env = "LATCHKEY_EGRESS_ALLOW", value_name = "CIDR", value_delimiter = ',')]
    egress_allow: Option<Vec<IpNet>>,

    /// The mail server that mails go out by, to verify addresses: smtps://USER:PASSWORD@HOST[:465], or smtp://…[:587] for
    /// STARTTLS; with --allow-http also smtp://HOST?tls=none [default: no mails]
    #[arg(long, env = "LATCHKEY_SMTP_URL", value_name = "URL", hide_env_values = true)]
    smtp_url: Option<SecretString>,

    /// On whose behalf mails go out: an address, or "Name <address>"; goes with --smtp-url
    #[arg(long, env = "LATCHKEY_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,

    /// How to write the log [default: text]
    #[arg(long, env = "LATCHKEY_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// What a file has that is no setting: nothing.
    #[arg(skip)]
    #[serde(flatten, deserialize_with = "nothing")]
    #[expect(dead_code, reason = "reading it is what refuses a file")]
    rest: (),
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
    /// None: no mails are sent.
    pub mail: Option<Mail>,
    pub log_format: LogFormat,
}

/// How mails are sent.
#[derive(Clone, Debug)]
pub struct Mail {
    pub smtp: Smtp,
    pub sender: Sender,
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
        let file = self.installation.config().map(read).transpose()?.unwrap_or_default();
        let installed = self.installation.complete(file.installation)?;
        let Some(external_url) = installed.external_url else {
            bail!(
                "--external-url is missing: write where people's browsers reach Latchkey, such as --external-url https://login.example.com"
            );
        };
        let source =
            source(installed.manifests, self.status_dir.or(file.status_dir), self.lease_name.or(file.lease_name))?;
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Config {
            source,
            external_url,
            allowed_external_url: installed.allowed_external_url.unwrap_or_default(),
            listen: self.listen.or(file.listen).unwrap_or(local(8080)),
            management_listen: self.management_listen.or(file.management_listen).unwrap_or(local(9090)),
            database_url: installed.database_url,
            encryption_key_file: installed.encryption_key_file,
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies).unwrap_or_default(),
            egress_allow: self.egress_allow.or(file.egress_allow).unwrap_or_default(),
            mail: mail(self.smtp_url.or(file.smtp_url), self.mail_from.or(file.mail_from), installed.allow_http)?,
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            allow_http: installed.allow_http,
        })
    }
}

/// Where the manifests come from, with what only goes with one of the two.
fn source(manifests: Manifests, status_dir: Option<PathBuf>, lease_name: Option<String>) -> anyhow::Result<Source> {
    match manifests {
        Manifests::Directory(_) if lease_name.is_some() => {
            bail!("--lease-name is for the Kubernetes API: leave it out, or leave out --manifests")
        }
        Manifests::Directory(manifests) => Ok(Source::Directory { manifests, status_dir }),
        Manifests::Kubernetes(_) if status_dir.is_some() => bail!(
            "--status-dir goes with --manifests: name the directory that holds the manifests, such as --manifests ./manifests; a cluster keeps the statuses itself"
        ),
        Manifests::Kubernetes(namespaces) => {
            Ok(Source::Kubernetes { namespaces, lease_name: lease_name.unwrap_or_else(|| "latchkey".to_owned()) })
        }
    }
}

/// Both settings, or neither.
fn mail(url: Option<SecretString>, sender: Option<String>, allow_http: bool) -> anyhow::Result<Option<Mail>> {
    match (url, sender) {
        (Some(url), Some(sender)) => {
            Ok(Some(Mail { smtp: Smtp::parse(&url, allow_http)?, sender: Sender::parse(&sender)? }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => bail!(
            "--smtp-url goes with --mail-from: write on whose behalf mails go out, such as --mail-from no-reply@example.com"
        ),
        (None, Some(_)) => bail!(
            "--mail-from goes with --smtp-url: write which mail server sends, such as --smtp-url smtps://USER:PASSWORD@mail.example.com"
        ),
    }
}

/// The settings of an installation, where a file with settings of `serve` may have them.
///
/// # Errors
/// What is wrong, naming the flag.
pub fn installed(given: Installation) -> anyhow::Result<Installed> {
    let file = given.config().map(read).transpose()?.unwrap_or_default();
    given.complete(file.installation)
}

fn read(path: &Path) -> anyhow::Result<Arguments> {
    let text = std::fs::read_to_string(path).with_context(|| format!("--config {}", path.display()))?;
    serde_yaml::from_str(&text).with_context(|| format!("--config {}", path.display()))
}

fn nothing<'de, D: Deserializer<'de>>(rest: D) -> Result<(), D::Error> {
    let rest = BTreeMap::<String, IgnoredAny>::deserialize(rest)?;
    let unknown = |name| D::Error::custom(format!("{name} is no setting: they are named as the flags are"));
    rest.into_keys().next().map_or(Ok(()), |name| Err(unknown(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(external_url: &str) -> Arguments {
        with_file(external_url, None)
    }

    fn with_file(external_url: &str, config: Option<&Path>) -> Arguments {
        let installation = Installation::at("manifests", external_url, config.map(Path::to_owned));
        Arguments { installation, ..Arguments::default() }
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
        let config = with_file("http://a.example", Some(file.path())).complete().expect("a config");
        assert_eq!((config.listen.port(), config.external_url.host_str()), (1, Some("a.example")));
    }

    #[test]
    fn a_mail_server_and_a_sender_go_together_and_the_password_is_told_to_nobody() {
        let with = |url: Option<&str>, from: Option<&str>| Arguments {
            smtp_url: url.map(SecretString::from),
            mail_from: from.map(str::to_owned),
            ..arguments("https://login.example.com")
        };
        let (url, from) = (Some("smtps://jo:hunter2@mail.example.com"), Some("no-reply@example.com"));
        let config = with(url, from).complete().expect("a config");
        assert!(config.mail.is_some() && !format!("{config:?}").contains("hunter2"));
        assert!(!format!("{:?}", with(url, from)).contains("hunter2"));
        assert!(with(None, None).complete().expect("a config").mail.is_none());
        let plain = Some("smtp://jo:hunter2@mail.example.com?tls=none");
        assert!(mail(plain.map(SecretString::from), from.map(str::to_owned), true).expect("for development").is_some());
        for (url, from, expected) in [
            (url, None, "--mail-from"),
            (None, from, "--smtp-url"),
            (Some("https://jo:hunter2@mail.example.com"), from, "--smtp-url"),
            (url, Some("nobody"), "--mail-from"),
            (plain, from, "--allow-http"),
        ] {
            let error = with(url, from).complete().expect_err(expected);
            let told = format!("{error:#} {error:?}");
            assert!(told.contains(expected) && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn an_unknown_setting_in_the_file_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "lisen: 127.0.0.1:1\n").expect("written");
        let error = with_file("https://a.example", Some(file.path())).complete().expect_err("refused");
        assert!(format!("{error:#}").contains("lisen"), "{error:#}");
    }
}
