//! PNG, JPEG, GIF and WebP: dimensions, and that the file is whole and nothing follows it. Decodes no pixel.

use imagesize::ImageType;

use super::{MAX_PIXELS, PictureFault};
use crate::domain::icon::MediaType;

/// What the content begins as.
pub(super) fn media_type(bytes: &[u8]) -> Option<MediaType> {
    match imagesize::image_type(bytes).ok()? {
        ImageType::Png => Some(MediaType::Png),
        ImageType::Jpeg => Some(MediaType::Jpeg),
        ImageType::Gif => Some(MediaType::Gif),
        ImageType::Webp => Some(MediaType::WebP),
        _ => None,
    }
}

/// Whether a picture is whole, and neither too large nor without a pixel.
pub(super) fn check(media_type: MediaType, bytes: &[u8]) -> Result<(), PictureFault> {
    let damaged = PictureFault::Damaged(media_type);
    let size = imagesize::blob_size(bytes).map_err(|_| damaged)?;
    let (width, height) = (size.width, size.height);
    if [width, height].iter().any(|pixels| !(1..=MAX_PIXELS).contains(pixels)) {
        return Err(PictureFault::Dimensions { width, height });
    }
    let mut rest = Rest(bytes);
    let whole = match media_type {
        MediaType::Png => png(&mut rest),
        MediaType::Jpeg => jpeg(&mut rest),
        MediaType::Gif => gif(&mut rest, width, height),
        MediaType::WebP => webp(&mut rest),
        MediaType::Svg => None,
    };
    // A file that goes on may be another one as well.
    whole.filter(|()| rest.0.is_empty()).ok_or(damaged)
}

/// What is still to be read. None: the file ends too soon.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn expect(&mut self, text: &[u8]) -> Option<()> {
        (self.take(text.len())? == text).then_some(())
    }

    fn length(&mut self, read: fn([u8; 4]) -> u32) -> Option<usize> {
        read(self.array()?).try_into().ok()
    }
}

/// Chunks, of which IHDR is the first and IEND the last (PNG, section 5).
fn png(rest: &mut Rest<'_>) -> Option<()> {
    rest.expect(b"\x89PNG\r\n\x1a\n")?;
    let (mut first, mut pixels) = (true, false);
    loop {
        let length = rest.length(u32::from_be_bytes)?;
        let kind = rest.array::<4>()?;
        rest.take(length.checked_add(4)?)?;
        match &kind {
            b"IHDR" if first && length == 13 => first = false,
            _ if first => return None,
            b"IHDR" => return None,
            b"IDAT" => pixels = true,
            b"IEND" => return pixels.then_some(()),
            _ => {}
        }
    }
}

/// Segments with a length, until a scan, which lasts until the next marker (ITU T.81, annex B). Stricter than that: no
/// fill bytes between segments, so that everybody finds the same ones.
fn jpeg(rest: &mut Rest<'_>) -> Option<()> {
    rest.expect(b"\xff\xd8")?;
    let (mut scanning, mut scanned) = (false, false);
    loop {
        match (rest.byte()?, scanning) {
            (0xff, _) => {}
            (_, true) => continue,
            (_, false) => return None,
        }
        match rest.byte()? {
            // A stuffed byte, or a restart.
            0x00 | 0xd0..=0xd7 if scanning => {}
            0xd9 => return scanned.then_some(()),
            0x00..=0x01 | 0xd0..=0xd8 | 0xff => return None,
            marker => {
                let length: usize = u16::from_be_bytes(rest.array()?).into();
                rest.take(length.checked_sub(2)?)?;
                scanning = marker == 0xda;
                scanned |= scanning;
            }
        }
    }
}

/// Blocks until the trailer; no frame leaves the canvas (GIF89a, sections 15 to 27).
fn gif(rest: &mut Rest<'_>, width: usize, height: usize) -> Option<()> {
    let version = rest.array::<6>()?;
    let [.., flags, _, _] = rest.array::<7>()?;
    color_table(rest, flags)?;
    let mut frames = 0;
    loop {
        match rest.byte()? {
            0x21 => {
                rest.byte()?;
                sub_blocks(rest)?;
            }
            0x2c => {
                let [x0, x1, y0, y1, w0, w1, h0, h1, flags] = rest.array()?;
                let end = |from, size| usize::from(u16::from_le_bytes(from)) + usize::from(u16::from_le_bytes(size));
                if end([x0, x1], [w0, w1]) > width || end([y0, y1], [h0, h1]) > height {
                    return None;
                }
                color_table(rest, flags)?;
                rest.byte()?;
                sub_blocks(rest)?;
                frames += 1;
            }
            0x3b => return (frames > 0 && matches!(&version, b"GIF87a" | b"GIF89a")).then_some(()),
            _ => return None,
        }
    }
}

fn color_table(rest: &mut Rest<'_>, flags: u8) -> Option<()> {
    let length = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    rest.take(length).map(drop)
}

fn sub_blocks(rest: &mut Rest<'_>) -> Option<()> {
    loop {
        match rest.byte()? {
            0 => return Some(()),
            length => rest.take(length.into())?,
        };
    }
}

/// Chunks that fill the RIFF file to its end (RFC 9649, section 2).
fn webp(rest: &mut Rest<'_>) -> Option<()> {
    rest.expect(b"RIFF")?;
    let length = rest.length(u32::from_le_bytes)?;
    if length != rest.0.len() {
        return None;
    }
    rest.expect(b"WEBP")?;
    let mut pixels = false;
    while !rest.0.is_empty() {
        let kind = rest.array::<4>()?;
        let length = rest.length(u32::from_le_bytes)?;
        rest.take(length.checked_next_multiple_of(2)?)?;
        pixels |= matches!(&kind, b"VP8 " | b"VP8L" | b"ANMF");
    }
    pixels.then_some(())
}
