//! Pushed authorization requests (RFC 9126).

use http::StatusCode;
use secrecy::ExposeSecret;
use url::Url;

use super::{
    ask::{AskError, Asking, Endpoint, text},
    authorize::{Parameters, authorization_url},
    http::authority,
};
use crate::domain::relation::Relation;

/// A longer reference would not fit into the URL that the browser takes, in bytes.
const MAX_REQUEST_URI: usize = 1024;

/// Why a request could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The provider has looked at it.
    #[error(
        "{host}: the pushed authorization request endpoint refused the request: {code}; check that the redirect URI \
         {redirect_uri} is registered there, and what the manifest asks for"
    )]
    Refused { host: String, code: &'static str, redirect_uri: Box<str> },
    #[error("{host}: the pushed authorization request endpoint gave no request_uri of use")]
    NoRequestUri { host: String },
}

impl PushError {
    /// Whether the request may still be good if the browser carries it: some providers announce the endpoint, but not
    /// for every tenant or client. Not where the provider has looked at the request or the client and refused it.
    pub(super) fn leaves_it_to_the_browser(&self) -> bool {
        match self {
            Self::Ask(AskError::Signing(_)) | Self::Refused { .. } => false,
            Self::Ask(error) => !error.refuses_client(),
            Self::NoRequestUri { .. } => true,
        }
    }
}

/// With these a provider does not refuse what the request asks for.
const OF_THE_ENDPOINT: [&str; 4] = ["access_denied", "server_error", "temporarily_unavailable", "unauthorized_client"];

fn refusal(error: AskError, relation: &Relation) -> PushError {
    let refuses_client = error.refuses_client();
    match error {
        AskError::Refused { host, code, .. } if !refuses_client && !OF_THE_ENDPOINT.contains(&code) => {
            PushError::Refused { host, code, redirect_uri: relation.redirect_uri.as_str().into() }
        }
        error => PushError::Ask(error),
    }
}

/// Pushes an authorization request. Returns where to send the browser with the reference to it.
pub(super) async fn push(
    asking: &Asking,
    relation: &Relation,
    endpoint: &Url,
    parameters: &Parameters,
) -> Result<Url, PushError> {
    let form: Vec<_> = parameters.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    // Section 2.2: 201; some say 200.
    let success = &[StatusCode::CREATED, StatusCode::OK];
    let asked = Endpoint { name: "pushed authorization request endpoint", url: endpoint, success };
    let answer = asking.ask(relation, asked, &form).await.map_err(|error| refusal(error, relation))?;
    let reference = text(&answer, "request_uri").filter(|uri| uri.expose_secret().len() <= MAX_REQUEST_URI);
    let reference = reference.ok_or_else(|| PushError::NoRequestUri { host: authority(endpoint) })?;
    // Section 4: what else stands there is in the pushed request.
    let parameters = [("client_id", &*relation.client_id), ("request_uri", reference.expose_secret())];
    let parameters = parameters.map(|(name, value)| (name.into(), value.into())).into();
    Ok(authorization_url(relation, &parameters))
}
