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
/// How long a change may take to settle: something else may go on changing all the time.
const MAX_SETTLE: Duration = Duration::from_millis(300);
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
    /// Files that were written and not closed since.
    writing: HashSet<PathBuf>,
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
        let mut watch = Self { dir, watcher: watcher.ok(), events, watched: None, writing: HashSet::new() };
        watch.follow_replacement();
        watch
    }

    /// Waits until something has changed and has settled, or until it is time to look anyway.
    pub async fn changed(&mut self) {
        let patience = if self.watched.is_some() { LOOK_AGAIN } else { LOOK_OFTEN };
        if timeout(patience, self.event()).await.is_ok() {
            let deadline = Instant::now() + MAX_SETTLE;
            while timeout_at(deadline.min(Instant::now() + SETTLE), self.event()).await.is_ok() {}
        } else {
            // Should the end of a write have been missed, the file must not wait for ever.
            self.writing.clear();
        }
        self.follow_replacement();
    }

    /// The files, below the directory, that somebody is still writing: half a manifest may well be a valid one.
    pub fn being_written(&self) -> HashSet<PathBuf> {
        let below = |path: &PathBuf| path.strip_prefix(&self.dir).ok().map(Path::to_owned);
        self.writing.iter().filter_map(below).collect()
    }

    /// The next event that may be about a manifest.
    async fn event(&mut self) {
        loop {
            let Some(event) = self.events.recv().await else { return std::future::pending().await };
            match event {
                Ok(event) if self.concerns(&event) => return self.note_writing(event),
                Ok(_) => {}
                Err(error) => {
                    warn!(%error, "the watch on the manifests failed");
                    self.watched = None;
                    return;
                }
            }
        }
    }

    fn note_writing(&mut self, event: Event) {
        match event.kind {
            // Only Linux tells when a file that was written is closed.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => self.writing.extend(event.paths),
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Metadata(_)) => {}
            _ => event.paths.iter().for_each(|path| {
                self.writing.remove(path);
            }),
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
