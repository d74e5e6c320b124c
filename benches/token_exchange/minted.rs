//! ID tokens of an issuer of the benchmark's own, each of which counts once.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    login::with_groups,
    support::signer::{P256, RSA, Signer},
};

/// What the application is called at the issuer.
pub const AUDIENCE: &str = "bench-at-the-provider";
/// So many people have been there before.
pub const PEOPLE: u64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    RS256,
    ES256,
}

/// Who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// One of `PEOPLE`, in turn.
    Known,
    /// Somebody whom nobody has seen.
    New,
}

impl Algorithm {
    fn signer(self) -> &'static Signer {
        match self {
            Self::RS256 => &RSA,
            Self::ES256 => &P256,
        }
    }

    pub fn jwk(self) -> Value {
        self.signer().jwk()
    }

    /// A token of its own with 1.8 KB of claims, of which nothing is odd.
    pub fn token(self, issuer: &str, who: Who) -> String {
        let claims = claims(issuer, who, Timestamp::now());
        let header = json!({"alg": format!("{self:?}"), "kid": self.jwk()["kid"], "typ": "JWT"});
        self.signer().token(&header.to_string(), claims.to_string())
    }
}

fn claims(issuer: &str, who: Who, now: Timestamp) -> Value {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = match who {
        Who::Known => format!("known-{:06}", number % PEOPLE),
        Who::New => format!("new-{number:06}"),
    };
    let mut claims = with_groups(20);
    for (member, value) in [
        ("iss", json!(issuer)),
        ("aud", json!(AUDIENCE)),
        ("sub", json!(name)),
        ("iat", json!(now.as_second())),
        ("exp", json!(now.as_second() + 3600)),
        ("jti", json!(format!("of-the-benchmark-{number:012}"))),
        ("preferred_username", json!(name)),
        ("email", json!(format!("{name}@example.com"))),
    ] {
        claims[member] = value;
    }
    claims
}
