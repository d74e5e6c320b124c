//! Requests to the token endpoint, right or wrong in one thing, and what comes back.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::stream;
use reqwest::{Body, Client, Method};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    GRANT,
    answers::{Given, given, refused},
};
use crate::support::{
    DEADLINE,
    latchkey::{Latchkey, MANY_VISITORS},
    visitor::Answer,
};

/// What is sent, and what is left to change in it.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    organization: Option<String>,
    query: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    form: Vec<(String, Vec<u8>)>,
    body: Option<Raw>,
    address: String,
}

/// A body that is no form, or does not come as one should.
#[derive(Clone)]
enum Raw {
    Sized(&'static str, Vec<u8>),
    /// Without its length, in pieces.
    Chunked(&'static str, Vec<u8>),
}

/// An application that its client ID alone makes known brings an assertion.
pub fn ask(client_id: &str, assertion: &str) -> Ask {
    bare(assertion).with("client_id", client_id)
}

/// Nobody says who brings it.
pub fn bare(assertion: &str) -> Ask {
    Ask {
        method: Method::POST,
        organization: None,
        query: String::new(),
        headers: Vec::new(),
        form: Vec::new(),
        body: None,
        address: own_address(),
    }
    .with("grant_type", GRANT)
    .with("assertion", assertion)
}

/// An address that nobody else has, so that together they do not ask too often.
pub fn own_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Ipv4Addr::from_bits(Ipv4Addr::new(100, 64, 0, 0).to_bits() + number).to_string()
}

/// `Basic` of these octets.
pub fn basic(octets: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(octets))
}

/// What keeps connections.
pub fn client() -> Client {
    Client::builder().no_proxy().timeout(DEADLINE).build().expect("a client")
}

impl Ask {
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.form.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.form.retain(|(other, _)| other != name);
        self
    }

    pub fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// At another organization than `default`.
    pub fn at(self, organization: &str) -> Self {
        Self { organization: Some(organization.to_owned()), ..self }
    }

    pub fn from(self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self }
    }

    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    pub fn basic(self, id: &str, secret: &str) -> Self {
        self.header("authorization", basic(format!("{id}:{secret}")))
    }

    /// A parameter is in the query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(&pair);
        self
    }

    pub fn body(self, content_type: &'static str, octets: impl AsRef<[u8]>) -> Self {
        Self { body: Some(Raw::Sized(content_type, octets.as_ref().to_vec())), ..self }
    }

    pub fn chunked(self, octets: impl AsRef<[u8]>) -> Self {
        Self { body: Some(Raw::Chunked(FORM, octets.as_ref().to_vec())), ..self }
    }

    /// The form as it goes over the wire.
    pub fn encoded(&self) -> String {
        let octets = |bytes: &[u8]| form_urlencoded::byte_serialize(bytes).collect::<String>();
        let pairs = self.form.iter().map(|(name, value)| format!("{}={}", octets(name.as_bytes()), octets(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    pub async fn send(self, latchkey: &Latchkey) -> Answer {
        self.try_send(latchkey).await.expect("an answer")
    }

    pub async fn try_send(self, latchkey: &Latchkey) -> reqwest::Result<Answer> {
        let base = latchkey.url("");
        self.send_to(base.trim_end_matches('/'), latchkey.organization()).await
    }

    /// As `send`, over connections that are kept.
    pub async fn send_over(self, http: &Client, latchkey: &Latchkey) -> Answer {
        let base = latchkey.url("");
        let sent = self.send_by(http, base.trim_end_matches('/'), latchkey.organization());
        sent.await.expect("an answer")
    }

    /// To the token endpoint of this organization, unless there is another, at `base`, over a connection of its own.
    pub async fn send_to(self, base: &str, organization: &str) -> reqwest::Result<Answer> {
        self.send_by(&client(), base, organization).await
    }

    async fn send_by(self, http: &Client, base: &str, organization: &str) -> reqwest::Result<Answer> {
        let organization = self.organization.as_deref().unwrap_or(organization);
        let url = format!("{base}/o/{organization}/token{}", self.query);
        let form = self.encoded();
        let mut request = http.request(self.method.clone(), &url).header("x-forwarded-for", self.address);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request = match self.body {
            Some(Raw::Sized(content_type, octets)) => request.header("content-type", content_type).body(octets),
            Some(Raw::Chunked(content_type, octets)) => {
                request.header("content-type", content_type).body(pieces(&octets))
            }
            None if self.method == Method::GET || self.method == Method::HEAD => request,
            None => request.header("content-type", FORM).body(form),
        };
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = String::from_utf8_lossy(&answer.bytes().await?).into_owned();
        Ok(Answer { url: url.parse().expect("a URL"), status, headers, body })
    }

    /// It must be answered with an access token.
    pub async fn gets(self, latchkey: &Latchkey) -> Given {
        let answer = self.send(latchkey).await;
        given(&answer).unwrap_or_else(|why| panic!("{why}: {} {}", answer.status, answer.body))
    }

    /// It must be refused like this; the body.
    pub async fn gets_refused(self, latchkey: &Latchkey, status: u16, error: &str, code: &str) -> Value {
        let answer = self.send(latchkey).await;
        let seen = refused(latchkey, &answer).unwrap_or_else(|why| panic!("{why}: {} {}", answer.status, answer.body));
        assert_eq!((seen.status, &*seen.error, &*seen.code), (status, error, code), "{} {}", answer.body, seen.line);
        answer.json()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The usual flags.
pub const FLAGS: &[&str] = MANY_VISITORS;

fn pieces(octets: &[u8]) -> Body {
    let pieces: Vec<_> = octets.chunks(64 * 1024).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
    Body::wrap_stream(stream::iter(pieces))
}
