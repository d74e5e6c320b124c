//! The rules of an ID token that an application brings (RFC 7523, section 3; OpenID Connect Core 1.0, section 2).

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{
    JwsError, KeyRing, Parties, Proof, TokenError,
    jws::{MAX_TOKEN_BYTES, three_parts},
    kind, verify,
};
use crate::{domain::Claims, oidc::json::JsonError};

/// Members by which some providers say in the claims what a token is (Keycloak, Amazon Cognito), and how they say that it is
/// an ID token.
const KINDS_IN_CLAIMS: [(&str, &str); 2] = [("typ", "ID"), ("token_use", "id")];

/// An ID token that is the provider's own, for this application, and fresh. That it counts once is the caller's to see to.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub claims: Claims,
    /// `exp`.
    pub expires_at: Timestamp,
    /// Tells it from all others of its issuer: a hash of its `jti`, else of what is signed. The signature has no say in it,
    /// since one and the same can be written in two ways.
    pub mark: [u8; 32],
}

/// Checks an ID token that an application brings. There is no way without signature: anybody can send one.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_assertion(
    raw: &str,
    keys: KeyRing<'_>,
    parties: &Parties<'_>,
    max_age: Duration,
) -> Result<Assertion, TokenError> {
    let claims = verify(raw, &kind::assertion(max_age), &Proof::Signature(keys), parties)?.claims;
    let is_other = |(member, id_token): &(&str, &str)| {
        claims.get(*member).is_some_and(|kind| !kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(id_token)))
    };
    if KINDS_IN_CLAIMS.iter().any(is_other) {
        return Err(TokenError::Jws(JwsError::WrongType));
    }
    // What is given for it must not outlive it, whatever the clocks are allowed to differ by.
    let expires_at = time(&claims, "exp").ok_or(TokenError::ExpiryMalformed)?;
    if expires_at <= parties.now {
        return Err(TokenError::Expired);
    }
    Ok(Assertion { mark: mark(raw, &claims), expires_at, claims })
}

fn time(claims: &Claims, claim: &str) -> Option<Timestamp> {
    let seconds = claims.get(claim)?.as_f64()?.floor();
    let time = || Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds).ok()?).ok();
    Some(time().unwrap_or(if seconds > 0.0 { Timestamp::MAX } else { Timestamp::MIN }))
}

fn mark(raw: &str, claims: &Claims) -> [u8; 32] {
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty());
    // Each part has but one encoding that is taken, so that these octets stand for the decoded ones.
    let signed = raw.rsplit_once('.').map_or(raw, |(signed, _)| signed);
    let mut hash = Context::new(&SHA256);
    let (what, text) = jti.map_or(("signed\n", signed), |jti| ("jti\n", jti));
    hash.update(what.as_bytes());
    hash.update(text.as_bytes());
    let mut mark = [0; 32];
    mark.copy_from_slice(hash.finish().as_ref());
    mark
}

/// Who a token says that it is from and for. Not to be believed: it only says by whose rules the token is to be judged.
#[derive(Debug, PartialEq, Eq)]
pub struct Claimed {
    pub issuer: String,
    pub audiences: Vec<String>,
}

/// What of a token's claims says who is to judge it.
#[derive(Deserialize)]
struct Said {
    iss: String,
    #[serde(default)]
    aud: Audiences,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

impl Default for Audiences {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

/// Reads who a token says that it is from and for.
///
/// # Errors
/// When it is no token that could say so.
pub fn claimed(raw: &str) -> Result<Claimed, JwsError> {
    if raw.len() > MAX_TOKEN_BYTES {
        return Err(JwsError::TooLarge);
    }
    let [_, payload, _] = three_parts(raw)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| JwsError::NotBase64Url)?;
    let Said { iss, aud } = serde_json::from_slice(&payload).map_err(|_| JwsError::Payload(JsonError::Syntax))?;
    let audiences = match aud {
        Audiences::One(audience) => vec![audience],
        Audiences::Several(audiences) => audiences,
    };
    Ok(Claimed { issuer: iss, audiences })
}

#[cfg(test)]
mod tests;
