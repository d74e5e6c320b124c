//! `GET /o/{org}/signout-oidc/{key}`: the post-logout redirect URI (OpenID Connect RP-Initiated Logout 1.0, section 3).
//! Must never sign anybody out, and leads nowhere but to the landing page.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use jiff::Timestamp;

use super::logout::landing;
use crate::server::{
    current::View,
    failure::{Failure, Place, page},
    logout_state,
    parameters::Said,
    respond,
    segments::{Key, Segments},
    state::Server,
};

pub async fn get(
    State(server): State<Arc<Server>>,
    view: View,
    Segments(Key { key }): Segments<Key>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    let organization = &view.organization;
    let provider = view.table.provider(&organization.key, &key);
    let place = Place { organization: Some(organization), provider: provider.map(|provider| &*provider.path) };
    let Some(provider) = provider else { return page(&Failure::NoSuchProvider, &place) };
    let now = Timestamp::now();
    let checked = said.parameters.and_then(|parameters| match parameters.text("state") {
        Some(state) => logout_state::check(&server.sealer, organization, &provider.uid, state, now),
        // Not every provider brings it back, and somebody may sign out at the provider by themselves.
        None => Ok(()),
    });
    if let Err(why) = checked {
        return page(&Failure::LogoutState(why), &place);
    }
    let is_signed_in = server.current(&view, &headers, now).await.is_ok_and(|current| current.is_some());
    let to = if is_signed_in { organization.url("logout") } else { landing(organization, Some(provider)) };
    respond::redirect(&to, HeaderMap::new())
}
