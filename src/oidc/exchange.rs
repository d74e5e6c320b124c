//! The exchange of a code for tokens (OpenID Connect Core 1.0, section 3.1.3; RFC 6749, sections 4.1.3 and 5.1).

use std::fmt;

use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    ask::{AskError, Asking, Endpoint, text},
    http::authority,
};
use crate::domain::{Claims, relation::Relation};

/// What the token endpoint gave for a code.
#[derive(Debug)]
pub struct TokenResponse {
    pub id_token: SecretString,
    pub access_token: SecretString,
    /// What else the answer says, without any token.
    pub members: Members,
}

/// Members of a token response. What they say is not printed.
pub struct Members(pub Claims);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

/// What the provider answered with, and what it was asked with.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    pub token_endpoint: &'a Url,
    pub code: &'a SecretString,
    /// Where a challenge was sent.
    pub code_verifier: Option<&'a SecretString>,
}

/// Why a code got no tokens.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("{host}: the token endpoint's answer is no token response: it needs access_token and token_type")]
    NotATokenResponse { host: String },
    #[error("{host}: the token endpoint gave a token that is no bearer token")]
    NotABearerToken { host: String },
    #[error("{host}: the token endpoint gave no id_token; check that the client may use OpenID Connect")]
    NoIdToken { host: String },
}

/// Exchanges a code at the relation's own token endpoint.
pub(super) async fn exchange(
    asking: &Asking,
    relation: &Relation,
    grant: Grant<'_>,
) -> Result<TokenResponse, ExchangeError> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", grant.code.expose_secret()),
        ("redirect_uri", relation.redirect_uri.as_str()),
    ];
    form.extend(grant.code_verifier.map(|verifier| ("code_verifier", verifier.expose_secret())));
    let endpoint = Endpoint { name: "token endpoint", url: grant.token_endpoint, success: &[StatusCode::OK] };
    let mut answer = asking.ask(relation, endpoint, &form).await?;
    let host = || authority(grant.token_endpoint);
    let (Some(access_token), Some(type_)) = (text(&answer, "access_token"), text(&answer, "token_type")) else {
        return Err(ExchangeError::NotATokenResponse { host: host() });
    };
    if !type_.expose_secret().eq_ignore_ascii_case("bearer") {
        return Err(ExchangeError::NotABearerToken { host: host() });
    }
    let id_token = text(&answer, "id_token").ok_or_else(|| ExchangeError::NoIdToken { host: host() })?;
    // What is a credential is no claim; the last one is that of OpenID Connect Native SSO 1.0, section 3.2.
    answer.retain(|member, _| !member.ends_with("_token") && member != "device_secret");
    Ok(TokenResponse { id_token, access_token, members: Members(answer) })
}

#[cfg(test)]
mod tests;
