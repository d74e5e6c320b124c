//! Manifests that are read once, and where everything in them stands: for whoever judges them without serving them.
//! Reads files and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    files::{text, unreadable, walk},
    finding::{Finding, Position, Problem},
    parse::{Key, Manifest, objects},
    schema::{Schemas, locate},
    set, uid,
    yaml::{self, Node, Value},
};
use crate::source::feed::Object;

/// What is in files and directories.
pub struct Tree {
    objects: BTreeMap<Key, Placed>,
    findings: Vec<Finding>,
    files: usize,
}

/// An object, the file that it is in, and the YAML that it was read from.
struct Placed {
    object: Object,
    path: PathBuf,
    node: Node,
}

/// A path that was named cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}")]
pub struct PathError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Tree {
    /// Reads the files, whatever their names are, and every `*.yaml` and `*.yml` below the directories. An object that
    /// is there twice does not count, and one that is not valid neither.
    ///
    /// # Errors
    /// One of the paths leads nowhere.
    pub fn read(paths: &[PathBuf]) -> Result<Self, PathError> {
        let (mut files, mut seen, mut findings) = (Vec::new(), BTreeSet::new(), Vec::new());
        for path in paths {
            let failed = |source| PathError { path: path.clone(), source };
            if !fs::metadata(path).map_err(failed)?.is_dir() {
                // What has no path of its own, as standard input has none, is named but once.
                let target = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                files.extend(seen.insert(target).then(|| path.clone()));
                continue;
            }
            let walk = walk(path);
            findings.extend(walk.failed.iter().map(|(path, error)| unreadable(error).in_file(path)));
            files.extend(
                walk.files.into_iter().filter(|(_, stamp)| seen.insert(stamp.target.clone())).map(|(path, _)| path),
            );
        }
        let schemas = Schemas::new();
        let mut read = Vec::new();
        for path in &files {
            let (placed, problems) = read_file(&schemas, path);
            findings.extend(problems.into_iter().map(|problem| problem.in_file(path)));
            read.extend(placed.into_iter().map(|(manifest, node)| (path.clone(), manifest, node)));
        }
        let (set, twice) = set::gather(read.iter().map(|(path, manifest, _)| (&**path, manifest)), &set::Set::new());
        findings.extend(twice);
        let placed = read.into_iter().map(|(path, manifest, node)| {
            let object = numbered(manifest.object);
            (Key::from(&object), Placed { object, path, node })
        });
        let objects = placed.filter(|(key, _)| set.contains_key(key)).collect();
        Ok(Self { objects, findings, files: files.len() })
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        self.files
    }

    /// What is wrong with the files and with objects by themselves. Unless there is nothing, an object that is absent may
    /// still exist.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The objects that count.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().map(|placed| &placed.object)
    }

    /// Where a field of an object stands, such as `spec.roles[0].name`, or the nearest one around it; of a list that has
    /// this very text among its items, the item.
    pub fn place(&self, object: &Key, field: &str, item: Option<&str>) -> Option<(&Path, Position)> {
        let Placed { path, node, .. } = self.objects.get(object)?;
        let field = locate(node, field);
        let items = match &field.node.value {
            Value::Sequence(items) if field.whole => &**items,
            _ => &[],
        };
        let item = items.iter().find(|of| item.is_some() && of.as_str() == item);
        Some((path, item.map_or(field.at, |item| item.at)))
    }

    /// Whether a manifest says anything about a field.
    pub fn has(&self, object: &Key, field: &str) -> bool {
        self.objects.get(object).is_some_and(|placed| locate(&placed.node, field).whole)
    }
}

fn read_file(schemas: &Schemas, path: &Path) -> (Vec<(Manifest, Node)>, Vec<Problem>) {
    let text = match text(path) {
        Ok((_, Ok(text))) => text,
        Ok((_, Err(problems))) => return (Vec::new(), problems),
        Err(error) => return (Vec::new(), vec![unreadable(&error)]),
    };
    match yaml::read(&text) {
        Ok(documents) => {
            let (valid, problems) = objects(schemas, &documents);
            (valid.into_iter().map(|(manifest, node)| (manifest, node.clone())).collect(), problems)
        }
        Err(problem) => (Vec::new(), vec![problem]),
    }
}

