//! The files that pages refer to. A path names one content for ever, so it can be cached as long.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};

/// A file that the pages refer to: serve `body` at `path` as `content_type`, cached for a year.
#[derive(Debug)]
pub struct Asset {
    /// Absolute, with a hash of the content.
    pub path: String,
    pub content_type: &'static str,
    pub body: &'static str,
}

/// What makes the pages look as they do.
pub fn stylesheet() -> &'static Asset {
    static ASSET: LazyLock<Asset> =
        LazyLock::new(|| asset("css", "text/css; charset=utf-8", include_str!("assets/latchkey.css")));
    &ASSET
}

/// The icon of the browser's tab.
pub fn favicon() -> &'static Asset {
    static ASSET: LazyLock<Asset> =
        LazyLock::new(|| asset("svg", "image/svg+xml", include_str!("assets/latchkey.svg")));
    &ASSET
}

fn asset(extension: &str, content_type: &'static str, body: &'static str) -> Asset {
    let hash: String =
        digest(&SHA256, body.as_bytes()).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Asset { path: format!("/assets/latchkey-{hash}.{extension}"), content_type, body }
}
