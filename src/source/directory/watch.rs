//! Tells when the files below a directory have changed and the writing has come to rest. May miss a change, which
//! is why whoever waits here looks again by itself after a while.

use std::{
    collections::HashSet,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use tracing::warn;

/// How long nothing must happen before a change counts as whole.
const SETTLE: Duration = Duration::from_millis(30);
/// How long a change may take to settle, such as a file that is being written slowly.
const MAX_SETTLE: Duration = Duration::from_millis(800);
/// How often to look without having been told.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How often to look while the operating system tells nothing, as while the directory is away.
const LOOK_OFTEN: Duration = Duration::from_millis(500);

/// Watches one directory, also across its own replacement.
pub struct Watch {
    dir: PathBuf,
    /// Absent where the operating system offers none.
    watcher: Option<RecommendedWatcher>,
    events: mpsc::UnboundedReceiver<notify::Result<Event>>,
    /// Device and inode of the directory that is being watched.
    watched: Option<(u64, u64)>,
}

impl Watch {
    /// Begins to watch. Changes count from now on.
    pub fn new(dir: &Path) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            // Nobody receives any more only while the watch is being dropped.
            let _ = sender.send(event);
        });
        if let Err(error) = &watcher {
            warn!(%error, "cannot watch the manifests, looking at them every {LOOK_OFTEN:?} instead");
        }
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let mut watch = Self { dir, watcher: watcher.ok(), events, watched: None };
        watch.follow_replacement();
        watch
    }

    /// Waits until something has changed and has settled, or until it is time to look anyway.
    pub async fn changed(&mut self) {
        let patience = if self.watched.is_some() { LOOK_AGAIN } else { LOOK_OFTEN };
        let mut writing = HashSet::new();
        if timeout(patience, self.noteworthy(&mut writing)).await.is_ok() {
            self.settle(&mut writing).await;
        }
        self.follow_replacement();
    }

    async fn settle(&mut self, writing: &mut HashSet<PathBuf>) {
        let deadline = Instant::now() + MAX_SETTLE;
        loop {
            let quiet = if writing.is_empty() { Instant::now() + SETTLE } else { deadline };
            if timeout_at(quiet.min(deadline), self.noteworthy(writing)).await.is_err() {
                return;
            }
        }
    }

    /// The next event that may be about a manifest. Keeps track of the files that are open for writing.
    async fn noteworthy(&mut self, writing: &mut HashSet<PathBuf>) {
        loop {
            let Some(event) = self.events.recv().await else { return std::future::pending().await };
            match event {
                Ok(event) if self.concerns(&event) => return note(event, writing),
                Ok(_) => {}
                Err(error) => {
                    warn!(%error, "the watch on the manifests failed");
                    self.watched = None;
                    return;
                }
            }
        }
    }

    fn concerns(&self, event: &Event) -> bool {
        match event.kind {
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            // The parent directory is watched for this one alone.
            _ => event.paths.is_empty() || event.paths.iter().any(|path| path.starts_with(&self.dir)),
        }
    }

    /// Watches what now stands under the directory's name: it may be a link that leads elsewhere since.
    fn follow_replacement(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let now = std::fs::metadata(&self.dir).ok().map(|metadata| (metadata.dev(), metadata.ino()));
        if now == self.watched {
            return;
        }
        if self.watched.take().is_some() {
            // What is gone is no longer watched, which is the aim.
            let _ = watcher.unwatch(&self.dir);
        }
        if now.is_none() {
            return;
        }
        if let Some(parent) = self.dir.parent() {
            // Only makes a replacement known sooner.
            let _ = watcher.watch(parent, RecursiveMode::NonRecursive);
        }
        match watcher.watch(&self.dir, RecursiveMode::Recursive) {
            Ok(()) => self.watched = now,
            Err(error) => warn!(%error, "cannot watch the manifests, looking at them every {LOOK_OFTEN:?} instead"),
        }
    }
}

fn note(event: Event, writing: &mut HashSet<PathBuf>) {
    match event.kind {
        // Only Linux tells when a file that was written is closed.
        EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => writing.extend(event.paths),
        EventKind::Create(_) => {}
        _ => event.paths.iter().for_each(|path| {
            writing.remove(path);
        }),
    }
}
