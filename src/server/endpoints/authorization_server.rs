//! `GET /.well-known/oauth-authorization-server/o/{org}`: what an application has to know to bring an ID token, and to
//! verify what it gets (RFC 8414).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    domain::organization::Organization,
    server::{endpoints::token::JWT_BEARER, respond, segments::Segments, state::Server},
};

/// RFC 8414, section 2.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    /// Required, though empty since there is no authorization endpoint: some readers fail where it is missing (section 2 against
    /// section 3.2).
    response_types_supported: [&'static str; 0],
}

impl Metadata {
    fn of(organization: &Organization) -> Self {
        Self {
            issuer: organization.issuer(),
            token_endpoint: organization.url("token"),
            jwks_uri: organization.url(".well-known/jwks.json"),
            grant_types_supported: [JWT_BEARER],
            token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
            response_types_supported: [],
        }
    }
}

pub async fn get(State(server): State<Arc<Server>>, Segments(organization): Segments<String>) -> Response {
    match server.view_for_machines(&organization) {
        Ok(view) => respond::public_json(&Metadata::of(&view.organization)),
        Err(failure) => *failure,
    }
}
