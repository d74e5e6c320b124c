//! The rules of an ID token at a login (OpenID Connect Core 1.0, sections 2, 3.1.3.6, 3.1.3.7 and 3.2.2.11).
//! Pure: the clock comes in as a value.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    jwt::{JwsError, JwsRules, verify_signature},
    keys::KeySet,
};
use crate::domain::{Claims, relation::SigningAlgorithm};

/// How old an ID token may be at a login.
const MAX_AGE_SECONDS: f64 = 3600.0;
/// Section 2: `sub` has at most 255 characters.
const MAX_SUB_CHARS: usize = 255;

/// What an ID token must say.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub algorithms: &'a [SigningAlgorithm],
    pub now: Timestamp,
    /// How far the provider's clock may be off, either way.
    pub skew: Duration,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// The code that the token was exchanged for, for `c_hash`.
    pub code: Option<&'a str>,
    /// The person must have signed in at the provider since then: where `max_age` was asked for.
    pub authenticated_since: Option<Timestamp>,
}

/// Which rule an ID token breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Jws(#[from] JwsError),
    #[error("it has an events claim, as logout tokens and security events do")]
    NotAnIdToken,
    #[error("iss is not the configured issuer")]
    Issuer,
    #[error("aud is absent, empty, or not a string or an array of strings")]
    AudienceMalformed,
    #[error("aud does not name this client")]
    AudienceNotOurs,
    #[error("aud names others beside this client")]
    AudienceStranger,
    #[error("azp is not this client")]
    AuthorizedParty,
    #[error("exp is absent or not a number")]
    ExpiryMalformed,
    #[error("exp is over")]
    Expired,
    #[error("nbf is not a number")]
    NotBeforeMalformed,
    #[error("nbf is still to come; check the clocks")]
    NotYetValid,
    #[error("iat is absent or not a number")]
    IssuedAtMalformed,
    #[error("iat is still to come; check the clocks")]
    IssuedInFuture,
    #[error("iat is more than an hour ago")]
    IssuedTooLongAgo,
    #[error("nonce is absent or not a string")]
    NonceMissing,
    #[error("nonce is not the one of this login")]
    NonceMismatch,
    #[error("auth_time is absent or not a number, though max_age was asked for")]
    AuthTimeMissing,
    #[error("auth_time is longer ago than the max_age that was asked for")]
    AuthTimeTooLongAgo,
    #[error("at_hash does not fit the access token")]
    AccessTokenHash,
    #[error("c_hash does not fit the code")]
    CodeHash,
    #[error("sub is not a string of 1 to 255 characters")]
    Subject,
}

impl TokenError {
    /// A stable code for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jws(error) => error.as_str(),
            Self::NotAnIdToken => "not_an_id_token",
            Self::Issuer => "iss_wrong",
            Self::AudienceMalformed => "aud_malformed",
            Self::AudienceNotOurs => "aud_not_ours",
            Self::AudienceStranger => "aud_stranger",
            Self::AuthorizedParty => "azp_wrong",
            Self::ExpiryMalformed => "exp_malformed",
            Self::Expired => "exp_over",
            Self::NotBeforeMalformed => "nbf_malformed",
            Self::NotYetValid => "nbf_to_come",
            Self::IssuedAtMalformed => "iat_malformed",
            Self::IssuedInFuture => "iat_to_come",
            Self::IssuedTooLongAgo => "iat_too_old",
            Self::NonceMissing => "nonce_missing",
            Self::NonceMismatch => "nonce_wrong",
            Self::AuthTimeMissing => "auth_time_missing",
            Self::AuthTimeTooLongAgo => "auth_time_too_old",
            Self::AccessTokenHash => "at_hash_wrong",
            Self::CodeHash => "c_hash_wrong",
            Self::Subject => "sub_malformed",
        }
    }

    /// Whether newer keys of the issuer might verify the token: fetch them once, and try again.
    pub fn asks_for_newer_keys(self) -> bool {
        self == Self::Jws(JwsError::UnknownKey)
    }
}

