//! Where manifests come from: the object stores that the reconciler reads, and the sources that feed them.
//! Nothing here decides what an object means.

pub mod cluster;
pub mod directory;
mod feed;
mod status_dir;

pub use feed::{
    Change, Changes, Feed, Former, Object, Reference, Stores, UNDECLARED_ANNOTATION, Update, is_undeclared,
};
pub use status_dir::{StatusDir, StatusDirError, StatusFile, StatusMetadata};
