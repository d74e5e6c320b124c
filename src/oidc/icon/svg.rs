//! SVG: only what draws, and nothing that leads out of the file. What is shown has been read again after it was cleaned.

mod drawing;

use svg_hush::Filter;
use xml::{ParserConfig, reader::XmlEvent};

use self::drawing::Drawing;
use super::{MAX_ICON_BYTES, PictureFault};

/// Elements in elements.
const MAX_DEPTH: usize = 64;
const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// The harmless part of an SVG file.
pub(super) fn clean(text: &str) -> Result<Vec<u8>, PictureFault> {
    inspect(text)?;
    let mut clean = Vec::new();
    Filter::new().filter(text.as_bytes(), &mut clean).map_err(|_| PictureFault::SvgMalformed)?;
    if clean.len() > MAX_ICON_BYTES {
        return Err(PictureFault::TooLarge);
    }
    // Cleaning turns addresses elsewhere into addresses here.
    inspect(str::from_utf8(&clean).map_err(|_| PictureFault::SvgMalformed)?)?;
    Ok(clean)
}

/// Refuses what cannot be made harmless by leaving something out.
fn inspect(text: &str) -> Result<(), PictureFault> {
    let mut drawing = Drawing::default();
    let reader = ParserConfig::new().cdata_to_characters(true).ignore_comments(true).create_reader(text.as_bytes());
    // What is in no SVG element, nor one itself, is left out by the cleaner.
    let mut depth = 0_usize;
    for event in reader {
        match event.map_err(|_| PictureFault::SvgMalformed)? {
            XmlEvent::StartDocument { encoding, .. } if !encoding.eq_ignore_ascii_case("utf-8") => {
                return Err(PictureFault::SvgMalformed);
            }
            XmlEvent::Doctype { .. } => return Err(PictureFault::SvgDoctype),
            XmlEvent::StartElement { name, attributes, .. } => {
                let is_svg = name.namespace.as_deref() == Some(NAMESPACE);
                if depth == 0 && !(is_svg && name.local_name == "svg") {
                    return Err(PictureFault::NotAPicture("XML that is no SVG"));
                }
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(PictureFault::SvgTooDeep);
                }
                let attributes: &[_] = if is_svg { &attributes } else { &[] };
                drawing.begin(&name.local_name, attributes)?;
            }
            XmlEvent::EndElement { .. } => {
                depth -= 1;
                drawing.end();
            }
            XmlEvent::Characters(text) => drawing.text(&text),
            _ => {}
        }
    }
    drawing.finish()
}
