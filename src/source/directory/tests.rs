use std::{collections::HashMap, fs, io::Write, os::unix::fs::symlink, sync::Mutex, time::Duration};

use kube::runtime::reflector::ObjectRef;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};

use super::*;
use crate::{
    api::IdentityProvider,
    source::feed::{Change, Changes, Reference, Stores},
};

/// Counts as the database does, in memory.
#[derive(Default)]
struct Counted(Mutex<HashMap<String, (i64, [u8; 32])>>);

#[async_trait]
impl Generations for Counted {
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, Box<dyn Error + Send + Sync>> {
        let mut counted = self.0.lock().expect("lock");
        let (generation, hash) = counted.entry(uid.to_owned()).or_insert((1, *spec_hash));
        if hash != spec_hash {
            (*generation, *hash) = (*generation + 1, *spec_hash);
        }
        Ok(*generation)
    }
}

/// A directory that is being followed.
struct Followed {
    root: TempDir,
    stores: Stores,
    changes: Changes,
    seen: Vec<Change>,
    findings: channel::Receiver<Arc<[Finding]>>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), DirectoryError>>,
}

impl Followed {
    /// Prepares `manifests` in a fresh place, then opens and follows it.
    async fn new(prepare: impl FnOnce(&Path)) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("manifests")).expect("manifests");
        prepare(&root.path().join("manifests"));
        Self::open(root, None).await
    }

    async fn open(root: TempDir, status: Option<StatusDir>) -> Self {
        let (feed, stores, changes) = Feed::new();
        let dir = root.path().join("manifests");
        let directory = Directory::open(&dir, status, Arc::new(Counted::default()), feed).await.expect("open");
        let (findings, shutdown) = (directory.findings(), CancellationToken::new());
        let task = tokio::spawn(directory.run(shutdown.clone()));
        let mut followed = Self { root, stores, changes, seen: Vec::new(), findings, shutdown, task };
        followed.until("the initial listing", |followed| followed.initialized().is_some()).await;
        followed
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("manifests")
    }

    /// Waits, at most five seconds, until what is expected holds.
    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let wait = async {
            while !holds(self) {
                tokio::select! {
                    batch = self.changes.next() => {
                        let batch = batch.expect("the feed lives").into_iter();
                        self.seen.extend(batch.filter(|change| !matches!(change, Change::Former(_))));
                    }
                    found = self.findings.changed() => found.expect("the directory lives"),
                }
            }
        };
        if timeout(Duration::from_secs(5), wait).await.is_err() {
            panic!("{what} did not come; seen {:?}, findings {:?}", self.seen, self.findings.borrow());
        }
    }

    fn initialized(&self) -> Option<bool> {
        self.seen.iter().rev().find_map(|change| match change {
            Change::Initialized { complete } => Some(*complete),
            _ => None,
        })
    }

    fn provider(&self, name: &str) -> Option<Arc<IdentityProvider>> {
        self.stores.providers.get(&ObjectRef::new(name).within("default"))
    }

    fn shows(&self, name: &str, display_name: &str) -> bool {
        self.provider(name).is_some_and(|provider| provider.spec.display_name == display_name)
    }

    fn finds(&self, text: &str) -> bool {
        self.findings.borrow().iter().any(|finding| finding.to_string().contains(text))
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("joined").expect("no error");
    }
}

fn provider(name: &str, display_name: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: {name}}}\nspec:\n  displayName: \
         {display_name}\n  issuer: https://login.example.com\n  client: {{id: a, secretRef: {{name: s, key: k}}}}\n"
    )
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::write(path, text).expect("written");
}

/// As editors save: beside, then in place.
fn save_by_rename(path: &Path, text: &str) {
    let beside = path.with_extension("swp");
    write(&beside, text);
    fs::rename(beside, path).expect("renamed");
}

fn is_provider(reference: &Reference) -> bool {
    matches!(reference, Reference::IdentityProvider(_))
}

