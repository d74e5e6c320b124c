//! The parameters of a request, each at most once (RFC 6749, section 3.1).

use std::{collections::HashMap, convert::Infallible};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, Method, header},
};
use futures::StreamExt;

/// More is not looked at, in bytes.
const MAX_QUERY: usize = 16 * 1024;
/// A form may hold an ID token of 64 KiB, and what comes with it; no longer one is read, in bytes.
const MAX_FORM: usize = 128 * 1024;
/// Of a longer form so much is taken, in bytes.
const MAX_TAKEN: usize = 16 * 1024 * 1024;

/// The parameters of a query or form.
#[derive(Default)]
pub struct Parameters(HashMap<String, String>);

impl Parameters {
    /// Reads a query.
    ///
    /// # Errors
    /// When it is too long or a parameter is repeated.
    pub fn parse(query: &str) -> Result<Self, &'static str> {
        if query.len() > MAX_QUERY {
            return Err("longer than 16 KiB");
        }
        Self::decode(query.as_bytes())
    }

    fn decode(encoded: &[u8]) -> Result<Self, &'static str> {
        let mut parameters = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err("a parameter is repeated");
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter that has a value.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What a request says, and how the browser brought it.
pub struct Said {
    /// Or why it cannot be read.
    pub parameters: Result<Parameters, &'static str>,
    pub way: Way,
}

/// How the browser brings parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Query,
    /// By POST; the query is not looked at.
    Form,
}

impl<S: Send + Sync> FromRequest<S> for Said {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        if request.method() != Method::POST {
            let parameters = Parameters::parse(request.uri().query().unwrap_or_default());
            return Ok(Self { parameters, way: Way::Query });
        }
        let is_form = is_form(request.headers());
        let parameters = match read(request.into_body()).await {
            Some(body) if is_form => Parameters::decode(&body),
            Some(_) => Err("the body is no form"),
            None => Err("the body is longer than 128 KiB, or broke off"),
        };
        Ok(Self { parameters, way: Way::Form })
    }
}

/// A body that is not too long. Of one that is, the rest is taken and forgotten, since many clients read no answer before
/// they have sent all; not without end.
async fn read(body: Body) -> Option<Vec<u8>> {
    let (mut stream, mut all, mut length) = (body.into_data_stream(), Vec::new(), 0);
    while let Some(piece) = stream.next().await {
        let piece = piece.ok()?;
        length += piece.len();
        if length > MAX_TAKEN {
            return None;
        }
        if length <= MAX_FORM {
            all.extend_from_slice(&piece);
        }
    }
    (length <= MAX_FORM).then_some(all)
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
