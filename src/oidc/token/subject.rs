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

/// Checks an access token that came with an ID token and is a JWT (RFC 9068, section 4), and hands out its claims.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_access_token(
    raw: &str,
    proof: &Proof<'_>,
    parties: &Parties<'_>,
    id_token: &Claims,
) -> Result<Claims, TokenError> {
    let claims = about(raw, &kind::ACCESS_TOKEN, proof, parties, subject_of(id_token))?;
    // Some providers write the nonce into access tokens, too; that of another login stands in another ID token.
    match claims.get("nonce") {
        Some(nonce) if id_token.get("nonce") != Some(nonce) => Err(TokenError::NonceMismatch),
        _ => Ok(claims),
    }
}

/// The person whom an ID token names.
pub fn subject_of(id_token: &Claims) -> &str {
    id_token.get("sub").and_then(Value::as_str).unwrap_or_default()
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
