//! `latchkey get`: the manifests' status as tables, as kubectl prints them, of a cluster or of a status directory.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use kube::{Client, core::error_boundary::InvalidObject};
use serde_json::Value;

use super::columns::Columns;
use crate::{
    api::{IdentityProvider, IdpMapper, Organization},
    source::{
        Object, StatusDir, StatusFile,
        cluster::{self, ApiError},
    },
};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The kind to show: idp, idpm or org [default: all]
    #[arg(value_enum)]
    kind: Option<Kind>,

    /// The directory that `serve --status-dir` writes to [default: the cluster that KUBECONFIG names is asked]
    #[arg(long, env = "LATCHKEY_STATUS_DIR", value_name = "DIR")]
    status_dir: Option<PathBuf>,

    /// The namespace to show [default: in a cluster, the current context's; in a status directory, all]
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Show all namespaces
    #[arg(long, short = 'A', conflicts_with = "namespace")]
    all_namespaces: bool,

    /// wide adds the keys, the redirect URIs, and what to do; yaml and json print everything, with all URIs to register
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    #[value(name = "org", aliases = ["organization", "organizations"])]
    Organization,
    #[value(name = "idp", aliases = ["identityprovider", "identityproviders"])]
    IdentityProvider,
    #[value(name = "idpm", aliases = ["idpmapper", "idpmappers"])]
    IdpMapper,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    #[default]
    Table,
    Wide,
    Yaml,
    Json,
}

/// A column: its heading, the place in the status that it shows, and whether it is for wide output alone.
type Column = (&'static str, &'static str, bool);

const READY: Column = ("READY", "Ready/status", false);
const REASON: Column = ("REASON", "Ready/reason", false);
const MESSAGE: Column = ("MESSAGE", "Ready/message", true);

impl Kind {
    const ALL: [Self; 3] = [Self::Organization, Self::IdentityProvider, Self::IdpMapper];

    fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::IdentityProvider => "IdentityProvider",
            Self::IdpMapper => "IdpMapper",
        }
    }

    fn columns(self) -> Vec<Column> {
        let own: &[Column] = match self {
            Self::Organization => &[
                ("ID", "/id", false),
                ("PROVIDERS", "/identityProviders/ready", false),
                ("SIGN-IN URL", "/signInURL", true),
            ],
            Self::IdentityProvider => &[
                ("ISSUER", "/issuer", false),
                ("MAPPERS", "/mappers/ready", false),
                ("KEY", "/key", true),
                ("REDIRECT URI", "/redirectURI", true),
            ],
            Self::IdpMapper => &[("SERVING", "/servingGeneration", false)],
        };
        [&[READY, REASON], own, &[MESSAGE]].concat()
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let kinds = arguments.kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
    let files = match &arguments.status_dir {
        Some(dir) => from_directory(dir, &kinds, arguments.namespace.as_deref())?,
        None => tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(from_cluster(
            &kinds,
            arguments.namespace.as_deref(),
            arguments.all_namespaces,
        ))?,
    };
    if files.is_empty() {
        eprintln!("latchkey: nothing to show");
    }
    let mut stdout = std::io::stdout().lock();
    match arguments.output {
        Output::Yaml => files
            .iter()
            .try_for_each(|file| write!(stdout, "---\n{}", serde_yaml::to_string(file)?).map_err(Into::into)),
        Output::Json => writeln!(stdout, "{}", serde_json::to_string_pretty(&files)?).map_err(Into::into),
        Output::Table | Output::Wide => {
            let tables = kinds.into_iter().filter_map(|kind| table(kind, &files, arguments.output == Output::Wide));
            writeln!(stdout, "{}", tables.collect::<Vec<_>>().join("\n\n")).map_err(Into::into)
        }
    }
}

fn from_directory(dir: &Path, kinds: &[Kind], namespace: Option<&str>) -> anyhow::Result<Vec<StatusFile>> {
    let mut files = Vec::new();
    for file in StatusDir::read_all(dir).with_context(|| format!("--status-dir {}", dir.display()))? {
        match file {
            Ok(file) => files.push(file),
            Err(error) => eprintln!("latchkey: {:#}", anyhow::Error::from(error)),
        }
    }
    files.retain(|file| kinds.iter().any(|kind| kind.name() == file.kind));
    files.retain(|file| namespace.is_none_or(|namespace| file.metadata.namespace == namespace));
    Ok(files)
}

