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

/// Fetches the JSON object at a URL; `what` is what messages call it. Only status 200 counts; the content type does not, as many servers send a
/// wrong one.
pub(super) async fn fetch_object(
    outbound: &Outbound,
    roots: Option<&TrustRoots>,
    url: &Url,
    what: &'static str,
) -> Result<Map<String, Value>, DocumentError> {
    let host = authority(url);
    let request = get(url).map_err(|why| HttpError::InsecureUrl { host: host.clone(), why })?;
    let answer = outbound.send(roots, request).await?;
    match answer.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => return Err(DocumentError::Redirect { host, what, status }),
        status => return Err(DocumentError::Status { host, what, status }),
    }
    parse_object(answer.body()).map_err(|source| DocumentError::Json { host, what, source })
}

/// A GET request for JSON.
pub(super) fn get(url: &Url) -> Result<http::Request<Vec<u8>>, &'static str> {
    http::Request::get(url.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| "the URL cannot be requested; check it for stray characters")
}
