//! `GET /o/{org}/frontchannel-logout/{key}`: a page of the provider's has the browser come by, in a frame (OpenID Connect
//! Front-Channel Logout 1.0, section 3). Cookies don't come along there, so `iss` and `sid` say which session is over.
//! The only pages that may be framed: they must never show anything.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use super::backchannel_logout::REMEMBERED;
use crate::{
    domain::{provider::Provider, provider_session::ProviderLogout},
    server::{
        cookies,
        current::View,
        limit::{Costly, client_address},
        parameters::{Parameters, Said},
        respond,
        seal::random,
        segments::{ProviderPath, Segments},
        sessions::Heard,
        state::Server,
    },
    store::LogoutMark,
};

pub async fn get(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Segments(path): Segments<ProviderPath>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    if !server.limits.allows(Costly::FrontchannelLogout, client_address(peer, &headers, &server.trusted_proxies)) {
        return respond::framable(StatusCode::TOO_MANY_REQUESTS, HeaderMap::new());
    }
    let provider = server.provider_at(&path);
    let over = provider.as_deref().ok_or("the path names no provider");
    let over = over.and_then(|provider| Ok((provider, logout(provider, &said.parameters?)?)));
    match over {
        Ok((provider, logout)) => {
            let set = end(&server, &path, provider, &logout, &headers).await;
            respond::framable(StatusCode::OK, set)
        }
        Err(error) => {
            let provider = provider.as_ref().map(|provider| provider.path.as_str());
            tracing::info!(code = "frontchannel_logout", provider, error, "a front-channel logout was refused");
            respond::framable(StatusCode::BAD_REQUEST, HeaderMap::new())
        }
    }
}

/// Which session is over: both parameters are required, or any page could end sessions here.
fn logout(provider: &Provider, parameters: &Parameters) -> Result<ProviderLogout, &'static str> {
    let relation = provider.serving().ok_or("the provider does not serve logins now")?;
    if !relation.logout.accepts_frontchannel {
        return Err("logout.acceptFrontchannel is false");
    }
    let (Some(issuer), Some(sid)) = (parameters.text("iss"), parameters.text("sid")) else {
        return Err("there is no iss or no sid");
    };
    if issuer != relation.authority.issuer {
        return Err("iss is not the provider's issuer");
    }
    Ok(ProviderLogout {
        provider_uid: provider.uid.clone(),
        issuer: issuer.to_owned(),
        sid: Some(sid.to_owned()),
        subject: None,
    })
}

/// Ends the session; takes the cookie away where the browser brought one of it.
async fn end(
    server: &Server,
    path: &ProviderPath,
    provider: &Provider,
    logout: &ProviderLogout,
    headers: &HeaderMap,
) -> HeaderMap {
    let mut set = HeaderMap::new();
    if let Ok(view) = server.view(&path.org)
        && is_of(server, &view, logout, headers).await
    {
        let organization = &view.organization;
        set.append(header::SET_COOKIE, cookies::remove(organization, cookies::session_name(organization)));
    }
    let Some(mark) = mark(Timestamp::now()) else { return set };
    let heard = server.sessions.end_by_browser(logout, &mark).await;
    if heard != Heard::Ended(0) {
        super::logout::count(provider, "frontchannel");
        let sessions = if let Heard::Ended(sessions) = heard { Some(sessions) } else { None };
        tracing::info!(provider = provider.path, sessions, "a provider ended sessions by front-channel logout");
    }
    set
}

/// A logout without a token that would name it is one of its own.
fn mark(now: Timestamp) -> Option<LogoutMark> {
    Some(LogoutMark { id_hash: random()?, issued_at: now, kept_until: now.checked_add(REMEMBERED).ok()? })
}

/// Whether the browser is signed in by a session that is over.
async fn is_of(server: &Server, view: &View, logout: &ProviderLogout, headers: &HeaderMap) -> bool {
    let current = server.current(view, headers, Timestamp::now()).await.ok().flatten();
    current.is_some_and(|current| current.session().ends_by(logout))
}
