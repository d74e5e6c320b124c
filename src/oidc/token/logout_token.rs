//! The rules of a logout token (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use jiff::Timestamp;
use serde_json::Value;

use super::{KeyRing, Parties, Proof, TokenError, kind, verify};
use crate::domain::provider_session::issued_at;

/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest `sid` and `jti` that are looked at.
const MAX_ID_CHARS: usize = 255;

/// Whose sessions a provider says are over. At least one of `sub` and `sid` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    /// The person, as ID tokens call them.
    pub sub: Option<String>,
    /// The session at the provider.
    pub sid: Option<String>,
    /// Names the token; it counts once.
    pub jti: String,
    /// `iat`.
    pub issued_at: Timestamp,
}

/// Checks a logout token. That its `jti` counts once is the caller's to see to. There is no way without signature: anybody
/// can send one.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify_logout_token(raw: &str, keys: KeyRing<'_>, parties: &Parties<'_>) -> Result<LogoutToken, TokenError> {
    let claims = verify(raw, &kind::LOGOUT_TOKEN, &Proof::Signature(keys), parties)?.claims;
    let is_logout = claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object);
    if !is_logout {
        return Err(TokenError::NoLogoutEvent);
    }
    let id = |claim: &str| match claims.get(claim) {
        None => Some(None),
        Some(Value::String(id)) if (1..=MAX_ID_CHARS).contains(&id.chars().count()) => Some(Some(id.clone())),
        Some(_) => None,
    };
    let sid = id("sid").ok_or(TokenError::SessionId)?;
    let sub = claims.get("sub").and_then(Value::as_str).map(str::to_owned);
    if sub.is_none() && sid.is_none() {
        return Err(TokenError::SessionId);
    }
    let jti = id("jti").flatten().ok_or(TokenError::TokenId)?;
    let issued_at = issued_at(&claims).ok_or(TokenError::IssuedAtMalformed)?;
    Ok(LogoutToken { sub, sid, jti, issued_at })
}

#[cfg(test)]
mod tests;
