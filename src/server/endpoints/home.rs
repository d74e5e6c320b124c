//! `GET /`: the sign-in page of the only organization, or a page that asks for the organization's id.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use crate::domain::{organization::Organization, table::LoginTable};
use crate::server::{
    pages::{ENGLISH, Forms, OrganizationPage},
    parameters::Parameters,
    respond,
    state::Server,
};

pub async fn get(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> Response {
    let table = server.table.load();
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let asked = parameters.text("organization").map(|id| id.trim().to_ascii_lowercase());
    let chosen = match asked.as_deref() {
        Some(id) => table.organization(id),
        None => only_one(&table),
    };
    match chosen {
        Some(organization) => respond::redirect(&organization.url("login"), HeaderMap::new()),
        None => {
            let status = if asked.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
            let page = OrganizationPage { language: &ENGLISH, wrong_id: asked.as_deref() };
            respond::page(status, &page, HeaderMap::new(), Forms::LeadAnywhere)
        }
    }
}

/// The only organization that people can sign in to: one without providers, such as an undeclared `default` beside a
/// declared one, does not count.
fn only_one(table: &LoginTable) -> Option<&Arc<Organization>> {
    let mut with_providers =
        table.organizations().filter(|organization| table.providers_of(&organization.key).next().is_some());
    let first = with_providers.next();
    if with_providers.next().is_some() { None } else { first.or_else(|| table.organizations().next()) }
}
