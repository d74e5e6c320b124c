//! Pictures: what is shown is what it is called, and nothing but a picture. An SVG is read anew as text, as a careless
//! reader would.

use crate::{
    domain::icon::MediaType,
    oidc::icon::{MAX_ICON_BYTES, check},
};

/// What an SVG that is shown never has, however it is written. Lower-case, without blanks.
const NEVER: [&str; 12] = [
    "<script",
    "<foreignobject",
    "<iframe",
    "<!",
    "<?xml-stylesheet",
    "&#106;avascript",
    "@import",
    "image-set(",
    "href=\"http",
    "href=\"/",
    "href=\"data:",
    "attributename=\"href",
];

/// The input is what a server answers.
pub fn icon(data: &[u8]) -> bool {
    let icon = match check(data.to_vec()) {
        Ok(icon) => icon,
        Err(fault) => {
            let message = fault.to_string();
            assert!(message.len() < 250 && !message.contains(char::is_control), "a message of one line: {message:?}");
            return false;
        }
    };
    assert!(icon.bytes.len() <= MAX_ICON_BYTES);
    match icon.media_type {
        MediaType::Svg => only_draws(&icon.bytes),
        raster => {
            assert_eq!(icon.bytes, data, "nothing else is made of it");
            is_as_it_is_called(raster, data);
        }
    }
    let again = check(icon.bytes.clone()).expect("what is shown can be shown");
    assert_eq!(again.media_type, icon.media_type);
    true
}

fn is_as_it_is_called(media_type: MediaType, data: &[u8]) {
    let (start, end): (&[u8], &[u8]) = match media_type {
        MediaType::Png => (b"\x89PNG\r\n\x1a\n", b"IEND"),
        MediaType::Jpeg => (b"\xff\xd8\xff", b"\xff\xd9"),
        MediaType::Gif => (b"GIF8", b";"),
        MediaType::WebP | MediaType::Svg => (b"RIFF", b""),
    };
    let checksum = if media_type == MediaType::Png { 4 } else { 0 };
    assert!(data.starts_with(start) && data[..data.len() - checksum].ends_with(end), "{media_type:?}");
    let size = imagesize::blob_size(data).expect("a size");
    assert!((1..=1024).contains(&size.width) && (1..=1024).contains(&size.height), "{size:?}");
}

fn only_draws(bytes: &[u8]) {
    let text = str::from_utf8(bytes).expect("UTF-8").to_lowercase();
    // What is between tags is only read where it is a style sheet.
    let tags = text.split('<').skip(1).map(|piece| {
        let (tag, after) = piece.split_once('>').expect("a tag that ends");
        format!("<{tag}>{}", if tag.starts_with("style") { after } else { "" })
    });
    let tight: String = tags.collect::<String>().chars().filter(|c| !c.is_whitespace()).collect();
    for never in NEVER {
        assert!(!tight.contains(never), "{never} in {text}");
    }
    for (at, _) in tight.match_indices("url(") {
        let target = tight[at + 4..].trim_start_matches(['"', '\'']);
        assert!(["#", "&quot;#", "&apos;#", "&#39;#"].iter().any(|inside| target.starts_with(inside)), "{text}");
    }
}