/// Checks an ID token that came from the token endpoint or by form post, and hands out its claims.
pub fn verify(raw: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Claims, TokenError> {
    let rules = JwsRules { algorithms: expected.algorithms, type_fits: is_no_other_type };
    let signed = verify_signature(raw, keys, &rules)?;
    let claims = &signed.claims;
    if claims.contains_key("events") {
        return Err(TokenError::NotAnIdToken);
    }
    check_parties(claims, expected)?;
    check_times(claims, expected)?;
    check_nonce(claims, expected.nonce)?;
    check_auth_time(claims, expected)?;
    let hash_fits = |claim, of: Option<&str>| hash_fits(claims.get(claim), of, signed.algorithm);
    if !hash_fits("at_hash", expected.access_token) {
        return Err(TokenError::AccessTokenHash);
    }
    if !hash_fits("c_hash", expected.code) {
        return Err(TokenError::CodeHash);
    }
    check_subject(claims)?;
    Ok(signed.claims)
}

/// ID tokens have no type of their own; tokens that have one (`at+jwt`, `logout+jwt`, …) are something else
/// (RFC 8725, section 3.11).
fn is_no_other_type(typ: Option<&str>) -> bool {
    typ.is_none_or(|typ| !typ.ends_with("+jwt"))
}

/// Section 3.1.3.7, points 2 to 5.
fn check_parties(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let audiences = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.as_slice(),
        Some(audience) => std::slice::from_ref(audience),
        None => &[],
    };
    if audiences.is_empty() || !audiences.iter().all(Value::is_string) {
        return Err(TokenError::AudienceMalformed);
    }
    let ours = audiences.iter().filter(|audience| *audience == expected.client_id).count();
    if ours == 0 {
        return Err(TokenError::AudienceNotOurs);
    }
    if ours < audiences.len() {
        return Err(TokenError::AudienceStranger);
    }
    match claims.get("azp") {
        Some(party) if party != expected.client_id => Err(TokenError::AuthorizedParty),
        _ => Ok(()),
    }
}

/// Section 3.1.3.7, points 9 and 10; RFC 7519, section 4.1.5.
fn check_times(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let number = |claim: &str| claims.get(claim).and_then(Value::as_f64);
    let (now, skew) = (expected.now.as_duration().as_secs_f64(), expected.skew.as_secs_f64());
    let expires = number("exp").ok_or(TokenError::ExpiryMalformed)?;
    if now >= expires + skew {
        return Err(TokenError::Expired);
    }
    if claims.contains_key("nbf") {
        let not_before = number("nbf").ok_or(TokenError::NotBeforeMalformed)?;
        if now + skew < not_before {
            return Err(TokenError::NotYetValid);
        }
    }
    let issued = number("iat").ok_or(TokenError::IssuedAtMalformed)?;
    if now + skew < issued {
        return Err(TokenError::IssuedInFuture);
    }
    if now > issued + MAX_AGE_SECONDS + skew {
        return Err(TokenError::IssuedTooLongAgo);
    }
    Ok(())
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
fn check_auth_time(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenError> {
    let Some(since) = expected.authenticated_since else { return Ok(()) };
    let at = claims.get("auth_time").and_then(Value::as_f64).ok_or(TokenError::AuthTimeMissing)?;
    let since = since.as_duration().as_secs_f64() - expected.skew.as_secs_f64();
    if at < since { Err(TokenError::AuthTimeTooLongAgo) } else { Ok(()) }
}

/// Sections 3.1.3.6 and 3.3.2.11: the left half of the hash that the token's algorithm uses. An absent hash fits,
/// and so does any when there is nothing that it could be the hash of.
fn hash_fits(hash: Option<&Value>, of: Option<&str>, algorithm: SigningAlgorithm) -> bool {
    let (Some(hash), Some(of)) = (hash, of) else { return true };
    let full = digest::digest(hash_of(algorithm), of.as_bytes());
    let left = &full.as_ref()[..full.as_ref().len() / 2];
    *hash == URL_SAFE_NO_PAD.encode(left)
}

fn hash_of(algorithm: SigningAlgorithm) -> &'static digest::Algorithm {
    use SigningAlgorithm::*;
    match algorithm {
        RS256 | PS256 | ES256 => &digest::SHA256,
        RS384 | PS384 | ES384 => &digest::SHA384,
        // Ed25519 hashes with SHA-512 (RFC 8032, section 5.1).
        RS512 | PS512 | EdDSA => &digest::SHA512,
    }
}

/// Section 2. Control characters, which no identifier needs, are refused as well: stores differ in how they treat NUL.
fn check_subject(claims: &Claims) -> Result<(), TokenError> {
    let subject = claims.get("sub").and_then(Value::as_str).ok_or(TokenError::Subject)?;
    let fits = (1..=MAX_SUB_CHARS).contains(&subject.chars().count()) && !subject.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(TokenError::Subject) }
}

#[cfg(test)]
mod tests;
