//! `GET /o/{org}/logout` asks; `POST` signs out.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    domain::organization::Organization,
    server::{
        cookies,
        current::View,
        failure::{Failure, Place, page},
        pages::{ENGLISH, Forms, SignOutPage, SignedOutPage},
        respond,
        state::Server,
    },
};

/// The page that asks; says so when nobody is signed in.
pub async fn get(
    State(server): State<Arc<Server>>,
    view: View,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let organization = &view.organization;
    let current = if query.as_deref() == Some(DONE) {
        None
    } else {
        server.current(&view, &headers, Timestamp::now()).await.ok().flatten()
    };
    let Some(current) = current else { return signed_out(organization) };
    let question = SignOutPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        user_name: current.person.user.full_name.as_deref().unwrap_or(&current.person.user.user_name),
        provider: None,
        action: &format!("/o/{}/logout", organization.id),
        cancel_href: &format!("/o/{}/account", organization.id),
    };
    respond::page(
        StatusCode::OK,
        &question,
        HeaderMap::new(),
        organization.logout_page_url.as_ref().map_or(Forms::LeadHere, Forms::LeadTo),
    )
}

/// What the logged-out page is told by the redirect that follows the form.
const DONE: &str = "done";

/// Ends the session and takes the cookie away, also while the store does not answer.
pub async fn post(State(server): State<Arc<Server>>, view: View, headers: HeaderMap) -> Response {
    let organization = &view.organization;
    if comes_from_elsewhere(&headers, organization) {
        return page(&Failure::ForeignForm, &Place { organization: Some(organization), provider: None });
    }
    for id in server.session_ids(&view, &headers) {
        server.sessions.end(&id).await;
    }
    let mut set = HeaderMap::new();
    set.append(header::SET_COOKIE, cookies::remove(organization, cookies::session_name(organization)));
    let here = organization.url(&format!("logout?{DONE}"));
    let to = organization.logout_page_url.as_ref().map_or(here.as_str(), |url| url.as_str());
    respond::redirect(to, set)
}

fn signed_out(organization: &Organization) -> Response {
    let page = SignedOutPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        sign_in_href: &format!("/o/{}/login", organization.id),
    };
    respond::page(StatusCode::OK, &page, HeaderMap::new(), Forms::LeadHere)
}

/// Whether another site made the browser send this form. Its cookie would be missing anyway (`SameSite`).
fn comes_from_elsewhere(headers: &HeaderMap, organization: &Organization) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let here = organization.external_url.origin().ascii_serialization();
    text("sec-fetch-site").is_some_and(|site| site != "same-origin")
        || text("origin").is_some_and(|origin| origin != here)
}
