//! Where the manifests come from, where statuses go to, and who may write them: what differs between a directory and a
//! cluster.

use std::{error::Error, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    api::Turn,
    cli::serve::{self, Config},
    controller::{Beginnings, Candidate, Leadership, StatusError, StatusSink},
    source::{
        Feed, Object, StatusDir, Stores,
        cluster::{self, Cluster, ClusterStatuses, Herald, News, WriteError},
        directory::{Directory, Generations},
    },
    store::Store,
};

/// In a cluster, what is applied together within this time is one status.
const STATUS_REST: Duration = Duration::from_millis(250);
/// What feeds the object stores.
pub enum Source {
    Directory(Box<Directory>),
    Cluster(Box<Cluster>, Box<Candidate>, Herald),
}

/// A source, where statuses go with it, and who writes them.
pub struct Sourced {
    pub source: Source,
    pub statuses: Arc<dyn StatusSink>,
    pub leadership: Leadership,
    pub beginnings: Beginnings,
    pub rest: Duration,
}

/// The source that is configured; it has not begun.
///
/// # Errors
/// What is configured cannot be used.
pub async fn open(config: &Config, feed: Feed, stores: Stores, store: Arc<dyn Store>) -> anyhow::Result<Sourced> {
    match &config.source {
        serve::Source::Directory { manifests, status_dir } => {
            let status = status_dir.as_deref().map(|dir| StatusDir::open(dir, manifests)).transpose()?;
            let statuses = Arc::new(DirectoryStatuses { feed: feed.clone(), dir: status.clone() });
            let directory = Directory::open(manifests, status, Arc::new(StoredGenerations(store)), feed).await?;
            let (leadership, beginnings) = Leadership::always();
            let source = Source::Directory(Box::new(directory));
            Ok(Sourced { source, statuses, leadership, beginnings, rest: Duration::ZERO })
        }
        serve::Source::Kubernetes { namespaces, lease_name } => {
            let client = cluster::connect().await.context("without --manifests, manifests are read from a cluster")?;
            let identity = identity();
            let (news, herald) = News::new(client.clone(), identity.clone());
            let statuses =
                Arc::new(ClusterReports { statuses: ClusterStatuses::new(client.clone(), feed.clone()), news });
            let (leadership, beginnings, candidate) =
                Leadership::by_lease(client.clone(), lease_name.clone(), identity);
            let cluster = Cluster::new(client, namespaces.clone(), feed, stores);
            let source = Source::Cluster(Box::new(cluster), Box::new(candidate), herald);
            Ok(Sourced { source, statuses, leadership, beginnings, rest: STATUS_REST })
        }
    }
}

/// Names this process among others: the host's name, which is the pod's, and something unique.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "latchkey".to_owned());
    format!("{host}_{}", Uuid::new_v4())
}

/// Statuses of a directory's objects: kept with the objects and, if wanted, written to files.
struct DirectoryStatuses {
    feed: Feed,
    dir: Option<StatusDir>,
}

#[async_trait]
impl StatusSink for DirectoryStatuses {
    async fn write(&self, object: Object, _: Option<Turn>) -> Result<(), StatusError> {
        if let Some(dir) = self.dir.clone() {
            let written = object.clone();
            let result = tokio::task::spawn_blocking(move || dir.write(&written)).await;
            let failed = |error: Box<dyn Error + Send + Sync>| StatusError::Failed(error);
            result.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()))?;
        }
        self.feed.set_status(&object);
        Ok(())
    }
}

/// Statuses of a cluster's objects, and the news about them.
struct ClusterReports {
    statuses: ClusterStatuses,
    news: News,
}

#[async_trait]
impl StatusSink for ClusterReports {
    async fn write(&self, object: Object, turn: Option<Turn>) -> Result<(), StatusError> {
        let written = self.statuses.write_status(&object).await.map_err(|error| match error {
            WriteError::Conflict => StatusError::Conflict,
            error => StatusError::Failed(error.into()),
        })?;
        if let Some(turn) = turn.filter(|_| written) {
            self.news.tell(&object, turn);
        }
        Ok(())
    }
}

/// Generations, as the store counts them.
struct StoredGenerations(Arc<dyn Store>);

#[async_trait]
impl Generations for StoredGenerations {
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, Box<dyn Error + Send + Sync>> {
        Ok(self.0.generation(uid, spec_hash).await?)
    }
}
