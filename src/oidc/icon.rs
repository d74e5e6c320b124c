//! The picture that `spec.iconURL` names: fetched, told by its content, checked, and of an SVG only what is harmless.
//! Never believes what a server says of a picture, and never repeats what it sent.

mod raster;
mod svg;

use url::Url;

use super::{
    document::{DocumentError, fetch},
    http::{Outbound, authority},
};
use crate::{
    api::Reason,
    domain::{
        icon::{Icon, MediaType},
        relation::TrustRoots,
    },
};

/// A larger picture is refused, in bytes; also one that grows when it is cleaned.
pub(super) const MAX_ICON_BYTES: usize = 128 * 1024;
/// The most pixels either way.
const MAX_PIXELS: usize = 1024;
/// What is asked for; a server that can choose chooses one of these.
const ACCEPT: &str = "image/svg+xml, image/png, image/webp, image/jpeg, image/gif";

/// Which picture to fetch. Requests that are equal share one fetch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IconRequest {
    pub url: Url,
    pub roots: Option<TrustRoots>,
}

/// Why a picture could not be had.
#[derive(Debug, thiserror::Error)]
pub enum IconError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("{host} answered with {source}")]
    Picture { host: String, source: PictureFault },
}

impl IconError {
    /// The condition reason that says the same.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Document(error) => error.reason(),
            Self::Picture { .. } => Reason::InvalidDocument,
        }
    }
}

/// What is wrong with a picture, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    #[error("more than 128 KiB; write the URL of a smaller picture")]
    TooLarge,
    #[error("{0}, and not with a picture that can be shown; write the URL of a PNG, JPEG, GIF, WebP or SVG file")]
    NotAPicture(&'static str),
    #[error("a {} file that is cut short, damaged, or followed by something else; save the picture anew", .0.name())]
    Damaged(MediaType),
    #[error("a picture of {width} by {height} pixels; write the URL of one with 1 to 1024 pixels either way")]
    Dimensions { width: usize, height: usize },
    #[error("an SVG file that is not well-formed XML in UTF-8; save it anew as plain SVG")]
    SvgMalformed,
    #[error("an SVG file with a DOCTYPE, in which entities can hide; take the DOCTYPE out")]
    SvgDoctype,
    #[error("an SVG file that is nested too deeply; simplify it")]
    SvgTooDeep,
    #[error("an SVG file whose parts are drawn too many times over; simplify it")]
    SvgTooCostly,
    #[error(
        "an SVG file that refers to something outside itself or embeds another file; draw it with shapes alone, or write \
         the URL of a PNG file"
    )]
    SvgRefersOutside,
}

/// Fetches and checks a picture.
pub(super) async fn fetch_icon(outbound: &Outbound, request: &IconRequest) -> Result<Icon, IconError> {
    let bytes = fetch(outbound, request.roots.as_ref(), &request.url, "an icon", ACCEPT).await?;
    check(bytes).map_err(|source| IconError::Picture { host: authority(&request.url), source })
}

/// Tells by the content what a picture is, and makes it one that can be shown.
pub(super) fn check(bytes: Vec<u8>) -> Result<Icon, PictureFault> {
    if bytes.len() > MAX_ICON_BYTES {
        return Err(PictureFault::TooLarge);
    }
    if let Some(media_type) = raster::media_type(&bytes) {
        raster::check(media_type, &bytes)?;
        return Ok(Icon::new(media_type, bytes));
    }
    let text = str::from_utf8(&bytes).ok().map(|text| text.trim_start_matches('\u{feff}').trim_start());
    match text.filter(|text| text.starts_with('<') && !is_html(text)) {
        Some(text) => svg::clean(text).map(|clean| Icon::new(MediaType::Svg, clean)),
        None => Err(PictureFault::NotAPicture(seen(&bytes))),
    }
}

fn is_html(text: &str) -> bool {
    ["<!doctype html", "<html"].iter().any(|start| starts_with_ignore_case(text.as_bytes(), start))
}

fn starts_with_ignore_case(bytes: &[u8], start: &str) -> bool {
    bytes.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
}

/// How what is no picture of ours begins, and what it is.
const OTHERS: [(&[u8], &str); 10] = [
    (b"%PDF", "a PDF file"),
    (b"\x00\x00\x01\x00", "an ICO file"),
    (b"BM", "a BMP file"),
    (b"\x1f\x8b", "a compressed file (gzip, as .svgz is)"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"II*\x00", "a TIFF file"),
    (b"MM\x00*", "a TIFF file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"{", "JSON"),
];

fn seen(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    match OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        Some((_, what)) => what,
        None if text.is_empty() => "nothing",
        None if bytes.get(4..8) == Some(b"ftyp") => "an AVIF or HEIF file",
        None if text.starts_with(b"<") => "a web page",
        None => "something else",
    }
}

#[cfg(test)]
mod tests;
