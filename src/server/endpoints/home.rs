//! `GET /`: the sign-in page of the only organization, or a page that asks for the organization's id.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::server::{
    pages::{ENGLISH, OrganizationPage},
    parameters::Parameters,
    respond,
    state::Server,
};

pub async fn get(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> Response {
    let table = server.table.load();
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let asked = parameters.text("organization").map(|id| id.trim().to_ascii_lowercase());
    let mut all = table.organizations();
    let only = if all.len() == 1 { all.next() } else { None };
    let chosen = asked.as_deref().and_then(|id| table.organization(id)).or(only);
    match chosen {
        Some(organization) => respond::redirect(&organization.url("login"), Some(organization), HeaderMap::new()),
        None => {
            let status = if asked.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
            let page = OrganizationPage { language: &ENGLISH, wrong_id: asked.as_deref() };
            respond::page(status, &page, None, HeaderMap::new(), None)
        }
    }
}
