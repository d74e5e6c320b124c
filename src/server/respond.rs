//! Answers with the headers that security.md asks of them.

use super::pages::{FRAMABLE, Forms, Page, content_security_policy};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

/// A page, never stored by anybody.
pub fn page(status: StatusCode, page: &impl Page, extra: HeaderMap, forms: Forms<'_>) -> Response {
    let mut response = Response::new(Body::from(page.render()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(forms)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    add_common(headers);
    extend(headers, extra);
    response
}

/// A redirect (303, so that a POST becomes a GET), never stored by anybody.
pub fn redirect(to: &str, extra: HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    // A `Location` is made of a parsed URL or of a path made here, so this always succeeds.
    if let Ok(location) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, location);
    }
    add_common(headers);
    extend(headers, extra);
    response
}

/// JSON, never stored by anybody.
pub fn json(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_common(headers);
    response
}

/// JSON that everybody may keep for a quarter of an hour. What verifiers cache of it is known before it counts
/// (`domain::key_rotation`). The type is `application/json` for keys, too: every provider sends them so.
pub fn public_json(body: &impl serde::Serialize) -> Response {
    let mut response = json(StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=900"));
    response
}

/// What went wrong, for a machine.
pub fn error_json(status: StatusCode, error: &'static str) -> Response {
    json(status, &serde_json::json!({ "error": error }))
}

/// An answer for machines that says all by its status.
pub fn nothing(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    add_common(response.headers_mut());
    response
}

/// An empty page that any other may frame.
pub fn framable(status: StatusCode, extra: HeaderMap) -> Response {
    const EMPTY: &str = "<!doctype html><html lang=\"en\"><title>Sign-out</title></html>";
    let mut response = Response::new(Body::from(EMPTY));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAMABLE));
    add_common(headers);
    extend(headers, extra);
    response
}

fn add_common(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Forms here name their origin by it; other sites learn nothing.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn extend(headers: &mut HeaderMap, extra: HeaderMap) {
    for (name, value) in &extra {
        headers.append(name, value.clone());
    }
}
