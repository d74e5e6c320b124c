//! A directory of manifests as a source: read, validated as an API server would, and followed.
//! Nothing that is wrong with a file reaches the stores, and nothing of a Secret reaches a message.

mod files;
mod finding;
mod format;
mod metadata;
mod parse;
mod scalar;
mod schema;
mod set;
mod structure;
mod tree;
mod watch;
mod yaml;

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::{sync::watch as channel, task::spawn_blocking};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use finding::{Finding, Position, Problem};
pub use parse::{Key, Manifest, parse};
pub use schema::Schemas;
pub use tree::{PathError, Tree};

use self::{
    files::Files,
    set::{Set, Step},
    watch::Watch,
};
use super::{
    feed::{Feed, Object, Update},
    status_dir::{StatusDir, StatusDirError},
};
use crate::api::deterministic_uid;

/// Counts generations, as an API server would.
#[async_trait]
pub trait Generations: Send + Sync {
    /// 1 for a UID that was never seen, one more whenever the hash of the spec differs from the last one.
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, Box<dyn Error + Send + Sync>>;
}

/// A directory of manifests that feeds the stores.
pub struct Directory {
    generations: Arc<dyn Generations>,
    feed: Feed,
    status: Option<StatusDir>,
    watch: Watch,
    files: Option<Files>,
    live: Set,
    /// By UID, until the objects are loaded.
    last_statuses: HashMap<String, serde_json::Value>,
    /// What `Feed::initialized` was told.
    complete: bool,
    findings: channel::Sender<Arc<[Finding]>>,
}

/// The directory cannot feed the stores.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("the directory of manifests {dir}")]
    Unreadable {
        dir: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the generations of the manifests cannot be counted")]
    Generations(#[source] Box<dyn Error + Send + Sync>),
    #[error("reading the manifests broke off")]
    Interrupted(#[source] tokio::task::JoinError),
    #[error(transparent)]
    Status(#[from] StatusDirError),
}

impl Directory {
    /// Loads the directory and feeds what is in it; the stores are ready afterwards. Objects take their last
    /// status from `status`, so that times of transition outlive a restart.
    pub async fn open(
        dir: &Path,
        status: Option<StatusDir>,
        generations: Arc<dyn Generations>,
        feed: Feed,
    ) -> Result<Self, DirectoryError> {
        std::fs::read_dir(dir).map_err(|source| DirectoryError::Unreadable { dir: dir.to_owned(), source })?;
        let last_statuses = status.as_ref().map(last_statuses).transpose()?.unwrap_or_default();
        let mut directory = Self {
            generations,
            feed,
            watch: Watch::new(dir),
            files: Some(Files::new(dir.to_owned())),
            live: Set::new(),
            last_statuses,
            complete: false,
            findings: channel::Sender::new(Arc::from([])),
            status,
        };
        directory.refresh().await?;
        directory.feed.initialized(directory.complete);
        Ok(directory)
    }

    /// What is wrong with the files now.
    pub fn findings(&self) -> channel::Receiver<Arc<[Finding]>> {
        self.findings.subscribe()
    }

    /// Follows the directory until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), DirectoryError> {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = self.watch.changed() => {}
            }
            let was_complete = self.complete;
            match self.refresh().await {
                Ok(()) if self.complete && !was_complete => self.feed.initialized(true),
                Ok(()) => {}
                Err(DirectoryError::Interrupted(source)) => return Err(DirectoryError::Interrupted(source)),
                // The stores keep what they have; the next look tries again.
                Err(cause) => error!(error = &cause as &dyn Error, "the manifests' changes wait"),
            }
        }
    }

    /// Reads what has changed and feeds it in one batch.
    async fn refresh(&mut self) -> Result<(), DirectoryError> {
        let Some(mut files) = self.files.take() else { return Ok(()) };
        let being_written = self.watch.being_written();
        let scan = spawn_blocking(move || {
            files.scan(&being_written);
            files
        });
        let files = self.files.insert(scan.await.map_err(DirectoryError::Interrupted)?);
        let (next, duplicates) = set::gather(files.manifests(), &self.live);
        let complete = files.complete() && duplicates.is_empty();
        let findings = files.findings().into_iter().chain(duplicates).collect();
        self.report(findings);

        let steps = set::steps(&self.live, &next);
        let mut updates = Vec::with_capacity(steps.len());
        for step in steps {
            updates.push(self.update(step).await?);
        }
        if !updates.is_empty() {
            info!(changes = updates.len(), objects = next.len(), "manifests read");
            self.feed.apply(updates);
        }
        (self.live, self.complete) = (next, self.complete || complete);
        self.forget_gone_statuses();
        Ok(())
    }

    /// What is not here has no status file, be it gone or refused; what may only be refused gets its own back once it is
    /// mended.
    fn forget_gone_statuses(&mut self) {
        if self.complete {
            self.last_statuses = HashMap::new();
        }
        let Some(status) = &self.status else { return };
        if let Err(cause) = status.retain(self.live.values().map(|manifest| &manifest.object)) {
            warn!(error = &cause as &dyn Error, "statuses of objects that are gone stay");
        }
    }

    async fn update(&mut self, step: Step) -> Result<Update, DirectoryError> {
        match step {
            Step::Delete(Manifest { mut object, .. }) => {
                object.meta_mut().uid = Some(uid(&object));
                Ok(Update::Delete(object))
            }
            Step::Apply(manifest) => {
                let mut object = manifest.object;
                let uid = uid(&object);
                if let Some(status) = self.last_statuses.remove(&uid) {
                    object.restore_status(status);
                }
                if !matches!(object, Object::Secret(_) | Object::ConfigMap(_)) {
                    let generation = self.generations.generation(&uid, &manifest.spec_hash).await;
                    object.meta_mut().generation = Some(generation.map_err(DirectoryError::Generations)?);
                }
                object.meta_mut().uid = Some(uid);
                Ok(Update::Apply(object))
            }
        }
    }

    /// Logs what is new and keeps all.
    fn report(&self, findings: Vec<Finding>) {
        let before = self.findings.borrow().clone();
        let known: HashSet<&Finding> = before.iter().collect();
        for finding in findings.iter().filter(|finding| !known.contains(finding)) {
            warn!("{finding}");
        }
        if *before != *findings {
            self.findings.send_replace(findings.into());
        }
    }
}

/// The statuses of the last run, by UID.
fn last_statuses(status: &StatusDir) -> Result<HashMap<String, serde_json::Value>, StatusDirError> {
    let mut statuses = HashMap::new();
    for file in StatusDir::read_all(status.path())? {
        match file {
            Ok(file) => {
                statuses.insert(file.metadata.uid, file.status);
            }
            Err(cause) => warn!(error = &cause as &dyn Error, "a status of the last run is lost"),
        }
    }
    Ok(statuses)
}

fn uid(object: &Object) -> String {
    deterministic_uid(object.kind(), object.namespace(), object.name())
}

#[cfg(test)]
mod tests;