#[tokio::test]
async fn the_first_load_feeds_everything_with_uid_and_generation() {
    let followed = Followed::new(|dir| {
        write(dir.join("a.yaml"), &provider("a", "A"));
        fs::create_dir(dir.join("deep")).expect("dir");
        write(dir.join("deep/b.yml"), "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n");
        write(dir.join("README.md"), "no manifest");
    })
    .await;
    assert_eq!(followed.initialized(), Some(true));
    let a = followed.provider("a").expect("a");
    assert_eq!(a.metadata.generation, Some(1));
    assert_eq!(a.metadata.uid.as_deref(), Some(deterministic_uid("IdentityProvider", "default", "a").as_str()));
    let secret = followed.stores.secrets.state().remove(0);
    assert_eq!(secret.data.as_ref().and_then(|data| data.get("k")).map(|value| value.0.as_slice()), Some(&b"v"[..]));
    followed.stop().await;
}

#[tokio::test]
async fn an_edit_counts_within_a_second_however_it_is_saved() {
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &provider("a", "A"))).await;
    let path = followed.dir().join("a.yaml");
    for (edit, save) in [("ByRename", save_by_rename as fn(&Path, &str)), ("InPlace", |path, text| write(path, text))] {
        let saved = std::time::Instant::now();
        save(&path, &provider("a", edit));
        followed.until(edit, |followed| followed.shows("a", edit)).await;
        assert!(saved.elapsed() < Duration::from_secs(1), "{edit} took {:?}", saved.elapsed());
    }
    assert_eq!(followed.provider("a").expect("a").metadata.generation, Some(3));
    followed.stop().await;
}

#[tokio::test]
async fn a_mounted_volume_swaps_as_a_whole() {
    let version = |dir: &Path, version: &str, name: &str| {
        fs::create_dir(dir.join(version)).expect("dir");
        write(dir.join(version).join("a.yaml"), &provider("a", name));
        write(dir.join(version).join("b.yaml"), &provider("b", name));
        symlink(version, dir.join("..data_tmp")).expect("link");
        fs::rename(dir.join("..data_tmp"), dir.join("..data")).expect("swap");
    };
    let mut followed = Followed::new(|dir| {
        version(dir, "..2026_1", "One");
        for file in ["a.yaml", "b.yaml"] {
            symlink(Path::new("..data").join(file), dir.join(file)).expect("link");
        }
    })
    .await;
    assert!(followed.shows("a", "One") && followed.shows("b", "One"));
    assert!(followed.findings.borrow().is_empty(), "each file is read once");
    followed.seen.clear();
    version(&followed.dir(), "..2026_2", "Two");
    fs::remove_dir_all(followed.dir().join("..2026_1")).expect("removed");
    followed.until("the swap", |followed| followed.shows("a", "Two") && followed.shows("b", "Two")).await;
    assert!(followed.seen.iter().all(|change| matches!(change, Change::Applied(_))), "{:?}", followed.seen);
    followed.stop().await;
}

#[tokio::test]
async fn a_deleted_file_takes_its_objects_away() {
    let mut followed = Followed::new(|dir| {
        write(dir.join("a.yaml"), &provider("a", "A"));
        write(dir.join("b.yaml"), &provider("b", "B"));
    })
    .await;
    fs::remove_file(followed.dir().join("a.yaml")).expect("removed");
    followed.until("the deletion", |followed| followed.provider("a").is_none()).await;
    assert!(followed.provider("b").is_some());
    followed.stop().await;
}

#[tokio::test]
async fn five_hundred_files_at_once_all_arrive() {
    let mut followed = Followed::new(|_| {}).await;
    for number in 0..500 {
        write(followed.dir().join(format!("{number}.yaml")), &provider(&format!("p{number}"), "P"));
    }
    followed.until("all of them", |followed| followed.stores.providers.len() == 500).await;
    assert!(followed.findings.borrow().is_empty());
    followed.stop().await;
}

