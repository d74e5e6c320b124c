//! The manifest files below a directory, and the last good objects of each. Reads only what may have changed.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest::{SHA256, digest};
use walkdir::{DirEntry, WalkDir};

use super::{
    finding::{Finding, Position, Problem},
    parse::{Manifest, parse},
    schema::Schemas,
};

/// A larger file is no manifest.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A file may change again without its times telling, as long as the clock of the filesystem has not moved on.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// The files and what they held when they were last good.
pub struct Files {
    dir: PathBuf,
    schemas: Schemas,
    files: BTreeMap<PathBuf, File>,
    unreadable: Vec<Finding>,
}

#[derive(Default)]
struct File {
    stamp: Option<Stamp>,
    content: Option<[u8; 32]>,
    good: Option<Vec<Manifest>>,
    problems: Vec<Problem>,
}

/// Tells whether a file was written or replaced since.
#[derive(PartialEq, Eq)]
pub struct Stamp {
    /// The file that the path leads to.
    pub target: PathBuf,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// What a walk came across.
#[derive(Default)]
pub struct Walk {
    pub files: Vec<(PathBuf, Stamp)>,
    pub failed: Vec<(PathBuf, io::Error)>,
}

impl Files {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, schemas: Schemas::new(), files: BTreeMap::new(), unreadable: Vec::new() }
    }

    /// Brings everything up to date but the files `being_written`, which are named from the directory on. A file
    /// that is broken, or that cannot be read, keeps what it held last; so does everything while the directory
    /// itself is away.
    pub fn scan(&mut self, being_written: &HashSet<PathBuf>) {
        let walk = walk(&self.dir);
        let found: HashSet<&Path> = walk.files.iter().map(|(path, _)| path.as_path()).collect();
        let kept = |path: &Path| found.contains(path) || walk.failed.iter().any(|(failed, _)| path.starts_with(failed));
        self.files.retain(|path, _| kept(path));
        self.unreadable = walk.failed.iter().map(|(path, error)| unreadable(error).in_file(path)).collect();
        let at_rest = |path: &Path| path.strip_prefix(&self.dir).is_ok_and(|below| !being_written.contains(below));
        for (path, stamp) in walk.files.into_iter().filter(|(path, _)| at_rest(path)) {
            let file = self.files.entry(path.clone()).or_default();
            if file.stamp.as_ref() != Some(&stamp) {
                file.read(&self.schemas, &path, stamp);
            }
        }
    }

    /// All objects that count, with the file that each is in.
    pub fn manifests(&self) -> impl Iterator<Item = (&Path, &Manifest)> {
        self.files.iter().flat_map(|(path, file)| file.good.iter().flatten().map(|manifest| (path.as_path(), manifest)))
    }

    /// What is wrong with the files, in their order.
    pub fn findings(&self) -> Vec<Finding> {
        let of = |(path, file): (&PathBuf, &File)| -> Vec<Finding> {
            file.problems.iter().map(|problem| problem.clone().in_file(path)).collect()
        };
        self.unreadable.iter().cloned().chain(self.files.iter().flat_map(of)).collect()
    }

    /// Whether every file could be read whole at least once, so that what is absent does not exist.
    pub fn complete(&self) -> bool {
        self.unreadable.is_empty() && self.files.values().all(|file| file.good.is_some())
    }
}

impl File {
    fn read(&mut self, schemas: &Schemas, path: &Path, stamp: Stamp) {
        let settled = |stamp: &Stamp| {
            let changed =
                u64::try_from(stamp.changed.0).map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            changed.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age > CLOCK_STEP))
        };
        self.stamp = Some(stamp).filter(settled);
        match text(path) {
            Ok((content, _)) if self.content == Some(content) => {}
            Ok((content, text)) => {
                self.content = Some(content);
                match text.and_then(|text| parse(schemas, &text)) {
                    Ok(manifests) => (self.good, self.problems) = (Some(manifests), Vec::new()),
                    Err(problems) => self.problems = problems,
                }
            }
            Err(error) => {
                (self.stamp, self.content) = (None, None);
                self.problems = vec![unreadable(&error)];
            }
        }
    }
}

pub type Content = ([u8; 32], Result<String, Vec<Problem>>);

/// The text of a file and its hash.
pub fn text(path: &Path) -> io::Result<Content> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    let mut content = [0; 32];
    content.copy_from_slice(digest(&SHA256, &bytes).as_ref());
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("larger than {MAX_FILE_BYTES} bytes, which no manifest needs");
        return Ok((content, Err(vec![Problem::new(Position::default(), "file/size", message)])));
    }
    let text =
        String::from_utf8(bytes).map_err(|error| vec![not_utf8(error.as_bytes(), error.utf8_error().valid_up_to())]);
    Ok((content, text))
}

fn not_utf8(bytes: &[u8], valid: usize) -> Problem {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Problem::new(Position { line, column }, "file/encoding", "not UTF-8").hint("save the file as UTF-8")
}

/// That a file cannot be read.
pub fn unreadable(error: &io::Error) -> Problem {
    Problem::new(Position::default(), "file/unreadable", format!("cannot be read: {}", error.kind()))
}

/// Everything named *.yaml or *.yml, in a fixed order. Hidden files and directories are passed over, and with them
/// the versions of a mounted volume, whose current files are linked from beside them.
pub fn walk(dir: &Path) -> Walk {
    let visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry.path());
    let (mut walk, mut targets) = (Walk::default(), HashSet::new());
    for entry in WalkDir::new(dir).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible) {
        match entry.map_err(failure).and_then(|entry| stamped(&entry)) {
            Ok(Some((path, stamp))) => {
                if targets.insert(stamp.target.clone()) {
                    walk.files.push((path, stamp));
                }
            }
            Ok(None) => {}
            Err(Some((path, _))) if path != dir && (is_hidden(&path) || is_other_file(&path)) => {}
            Err(failed) => walk.failed.extend(failed),
        }
    }
    walk
}

type Failure = Option<(PathBuf, io::Error)>;

/// A loop of links is harmless: what it leads to is read where it is.
fn failure(error: walkdir::Error) -> Failure {
    let path = error.path().map(Path::to_owned)?;
    error.into_io_error().map(|error| (path, error))
}

fn stamped(entry: &DirEntry) -> Result<Option<(PathBuf, Stamp)>, Failure> {
    if !entry.file_type().is_file() || !is_manifest(entry.path()) {
        return Ok(None);
    }
    let failed = |error| Some((entry.path().to_owned(), error));
    let target = fs::canonicalize(entry.path()).map_err(failed)?;
    let metadata = fs::metadata(entry.path()).map_err(failed)?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok(Some((entry.path().to_owned(), Stamp { target, inode: metadata.ino(), size: metadata.size(), changed })))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// A link to nowhere, or a file that vanished meanwhile, matters only if it could be a manifest.
fn is_other_file(path: &Path) -> bool {
    !is_manifest(path) && !path.is_dir()
}
