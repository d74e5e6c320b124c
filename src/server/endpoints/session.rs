//! `GET /o/{org}/session`: who is signed in, with every outcome of the login; 401 for nobody.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    domain::{
        outcome::{Outcome, outcome},
        session::ends_at,
    },
    server::{respond, segments::Segments, state::Server},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(flatten)]
    outcome: Outcome,
    /// When the session ends, however much it is used (RFC 3339).
    expires_at: Timestamp,
}

pub async fn get(
    State(server): State<Arc<Server>>,
    Segments(organization): Segments<String>,
    headers: HeaderMap,
) -> Response {
    let view = match server.view_for_machines(&organization) {
        Ok(view) => view,
        Err(failure) => return *failure,
    };
    match server.current(&view, &headers, Timestamp::now()).await {
        Ok(Some(current)) => {
            let (person, session) = (&current.person, current.session());
            let answer = Answer {
                outcome: outcome(&person.user, &person.grants, &view.organization, &session.provider_key),
                expires_at: ends_at(session, &view.organization),
            };
            respond::json(StatusCode::OK, &answer)
        }
        Ok(None) => respond::error_json(StatusCode::UNAUTHORIZED, "nobody is signed in"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a session could not be read");
            respond::error_json(StatusCode::SERVICE_UNAVAILABLE, "sessions cannot be read right now")
        }
    }
}
