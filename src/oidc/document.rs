//! Fetching one JSON object from a provider.

use http::{StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use super::{
    http::{Outbound, authority},
    http_error::HttpError,
    json::{JsonError, parse_object},
};
use crate::{api::Reason, domain::relation::TrustRoots};

const JSON: &str = "application/json";

/// Why a document could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(
        "{host} answered {status} with a redirect when asked for {what}, and none is followed; configure the URL that it \
         leads to"
    )]
    Redirect { host: String, what: &'static str, status: StatusCode },
    #[error(
        "{host} answered {status} when asked for {what}; check that the URL is the right one and that the provider is well"
    )]
    Status { host: String, what: &'static str, status: StatusCode },
    #[error("{host} answered with {what} that cannot be read: {source}; check that the URL is the right one")]
    Json { host: String, what: &'static str, source: JsonError },
}

impl DocumentError {
    /// The condition reason that says the same.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Http(error) => error.reason(),
            Self::Redirect { .. } | Self::Status { .. } => Reason::HttpStatus,
            Self::Json { .. } => Reason::InvalidDocument,
        }
    }
}

/// Fetches the JSON object at a URL; `what` is what messages call it. Only status 200 counts; the content type does not, as
/// many servers send a wrong one.
pub(super) async fn fetch_object(
    outbound: &Outbound,
    roots: Option<&TrustRoots>,
    url: &Url,
    what: &'static str,
) -> Result<Map<String, Value>, DocumentError> {
    let body = fetch(outbound, roots, url, what, JSON).await?;
    parse_object(&body).map_err(|source| DocumentError::Json { host: authority(url), what, source })
}

/// Fetches what is at a URL, of whatever type; `what` is what messages call it, `accept` the types that are asked for. Only
/// status 200 counts.
pub(super) async fn fetch(
    outbound: &Outbound,
    roots: Option<&TrustRoots>,
    url: &Url,
    what: &'static str,
    accept: &'static str,
) -> Result<Vec<u8>, DocumentError> {
    let host = authority(url);
    let request = get_as(url, accept).map_err(|why| HttpError::InsecureUrl { host: host.clone(), why })?;
    let answer = outbound.send(roots, request).await?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        status if status.is_redirection() => Err(DocumentError::Redirect { host, what, status }),
        status => Err(DocumentError::Status { host, what, status }),
    }
}

/// A GET request for JSON.
pub(super) fn get(url: &Url) -> Result<http::Request<Vec<u8>>, &'static str> {
    get_as(url, JSON)
}

fn get_as(url: &Url, accept: &'static str) -> Result<http::Request<Vec<u8>>, &'static str> {
    http::Request::get(url.as_str())
        .header(header::ACCEPT, accept)
        .body(Vec::new())
        .map_err(|_| "the URL cannot be requested; check it for stray characters")
}
