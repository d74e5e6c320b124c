//! The exchange of a code for tokens (OpenID Connect Core 1.0, section 3.1.3; RFC 6749, sections 4.1.3 and 5.2).
//! Never passes on what the provider wrote, but for a registered error code.

use http::StatusCode;
use oauth2::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ExtraTokenFields,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    http::{Outbound, authority},
    http_error::HttpError,
    json::{JsonError, parse_object},
};
use crate::domain::provider::{ClientAuth, Relation, TrustRoots};

/// What the token endpoint gave for a code.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    pub id_token: SecretString,
    pub access_token: SecretString,
}

/// The errors that RFC 6749, section 5.2, registers for a code exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
}

impl TokenErrorCode {
    /// The code as the RFC writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }

    fn registered(code: &BasicErrorResponseType) -> Option<Self> {
        match code {
            BasicErrorResponseType::InvalidRequest => Some(Self::InvalidRequest),
            BasicErrorResponseType::InvalidClient => Some(Self::InvalidClient),
            BasicErrorResponseType::InvalidGrant => Some(Self::InvalidGrant),
            BasicErrorResponseType::UnauthorizedClient => Some(Self::UnauthorizedClient),
            BasicErrorResponseType::UnsupportedGrantType => Some(Self::UnsupportedGrantType),
            BasicErrorResponseType::InvalidScope => Some(Self::InvalidScope),
            BasicErrorResponseType::Extension(_) => None,
        }
    }
}

/// Why a code got no tokens.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{host}: the token endpoint refused the code: {}", code.as_str())]
    Refused { host: String, code: TokenErrorCode },
    #[error("{host}: the token endpoint refused the code with an error that RFC 6749 does not know")]
    RefusedOddly { host: String },
    #[error("{host}: the token endpoint answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("{host}: the token endpoint's answer cannot be read: {source}")]
    Json { host: String, source: JsonError },
    #[error("{host}: the token endpoint's answer is no token response: it needs access_token and token_type")]
    NotATokenResponse { host: String },
    #[error("{host}: the token endpoint gave a token that is no bearer token")]
    NotABearerToken { host: String },
    #[error("{host}: the token endpoint gave no id_token; check that the client may use OpenID Connect")]
    NoIdToken { host: String },
}

/// The members of a token response that OpenID Connect adds.
#[derive(Deserialize, Serialize)]
struct IdTokenField {
    id_token: Option<String>,
}

impl std::fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenField")
    }
}

impl ExtraTokenFields for IdTokenField {}

type Answer = StandardTokenResponse<IdTokenField, BasicTokenType>;

type CodeClient = Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Exchanges a code at the relation's own token endpoint. The verifier is sent if a challenge was.
pub async fn exchange_code(
    outbound: &Outbound,
    relation: &Relation,
    code: &SecretString,
    code_verifier: &SecretString,
) -> Result<TokenResponse, ExchangeError> {
    let host = authority(&relation.token_endpoint);
    let client = code_client(relation);
    let mut request = client.exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()));
    if relation.pkce {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(code_verifier.expose_secret().to_owned()));
    }
    // All owned: a future that borrows through the library's generics is not `Send` for the compiler.
    let send = |request| send_checked(outbound.clone(), relation.trust_roots.clone(), host.clone(), request);
    let answer = request.request_async(&send).await.map_err(|error| plain(error, &host))?;
    if *answer.token_type() != BasicTokenType::Bearer {
        return Err(ExchangeError::NotABearerToken { host });
    }
    let id_token = answer.extra_fields().id_token.clone().ok_or(ExchangeError::NoIdToken { host })?;
    Ok(TokenResponse { id_token: id_token.into(), access_token: answer.access_token().secret().clone().into() })
}

fn code_client(relation: &Relation) -> CodeClient {
    let client = Client::new(ClientId::new(relation.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(relation.token_endpoint.clone()))
        .set_redirect_uri(RedirectUrl::from_url(relation.redirect_uri.clone()));
    let secret = |secret: &SecretString| ClientSecret::new(secret.expose_secret().to_owned());
    match &relation.client_auth {
        ClientAuth::Basic(basic) => client.set_auth_type(AuthType::BasicAuth).set_client_secret(secret(basic)),
        ClientAuth::Post(post) => client.set_auth_type(AuthType::RequestBody).set_client_secret(secret(post)),
        ClientAuth::None => client.set_auth_type(AuthType::RequestBody),
    }
}

/// Sends the request, and lets only an answer through that the library cannot misread.
async fn send_checked(
    outbound: Outbound,
    roots: Option<TrustRoots>,
    host: String,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, ExchangeError> {
    let answer = outbound.send(roots.as_ref(), request).await?;
    let status = answer.status();
    let speaks_oauth = status == StatusCode::OK || status.is_client_error();
    match parse_object(answer.body()) {
        Ok(_) if speaks_oauth => Ok(answer),
        Err(source) if status == StatusCode::OK => Err(ExchangeError::Json { host, source }),
        _ => Err(ExchangeError::Status { host, status }),
    }
}

/// Leaves out of an error what the provider wrote.
fn plain(error: RequestTokenError<ExchangeError, BasicErrorResponse>, host: &str) -> ExchangeError {
    let host = host.to_owned();
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => match TokenErrorCode::registered(answer.error()) {
            Some(code) => ExchangeError::Refused { host, code },
            None => ExchangeError::RefusedOddly { host },
        },
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => ExchangeError::NotATokenResponse { host },
    }
}

#[cfg(test)]
mod tests;
