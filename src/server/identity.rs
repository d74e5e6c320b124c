//! What forward auth tells an ingress about a person: every identity header, also those that are empty, so that
//! nothing a client sent under their names survives.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

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
        Self { outcome, headers }
    }
}

/// Text as UTF-8 bytes; what cannot stand in a header is left empty rather than left out.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}
