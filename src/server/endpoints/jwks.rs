//! `GET /o/{org}/.well-known/jwks.json`: the keys that the organization's access tokens are verified with (RFC 7517,
//! section 5). The first who asks has one made.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use jiff::Timestamp;

use crate::server::{respond, segments::Segments, state::Server};

pub async fn get(State(server): State<Arc<Server>>, Segments(organization): Segments<String>) -> Response {
    let view = match server.view_for_machines(&organization) {
        Ok(view) => view,
        Err(failure) => return *failure,
    };
    let now = Timestamp::now();
    match server.signing_keys(&view.organization.key, now).await {
        Ok(keys) => respond::public_json(&keys.published(now)),
        Err(error) => {
            server.signing.warn(&error);
            respond::error_json(StatusCode::SERVICE_UNAVAILABLE, "the keys cannot be read right now")
        }
    }
}
