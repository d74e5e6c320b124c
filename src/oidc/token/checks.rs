//! What the claims of a token must say.

use serde_json::Value;

use super::{
    Parties, TokenError,
    kind::{Audience, Kind, Presence},
};
use crate::domain::Claims;

/// OpenID Connect Core 1.0, section 2: `sub` has at most 255 characters.
const MAX_SUB_CHARS: usize = 255;

/// RFC 8725, section 3.12.
pub(super) fn kind(claims: &Claims, kind: &Kind) -> Result<(), TokenError> {
    let foreign = kind.foreign.iter().find(|claim| claims.contains_key(**claim));
    foreign.map_or(Ok(()), |claim| Err(TokenError::OfAnotherKind { claim }))
}

/// RFC 7519, sections 4.1.1 and 4.1.3; OpenID Connect Core 1.0, section 3.1.3.7, points 2 to 5.
pub(super) fn parties(claims: &Claims, kind: &Kind, expected: &Parties<'_>) -> Result<(), TokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    audience(claims, kind.audience, expected.clients)?;
    let names_another = |claim: &str| claims.get(claim).is_some_and(|party| !is_one_of(expected.clients, party));
    // RFC 9068, section 2.2, says client_id where OpenID Connect says azp.
    let is_anothers = names_another("azp") || (kind.audience == Audience::AnApi && names_another("client_id"));
    if is_anothers { Err(TokenError::AuthorizedParty) } else { Ok(()) }
}

fn is_one_of(clients: &[&str], party: &Value) -> bool {
    party.as_str().is_some_and(|party| clients.contains(&party))
}

fn audience(claims: &Claims, audience: Audience, clients: &[&str]) -> Result<(), TokenError> {
    if audience == Audience::AnApi {
        return Ok(());
    }
    let audiences = match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.as_slice(),
        Some(audience) => std::slice::from_ref(audience),
        None => &[],
    };
    if audiences.is_empty() || !audiences.iter().all(Value::is_string) {
        return Err(TokenError::AudienceMalformed);
    }
    let ours = audiences.iter().filter(|audience| is_one_of(clients, audience)).count();
    if ours == 0 {
        return Err(TokenError::AudienceNotOurs);
    }
    if ours < audiences.len() && audience == Audience::ThisClientAlone {
        return Err(TokenError::AudienceStranger);
    }
    Ok(())
}

/// RFC 7519, sections 4.1.4 to 4.1.6; OpenID Connect Core 1.0, section 3.1.3.7, points 9 and 10.
pub(super) fn times(claims: &Claims, kind: &Kind, expected: &Parties<'_>) -> Result<(), TokenError> {
    let (now, skew) = (expected.now.as_duration().as_secs_f64(), expected.skew.as_secs_f64());
    let exp = number(claims, "exp", kind.exp).ok_or(TokenError::ExpiryMalformed)?;
    if exp.is_some_and(|expires| now >= expires + skew) {
        return Err(TokenError::Expired);
    }
    let nbf = number(claims, "nbf", Presence::Optional).ok_or(TokenError::NotBeforeMalformed)?;
    // Times are mostly written in whole seconds: whose clock is ahead by less than one must not be from the future.
    let latest = now.ceil() + skew;
    if nbf.is_some_and(|not_before| latest < not_before) {
        return Err(TokenError::NotYetValid);
    }
    let iat = number(claims, "iat", kind.iat).ok_or(TokenError::IssuedAtMalformed)?;
    if iat.is_some_and(|issued| latest < issued) {
        return Err(TokenError::IssuedInFuture);
    }
    match (iat, kind.issued_within) {
        (Some(issued), Some(seconds)) if now > issued + seconds + skew => Err(TokenError::IssuedTooLongAgo),
        _ => Ok(()),
    }
}

/// None for a claim that is missing though required, or no number.
fn number(claims: &Claims, claim: &str, presence: Presence) -> Option<Option<f64>> {
    match (claims.get(claim), presence) {
        (Some(value), _) => value.as_f64().map(Some),
        (None, Presence::Optional) => Some(None),
        (None, Presence::Required) => None,
    }
}

/// OpenID Connect Core 1.0, section 2. Control characters, which no identifier needs, are refused as well: stores differ
/// in how they treat NUL.
pub(super) fn subject(claims: &Claims, kind: &Kind) -> Result<(), TokenError> {
    let fits = |subject: &str| {
        (1..=MAX_SUB_CHARS).contains(&subject.chars().count()) && !subject.chars().any(char::is_control)
    };
    match claims.get("sub") {
        None if kind.sub == Presence::Optional => Ok(()),
        Some(Value::String(subject)) if fits(subject) => Ok(()),
        _ => Err(TokenError::Subject),
    }
}
