//! Ends a session at the provider without a browser: one GET of its end-session endpoint with the ID token as hint.

use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use url::Url;

use super::{Remote, http::authority, http_error::HttpError};
use crate::domain::relation::Relation;

/// Somebody waits for the page that says they are signed out.
const DEADLINE: Duration = Duration::from_secs(5);

/// Why a session at a provider may go on. Names the host alone: the URL holds the ID token.
#[derive(Debug, thiserror::Error)]
pub enum EndSessionError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{host}: the end-session endpoint answered with {status}; check logout.endSessionURL")]
    Status { host: String, status: StatusCode },
    #[error(
        "{host}: the end-session endpoint answered with a page, as it would to a person who is to confirm; let logout.mode be Redirect if sessions there go on"
    )]
    Page { host: String },
}

impl Remote {
    /// Requests a URL that ends a session. A redirect is a good answer, and is not followed.
    pub async fn end_session(&self, relation: &Relation, url: &Url) -> Result<(), EndSessionError> {
        let host = authority(url);
        let request = Request::get(url.as_str()).body(Vec::new());
        let too_long = "the URL cannot be requested; the ID token may be too long for it";
        let request = request.map_err(|_| HttpError::InsecureUrl { host: host.clone(), why: too_long })?;
        let answer = self.outbound().send_within(DEADLINE, relation.authority.trust_roots.as_ref(), request).await?;
        let status = answer.status();
        if status.is_success() && is_page(&answer) {
            return Err(EndSessionError::Page { host });
        }
        if status.is_success() || status.is_redirection() {
            Ok(())
        } else {
            Err(EndSessionError::Status { host, status })
        }
    }
}

fn is_page(answer: &Response<Vec<u8>>) -> bool {
    let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
}
