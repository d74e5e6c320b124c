//! The userinfo endpoint (OpenID Connect Core 1.0, section 5.3).
//! Never fetches aggregated or distributed claims, and never believes an answer about somebody else.

use http::{HeaderValue, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    document::get,
    http::{Outbound, authority},
    http_error::HttpError,
    json::{JsonError, parse_object},
};
use crate::domain::{Claims, provider::TrustRoots};

/// Why there are no claims from userinfo.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{host}: the access token cannot stand in a header")]
    OddAccessToken { host: String },
    #[error("{host}: the userinfo endpoint answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("{host}: userinfo is signed or encrypted (application/jwt); set the client to plain JSON at the provider")]
    Signed { host: String },
    #[error("{host}: userinfo cannot be read: {source}")]
    Json { host: String, source: JsonError },
    /// Section 5.3.4: tokens may have been swapped.
    #[error("{host}: sub of userinfo is not the ID token's")]
    OtherSubject { host: String },
}

/// Fetches the claims about the person whom the ID token names.
pub async fn fetch_userinfo(
    outbound: &Outbound,
    roots: Option<&TrustRoots>,
    endpoint: &Url,
    access_token: &SecretString,
    subject: &str,
) -> Result<Claims, UserinfoError> {
    let host = authority(endpoint);
    let mut request = get(endpoint).map_err(|why| HttpError::InsecureUrl { host: host.clone(), why })?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", access_token.expose_secret()))
        .map_err(|_| UserinfoError::OddAccessToken { host: host.clone() })?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    let answer = outbound.send(roots, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(UserinfoError::Status { host, status: answer.status() });
    }
    if media_type(answer.headers()).is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/jwt")) {
        return Err(UserinfoError::Signed { host });
    }
    let claims = parse_object(answer.body()).map_err(|source| UserinfoError::Json { host: host.clone(), source })?;
    match claims.get("sub") {
        Some(Value::String(sub)) if sub == subject => Ok(claims),
        _ => Err(UserinfoError::OtherSubject { host }),
    }
}

fn media_type(headers: &http::HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}
