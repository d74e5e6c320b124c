//! Bodies that an endpoint for JSON should not answer with, whatever it was asked for.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::support::fake::{OddBody, Reply};

/// The most that Latchkey reads, in bytes.
const MOST: usize = 1024 * 1024;

type Body = (&'static str, fn(&Value) -> Reply, &'static str, &'static str);

pub const NOT_JSON: &str = "it is not JSON";
pub const NOT_AN_OBJECT: &str = "it is not a JSON object";
pub const TWICE: &str = "it has a member twice";
pub const TOO_DEEP: &str = "it is nested too deeply";
pub const TOO_LARGE: &str = "larger than 1 MiB";
pub const NOT_HTTP: &str = "not proper HTTP";

/// What is sent instead of a right object, what the message says about it, and the paragraph.
#[rustfmt::skip]
pub const WRONG: &[Body] = &[
    ("nothing", |_| json(""), NOT_JSON, "RFC 8259 2"),
    ("a page", |_| Reply::text("text/html", "<html><b>m4rk</b></html>"), NOT_JSON, "RFC 8259 2"),
    ("a page that is said to be JSON", |_| json("<html><b>m4rk</b></html>"), NOT_JSON, "RFC 8259 2"),
    ("a list with the right object", |right| json(&format!("[{right}]")), NOT_AN_OBJECT, "RFC 8259 4"),
    ("text", |_| json("\"m4rk\""), NOT_AN_OBJECT, "RFC 8259 4"),
    ("null", |_| json("null"), NOT_AN_OBJECT, "RFC 8259 4"),
    ("the right object, and another", |right| json(&format!("{right}{{\"m4rk\":1}}")), NOT_JSON, "RFC 8259 2"),
    ("the right object without its end", |right| json(right.to_string().trim_end_matches('}')), NOT_JSON, "RFC 8259 4"),
    ("a call with the right object, as scripts have it", |right| json(&format!("m4rk({right})")), NOT_JSON, "RFC 8259 2"),
    ("a prefix against such scripts", |right| json(&format!(")]}}',\n{right}")), NOT_JSON, "RFC 8259 2"),
    ("a byte order mark before it", |right| json(&format!("\u{feff}{right}")), NOT_JSON, "RFC 8259 8.1"),
    ("UTF-16", |right| Reply::octets(right.to_string().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()), NOT_JSON, "RFC 8259 8.1"),
    ("octets that are no UTF-8", |right| Reply::octets([with(right, "\"m\":\"").trim_end_matches('}').as_bytes(), b"\xc3\x28\"}"].concat()), NOT_JSON, "RFC 8259 8.1"),
    ("NUL after it", |right| json(&format!("{right}\0")), NOT_JSON, "RFC 8259 2"),
    ("a number without end, 1e999", |right| json(&with(right, "\"m4rk\":1e999")), NOT_JSON, "RFC 8259 6"),
    ("a member twice", |right| json(&with(right, "\"m4rk\":1,\"m4rk\":1")), TWICE, "RFC 8259 4"),
    ("a member twice, once escaped", |right| json(&with(right, "\"m4rk\":1,\"\\u006d4rk\":2")), TWICE, "RFC 8259 4"),
    ("a member of a member twice", |right| json(&with(right, "\"m\":[{\"m4rk\":1,\"m4rk\":1}]")), TWICE, "RFC 8259 4"),
    ("lists 33 deep", |right| json(&with(right, &format!("\"m\":{}", nested(32)))), TOO_DEEP, "RFC 8259 9; *ours*"),
    ("lists 100,000 deep, without end", |_| json(&"[".repeat(100_000)), TOO_DEEP, "RFC 8259 9; *ours*"),
    ("1 MiB and a byte", |right| padded(right, MOST + 1), TOO_LARGE, "*ours*"),
    ("a body without end", |_| Reply::odd(OddBody::WithoutEnd), TOO_LARGE, "*ours*"),
    ("10 KiB that are 10 MiB once inflated", bomb, TOO_LARGE, "*ours*"),
    ("text that is said to be compressed", |right| Reply::encoded("gzip", right.to_string().into_bytes()), NOT_HTTP, "RFC 9110 8.4.1.3"),
    ("compressed, and cut short", |right| Reply::encoded("gzip", half(gzip(right.to_string().as_bytes()))), NOT_HTTP, "RFC 9110 8.4.1.3"),
    ("a connection that is cut", |_| Reply::odd(OddBody::BrokenOff("{\"m4rk\":")), NOT_HTTP, "RFC 9112 8"),
];

/// What is odd about the way in which the right object is sent.
#[rustfmt::skip]
pub const ODD: &[Body] = &[
    ("a charset", |right| Reply::text("application/json; charset=UTF-8", &right.to_string()), "", "RFC 9110 8.3.1"),
    ("a type of JSON's kin", |right| Reply::text("application/oauth+json", &right.to_string()), "", "RFC 6839 3.1"),
    ("`text/plain`; the content type is not looked at, as many write another", |right| Reply::text("text/plain", &right.to_string()), "", "*ours*"),
    ("no content type", |right| Reply::octets(right.to_string()), "", "RFC 9110 8.3"),
    ("compressed by gzip", |right| Reply::encoded("gzip", gzip(right.to_string().as_bytes())), "", "RFC 9110 8.4.1.3"),
    ("1 MiB", |right| padded(right, MOST), "", "*ours*"),
    ("a line break after it", |right| json(&format!("{right}\r\n")), "", "RFC 8259 2"),
    ("lists 32 deep", |right| json(&with(right, &format!("\"m\":{}", nested(31)))), "", "*ours*"),
];

fn json(body: &str) -> Reply {
    Reply::text("application/json", body)
}

/// With members at the end.
pub fn with(right: &Value, members: &str) -> String {
    format!("{},{members}}}", right.to_string().strip_suffix('}').expect("an object"))
}

/// So many lists, one within the other.
pub fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn padded(right: &Value, length: usize) -> Reply {
    json(&spaced(right, length))
}

fn spaced(right: &Value, length: usize) -> String {
    let right = right.to_string();
    let spaces = length - right.len();
    right + &" ".repeat(spaces)
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(octets).expect("written");
    encoder.finish().expect("written")
}

fn half(mut octets: Vec<u8>) -> Vec<u8> {
    octets.truncate(octets.len() / 2);
    octets
}

fn bomb(right: &Value) -> Reply {
    Reply::encoded("gzip", gzip(spaced(right, 10 * MOST).as_bytes()))
}
