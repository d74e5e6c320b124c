use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::*;
use PictureFault::{
    Damaged, Dimensions, NotAPicture, SvgDoctype, SvgMalformed, SvgRefersOutside, SvgTooCostly, SvgTooDeep,
};

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).expect("a length").to_be_bytes();
    [&length, &kind[..], data, &[0; 4]].concat()
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", b"pixels"), chunk(b"IEND", b"")].concat();
    [b"\x89PNG\r\n\x1a\n", &chunks[..]].concat()
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let [w, h] = [width, height].map(u16::to_be_bytes);
    let frame = [0xff, 0xc0, 0, 11, 8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0];
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 0, 0x3f, 0, 0x12, 0xff, 0x00, 0xff, 0xd0, 0x34, 0xff, 0xd9];
    [&b"\xff\xd8\xff\xe0\x00\x04ab"[..], &frame, &scan].concat()
}

/// A canvas, and a frame of its own size at its corner.
fn gif(canvas: [u16; 2], frame: [u16; 2]) -> Vec<u8> {
    let octets = |size: [u16; 2]| size.map(u16::to_le_bytes).concat();
    let frame = [&[0x2c, 0, 0, 0, 0], &octets(frame)[..], &[0, 2, 2, 0x4c, 0x01, 0]].concat();
    let colors = [0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff];
    [b"GIF89a", &octets(canvas)[..], &colors, b"\x21\xfe\x02hi\x00", &frame, &[0x3b]].concat()
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    let dimensions = ((width - 1) | ((height - 1) << 14)).to_le_bytes();
    let data = [&[0x2f], &dimensions[..], &[0]].concat();
    let chunk = [b"VP8L", &6_u32.to_le_bytes()[..], &data].concat();
    let length = u32::try_from(4 + chunk.len()).expect("a length").to_le_bytes();
    [b"RIFF", &length[..], b"WEBP", &chunk].concat()
}

fn svg(inside: &str) -> Vec<u8> {
    let start =
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 24 24">"#;
    format!("{start}{inside}</svg>").into_bytes()
}

fn fault(bytes: impl Into<Vec<u8>>) -> Option<PictureFault> {
    check(bytes.into()).err()
}

#[test]
fn pictures_are_told_by_their_content() {
    for (bytes, media_type) in [
        (png(1, 1024), MediaType::Png),
        (jpeg(32, 32), MediaType::Jpeg),
        (gif([32, 16], [32, 16]), MediaType::Gif),
        (webp(1024, 1), MediaType::WebP),
    ] {
        assert_eq!(check(bytes.clone()), Ok(Icon::new(media_type, bytes)));
    }
    let drawn = svg("<path d='M1 1h22v22'/>");
    let comments = [b"\xef\xbb\xbf \n<!-- drawn by hand --><?xml-stylesheet href='https://x'?>", &drawn[..]].concat();
    for bytes in [drawn, comments] {
        let icon = check(bytes).expect("a picture");
        assert_eq!(icon.media_type, MediaType::Svg);
        let text = String::from_utf8(icon.bytes).expect("text");
        assert!(text.contains("M1 1h22v22") && !text.contains("stylesheet"), "{text}");
    }
}

