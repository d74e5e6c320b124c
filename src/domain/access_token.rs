//! What an access token says (RFC 9068). Signs nothing.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Claims, organization::Organization, outcome::Outcome};

/// Under which registered names (RFC 9068, section 2.2.2; OpenID Connect Core 1.0, section 5.1) an outcome is told once
/// more that has another name here.
const REGISTERED: [(&str, &str); 6] = [
    ("userName", "preferred_username"),
    ("fullName", "name"),
    ("givenName", "given_name"),
    ("familyName", "family_name"),
    ("emailVerified", "email_verified"),
    ("timeZone", "zoneinfo"),
];

/// What is told of an access token, beside the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Issue<'a> {
    pub organization: &'a Organization,
    /// Who asked for it.
    pub client_id: &'a str,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// Tells the token from all others.
    pub id: Uuid,
}

/// When an access token expires that is given out now: in whole seconds, as tokens tell it, and not after `not_after`.
pub fn expires_at(organization: &Organization, not_after: Timestamp, now: Timestamp) -> Timestamp {
    let expires_at = now.checked_add(organization.tokens.lifetime).unwrap_or(Timestamp::MAX).min(not_after);
    Timestamp::from_second(expires_at.as_second()).unwrap_or(expires_at)
}

/// The claims of an access token: those of RFC 9068, every outcome as `/session` shows it, but for what is not known, and
/// what has a registered name under that, too.
pub fn claims(issue: &Issue<'_>, outcome: &Outcome) -> Claims {
    let mut claims = Claims::new();
    let mut tell = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    tell("iss", json!(issue.organization.issuer()));
    tell("sub", json!(outcome.id));
    tell("aud", json!(issue.organization.audience()));
    tell("client_id", json!(issue.client_id));
    tell("iat", json!(issue.issued_at.as_second()));
    tell("exp", json!(issue.expires_at.as_second()));
    tell("jti", json!(issue.id));
    let outcome = match serde_json::to_value(outcome) {
        Ok(Value::Object(outcome)) => outcome,
        _ => Claims::new(),
    };
    for (name, value) in outcome.into_iter().filter(|(_, value)| !value.is_null()) {
        if let Some((_, registered)) = REGISTERED.iter().find(|(ours, _)| *ours == name) {
            claims.insert((*registered).to_owned(), value.clone());
        }
        claims.insert(name, value);
    }
    claims
}

#[cfg(test)]
mod tests;
