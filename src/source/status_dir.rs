//! Status without a cluster: one file an object, `<kind>.<namespace>.<name>.yaml`. Never inside the directory of
//! manifests, and never a Secret's.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::feed::{Object, is_undeclared};

/// The directory that status files are written to.
#[derive(Clone, Debug)]
pub struct StatusDir {
    dir: PathBuf,
}

/// What a status file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusFile {
    pub api_version: String,
    pub kind: String,
    pub metadata: StatusMetadata,
    pub status: serde_json::Value,
}

/// Which object a status is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusMetadata {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
}

/// A status file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StatusDirError {
    #[error(
        "the status directory {dir} lies within the manifests {manifests}: name one outside, for what is written there would be read as manifests"
    )]
    WithinManifests { dir: PathBuf, manifests: PathBuf },
    #[error("the status file {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the status file {path} cannot be read")]
    Invalid {
        path: PathBuf,
        #[source]
        source: serde_yaml::Error,
    },
}

impl StatusDir {
    /// Makes the directory if it is absent. Refuses one within the manifests.
    pub fn open(dir: &Path, manifests: &Path) -> Result<Self, StatusDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| StatusDirError::Io { path, source }
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        let status = fs::canonicalize(dir).map_err(failed(dir))?;
        if status.starts_with(fs::canonicalize(manifests).map_err(failed(manifests))?) {
            return Err(StatusDirError::WithinManifests { dir: dir.to_owned(), manifests: manifests.to_owned() });
        }
        Ok(Self { dir: status })
    }

    /// Writes an object's status, whole or not at all. Objects without a status of ours have no file.
    pub fn write(&self, object: &Object) -> Result<(), StatusDirError> {
        let Some(file) = StatusFile::of(object) else { return Ok(()) };
        let path = self.dir.join(file_name(object));
        let temporary = self.dir.join(format!(".{}.tmp", file_name(object)));
        let text =
            serde_yaml::to_string(&file).map_err(|source| StatusDirError::Invalid { path: path.clone(), source })?;
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|source| StatusDirError::Io { path, source })
    }

    /// Removes the files of all objects but these.
    pub fn retain<'a>(&self, objects: impl Iterator<Item = &'a Object>) -> Result<(), StatusDirError> {
        let kept: std::collections::HashSet<String> = objects.map(file_name).collect();
        for path in status_files(&self.dir)? {
            let is_kept = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| kept.contains(name));
            if !is_kept && let Err(source) = fs::remove_file(&path) {
                return Err(StatusDirError::Io { path, source });
            }
        }
        Ok(())
    }

    /// Reads all files, in the order of their names; one that is damaged does not hide the others.
    pub fn read_all(dir: &Path) -> Result<Vec<Result<StatusFile, StatusDirError>>, StatusDirError> {
        let read = |path: PathBuf| match fs::read_to_string(&path) {
            Ok(text) => serde_yaml::from_str(&text).map_err(|source| StatusDirError::Invalid { path, source }),
            Err(source) => Err(StatusDirError::Io { path, source }),
        };
        Ok(status_files(dir)?.into_iter().map(read).collect())
    }

    /// The directory, for reading back.
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

impl StatusFile {
    /// The status of an object; None while it has none, or is of a kind that has none.
    pub fn of(object: &Object) -> Option<Self> {
        if matches!(object, Object::Organization(organization) if is_undeclared(organization)) {
            return None;
        }
        let meta = object.meta();
        Some(Self {
            api_version: format!("{}/{}", crate::api::GROUP, crate::api::VERSION),
            kind: object.kind().to_owned(),
            metadata: StatusMetadata {
                name: object.name().to_owned(),
                namespace: object.namespace().to_owned(),
                uid: meta.uid.clone().unwrap_or_default(),
                generation: meta.generation.unwrap_or_default(),
            },
            status: object.status()?,
        })
    }
}

fn file_name(object: &Object) -> String {
    format!("{}.{}.{}.yaml", object.kind().to_lowercase(), object.namespace(), object.name())
}

/// The files whose names a status file of one of our kinds could have.
fn status_files(dir: &Path) -> Result<Vec<PathBuf>, StatusDirError> {
    let is_status = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = name.split('.').next().unwrap_or_default();
        name.ends_with(".yaml") && ["organization", "identityprovider", "idpmapper"].contains(&kind)
    };
    let read = || -> io::Result<Vec<PathBuf>> { fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = read().map_err(|source| StatusDirError::Io { path: dir.to_owned(), source })?;
    paths.retain(is_status);
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use crate::api::{IdentityProvider, IdentityProviderStatus};

    use super::*;

    fn provider(name: &str) -> Object {
        let mut provider = IdentityProvider::new(name, Default::default());
        provider.metadata.namespace = Some("default".into());
        provider.metadata.uid = Some(format!("uid of {name}"));
        provider.metadata.generation = Some(3);
        provider.status = Some(IdentityProviderStatus { key: Some(name.into()), ..Default::default() });
        provider.into()
    }

    #[test]
    fn what_is_written_is_read_back_and_restores_a_status() {
        let (dir, manifests) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        let status = StatusDir::open(&dir.path().join("status"), manifests.path()).expect("open");
        status.write(&provider("azure.eu")).expect("write");
        status.write(&provider("azure.eu")).expect("write again");
        assert!(status.path().join("identityprovider.default.azure.eu.yaml").is_file());
        let files = StatusDir::read_all(status.path()).expect("read");
        let [Ok(file)] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(file.kind, "IdentityProvider");
        assert_eq!((file.metadata.uid.as_str(), file.metadata.generation), ("uid of azure.eu", 3));
        let mut blank = IdentityProvider::new("azure.eu", Default::default()).into();
        Object::restore_status(&mut blank, file.status.clone());
        assert_eq!(blank.status(), provider("azure.eu").status());
        assert_eq!(fs::read_dir(status.path()).expect("list").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn the_files_of_objects_that_are_gone_are_removed_and_other_files_stay() {
        let (dir, manifests) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        let status = StatusDir::open(dir.path(), manifests.path()).expect("open");
        fs::write(dir.path().join("notes.yaml"), "mine").expect("write");
        status.write(&provider("a")).expect("write");
        status.write(&provider("b")).expect("write");
        status.retain([provider("b")].iter()).expect("retain");
        assert_eq!(StatusDir::read_all(dir.path()).expect("read").len(), 1);
        assert!(dir.path().join("notes.yaml").is_file());
    }

    #[test]
    fn a_damaged_file_does_not_hide_the_others() {
        let (dir, manifests) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        let status = StatusDir::open(dir.path(), manifests.path()).expect("open");
        status.write(&provider("b")).expect("write");
        fs::write(dir.path().join("identityprovider.default.a.yaml"), "{").expect("write");
        let files = StatusDir::read_all(dir.path()).expect("read");
        assert!(matches!(files.as_slice(), [Err(StatusDirError::Invalid { .. }), Ok(_)]));
    }

    #[test]
    fn a_status_directory_within_the_manifests_is_refused() {
        let manifests = tempfile::tempdir().expect("dir");
        for dir in [manifests.path().to_owned(), manifests.path().join("status")] {
            let error = StatusDir::open(&dir, manifests.path()).expect_err("refused");
            assert!(error.to_string().contains("name one outside"), "{error}");
        }
    }
}
