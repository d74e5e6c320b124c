//! The picture on a provider's button, once it has been found harmless. Never what a provider sent, unchecked.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

/// A picture that may be shown. Its hash tells it from every other one.
#[derive(Clone, PartialEq, Eq)]
pub struct Icon {
    pub media_type: MediaType,
    pub bytes: Vec<u8>,
    hash: String,
}

/// What a picture is, as its content shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Png,
    Jpeg,
    Gif,
    WebP,
    Svg,
}

impl Icon {
    pub fn new(media_type: MediaType, bytes: Vec<u8>) -> Self {
        let hash = digest(&SHA256, &bytes).as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { media_type, bytes, hash }
    }

    /// 16 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

impl fmt::Debug for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Icon({} {}, {} bytes)", self.media_type.name(), self.hash, self.bytes.len())
    }
}

impl MediaType {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Svg => "SVG",
        }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }

    /// The value of the `Content-Disposition` header: under which name a browser saves it.
    pub fn content_disposition(self) -> &'static str {
        match self {
            Self::Png => "inline; filename=\"icon.png\"",
            Self::Jpeg => "inline; filename=\"icon.jpg\"",
            Self::Gif => "inline; filename=\"icon.gif\"",
            Self::WebP => "inline; filename=\"icon.webp\"",
            Self::Svg => "inline; filename=\"icon.svg\"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_picture_has_another_hash_and_none_is_shown_in_logs() {
        let icon = |bytes: &[u8]| Icon::new(MediaType::Svg, bytes.to_vec());
        assert_eq!(icon(b"one").hash(), icon(b"one").hash());
        assert_ne!(icon(b"one").hash(), icon(b"two").hash());
        assert_eq!(icon(b"one").hash().len(), 16);
        assert_eq!(format!("{:?}", icon(b"one")), format!("Icon(SVG {}, 3 bytes)", icon(b"one").hash()));
    }
}
