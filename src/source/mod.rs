//! Where manifests come from.

pub mod feed;
pub use feed::*;