/// As a source numbers objects that it meets for the first time.
fn numbered(mut object: Object) -> Object {
    let uid = uid(&object);
    let meta = object.meta_mut();
    (meta.uid, meta.generation) = (Some(uid), Some(1));
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  roles:
    - name: admin
    - {name: viewer}
  signIn:
    allowedReturnURLs:
      [https://a.example/, https://b.example/]
";

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Tree) {
        let dir = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("written");
        }
        let tree = Tree::read(&[dir.path().to_owned()]).expect("a tree");
        (dir, tree)
    }

    fn key(name: &str) -> Key {
        Key { kind: "Organization", namespace: "default".into(), name: name.into() }
    }

    #[test]
    fn every_field_is_found_where_it_stands_or_the_nearest_around_it() {
        let (_dir, tree) = tree(&[("a.yaml", ORGANIZATION)]);
        for (field, line, column) in [
            ("spec.roles[0].name", 6, 7),
            ("spec.roles[1]", 7, 7),
            ("spec.roles[7]", 5, 3),
            ("spec.title", 4, 1),
            ("nothing", 1, 1),
        ] {
            let (_, at) = tree.place(&key("default"), field, None).expect(field);
            assert_eq!(at, Position { line, column }, "{field}");
        }
        assert!(tree.has(&key("default"), "spec.roles") && !tree.has(&key("default"), "spec.title"));
        assert!(tree.place(&key("other"), "spec", None).is_none());
        let place = |item| tree.place(&key("default"), "spec.signIn.allowedReturnURLs", Some(item)).map(|(_, at)| at);
        assert_eq!(place("https://b.example/"), Some(Position { line: 10, column: 28 }));
        assert_eq!(place("https://c.example/"), Some(Position { line: 9, column: 5 }), "the list");
    }

    #[test]
    fn what_is_valid_counts_beside_what_is_not() {
        let other = ORGANIZATION.replace("default", "other");
        let broken = format!("{ORGANIZATION}---\n{}", other.replace("spec:", "spec:\n  role: []"));
        let (_dir, tree) = tree(&[("a.yaml", &broken), ("b.yaml", "a: [")]);
        assert_eq!(
            tree.objects().map(|object| format!("{object:?}")).collect::<Vec<_>>(),
            ["Organization default/default"]
        );
        let rules: Vec<_> = tree.findings().iter().map(|finding| (finding.rule, finding.line)).collect();
        assert_eq!(rules, [("schema/unknown-field", 16), ("yaml/syntax", 2)]);
    }

    #[test]
    fn an_object_that_is_there_twice_does_not_count_be_it_in_one_file() {
        let twice = format!("{ORGANIZATION}---\n{ORGANIZATION}");
        let (_dir, tree) = tree(&[("a.yaml", &twice)]);
        assert_eq!(tree.objects().count(), 0);
        let lines: Vec<_> = tree.findings().iter().map(|finding| (finding.rule, finding.line)).collect();
        assert_eq!(lines, [("object/duplicate", 1), ("object/duplicate", 12)]);
    }

    #[test]
    fn a_file_that_is_named_counts_once_and_whatever_its_name_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let (named, yaml) = (dir.path().join("organization.txt"), dir.path().join("b.yaml"));
        fs::write(&named, ORGANIZATION).expect("written");
        fs::write(&yaml, ORGANIZATION.replace("default", "other")).expect("written");
        let paths = [named, dir.path().to_owned(), yaml];
        let tree = Tree::read(&paths).expect("a tree");
        assert_eq!((tree.objects().count(), tree.files(), tree.findings().len()), (2, 2, 0));
        assert!(Tree::read(&[dir.path().join("nowhere")]).is_err());
    }
}
