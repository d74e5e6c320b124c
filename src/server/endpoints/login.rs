//! `GET /o/{org}/login/{key}`: sends the browser to the provider (OpenID Connect Core 1.0, section 3.1.2.1).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    domain::{
        provider::{LoginState, Provider, Relation},
        return_url,
    },
    oidc::{LoginParameters, authorization_url},
    server::{
        attempt::Attempt,
        current::View,
        failure::{Failure, Place, page},
        limit::client_address,
        parameters::Parameters,
        respond,
        seal::random,
        segments::{Key, Segments},
        state::Server,
    },
};

/// A longer hint is not passed on, in bytes.
const MAX_LOGIN_HINT: usize = 256;

pub async fn get(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    view: View,
    Segments(Key { key }): Segments<Key>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let provider = view.table.provider(&view.organization.key, &key);
    let client = client_address(peer, &headers, &server.trusted_proxies);
    let started = if server.limits.allows_login(client) {
        start(&server, &view, provider.map(|provider| &**provider), &headers, query.as_deref().unwrap_or_default())
    } else {
        Err(Failure::TooManyLogins)
    };
    started.unwrap_or_else(|failure| {
        let provider = provider.map(|provider| provider.path.as_str());
        page(&failure, &Place { organization: Some(&view.organization), provider })
    })
}

fn start(
    server: &Server,
    view: &View,
    provider: Option<&Provider>,
    headers: &HeaderMap,
    query: &str,
) -> Result<Response, Failure> {
    let provider = provider.ok_or(Failure::NoSuchProvider)?;
    let relation = serving(provider)?;
    let parameters = Parameters::parse(query).map_err(Failure::MalformedCallback)?;
    let organization = &view.organization;
    let return_to = return_url::resolve(
        parameters.text("return_to"),
        &organization.external_url,
        &organization.allowed_return_urls,
    );
    let now = Timestamp::now();
    let attempt = Attempt {
        state: random().ok_or(Failure::Internal)?,
        provider_uid: provider.uid.to_string(),
        issuer_mark: Attempt::mark(&relation.issuer),
        nonce: random().ok_or(Failure::Internal)?,
        verifier: Zeroizing::new(random().ok_or(Failure::Internal)?),
        return_to: return_to.map(String::from),
        expires_at: Attempt::expiry(now),
    };
    let to = destination(relation, &attempt, parameters.text("login_hint"));
    let cookie = attempt.cookie(organization, &server.sealer).ok_or(Failure::TooLong)?;
    let mut set = HeaderMap::new();
    for gone in Attempt::sweep(headers, organization, &server.sealer, cookie.len(), now) {
        set.append(header::SET_COOKIE, gone);
    }
    set.append(header::SET_COOKIE, cookie);
    Ok(respond::redirect(&to, set))
}

fn destination(relation: &Relation, attempt: &Attempt, hint: Option<&str>) -> String {
    let (state, nonce) = (attempt.state_parameter(), attempt.nonce_parameter());
    let login = LoginParameters {
        state: &state,
        nonce: &nonce,
        code_verifier: &attempt.code_verifier(),
        login_hint: hint.filter(|hint| hint.len() <= MAX_LOGIN_HINT),
    };
    authorization_url(relation, &login).into()
}

/// How to sign in through a provider, or why nobody can now.
pub fn serving(provider: &Provider) -> Result<&Arc<Relation>, Failure> {
    match &provider.login {
        LoginState::Serving(relation) => Ok(relation),
        LoginState::Suspended => Err(Failure::ProviderSuspended),
        LoginState::Refused(_) | LoginState::Unavailable(_) => Err(Failure::ProviderUnavailable),
    }
}