#[tokio::test]
async fn a_file_that_is_saved_in_two_halves_never_loses_its_objects() {
    let both = provider("a", "A") + "---\n" + &provider("b", "B");
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &both)).await;
    followed.seen.clear();
    let whole = provider("a", "A2") + "---\n" + &provider("b", "B2");
    let mut file = fs::File::create(followed.dir().join("a.yaml")).expect("truncated");
    file.write_all(provider("a", "A2").as_bytes()).expect("the first half");
    write(followed.dir().join("c.yaml"), &provider("c", "C"));
    followed.until("the change beside it", |followed| followed.shows("c", "C")).await;
    assert!(followed.shows("a", "A") && followed.shows("b", "B"), "half a file does not count");
    file.write_all(&whole.as_bytes()[provider("a", "A2").len()..]).expect("the second half");
    drop(file);
    followed.until("the whole", |followed| followed.shows("a", "A2") && followed.shows("b", "B2")).await;
    assert!(!followed.seen.iter().any(|change| matches!(change, Change::Deleted(_))), "{:?}", followed.seen);
    followed.stop().await;
}

#[tokio::test]
async fn a_broken_file_keeps_its_last_good_objects_and_the_others_go_on() {
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &provider("a", "A"))).await;
    let (a, b) = (followed.dir().join("a.yaml"), followed.dir().join("b.yaml"));
    write(&a, &provider("a", "A2").replace("client:", "clinet:"));
    write(&b, &provider("b", "B"));
    followed.until("the others", |followed| followed.provider("b").is_some()).await;
    followed.until("the finding", |followed| followed.finds("did you mean \"client\"?")).await;
    assert!(followed.shows("a", "A"));
    let finding = followed.findings.borrow()[0].to_string();
    assert!(finding.starts_with(&format!("{}:", a.display())), "{finding}");
    write(&a, &provider("a", "A3"));
    followed.until("the repair", |followed| followed.shows("a", "A3") && followed.findings.borrow().is_empty()).await;
    followed.stop().await;
}

#[tokio::test]
async fn a_file_that_is_broken_from_the_start_leaves_the_listing_incomplete_until_it_is_repaired() {
    let mut followed = Followed::new(|dir| {
        write(dir.join("a.yaml"), "kind: [");
        write(dir.join("b.yaml"), &provider("b", "B"));
    })
    .await;
    assert_eq!(followed.initialized(), Some(false));
    assert!(followed.provider("b").is_some());
    write(followed.dir().join("a.yaml"), &provider("a", "A"));
    followed.until("completeness", |followed| followed.initialized() == Some(true)).await;
    assert!(followed.provider("a").is_some());
    followed.stop().await;
}

#[tokio::test]
async fn an_object_in_two_files_is_refused_in_both_and_the_one_that_counts_stays() {
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &provider("a", "First"))).await;
    let second = followed.dir().join("b.yaml");
    write(&second, &(provider("a", "Second") + "---\n" + &provider("other", "Other")));
    followed.until("the other object", |followed| followed.provider("other").is_some()).await;
    assert!(followed.shows("a", "First"));
    for (file, other) in [("a.yaml:1:1", "b.yaml:1"), ("b.yaml:1:1", "a.yaml:1")] {
        let named = |finding: &Finding| finding.to_string().contains(file) && finding.message.contains(other);
        assert!(followed.findings.borrow().iter().any(named), "{:?}", followed.findings.borrow());
    }
    fs::remove_file(followed.dir().join("a.yaml")).expect("removed");
    followed.until("the second", |followed| followed.shows("a", "Second")).await;
    assert!(followed.findings.borrow().is_empty());
    followed.stop().await;
}

