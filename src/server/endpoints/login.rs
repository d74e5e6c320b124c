//! `GET /o/{org}/login/{key}`: sends the browser to the provider (OpenID Connect Core 1.0, section 3.1.2.1).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::{
    domain::{
        provider::{LoginState, Provider},
        relation::Relation,
        return_url,
    },
    oidc::LoginParameters,
    server::{
        attempt::Attempt,
        current::View,
        failure::{Failure, Place, page},
        limit::{Costly, client_address},
        parameters::{Parameters, Said},
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
    said: Said,
) -> Response {
    let read = |parameters: &Parameters, _: &Relation| Ok(Wanted::by(parameters, "return_to"));
    begin(&server, &view, &key, peer, &headers, said.parameters, read).await
}

/// What a login is to lead to, and who is expected, as somebody asks for it.
pub struct Wanted {
    return_to: Option<String>,
    login_hint: Option<String>,
}

impl Wanted {
    /// By these parameters; the one called `return_to` says where to go afterwards.
    pub fn by(parameters: &Parameters, return_to: &str) -> Self {
        let hint = parameters.text("login_hint").filter(|hint| hint.len() <= MAX_LOGIN_HINT);
        Self { return_to: parameters.text(return_to).map(str::to_owned), login_hint: hint.map(str::to_owned) }
    }
}

/// Begins a login, or says why it cannot begin. `read` makes of the parameters what is wanted.
pub async fn begin(
    server: &Server,
    view: &View,
    key: &str,
    peer: SocketAddr,
    headers: &HeaderMap,
    parameters: Result<Parameters, &'static str>,
    read: impl FnOnce(&Parameters, &Relation) -> Result<Wanted, Failure>,
) -> Response {
    let provider = view.table.provider(&view.organization.key, key);
    let started = async {
        if !server.limits.allows(Costly::LoginStart, client_address(peer, headers, &server.trusted_proxies)) {
            return Err(Failure::TooManyLogins);
        }
        let provider = provider.ok_or(Failure::NoSuchProvider)?;
        let relation = serving(provider)?;
        let wanted = read(&parameters.map_err(Failure::MalformedRequest)?, relation)?;
        start(server, view, provider, relation, headers, &wanted).await
    };
    started.await.unwrap_or_else(|failure| {
        let provider = provider.map(|provider| provider.path.as_str());
        page(&failure, &Place { organization: Some(&view.organization), provider })
    })
}

/// The URL of a login or of a page before it, with what is known already. What a login would not look at is left out.
pub fn with_query(mut url: String, return_to: Option<&str>, login_hint: Option<&str>) -> String {
    let return_to = return_to.filter(|target| target.len() <= return_url::MAX_LENGTH);
    let login_hint = login_hint.filter(|hint| hint.len() <= MAX_LOGIN_HINT);
    if return_to.is_some() || login_hint.is_some() {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(return_to.map(|value| ("return_to", value)));
        query.extend_pairs(login_hint.map(|value| ("login_hint", value)));
        url = format!("{url}?{}", query.finish());
    }
    url
}

async fn start(
    server: &Server,
    view: &View,
    provider: &Provider,
    relation: &Relation,
    headers: &HeaderMap,
    wanted: &Wanted,
) -> Result<Response, Failure> {
    let organization = &view.organization;
    let return_to =
        return_url::resolve(wanted.return_to.as_deref(), &organization.external_url, &organization.allowed_return_urls);
    let now = Timestamp::now();
    let attempt = Attempt {
        state: random().ok_or(Failure::Internal)?,
        provider_uid: provider.uid.to_string(),
        issuer_mark: Attempt::mark(&relation.authority.issuer),
        nonce: random().ok_or(Failure::Internal)?,
        verifier: Zeroizing::new(random().ok_or(Failure::Internal)?),
        return_to: return_to.map(String::from),
        replaces: if relation.answers_by_form() { sessions(server, view, headers) } else { Vec::new() },
        expires_at: Attempt::expiry(now),
    };
    // Before the provider is asked: an attempt that no cookie can hold is not begun.
    let cookie = attempt.cookie(organization, &server.sealer, relation.answers_by_form()).ok_or(Failure::TooLong)?;
    let login = LoginParameters {
        state: &attempt.state_parameter(),
        nonce: &attempt.nonce_parameter(),
        code_verifier: &attempt.code_verifier(),
        login_hint: wanted.login_hint.as_deref(),
    };
    let to = server.remote.begin_login(relation, &login).await?;
    let mut set = HeaderMap::new();
    for gone in Attempt::sweep(headers, organization, &server.sealer, cookie.len(), now) {
        set.append(header::SET_COOKIE, gone);
    }
    set.append(header::SET_COOKIE, cookie);
    Ok(respond::redirect(to.as_str(), set))
}

fn sessions(server: &Server, view: &View, headers: &HeaderMap) -> Vec<[u8; 32]> {
    server.session_ids(view, headers).into_iter().map(|id| id.0).collect()
}

/// How to sign in through a provider, or why nobody can now.
pub fn serving(provider: &Provider) -> Result<&Arc<Relation>, Failure> {
    match &provider.login {
        LoginState::Serving(served) => served.browser.as_ref().ok_or(Failure::NoSuchProvider),
        LoginState::Suspended => Err(Failure::ProviderSuspended),
        LoginState::Refused(_) | LoginState::Unavailable(_) => Err(Failure::ProviderUnavailable),
    }
}
