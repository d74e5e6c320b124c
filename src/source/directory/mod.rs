//! A directory of manifests as a source: read, validated as an API server would, and followed.

pub mod finding;
mod format;
pub mod parse;
mod scalar;
pub mod schema;
mod structure;
pub mod yaml;