async fn from_cluster(kinds: &[Kind], namespace: Option<&str>, all: bool) -> anyhow::Result<Vec<StatusFile>> {
    let client = cluster::connect().await.context("without --status-dir, a cluster is asked")?;
    let current = client.default_namespace().to_owned();
    let namespace = (!all).then(|| namespace.unwrap_or(&current));
    let mut objects = Vec::new();
    for kind in kinds {
        let listed = list(&client, *kind, namespace).await;
        for object in listed.with_context(|| format!("the {}s cannot be listed", kind.name()))? {
            match object {
                Ok(object) => objects.push(object),
                Err(invalid) => {
                    let name = invalid.metadata.name.as_deref().unwrap_or_default();
                    eprintln!("latchkey: {} {name} cannot be read: {invalid}", kind.name());
                }
            }
        }
    }
    Ok(objects.iter().filter_map(StatusFile::of).collect())
}

type Listed = Vec<Result<Object, Box<InvalidObject>>>;

async fn list(client: &Client, kind: Kind, namespace: Option<&str>) -> Result<Listed, ApiError> {
    Ok(match kind {
        Kind::Organization => cluster::list::<Organization>(client, namespace).await?.collect(),
        Kind::IdentityProvider => cluster::list::<IdentityProvider>(client, namespace).await?.collect(),
        Kind::IdpMapper => cluster::list::<IdpMapper>(client, namespace).await?.collect(),
    })
}

fn table(kind: Kind, files: &[StatusFile], wide: bool) -> Option<String> {
    let columns: Vec<_> = kind.columns().into_iter().filter(|(_, _, only_wide)| wide || !only_wide).collect();
    let mut rows = vec![
        ["NAMESPACE", "NAME"]
            .into_iter()
            .chain(columns.iter().map(|(heading, ..)| *heading))
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    for file in files.iter().filter(|file| file.kind == kind.name()) {
        let cells = columns.iter().map(|(_, place, _)| cell(&file.status, place));
        rows.push([file.metadata.namespace.clone(), file.metadata.name.clone()].into_iter().chain(cells).collect());
    }
    (rows.len() > 1).then(|| format!("{}\n{}", kind.name(), Columns::default().aligned(&rows)))
}

/// What stands at a JSON pointer of the status, or in a member of a condition.
fn cell(status: &Value, place: &str) -> String {
    let value = match place.split_once('/') {
        Some(("", _)) => status.pointer(place),
        Some((condition, member)) => {
            let conditions = status.get("conditions").and_then(Value::as_array);
            conditions.and_then(|all| all.iter().find(|one| one["type"] == condition)).and_then(|one| one.get(member))
        }
        None => None,
    };
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::StatusMetadata;

    #[test]
    fn a_table_shows_what_is_needed_and_wide_what_to_register() {
        let file = StatusFile {
            api_version: "latchkey.dev/v1alpha1".into(),
            kind: "IdentityProvider".into(),
            metadata: StatusMetadata {
                name: "azure".into(),
                namespace: "default".into(),
                uid: "1".into(),
                generation: 1,
            },
            status: json!({
                "key": "azure", "issuer": "https://i.example", "mappers": {"total": 2, "ready": 1},
                "redirectURI": "https://l.example/o/default/callback/azure",
                "conditions": [{"type": "Ready", "status": "False", "reason": "SecretNotFound", "message": "make it"}]
            }),
        };
        let files = [file];
        let narrow = table(Kind::IdentityProvider, &files, false).expect("a table");
        assert_eq!(
            narrow,
            "IdentityProvider\nNAMESPACE   NAME    READY   REASON           ISSUER              MAPPERS\n\
             default     azure   False   SecretNotFound   https://i.example   1"
        );
        let wide = table(Kind::IdentityProvider, &files, true).expect("a table");
        assert!(wide.contains("https://l.example/o/default/callback/azure") && wide.contains("make it"), "{wide}");
        assert_eq!(table(Kind::IdpMapper, &files, false), None);
    }
}
