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
use crate::domain::{Claims, relation::TrustRoots};

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
    let bearer = HeaderValue::from_str(&format!("Bearer {}", access_token.expose_secret()))
        .map_err(|_| UserinfoError::OddAccessToken { host: host.clone() })?;
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

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::HeaderMap,
        response::{IntoResponse, Response},
        routing::get,
    };

    use super::*;
    use crate::oidc::testing::{outbound, secret, serve};

    async fn ask(content_type: &'static str, body: &'static str) -> Result<Claims, UserinfoError> {
        let endpoint = async move |headers: HeaderMap| -> Response {
            if headers.get("authorization").is_none_or(|value| value != "Bearer at-1") {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            ([("content-type", content_type)], body).into_response()
        };
        let base = serve(Router::new().route("/", get(endpoint))).await;
        fetch_userinfo(&outbound(), None, &base, &secret("at-1"), "24400320").await
    }

    #[tokio::test]
    async fn claims_about_the_same_person_are_handed_out() {
        let claims = ask("application/json; charset=utf-8", r#"{"sub":"24400320","name":"Jane"}"#).await;
        assert_eq!(claims.expect("claims")["name"], "Jane");
    }

    #[tokio::test]
    async fn anything_else_is_an_error_without_its_words() {
        let cases = [
            ("application/json", r#"{"sub":"leaked"}"#, "is not the ID token's"),
            ("application/json", r#"{"name":"leaked"}"#, "is not the ID token's"),
            ("application/json", r#"{"sub":24400320}"#, "is not the ID token's"),
            ("application/json", r#"{"sub":"24400320","sub":"24400320"}"#, "twice"),
            ("application/json", "leaked", "not JSON"),
            ("Application/JWT", "leaked.leaked.leaked", "application/jwt"),
        ];
        for (content_type, body, said) in cases {
            let error = ask(content_type, body).await.expect_err("an error");
            assert!(error.to_string().contains(said), "{error}");
            assert!(!format!("{error} {error:?}").contains("leaked"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_refused_or_odd_access_token_is_an_error_without_it() {
        let base = serve(Router::new().route("/", get(async || StatusCode::UNAUTHORIZED))).await;
        for (token, said) in [("wrong-token", "answered 401"), ("wrong-token\n", "cannot stand in a header")] {
            let error =
                fetch_userinfo(&outbound(), None, &base, &secret(token), "24400320").await.expect_err("an error");
            assert!(error.to_string().contains(said), "{error}");
            assert!(!format!("{error} {error:?}").contains("wrong-token"), "{error:?}");
        }
    }
}
