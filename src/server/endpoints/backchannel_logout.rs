//! `POST /o/{org}/backchannel-logout/{key}`: a provider says that sessions are over (OpenID Connect Back-Channel Logout
//! 1.0, sections 2.5 to 2.8). Must never tell what was wrong with a logout token, nor whether there was a session.

use std::{net::SocketAddr, sync::Arc};

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    domain::{provider::Provider, provider_session::ProviderLogout, relation::Relation},
    oidc::{BeliefError, LogoutToken, TokenError},
    server::{
        limit::{Costly, client_address},
        parameters::{Parameters, Said},
        respond,
        segments::{ProviderPath, Segments},
        sessions::Heard,
        state::Server,
    },
    store::LogoutMark,
};

/// A login that was under way may come so much later: an ID token is at most an hour old, and clocks differ.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// Why a provider's logout is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the path names no provider")]
    NoSuchProvider,
    #[error("the manifests have not all been looked at yet")]
    Starting,
    #[error("the client address sent too many")]
    TooManyRequests,
    #[error("the provider does not serve logins now")]
    NotServing,
    #[error("logout.acceptBackchannel is false")]
    NotAccepted,
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("the logout token was refused: {0}")]
    Token(#[source] TokenError),
    #[error("there are no keys to check a logout token by")]
    NoKeys,
    #[error("the logout token was used before")]
    UsedBefore,
    #[error("too many logouts wait for the store")]
    TooMany,
}

impl Refusal {
    /// A stable word for the log.
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchProvider => "no_such_provider",
            Self::Starting => "starting",
            Self::TooManyRequests => "too_many_requests",
            Self::NotServing => "provider_unavailable",
            Self::NotAccepted => "not_accepted",
            Self::Malformed(_) => "malformed_parameters",
            Self::Token(error) => error.as_str(),
            Self::NoKeys => "no_keys",
            Self::UsedBefore => "jti_used",
            Self::TooMany => "too_many_logouts",
        }
    }
}

impl From<BeliefError> for Refusal {
    fn from(error: BeliefError) -> Self {
        match error {
            BeliefError::NoKeys => Self::NoKeys,
            BeliefError::Token(error) => Self::Token(error),
        }
    }
}

pub async fn post(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Segments(path): Segments<ProviderPath>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    let provider = server.provider_at(&path);
    let allowed = server.limits.allows(Costly::LogoutToken, client_address(peer, &headers, &server.trusted_proxies));
    let outcome = match &provider {
        _ if !allowed => Err(Refusal::TooManyRequests),
        Some(provider) => hear(&server, provider, said.parameters).await,
        None if !server.table.load().settled => Err(Refusal::Starting),
        None => Err(Refusal::NoSuchProvider),
    };
    let provider = provider.as_ref().map(|provider| provider.path.as_str());
    match outcome {
        Ok(heard) => {
            match heard {
                Heard::Ended(0) => tracing::info!(provider, "a logout token named no session that is here"),
                Heard::Ended(sessions) => {
                    tracing::info!(provider, sessions, "a provider ended sessions by a logout token")
                }
                _ => tracing::info!(provider, "a provider ended sessions by a logout token; the store will hear of it"),
            }
            respond::nothing(StatusCode::OK)
        }
        Err(refusal) => {
            let (code, error) = (refusal.code(), refusal.to_string());
            tracing::info!(code, provider, error, "a logout token was refused");
            refused(&refusal)
        }
    }
}

/// Every fault is the same to whoever sent it, but for what may be over soon.
fn refused(refusal: &Refusal) -> Response {
    let (status, error) = match refusal {
        Refusal::Starting => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        Refusal::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
        _ => (StatusCode::BAD_REQUEST, "invalid_request"),
    };
    let mut response = respond::json(status, &json!({ "error": error }));
    if status != StatusCode::BAD_REQUEST {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

async fn hear(
    server: &Server,
    provider: &Provider,
    parameters: Result<Parameters, &'static str>,
) -> Result<Heard, Refusal> {
    let relation = provider.serving().ok_or(Refusal::NotServing)?;
    if !relation.logout.accepts_backchannel {
        return Err(Refusal::NotAccepted);
    }
    let parameters = parameters.map_err(Refusal::Malformed)?;
    let raw = parameters.text("logout_token").ok_or(Refusal::Malformed("there is no logout_token"))?;
    let token = server.remote.logout_token(relation, raw).await?;
    let mark = mark(provider, &token, Timestamp::now());
    let heard = server.sessions.end_by_token(&logout(provider, relation, token), &mark).await;
    match heard {
        Heard::UsedBefore => Err(Refusal::UsedBefore),
        Heard::TooMany => Err(Refusal::TooMany),
        Heard::Ended(0) => Ok(heard),
        Heard::Ended(_) | Heard::Held => {
            super::logout::count(provider, "backchannel");
            Ok(heard)
        }
    }
}

fn logout(provider: &Provider, relation: &Relation, token: LogoutToken) -> ProviderLogout {
    ProviderLogout {
        provider_uid: provider.uid.clone(),
        issuer: relation.authority.issuer.clone(),
        sid: token.sid,
        subject: token.sub,
    }
}

fn mark(provider: &Provider, token: &LogoutToken, now: Timestamp) -> LogoutMark {
    let mut hash = Context::new(&SHA256);
    // UIDs hold no line breaks.
    for part in [&*provider.uid, "\n", &*token.jti] {
        hash.update(part.as_bytes());
    }
    let mut id_hash = [0; 32];
    id_hash.copy_from_slice(hash.finish().as_ref());
    // A token is believed for an hour, so that none is forgotten that would still count.
    let kept_until = now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX);
    LogoutMark { id_hash, issued_at: token.issued_at, kept_until }
}
