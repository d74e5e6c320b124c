//! The rules of an ID token at a login (OpenID Connect Core 1.0, sections 3.1.3.6, 3.1.3.7 and 3.2.2.11).

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;

use super::{Parties, Proof, TokenError, kind, verify};
use crate::domain::{Claims, signing_algorithm::SigningAlgorithm};

/// What ties an ID token to a login.
#[derive(Clone, Copy)]
pub struct AtLogin<'a> {
    pub nonce: &'a str,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// The code that the token was exchanged for, for `c_hash`.
    pub code: Option<&'a str>,
    /// The person must have signed in at the provider since then: where `max_age` was asked for.
    pub authenticated_since: Option<Timestamp>,
}

/// Checks an ID token that came from the token endpoint or by form post, and hands out its claims.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_id_token(
    raw: &str,
    proof: &Proof<'_>,
    parties: &Parties<'_>,
    login: &AtLogin<'_>,
) -> Result<Claims, TokenError> {
    let signed = verify(raw, &kind::ID_TOKEN, proof, parties)?;
    let claims = &signed.claims;
    check_nonce(claims, login.nonce)?;
    check_auth_time(claims, parties, login.authenticated_since)?;
    let hash_fits = |claim, of: Option<&str>| hash_fits(claims.get(claim), of, signed.algorithm);
    if !hash_fits("at_hash", login.access_token) {
        return Err(TokenError::AccessTokenHash);
    }
    if !hash_fits("c_hash", login.code) {
        return Err(TokenError::CodeHash);
    }
    Ok(signed.claims)
}

/// Section 3.1.3.7, point 11; a nonce is always sent.
fn check_nonce(claims: &Claims, expected: &str) -> Result<(), TokenError> {
    match claims.get("nonce").and_then(Value::as_str) {
        None => Err(TokenError::NonceMissing),
        Some(nonce) if nonce != expected => Err(TokenError::NonceMismatch),
        Some(_) => Ok(()),
    }
}

/// Section 3.1.2.1, `max_age`, and section 3.1.3.7, point 13.
fn check_auth_time(claims: &Claims, parties: &Parties<'_>, since: Option<Timestamp>) -> Result<(), TokenError> {
    let Some(since) = since else { return Ok(()) };
    let at = claims.get("auth_time").and_then(Value::as_f64).ok_or(TokenError::AuthTimeMissing)?;
    let skew = parties.skew.as_secs_f64();
    if at > parties.now.as_duration().as_secs_f64().ceil() + skew {
        return Err(TokenError::AuthTimeInFuture);
    }
    let since = since.as_duration().as_secs_f64() - skew;
    if at < since { Err(TokenError::AuthTimeTooLongAgo) } else { Ok(()) }
}

/// Sections 3.1.3.6 and 3.3.2.11: the left half of the hash that the token's algorithm uses. An absent hash fits,
/// and so does any when there is nothing that it could be the hash of.
fn hash_fits(hash: Option<&Value>, of: Option<&str>, algorithm: SigningAlgorithm) -> bool {
    let (Some(hash), Some(of)) = (hash, of) else { return true };
    let full = digest::digest(algorithm.hash(), of.as_bytes());
    let left = &full.as_ref()[..full.as_ref().len() / 2];
    *hash == URL_SAFE_NO_PAD.encode(left)
}

#[cfg(test)]
mod tests;
