//! The userinfo endpoint (OpenID Connect Core 1.0, section 5.3).
//! Never fetches aggregated or distributed claims, and never believes an answer about somebody else.

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Remote,
    believe::{BeliefError, parties},
    document::get,
    http::{Outbound, authority},
    http_error::HttpError,
    json::{JsonError, parse_object},
    token::{KeyRing, subject_of, verify_userinfo},
};
use crate::domain::{
    Claims,
    relation::{Relation, TrustRoots},
};

/// Why there are no claims from userinfo.
#[derive(Debug, thiserror::Error)]
pub enum UserinfoError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{host}: the access token cannot stand in a header")]
    OddAccessToken { host: String },
    #[error("{host}: the userinfo endpoint answered {status}")]
    Status { host: String, status: StatusCode },
    #[error("{host}: the signed userinfo is not to be believed: {source}")]
    Signed { host: String, source: BeliefError },
    #[error("{host}: userinfo cannot be read: {source}")]
    Json { host: String, source: JsonError },
    /// Section 5.3.4: tokens may have been swapped.
    #[error("{host}: sub of userinfo is not the ID token's")]
    OtherSubject { host: String },
}

impl Remote {
    /// What the userinfo endpoint says about the person whom the ID token names.
    ///
    /// # Errors
    /// When there is no answer, or none that is to be believed.
    pub async fn userinfo(
        &self,
        relation: &Relation,
        endpoint: &Url,
        access_token: &SecretString,
        id_token: &Claims,
    ) -> Result<Claims, UserinfoError> {
        let (roots, subject) = (relation.authority.trust_roots.as_ref(), subject_of(id_token));
        match fetch_userinfo(self.outbound(), roots, endpoint, access_token, subject).await? {
            Userinfo::Plain(claims) => Ok(claims),
            Userinfo::Signed(token) => {
                // Not before it has come: it may have been issued this very second.
                let now = Timestamp::now();
                let (raw, client) = (token.expose_secret(), [&*relation.client_id]);
                let parties = parties(&relation.authority, &client, now);
                let check = |keys: KeyRing<'_>| verify_userinfo(raw, keys, &parties, subject);
                let belief = self.with_keys(&relation.authority, now, check).await;
                belief.map_err(|source| UserinfoError::Signed { host: authority(endpoint), source })
            }
        }
    }
}

/// An answer of the userinfo endpoint.
enum Userinfo {
    /// Plain, and about the right person.
    Plain(Claims),
    /// A JWT (section 5.3.2), which is still to be checked.
    Signed(SecretString),
}

/// Fetches the claims about the person whom the ID token names.
async fn fetch_userinfo(
    outbound: &Outbound,
    roots: Option<&TrustRoots>,
    endpoint: &Url,
    access_token: &SecretString,
    subject: &str,
) -> Result<Userinfo, UserinfoError> {
    let host = authority(endpoint);
    let mut request = get(endpoint).map_err(|why| HttpError::InsecureUrl { host: host.clone(), why })?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", access_token.expose_secret()))
        .map_err(|_| UserinfoError::OddAccessToken { host: host.clone() })?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json, application/jwt;q=0.9"));
    let answer = outbound.send(roots, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(UserinfoError::Status { host, status: answer.status() });
    }
    if media_type(answer.headers()).is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/jwt")) {
        return signed(answer.into_body(), host);
    }
    let claims = parse_object(answer.body()).map_err(|source| UserinfoError::Json { host: host.clone(), source })?;
    match claims.get("sub") {
        Some(Value::String(sub)) if sub == subject => Ok(Userinfo::Plain(claims)),
        _ => Err(UserinfoError::OtherSubject { host }),
    }
}

fn signed(body: Vec<u8>, host: String) -> Result<Userinfo, UserinfoError> {
    let not_a_token = || UserinfoError::Json { host, source: JsonError::Syntax };
    String::from_utf8(body).map(|token| Userinfo::Signed(token.trim().into())).map_err(|_| not_a_token())
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
        match fetch_userinfo(&outbound(), None, &base, &secret("at-1"), "24400320").await? {
            Userinfo::Plain(claims) => Ok(claims),
            Userinfo::Signed(_) => panic!("signed"),
        }
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
            let answer = fetch_userinfo(&outbound(), None, &base, &secret(token), "24400320").await;
            let error = answer.err().expect("an error");
            assert!(error.to_string().contains(said), "{error}");
            assert!(!format!("{error} {error:?}").contains("wrong-token"), "{error:?}");
        }
    }
}
