//! Tells forms of our own pages from those that another site makes a browser send.

use axum::http::HeaderMap;

use crate::domain::organization::Organization;

/// Whether another site made the browser send this form. Its cookie would be missing anyway (`SameSite`).
pub fn comes_from_elsewhere(headers: &HeaderMap, organization: &Organization) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let here = organization.external_url.origin().ascii_serialization();
    text("sec-fetch-site").is_some_and(|site| site != "same-origin")
        || text("origin").is_some_and(|origin| origin != here)
}
