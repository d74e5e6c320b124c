//! Where manifests come from: the object stores that the reconciler reads, and the sources that feed them.
//! Nothing here decides what an object means.

pub mod directory;
pub mod feed;
pub mod status_dir;
