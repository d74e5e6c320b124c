//! Asking a provider's own endpoints, the token endpoint and that of pushed authorization requests, as the client that
//! we are there. Never passes on what the provider wrote, but for a registered error code.

use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::{
    client_auth::{Shown, show},
    error_code::registered,
    http::{Outbound, authority},
    http_error::HttpError,
    json::{JsonError, parse_object},
    rotation::Rotations,
    signing::SigningFailed,
};
use crate::domain::relation::{AcceptedSecret, Audience, Credential, Relation};

/// Of more endpoints than this it is not remembered at once.
const MAX_AUDIENCES: u64 = 10_000;

/// An endpoint that is asked by a form.
#[derive(Clone, Copy)]
pub(super) struct Endpoint<'a> {
    /// What messages call it.
    pub(super) name: &'static str,
    pub(super) url: &'a Url,
    pub(super) success: &'static [StatusCode],
}

/// Why an endpoint gave no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{host}: the {endpoint} refused the request: {code}")]
    Refused { host: String, endpoint: &'static str, status: StatusCode, code: &'static str },
    #[error("{host}: the {endpoint} refused the request with an error that no specification registers")]
    RefusedOddly { host: String, endpoint: &'static str, status: StatusCode },
    #[error("{host}: the {endpoint} answered {status}")]
    Status { host: String, endpoint: &'static str, status: StatusCode },
    #[error("{host}: the {endpoint}'s answer cannot be read: {source}")]
    Json { host: String, endpoint: &'static str, source: JsonError },
    #[error("the client assertion could not be signed")]
    Signing(#[from] SigningFailed),
}

impl AskError {
    /// Whether it is the client that was refused, and not what it asked for: another credential may do, and a code
    /// is still good (RFC 6749, section 5.2). With 401 some say it in another word, or in none; but whoever says with
    /// 401 that a code is wrong, which anybody can make up, has not refused the client.
    pub(super) fn refuses_client(&self) -> bool {
        match self {
            Self::Refused { code, status, .. } => {
                let also = ["unauthorized_client", "access_denied"];
                *code == "invalid_client" || (*status == StatusCode::UNAUTHORIZED && also.contains(code))
            }
            Self::RefusedOddly { status, .. } | Self::Status { status, .. } => *status == StatusCode::UNAUTHORIZED,
            Self::Http(_) | Self::Json { .. } | Self::Signing(_) => false,
        }
    }
}

/// What endpoints are asked with, and what their answers have shown. Clones share it.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) outbound: Outbound,
    pub(super) rotations: Rotations,
    /// By endpoint and client ID, the audience that was taken last: a provider that takes only one is not shown another
    /// at every login, as some count that as an attack.
    audiences: Cache<(Url, String), Audience>,
}

impl Asking {
    pub(super) fn new(outbound: Outbound) -> Self {
        Self { outbound, rotations: Rotations::new(), audiences: Cache::new(MAX_AUDIENCES) }
    }

    /// Posts a form to an endpoint of the provider, with each credential in turn until one is not refused.
    pub(super) async fn ask(
        &self,
        relation: &Relation,
        endpoint: Endpoint<'_>,
        form: &[(&str, &str)],
    ) -> Result<Map<String, Value>, AskError> {
        let refused = match self.by_any(relation, endpoint, form, &relation.credentials).await {
            Err(error) if error.refuses_client() => error,
            answer => {
                if let (Some((rotation, _)), Ok(_)) = (&relation.previous, &answer) {
                    self.rotations.note(rotation, AcceptedSecret::Current);
                }
                return answer;
            }
        };
        let Some((rotation, previous)) = &relation.previous else { return Err(refused) };
        let answer = self.by_any(relation, endpoint, form, previous).await;
        match &answer {
            Ok(_) => self.rotations.note(rotation, AcceptedSecret::Previous),
            Err(error) if error.refuses_client() => self.rotations.note(rotation, AcceptedSecret::Neither),
            Err(_) => {}
        }
        answer
    }

    async fn by_any(
        &self,
        relation: &Relation,
        endpoint: Endpoint<'_>,
        form: &[(&str, &str)],
        credentials: &[Credential],
    ) -> Result<Map<String, Value>, AskError> {
        let place = (endpoint.url.clone(), relation.client_id.clone());
        let taken = self.audiences.get(&place);
        let mut credentials: Vec<_> = credentials.iter().collect();
        credentials.sort_by_key(|credential| taken.is_some() && credential.audience() != taken);
        let mut refused = AskError::Signing(SigningFailed);
        for credential in credentials {
            match post(&self.outbound, relation, endpoint, form, credential).await {
                Err(error) if error.refuses_client() => refused = error,
                answer => {
                    if let (Some(audience), Ok(_)) = (credential.audience(), &answer) {
                        self.audiences.insert(place, audience);
                    }
                    return answer;
                }
            }
        }
        Err(refused)
    }
}

async fn post(
    outbound: &Outbound,
    relation: &Relation,
    endpoint: Endpoint<'_>,
    form: &[(&str, &str)],
    credential: &Credential,
) -> Result<Map<String, Value>, AskError> {
    let shown = show(credential, relation, endpoint.url, Timestamp::now())?;
    let host = authority(endpoint.url);
    let request =
        request(endpoint.url, form, shown).map_err(|why| HttpError::InsecureUrl { host: host.clone(), why })?;
    let answer = outbound.send(relation.authority.trust_roots.as_ref(), request).await?;
    let (status, endpoint_name) = (answer.status(), endpoint.name);
    let is_success = endpoint.success.contains(&status);
    match parse_object(answer.body()) {
        Ok(object) if is_success && !object.contains_key("error") => Ok(object),
        Ok(object) if is_success || status.is_client_error() => {
            Err(refusal(object.get("error").and_then(Value::as_str), host, endpoint_name, status))
        }
        Err(source) if is_success => Err(AskError::Json { host, endpoint: endpoint_name, source }),
        _ => Err(AskError::Status { host, endpoint: endpoint_name, status }),
    }
}

fn refusal(code: Option<&str>, host: String, endpoint: &'static str, status: StatusCode) -> AskError {
    match code {
        None => AskError::Status { host, endpoint, status },
        Some(code) => match registered(code) {
            Some(code) => AskError::Refused { host, endpoint, status, code },
            None => AskError::RefusedOddly { host, endpoint, status },
        },
    }
}

fn request(url: &Url, form: &[(&str, &str)], shown: Shown) -> Result<http::Request<Vec<u8>>, &'static str> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    // The request names the client already.
    let named = |name: &str| form.iter().any(|(other, _)| *other == name);
    for (name, value) in shown.parameters.iter().filter(|(name, _)| !named(name)) {
        body.append_pair(name, value.expose_secret());
    }
    let mut request = http::Request::post(url.as_str())
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
        .body(body.finish().into_bytes())
        .map_err(|_| "the URL cannot be requested; check it for stray characters")?;
    if let Some(authorization) = shown.authorization {
        request.headers_mut().insert(header::AUTHORIZATION, authorization);
    }
    Ok(request)
}

/// A member that is a string with something in it.
pub(super) fn text(object: &Map<String, Value>, member: &str) -> Option<SecretString> {
    object.get(member)?.as_str().filter(|text| !text.is_empty()).map(SecretString::from)
}