#[tokio::test]
async fn an_immutable_field_that_changes_is_a_deletion_and_a_creation() {
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &provider("a", "A"))).await;
    followed.seen.clear();
    // The key was "a" before, too: by default.
    write(followed.dir().join("a.yaml"), &(provider("a", "A") + "  key: a\n"));
    followed.until("the same key", |followed| followed.seen.len() == 1).await;
    write(followed.dir().join("a.yaml"), &(provider("a", "A") + "  key: b\n"));
    followed.until("another key", |followed| followed.seen.len() >= 3).await;
    let [Change::Applied(_), Change::Deleted(deleted), Change::Applied(applied)] = followed.seen.as_slice() else {
        panic!("{:?}", followed.seen);
    };
    assert!(is_provider(deleted) && deleted == applied);
    followed.stop().await;
}

#[tokio::test]
async fn a_change_of_comments_alone_is_no_change() {
    let mut followed = Followed::new(|dir| {
        write(dir.join("a.yaml"), &provider("a", "A"));
        write(dir.join("b.yaml"), &provider("b", "B"));
    })
    .await;
    followed.seen.clear();
    write(followed.dir().join("a.yaml"), &("# a remark\n".to_owned() + &provider("a", "A")));
    write(followed.dir().join("b.yaml"), &provider("b", "B2"));
    followed.until("the real change", |followed| followed.shows("b", "B2")).await;
    assert_eq!(followed.seen.len(), 1, "{:?}", followed.seen);
    assert_eq!(followed.provider("a").expect("a").metadata.generation, Some(1));
    followed.stop().await;
}

#[tokio::test]
async fn a_directory_that_vanishes_keeps_its_objects_and_is_followed_when_it_is_back() {
    let mut followed = Followed::new(|dir| write(dir.join("a.yaml"), &provider("a", "A"))).await;
    fs::rename(followed.dir(), followed.root.path().join("away")).expect("moved");
    followed.until("the finding", |followed| followed.finds("cannot be read")).await;
    assert!(followed.shows("a", "A"));
    fs::create_dir(followed.dir()).expect("back");
    write(followed.dir().join("a.yaml"), &provider("a", "Back"));
    followed.until("its return", |followed| followed.shows("a", "Back")).await;
    write(followed.dir().join("a.yaml"), &provider("a", "Edited"));
    followed.until("an edit afterwards", |followed| followed.shows("a", "Edited")).await;
    followed.stop().await;
}

#[tokio::test]
async fn a_link_that_is_switched_to_another_checkout_is_followed() {
    let root = tempfile::tempdir().expect("a directory");
    for (checkout, name) in [("one", "One"), ("two", "Two")] {
        fs::create_dir(root.path().join(checkout)).expect("checkout");
        write(root.path().join(checkout).join("a.yaml"), &provider("a", name));
    }
    symlink("one", root.path().join("manifests")).expect("link");
    let mut followed = Followed::open(root, None).await;
    let new = followed.root.path().join("new");
    symlink("two", &new).expect("link");
    fs::rename(new, followed.dir()).expect("switched");
    followed.until("the switch", |followed| followed.shows("a", "Two")).await;
    write(followed.root.path().join("two/a.yaml"), &provider("a", "Edited"));
    followed.until("an edit afterwards", |followed| followed.shows("a", "Edited")).await;
    followed.stop().await;
}

#[tokio::test]
async fn a_status_of_the_last_run_is_restored_and_those_of_gone_objects_are_removed() {
    let root = tempfile::tempdir().expect("a directory");
    let manifests = root.path().join("manifests");
    fs::create_dir(&manifests).expect("manifests");
    write(manifests.join("a.yaml"), &provider("a", "A"));
    let status = StatusDir::open(&root.path().join("status"), &manifests).expect("status");
    for name in ["a", "gone"] {
        let mut object = IdentityProvider::new(name, Default::default());
        object.metadata.namespace = Some("default".into());
        object.metadata.uid = Some(deterministic_uid("IdentityProvider", "default", name));
        object.status = Some(crate::api::IdentityProviderStatus { key: Some("before".into()), ..Default::default() });
        status.write(&object.into()).expect("written");
    }
    let followed = Followed::open(root, Some(status.clone())).await;
    let a = followed.provider("a").expect("a");
    assert_eq!(a.status.as_ref().and_then(|status| status.key.as_deref()), Some("before"));
    let names: Vec<_> = StatusDir::read_all(status.path()).expect("read").into_iter().flatten().collect();
    assert_eq!(names.iter().map(|file| file.metadata.name.as_str()).collect::<Vec<_>>(), ["a"]);
    followed.stop().await;
}

