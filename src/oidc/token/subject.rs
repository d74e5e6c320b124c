//! Tokens that say more about the person whom an ID token has named, and about nobody else.

use serde_json::Value;

use super::{
    KeyRing, Parties, Proof, TokenError,
    kind::{self, Kind},
    verify,
};
use crate::domain::Claims;

/// Checks a signed answer of the userinfo endpoint (OpenID Connect Core 1.0, sections 5.3.2 and 5.3.4), and hands out its
/// claims.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_userinfo(
    raw: &str,
    keys: KeyRing<'_>,
    parties: &Parties<'_>,
    subject: &str,
) -> Result<Claims, TokenError> {
    about(raw, &kind::USERINFO, &Proof::Signature(keys), parties, subject)
}

/// Checks an access token that is a JWT (RFC 9068, section 4), and hands out its claims.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_access_token(
    raw: &str,
    proof: &Proof<'_>,
    parties: &Parties<'_>,
    subject: &str,
) -> Result<Claims, TokenError> {
    about(raw, &kind::ACCESS_TOKEN, proof, parties, subject)
}

fn about(
    raw: &str,
    kind: &Kind,
    proof: &Proof<'_>,
    parties: &Parties<'_>,
    subject: &str,
) -> Result<Claims, TokenError> {
    let claims = verify(raw, kind, proof, parties)?.claims;
    if claims.get("sub").and_then(Value::as_str) == Some(subject) { Ok(claims) } else { Err(TokenError::OtherSubject) }
}

#[cfg(test)]
mod tests;