#[test]
fn what_is_no_picture_is_refused_with_what_it_is() {
    let page = b"<!DOCTYPE html><html><body>Please log in";
    for (bytes, what) in [
        (&b""[..], "nothing"),
        (b" \n", "nothing"),
        (page, "a web page"),
        (b"<HTML>", "a web page"),
        (b"\n\n<html><svg xmlns='http://www.w3.org/2000/svg'/></html>", "a web page"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "XML that is no SVG"),
        (b"<svg/>", "XML that is no SVG"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\x00\x00\x01\x00\x01\x00", "an ICO file"),
        (b"BM\x00\x00", "a BMP file"),
        (b"\x00\x00\x00\x1cftypavif", "an AVIF or HEIF file"),
        (b"{\"error\": \"login_required\"}", "JSON"),
        (b"MZ\x90", "something else"),
        (b"\xff\xfe<\x00s\x00v\x00g\x00", "text in UTF-16"),
    ] {
        assert_eq!(fault(bytes), Some(NotAPicture(what)), "{}", String::from_utf8_lossy(bytes));
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&svg("<path d='M1 1'/>")).expect("packed");
    assert_eq!(fault(packed.finish().expect("packed")), Some(NotAPicture("a compressed file (gzip, as .svgz is)")));
}

#[test]
fn a_picture_has_a_size_that_can_be_shown() {
    for (bytes, width, height) in [
        (png(0, 16), 0, 16),
        (png(1025, 16), 1025, 16),
        (png(u32::MAX, u32::MAX), 0xffff_ffff, 0xffff_ffff),
        (jpeg(16, 65_000), 16, 65_000),
        (gif([0, 0], [0, 0]), 0, 0),
        (webp(16_384, 16_384), 16_384, 16_384),
    ] {
        assert_eq!(fault(bytes), Some(Dimensions { width, height }));
    }
    assert_eq!(fault(gif([16, 16], [17, 16])), Some(Damaged(MediaType::Gif)), "a frame that leaves the canvas");
    let fits = [png(16, 16), vec![0; MAX_ICON_BYTES]].concat();
    assert_eq!(fault(&fits[..MAX_ICON_BYTES]), Some(Damaged(MediaType::Png)));
    assert_eq!(fault(&fits[..=MAX_ICON_BYTES]), Some(PictureFault::TooLarge));
    assert_eq!(fault(svg(&" ".repeat(MAX_ICON_BYTES))), Some(PictureFault::TooLarge));
}

#[test]
fn a_picture_that_is_cut_short_or_goes_on_is_refused() {
    for bytes in [png(16, 16), jpeg(16, 16), gif([16, 16], [16, 16]), webp(16, 16)] {
        assert!(check(bytes.clone()).is_ok());
        for end in 0..bytes.len() {
            assert!(fault(&bytes[..end]).is_some(), "cut at {end}: {bytes:?}");
        }
        for tail in [&b"\0"[..], b"\n", b"<script>alert(1)</script>", b"PK\x03\x04", &bytes] {
            let both = [&bytes[..], tail].concat();
            assert!(matches!(fault(both), Some(Damaged(_))), "followed by {tail:?}: {bytes:?}");
        }
    }
    for bytes in [&b"GIF89a=1;alert(1)//"[..], b"\x89PNG<html><script>alert(1)</script>", b"\xff\xd8\xff/*<script>"] {
        assert!(fault(bytes).is_some(), "{bytes:?}");
    }
    let filled = [&b"\xff\xd8\xff"[..], &jpeg(65_000, 65_000)[2..]].concat();
    assert_eq!(fault(filled).map(|fault| matches!(fault, Damaged(_) | Dimensions { .. })), Some(true), "fill bytes");
}

#[test]
fn of_an_svg_file_only_what_draws_is_left() {
    for hostile in [
        "<script>alert(1)</script>",
        "<script type='text/ecmascript'><![CDATA[alert(1)]]></script>",
        "<path onload='alert(1)' d='M0 0'/>",
        "<g onclick='alert(1)' onmouseover=\"alert(1)\"/>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></body></foreignObject>",
        "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='https://evil.example/alert'/></foreignObject>",
        "<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>",
        "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
        "<include xmlns='http://www.w3.org/2001/XInclude' href='file:///etc/alert' parse='text'/>",
        "<animate attributeName='onload' to='x'/>",
        "<set attributeName='href' to='x'/>",
        "<handler xmlns='http://www.w3.org/2001/xml-events'>alert(1)</handler>",
        "<metadata><script>alert(1)</script></metadata>",
    ] {
        let icon = check(svg(&format!("{hostile}<path d='M1 1h22'/>"))).expect(hostile);
        let text = String::from_utf8(icon.bytes).expect("text").to_lowercase();
        assert!(text.contains("m1 1h22"), "{hostile}: {text}");
        for word in
            ["script", "alert", "onload", "onclick", "foreign", "iframe", "href", "include", "evil", "attributename"]
        {
            assert!(!text.contains(word), "{word} of {hostile} is left: {text}");
        }
    }
}

#[test]
fn an_svg_file_that_refers_to_something_else_is_refused() {
    for hostile in [
        "<use href='https://evil.example/x.svg#a'/>",
        "<use xlink:href='/o/acme/logout#a'/>",
        "<use href='x.svg#a'/>",
        "<use href=''/>",
        "<image href='https://evil.example/pixel.png'/>",
        "<image xlink:href='//evil.example/pixel.png'/>",
        "<image href='data:image/svg+xml;base64,PHN2Zy8+'/>",
        "<image href='DATA:text/html,hello'/>",
        "<feImage href='https://evil.example/x'/>",
        "<a href='javascript:alert(1)'><path/></a>",
        "<a xlink:href='&#106;ava&#9;script:alert(1)'><path/></a>",
        "<a href='https://evil.example/'><path/></a>",
        "<path fill='url(https://evil.example/#a)'/>",
        "<path fill='URL( \"//evil.example/#a\" )'/>",
        "<path style='background: url(https://evil.example)'/>",
        "<path style='background: u\\72l(https://evil.example)'/>",
        "<path style='background: image-set(\"https://evil.example\" 1x)'/>",
        "<style>@import 'https://evil.example/x.css';</style>",
        "<style>@IMPORT url(#x);</style>",
        "<style>@\\69mport 'https://evil.example/x.css';</style>",
        "<style>path { fill: url('data:image/svg+xml,x') }</style>",
        "<style><![CDATA[ path { fill: url(x.svg#a) } ]]></style>",
        "<style>@font-face { font-family: f; src: url(https://evil.example/f) }</style>",
        "<style>path { fill: u<g/>rl(https://evil.example) }</style>",
        "<path fill='u\u{200b}rl(https://evil.example/x)'/>",
    ] {
        assert_eq!(fault(svg(hostile)), Some(SvgRefersOutside), "{hostile}");
    }
    let own = "<defs><linearGradient id='g'><stop/></linearGradient><path id='p' d='M1 1h22'/></defs>\
        <style>.a { fill: url(#g) }</style><path class='a' stroke='url( \"#g\" )' d='M2 2'/><use xlink:href='#p'/>";
    let icon = check(svg(own)).expect("its own parts");
    let text = String::from_utf8(icon.bytes).expect("text");
    assert!(text.contains("href=\"#p\"") && text.contains("url(#g)"), "{text}");
}

#[test]
fn an_svg_file_that_is_odd_xml_is_refused() {
    let laughs =
        "<!DOCTYPE svg [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><svg xmlns='http://www.w3.org/2000/svg'>&b;</svg>";
    let outside =
        "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg'>&x;</svg>";
    let public = "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>";
    let public = format!("<?xml version='1.0'?>{public}{}", String::from_utf8(svg("")).expect("text"));
    for text in [laughs, outside, &public] {
        assert_eq!(fault(text), Some(SvgDoctype), "{text}");
    }
    let latin = [b"<?xml version='1.0' encoding='ISO-8859-1'?>", &svg("<path d='M1 1'/>")[..]].concat();
    assert_eq!(fault(latin), Some(SvgMalformed));
    for inside in ["<g>", "</g>", "&nothing;", "<g a=1/>", "<g a='1' a='2'/>", "<x:g/>", "<!", "\u{0}"] {
        assert_eq!(fault(svg(inside)), Some(SvgMalformed), "{inside}");
    }
    assert!(fault([&svg("")[..], b"<script>alert(1)</script>"].concat()).is_some(), "a second root");
    assert_eq!(fault([&svg("")[..], b"\xff"].concat()), Some(NotAPicture("a web page")), "not UTF-8");
    let nested = |depth: usize| svg(&format!("{}{}", "<g>".repeat(depth), "</g>".repeat(depth)));
    assert_eq!(fault(nested(63)), None);
    assert_eq!(fault(nested(64)), Some(SvgTooDeep));
    assert_eq!(fault(svg(&"<g>".repeat(40_000))), Some(SvgTooDeep));
}

#[test]
fn an_svg_file_that_draws_the_same_over_and_over_is_refused() {
    let doubled = |levels: usize| {
        let level = |n: usize| format!("<g id='n{n}'><use href='#n{0}'/><use href='#n{0}'/></g>", n + 1);
        svg(&(0..levels).map(level).collect::<String>())
    };
    assert_eq!(fault(doubled(4)), None);
    assert_eq!(fault(doubled(30)), Some(SvgTooCostly));
    assert_eq!(fault(svg("<g id='a'><use href='#a'/></g>")), Some(SvgTooCostly), "itself");
    assert_eq!(
        fault(svg("<mask id='a'><g mask='url(#b)'/></mask><mask id='b'><g mask='url(#a)'/></mask>")),
        Some(SvgTooCostly)
    );
    let wide = format!("<g id='a'>{}</g>{}", "<path/>".repeat(1000), "<use href='#a'/>".repeat(1000));
    assert_eq!(fault(svg(&wide)), Some(SvgTooCostly));
    let hidden = |element: &str| {
        let level = |n: usize| format!("<g id='n{n}'>{}</g>", element.replace('N', &(n + 1).to_string()));
        let levels: String = (0..9).map(level).collect();
        fault(svg(&format!("{levels}{}", (1..9).map(|n| format!("<g id='n{n}'/>")).collect::<String>())))
    };
    assert_eq!(hidden(&"<use href='#nN'/>".repeat(10)), Some(SvgTooCostly), "by a second id");
    assert_eq!(hidden(&"<use href='#%6eN'/>".repeat(10)), Some(SvgRefersOutside), "by a disguise");
    assert_eq!(fault(svg("<g mask='url(#%6e1)'/>")), Some(SvgRefersOutside));
    let corners = format!("<path marker-mid='url(#m)' d='M0 0{}'/>", "h1".repeat(1000));
    let marker = format!("<marker id='m'>{}</marker>", "<path/>".repeat(1000));
    assert_eq!(fault(svg(&format!("{marker}{corners}"))), Some(SvgTooCostly), "at each corner");
    for style in ["<style>path { Marker-end: url(#m) }</style>", "<path style='marker: url(#m)'/>"] {
        assert_eq!(fault(svg(style)), Some(SvgTooCostly), "{style}");
    }
    let styled = format!("<style>path {{ mask: url(#a) }}</style><mask id='a'>{}</mask>", "<path/>".repeat(1000));
    assert_eq!(fault(svg(&styled)), Some(SvgTooCostly));
}

#[test]
fn messages_are_one_line_and_say_what_to_do() {
    for fault in [
        PictureFault::TooLarge,
        NotAPicture("a PDF file"),
        Damaged(MediaType::Png),
        Dimensions { width: 0, height: 9 },
        SvgMalformed,
        SvgDoctype,
        SvgTooDeep,
        SvgTooCostly,
        SvgRefersOutside,
    ] {
        let error = IconError::Picture { host: "cdn.example".to_owned(), source: fault };
        let message = error.to_string();
        assert!(message.starts_with("cdn.example answered with ") && message.contains("; "), "{message}");
        assert!(!message.contains('\n') && message.len() < 250, "{message}");
        assert_eq!(error.reason(), Reason::InvalidDocument);
    }
}