#[tokio::test]
async fn what_is_refused_after_a_restart_has_no_status_until_it_is_mended() {
    let root = tempfile::tempdir().expect("a directory");
    let manifests = root.path().join("manifests");
    fs::create_dir(&manifests).expect("manifests");
    let file = manifests.join("a.yaml");
    write(&file, &provider("a", "A").replace("displayName", "displayNam"));
    let status = StatusDir::open(&root.path().join("status"), &manifests).expect("status");
    let mut object = IdentityProvider::new("a", Default::default());
    object.metadata.namespace = Some("default".into());
    object.metadata.uid = Some(deterministic_uid("IdentityProvider", "default", "a"));
    object.status = Some(crate::api::IdentityProviderStatus { key: Some("before".into()), ..Default::default() });
    status.write(&object.into()).expect("written");
    let mut followed = Followed::open(root, Some(status.clone())).await;
    assert_eq!(StatusDir::read_all(status.path()).expect("read").len(), 0);
    write(&file, &provider("a", "A"));
    followed.until("the file is mended", |followed| followed.shows("a", "A")).await;
    let a = followed.provider("a").expect("a");
    assert_eq!(a.status.as_ref().and_then(|status| status.key.as_deref()), Some("before"));
    followed.stop().await;
}

#[test]
fn a_scan_sees_changes_without_any_event() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.yaml");
    let mut files = Files::new(dir.path().to_owned());
    for name in ["One", "Two", "Six"] {
        write(&path, &provider("a", name));
        files.scan(&HashSet::new());
        let (_, manifest) = files.manifests().next().expect("a manifest");
        let Object::IdentityProvider(provider) = &manifest.object else { panic!("another kind") };
        assert_eq!(provider.spec.display_name, name, "a file of the same size, changed at once");
    }
}

#[test]
fn loops_of_links_hidden_files_and_links_to_nowhere_do_no_harm() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(dir.path().join("deep/.git")).expect("dirs");
    write(dir.path().join("deep/a.yaml"), &provider("a", "A"));
    write(dir.path().join("deep/.git/b.yaml"), "kind: [");
    write(dir.path().join(".c.yaml"), "kind: [");
    symlink("..", dir.path().join("deep/loop")).expect("link");
    symlink("deep/a.yaml", dir.path().join("z.yaml")).expect("link");
    symlink("nobody@host.1", dir.path().join(".#a.yaml")).expect("link");
    let mut files = Files::new(dir.path().to_owned());
    files.scan(&HashSet::new());
    assert_eq!(files.manifests().count(), 1);
    assert!(files.findings().is_empty() && files.complete(), "{:?}", files.findings());
    symlink("nowhere", dir.path().join("dangling.yaml")).expect("link");
    files.scan(&HashSet::new());
    assert_eq!(files.findings().len(), 1);
    assert!(!files.complete());
}

#[test]
fn files_that_are_no_text_are_found_wanting() {
    let dir = tempfile::tempdir().expect("a directory");
    write(dir.path().join("large.yaml"), &"# padding\n".repeat(110_000));
    fs::write(dir.path().join("latin1.yaml"), b"a: b\nc: \xe9\n").expect("written");
    let mut files = Files::new(dir.path().to_owned());
    files.scan(&HashSet::new());
    let findings: Vec<_> =
        files.findings().iter().map(|finding| (finding.line, finding.column, finding.rule)).collect();
    assert_eq!(findings, [(0, 0, "file/size"), (2, 4, "file/encoding")]);
}
