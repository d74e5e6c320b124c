//! `ANY /o/{org}/auth`: forward auth, for an ingress that asks before it lets a request through.
//! Yes is 200 with every identity header, even if empty; everything else is 401, 403, or a redirect when asked for.

mod bearer;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use crate::{
    domain::outcome::{Outcome, outcome},
    server::{
        current::View, failure::Failure, identity::Identity, limit::is_trusted, respond, sessions::Current,
        state::Server,
    },
};

/// What the ingress demands.
#[derive(Debug, Default, PartialEq, Eq)]
struct Demands {
    /// One of these roles.
    roles: Vec<String>,
    /// One of these groups.
    groups: Vec<String>,
    /// Who isn't signed in is sent to the sign-in page.
    login_redirect: bool,
    /// Yes comes with an access token for the application.
    token: bool,
}

impl Demands {
    /// None when the query asks for something that is not known: an ingress that demands it must not let through.
    fn parse(query: &str) -> Option<Self> {
        let mut demands = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match (&*name, &*value) {
                ("role", role) if !role.is_empty() => demands.roles.push(role.to_owned()),
                ("group", group) if !group.is_empty() => demands.groups.push(group.to_owned()),
                ("login", "redirect") => demands.login_redirect = true,
                ("token", "true") => demands.token = true,
                _ => return None,
            }
        }
        Some(demands)
    }

    fn are_met(&self, outcome: &Outcome) -> bool {
        let one_of =
            |wanted: &[String], has: &[String]| wanted.is_empty() || wanted.iter().any(|name| has.contains(name));
        one_of(&self.roles, &outcome.roles) && one_of(&self.groups, &outcome.groups)
    }
}

pub async fn any(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (organization, rest) = named(uri.path());
    let view = match server.view(organization) {
        Ok(view) => view,
        Err(Failure::Starting) => return refuse(StatusCode::UNAUTHORIZED),
        Err(_) => return refuse(StatusCode::FORBIDDEN),
    };
    if percent_decode_str(rest).decode_utf8().is_err() {
        return refuse(StatusCode::FORBIDDEN);
    }
    // Below /auth/ stands what the browser asked the ingress for, query included: no demand of the ingress.
    let query = if rest.is_empty() { uri.query().unwrap_or_default() } else { "" };
    let Some(demands) = Demands::parse(query) else { return refuse(StatusCode::FORBIDDEN) };
    let now = Timestamp::now();
    match server.current(&view, &headers, now).await {
        Ok(Some(current)) => {
            let identity = current.identity(&view.organization, || identity(&current, &view));
            match demands.are_met(&identity.outcome) {
                true if demands.token => allow_with_token(&server, &view, &current, &identity, now).await,
                true => allow(&identity.headers),
                false => refuse(StatusCode::FORBIDDEN),
            }
        }
        Ok(None) => sign_in_first(&server, &view, &demands, peer, &headers),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a session could not be read");
            sign_in_first(&server, &view, &demands, peer, &headers)
        }
    }
}

/// The organization's id and what follows `/auth` in `/o/{org}/auth…`. Ids need no decoding.
fn named(path: &str) -> (&str, &str) {
    let after = path.strip_prefix("/o/").unwrap_or_default();
    let (organization, rest) = after.split_once('/').unwrap_or_default();
    (organization, rest.strip_prefix("auth").unwrap_or_default())
}

fn identity(current: &Current, view: &View) -> Identity {
    let person = &current.person;
    Identity::new(outcome(&person.user, &person.grants, &view.organization, &current.session().provider_key))
}

fn allow(headers: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.headers_mut() = headers.clone();
    response
}

/// An application that is told to expect a token gets no request without one.
async fn allow_with_token(
    server: &Server,
    view: &View,
    current: &Current,
    identity: &Identity,
    now: Timestamp,
) -> Response {
    match bearer::authorization(server, view, current, identity, now).await {
        Ok(authorization) => {
            let mut response = allow(&identity.headers);
            response.headers_mut().insert(header::AUTHORIZATION, authorization);
            response
        }
        Err(error) => {
            server.signing.warn(&error);
            refuse(StatusCode::FORBIDDEN)
        }
    }
}

fn refuse(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn sign_in_first(server: &Server, view: &View, demands: &Demands, peer: SocketAddr, headers: &HeaderMap) -> Response {
    if !demands.login_redirect {
        return refuse(StatusCode::UNAUTHORIZED);
    }
    let mut to = view.organization.url("login");
    if is_trusted(peer.ip(), &server.trusted_proxies)
        && let Some(asked) = asked_for(headers)
    {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", &asked).finish();
        to = format!("{to}?{query}");
    }
    let mut response = respond::redirect(&to, HeaderMap::new());
    *response.status_mut() = StatusCode::FOUND;
    response
}

/// What the browser asked the ingress for. The sign-in page checks it before anybody is sent there.
fn asked_for(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(url) = text("x-original-url") {
        return Some(url.to_owned());
    }
    let (host, uri) = (text("x-forwarded-host")?, text("x-forwarded-uri")?);
    let scheme = text("x-forwarded-proto").unwrap_or("https");
    Some(format!("{scheme}://{host}{uri}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_demanded_but_not_known_lets_nobody_through() {
        assert_eq!(Demands::parse(""), Some(Demands::default()));
        assert!(Demands::parse("role=a&role=b&group=c&login=redirect&token=true").is_some());
        for query in
            ["rolle=admin", "role=", "login=", "login=no", "admin", "token", "token=", "token=false", "token=1"]
        {
            assert_eq!(Demands::parse(query), None, "{query}");
        }
    }
}
