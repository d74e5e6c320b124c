//! `POST /discover`: home-realm discovery. Sends an address to the provider that its domain is assigned to, and an
//! organization's id to its sign-in page.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{home, login::with_query, sign_in::SignIn};
use crate::{
    domain::{
        email::canonical_address,
        home_realm::{Home, home, home_in},
        organization::Organization,
        provider::Provider,
        table::LoginTable,
    },
    server::{
        current::View,
        failure::{Failure, Place, page},
        limit::{Costly, client_address},
        pages::{AddressProblem, IdentifierProblem},
        parameters::{Parameters, Said},
        respond,
        state::Server,
    },
};

/// Nobody is asked here; a page that was reloaded begins anew.
pub async fn get() -> Response {
    respond::redirect("/", HeaderMap::new())
}

pub async fn post(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    if !server.limits.allows(Costly::Discovery, client_address(peer, &headers, &server.trusted_proxies)) {
        return page(&Failure::TooManyLogins, &Place::default());
    }
    let parameters = match said.parameters {
        Ok(parameters) => parameters,
        Err(why) => return page(&Failure::MalformedRequest(why), &Place::default()),
    };
    match parameters.text("organization").map(|id| server.view(id)) {
        Some(Ok(view)) => in_organization(&view, &headers, &parameters),
        Some(Err(failure)) => page(&failure, &Place::default()),
        None => {
            let table = server.table.load();
            // Before, an address may seem to lead to one organization alone.
            if !table.settled {
                return page(&Failure::Starting, &Place::default());
            }
            in_all(&server, &table, &headers, &parameters)
        }
    }
}

/// The sign-in page of an organization asked for an address.
fn in_organization(view: &View, headers: &HeaderMap, parameters: &Parameters) -> Response {
    let typed = typed(parameters);
    let mistaken = |status, problem| SignIn::of(view, headers, parameters).show(status, Some((typed, problem)));
    let Some(address) = canonical_address(typed) else {
        return mistaken(StatusCode::BAD_REQUEST, AddressProblem::Malformed);
    };
    match home_in(&address, &view.organization, &view.table) {
        Some(provider) => to_provider(&view.organization, provider, &address, parameters),
        None => mistaken(StatusCode::NOT_FOUND, AddressProblem::Unknown),
    }
}

/// The first page asked for an address or an id.
fn in_all(server: &Server, table: &LoginTable, headers: &HeaderMap, parameters: &Parameters) -> Response {
    let typed = typed(parameters);
    let mistaken = |status, problem| home::show(server, table, headers, parameters, status, Some((typed, problem)));
    if !typed.contains('@') {
        return match table.organization(&typed.to_ascii_lowercase()) {
            Some(organization) => to_organization(organization, table, parameters),
            None => mistaken(StatusCode::NOT_FOUND, IdentifierProblem::UnknownOrganization),
        };
    }
    let Some(address) = canonical_address(typed) else {
        return mistaken(StatusCode::BAD_REQUEST, IdentifierProblem::MalformedAddress);
    };
    match home(&address, table) {
        Home::At(organization, provider) => to_provider(organization, provider, &address, parameters),
        Home::AtSeveral => mistaken(StatusCode::OK, IdentifierProblem::SeveralOrganizations),
        Home::Nowhere => mistaken(StatusCode::NOT_FOUND, IdentifierProblem::UnknownAddress),
    }
}

fn typed(parameters: &Parameters) -> &str {
    parameters.text("identifier").unwrap_or_default().trim()
}

/// An address that was typed before the id comes along.
fn to_organization(organization: &Organization, table: &LoginTable, parameters: &Parameters) -> Response {
    let address = parameters.text("address").and_then(canonical_address);
    if let Some(address) = &address
        && let Some(provider) = home_in(address, organization, table)
    {
        return to_provider(organization, provider, address, parameters);
    }
    let href = with_query(organization.url("login"), parameters.text("return_to"), address.as_deref());
    respond::redirect(&href, HeaderMap::new())
}

fn to_provider(organization: &Organization, provider: &Provider, address: &str, parameters: &Parameters) -> Response {
    let login = organization.url(&format!("login/{}", provider.key));
    respond::redirect(&with_query(login, parameters.text("return_to"), Some(address)), HeaderMap::new())
}
