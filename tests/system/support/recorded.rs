//! A request that a fake provider got.

use axum::{
    body::to_bytes,
    extract::Request,
    http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use url::form_urlencoded;

const BODY_LIMIT: usize = 1024 * 1024;

/// A request in full, but for headers that no specification has asked for.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    /// Names and values in the order in which they were sent.
    pub query: Vec<(String, String)>,
    /// `authorization`, `content-type` and `accept`, where they were sent and say something.
    pub headers: Vec<(&'static str, String)>,
    /// As `query`; empty for a body that is no form.
    pub form: Vec<(String, String)>,
}

impl Recorded {
    pub async fn read(request: Request) -> Self {
        let (head, body) = request.into_parts();
        let headers = [("authorization", AUTHORIZATION), ("content-type", CONTENT_TYPE), ("accept", ACCEPT)];
        let value = |name| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let headers = headers.into_iter().filter_map(|(text, name)| Some((text, value(name)?)));
        let headers: Vec<_> = headers.filter(|(_, value)| value != "*/*").collect();
        let is_form =
            headers.iter().any(|(name, value)| *name == "content-type" && value.contains("x-www-form-urlencoded"));
        let body = to_bytes(body, BODY_LIMIT).await.expect("a body");
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: pairs(head.uri.query().unwrap_or_default().as_bytes()),
            headers,
            form: if is_form { pairs(&body) } else { Vec::new() },
        }
    }

    /// A parameter of the form or the query; there must not be two of the name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.form.iter().chain(&self.query).filter(|(other, _)| other == name);
        let first = found.next();
        assert!(found.next().is_none(), "{name} was sent twice: {self:?}");
        first.map(|(_, value)| value.as_str())
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}
