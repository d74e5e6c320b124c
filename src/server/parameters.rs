//! The parameters of a request, each at most once (RFC 6749, section 3.1).

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::rejection::BytesRejection,
    http::{HeaderMap, header},
};

/// More is not looked at, in bytes.
const MAX_QUERY: usize = 16 * 1024;
/// A form may hold an ID token of 64 KiB, and what comes with it; the router takes no longer one, in bytes.
pub const MAX_FORM: usize = 128 * 1024;

/// The parameters of a query or form.
#[derive(Debug, Default)]
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

    /// Reads the body of a form.
    ///
    /// # Errors
    /// When it is no form, or a parameter is repeated.
    fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, &'static str> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err("the body is no form");
        }
        Self::decode(body)
    }

    /// Reads the body of a form as it came.
    ///
    /// # Errors
    /// As `of_form`, or when it could not be read.
    pub fn of_body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Self, &'static str> {
        let body = body.map_err(|_| "the body is longer than 128 KiB, or broke off")?;
        Self::of_form(headers, &body)
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
