//! What the manifests say of organizations, providers and mappers: read once, from the directory or the cluster that
//! the server reads. Asks no provider, and reads no Secret of a cluster.

use std::{fmt::Debug, path::Path, time::Duration};

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use kube::{Client, Resource, core::NamespaceResourceScope};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::{
    api::{IdentityProvider, IdpMapper, Organization},
    cli::{
        installation::{Installed, Manifests},
        manifests::settings,
    },
    controller::dry_run,
    domain::table::LoginTable,
    source::{Feed, Object, Update, cluster, directory::Tree},
};

/// A cluster that takes longer to tell is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the manifests.
#[derive(Default)]
pub struct Described {
    pub table: LoginTable,
    /// Why there may be more than the table has; None: it is all there is.
    pub gap: Option<String>,
}

/// What was read, and what could not be.
#[derive(Default)]
struct Gathered {
    objects: Vec<Object>,
    unreadable: Vec<String>,
}

impl Described {
    /// Reads what can be read.
    pub async fn read(installed: &Installed) -> Self {
        let gathered = match &installed.manifests {
            Manifests::Directory(directory) => from_directory(directory),
            Manifests::Kubernetes(namespaces) => {
                let silent = |_| Err(anyhow!("the cluster did not tell them within {} seconds", PATIENCE.as_secs()));
                timeout(PATIENCE, from_cluster(namespaces)).await.unwrap_or_else(silent)
            }
        };
        let described = gathered.and_then(|gathered| decide(installed, gathered));
        described.unwrap_or_else(|error| Self { gap: Some(format!("{error:#}")), ..Self::default() })
    }

    /// The table, for those who must know all of it.
    ///
    /// # Errors
    /// Something could not be read.
    pub fn whole(&self) -> anyhow::Result<&LoginTable> {
        match &self.gap {
            None => Ok(&self.table),
            Some(why) => Err(anyhow!(
                "the manifests must be known to tell what may be given by hand, and not all of them can be read: {why}"
            )),
        }
    }
}

fn decide(installed: &Installed, Gathered { objects, unreadable }: Gathered) -> anyhow::Result<Described> {
    let Installed { external_url, allowed_external_url, allow_http, .. } = installed;
    // Where it is known where people come, only what is allowed there counts, as for the server.
    let allowed = allowed_external_url.clone().or_else(|| external_url.as_ref().map(|_| Vec::new()));
    let settings = settings(external_url.clone(), allowed, *allow_http, objects.iter())?;
    let (feed, stores, _) = Feed::new();
    feed.apply(objects.into_iter().map(Update::Apply).collect());
    let table = dry_run::decide(&stores, &settings, None, Timestamp::now()).table;
    let gap = (!unreadable.is_empty()).then(|| unreadable.join("; "));
    Ok(Described { table, gap })
}

fn from_directory(directory: &Path) -> anyhow::Result<Gathered> {
    let tree = Tree::read(&[directory.to_owned()]).context("--manifests")?;
    let unreadable = tree.findings().iter().map(ToString::to_string).collect();
    Ok(Gathered { objects: tree.objects().cloned().collect(), unreadable })
}

async fn from_cluster(namespaces: &[String]) -> anyhow::Result<Gathered> {
    let client = cluster::connect().await.context("without --manifests, manifests are read from a cluster")?;
    let some: Vec<_> = namespaces.iter().map(|namespace| Some(namespace.as_str())).collect();
    let mut gathered = Gathered::default();
    for scope in if some.is_empty() { &[None][..] } else { &some } {
        list::<Organization>(&client, *scope, &mut gathered).await?;
        list::<IdentityProvider>(&client, *scope, &mut gathered).await?;
        list::<IdpMapper>(&client, *scope, &mut gathered).await?;
    }
    Ok(gathered)
}

async fn list<K>(client: &Client, namespace: Option<&str>, gathered: &mut Gathered) -> anyhow::Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Into<Object>,
{
    let listed = cluster::list::<K>(client, namespace).await;
    for object in listed.with_context(|| format!("the {}s cannot be listed", K::kind(&())))? {
        match object {
            Ok(object) => gathered.objects.push(object),
            Err(invalid) => {
                let name = invalid.metadata.name.as_deref().unwrap_or_default();
                gathered.unreadable.push(format!("{} {name} cannot be read: {invalid}", K::kind(&())));
            }
        }
    }
    Ok(())
}
