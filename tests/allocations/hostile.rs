//! Tokens that are made to take memory, and how much they may take.

use std::fmt::Write;

use super::issuer::{Issuer, base64};

/// Longer tokens are not looked at.
pub const CAP: usize = 64 * 1024;
/// Below the cap, just above it, and far above it.
pub const LENGTHS: [usize; 6] = [1024, 16 * 1024, CAP, CAP + 1, 1024 * 1024, 10 * 1024 * 1024];

/// A token that somebody sends.
pub struct Hostile {
    pub what: &'static str,
    pub token: String,
    /// The issuer itself has signed it, so that its claims are read.
    pub signed: bool,
}

impl Hostile {
    /// How many octets verifying it may take at once. What anybody can send is there about twice, decoded and read: the
    /// header's values are few. What only the issuer can send may be two octets for each value, which takes a hundred times
    /// that.
    pub fn bound(&self) -> u64 {
        match self.token.len() as u64 {
            length if length > CAP as u64 => 0,
            length if self.signed => 112 * length,
            length => 2 * length + 24 * 1024,
        }
    }
}

/// One of each sort, of this length or hardly less.
pub fn tokens(issuer: &Issuer, length: usize) -> Vec<Hostile> {
    let mut tokens = vec![
        Hostile { what: "letters", token: "A".repeat(length), signed: false },
        Hostile { what: "dots", token: ".".repeat(length), signed: false },
        Hostile { what: "no JSON", token: grown(length, |room| forged(&"{".repeat(room))), signed: false },
        Hostile {
            what: "kid",
            token: grown(length, |room| forged(&header(issuer, "kid", &text(room)))),
            signed: false,
        },
    ];
    for (what, json) in SHAPES {
        let token = grown(length, |room| forged(&header(issuer, "x", &json(room))));
        tokens.push(Hostile { what, token, signed: false });
        let token = grown(length, |room| issuer.sign(&issuer.header().to_string(), &claims(issuer, &json(room))));
        tokens.push(Hostile { what, token, signed: true });
    }
    tokens
}

type Shape = (&'static str, fn(usize) -> String);

/// JSON of about so many octets, never more.
const SHAPES: [Shape; 8] = [
    ("text", text),
    ("escapes", |room| format!("\"{}\"", r"\u00e9".repeat(room.saturating_sub(2) / 6))),
    ("numbers", |room| array_of("0", room)),
    ("empty objects", |room| array_of("{}", room)),
    ("nested arrays", |room| array_of("[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]", room)),
    ("nested objects", |room| array_of(r#"{"":{"":{"":{"":{"":{"":{"":{"":0}}}}}}}}"#, room)),
    ("depth", |room| "[".repeat(room)),
    ("members", members),
];

fn text(room: usize) -> String {
    format!("\"{}\"", "k".repeat(room.saturating_sub(2)))
}

fn array_of(piece: &str, room: usize) -> String {
    let pieces = vec![piece; room.saturating_sub(1) / (piece.len() + 1)];
    format!("[{}]", pieces.join(","))
}

fn members(room: usize) -> String {
    let mut json = String::from("{\"\":0");
    for number in 0.. {
        if json.len() + 16 > room {
            break;
        }
        write!(json, ",\"{number:x}\":0").expect("room");
    }
    json + "}"
}

/// The token that has as much room for JSON as this length leaves. What is too long to be looked at may end anyhow.
fn grown(length: usize, token: impl Fn(usize) -> String) -> String {
    let room = length.saturating_sub(token(8).len()) * 3 / 4;
    let mut token = token(room);
    if length > CAP {
        token.extend(std::iter::repeat_n('A', length.saturating_sub(token.len())));
    }
    token
}

fn forged(header: &str) -> String {
    format!("{}.e30.AAAA", base64(header))
}

fn header(issuer: &Issuer, member: &str, json: &str) -> String {
    let mut header = issuer.header();
    header.as_object_mut().expect("an object").remove(member);
    with_member(&header.to_string(), member, json)
}

/// The least that is believed, and this.
fn claims(issuer: &Issuer, json: &str) -> String {
    let mut claims = issuer.claims();
    let required = ["iss", "sub", "aud", "nonce", "iat", "exp", "auth_time"];
    claims.as_object_mut().expect("an object").retain(|claim, _| required.contains(&claim.as_str()));
    with_member(&claims.to_string(), "x", json)
}

/// The member comes last, so that what must be right has been read.
fn with_member(object: &str, member: &str, json: &str) -> String {
    format!("{},\"{member}\":{json}}}", object.strip_suffix('}').expect("an object"))
}
