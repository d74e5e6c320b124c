//! What forward auth tells an ingress about a person: every identity header, also those that are empty, so that
//! nothing a client sent under their names survives.

use arc_swap::ArcSwapOption;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;

use crate::domain::outcome::Outcome;

const USER: HeaderName = HeaderName::from_static("x-auth-request-user");
const PREFERRED_USERNAME: HeaderName = HeaderName::from_static("x-auth-request-preferred-username");
const EMAIL: HeaderName = HeaderName::from_static("x-auth-request-email");
const GROUPS: HeaderName = HeaderName::from_static("x-auth-request-groups");
const ROLES: HeaderName = HeaderName::from_static("x-auth-request-roles");
const ADMINISTRATOR: HeaderName = HeaderName::from_static("x-auth-request-administrator");
const ORGANIZATION: HeaderName = HeaderName::from_static("x-auth-request-organization");

/// Who somebody is, and the headers that say so; made once for all requests until the person or the organization
/// changes.
pub struct Identity {
    pub outcome: Outcome,
    pub headers: HeaderMap,
    /// The access token that was given out last.
    pub token: ArcSwapOption<KeptToken>,
}

/// An access token as an answer carries it.
pub struct KeptToken {
    pub authorization: HeaderValue,
    /// Names the key that it is signed with.
    pub kid: String,
    pub made_at: Timestamp,
    pub expires_at: Timestamp,
}

impl KeptToken {
    /// Whether it is good for at least half of its time yet. Of a token from the future nobody knows: the clock was set
    /// back.
    pub fn lasts(&self, now: Timestamp) -> bool {
        now >= self.made_at && self.expires_at.duration_since(now) > self.expires_at.duration_since(self.made_at) / 2
    }
}

impl Identity {
    pub fn new(outcome: Outcome) -> Self {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(USER, value(&outcome.id.to_string()));
        headers.insert(PREFERRED_USERNAME, value(&outcome.user_name));
        headers.insert(EMAIL, value(outcome.email.as_deref().unwrap_or_default()));
        headers.insert(GROUPS, value(&outcome.groups.join(",")));
        headers.insert(ROLES, value(&outcome.roles.join(",")));
        headers.insert(ADMINISTRATOR, value(if outcome.administrator { "true" } else { "false" }));
        headers.insert(ORGANIZATION, value(&outcome.organization));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { outcome, headers, token: ArcSwapOption::empty() }
    }
}

/// Text as UTF-8 bytes; what cannot stand in a header is left empty rather than left out.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::at;

    #[test]
    fn a_token_lasts_for_half_of_its_time_and_none_comes_from_the_future() {
        let given = |made_at, expires_at| KeptToken {
            authorization: HeaderValue::from_static("Bearer x"),
            kid: String::new(),
            made_at: at(made_at),
            expires_at: at(expires_at),
        };
        for (made_at, expires_at, now, lasts) in [
            (0, 600, 0, true),
            (0, 600, 299, true),
            (0, 600, 300, false),
            (0, 600, 600, false),
            (0, 600, -1, false),
            // It ends with the session within the second.
            (500, 0, 500, false),
        ] {
            assert_eq!(given(made_at, expires_at).lasts(at(now)), lasts, "{made_at} {expires_at} {now}");
        }
    }
}
