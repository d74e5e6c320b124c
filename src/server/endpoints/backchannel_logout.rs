//! `POST /o/{org}/backchannel-logout/{key}`: a provider says that sessions are over (OpenID Connect Back-Channel Logout
//! 1.0, sections 2.5 to 2.8). Must never tell what was wrong with a logout token, nor whether there was a session.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use axum::{extract::State, http::StatusCode, response::Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    domain::{provider::Provider, provider_session::ProviderLogout, relation::Relation},
    oidc::{BeliefError, LogoutToken, TokenError},
    server::{
        parameters::{Parameters, Said},
        respond,
        segments::{ProviderPath, Segments},
        sessions::Heard,
        state::Server,
    },
    store::LogoutMark,
};

/// A login that was under way may come so much later: an ID token is at most an hour old, and clocks differ.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// Why a provider's logout is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the path names no provider")]
    NoSuchProvider,
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

pub async fn post(State(server): State<Arc<Server>>, Segments(path): Segments<ProviderPath>, said: Said) -> Response {
    let provider = server.provider_at(&path);
    let outcome = match &provider {
        Some(provider) => hear(&server, provider, said.parameters).await,
        None => Err(Refusal::NoSuchProvider),
    };
    let provider = provider.as_ref().map(|provider| provider.path.as_str());
    match outcome {
        Ok(heard) => {
            tracing::info!(provider, ?heard, "a provider ended sessions by a logout token");
            respond::nothing(StatusCode::OK)
        }
        Err(refusal) => {
            let (code, error) = (refusal.code(), refusal.to_string());
            tracing::info!(code, provider, error, "a logout token was refused");
            respond::json(StatusCode::BAD_REQUEST, &json!({"error": "invalid_request"}))
        }
    }
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
        Heard::Ended(_) | Heard::Held => {
            super::logout::count(provider, "backchannel");
            Ok(heard)
        }
    }
}

fn logout(provider: &Provider, relation: &Relation, token: LogoutToken) -> ProviderLogout {
    ProviderLogout {
        provider_uid: provider.uid.clone(),
        issuer: relation.issuer.clone(),
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
    let remembered = now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX);
    LogoutMark { id_hash, issued_at: token.issued_at, kept_until: remembered.max(token.expires_at) }
}
