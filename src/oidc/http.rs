//! The one HTTP client for everything outbound: guarded, bounded, without redirects, proxies or cookies.
//! Never puts a path, a query or a body into a message.

use std::{sync::Arc, time::Duration};

use reqwest::{Certificate, Client, dns::Resolve, redirect};
use url::{Host, Url};

use super::{
    egress::{EgressPolicy, GuardedResolver, SystemResolver},
    http_error::HttpError,
    trust,
};
use crate::domain::relation::TrustRoots;

/// The most that is read of an answer's body, after inflation.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long a request may take in all, from resolving the name to the last byte.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How many CA bundles have a client of their own at a time; the least used one is built again when needed.
const MAX_BUNDLE_CLIENTS: u64 = 128;
/// An unused bundle's client is dropped after so long, with its connections.
const BUNDLE_CLIENT_IDLE: Duration = Duration::from_secs(10 * 60);

/// Sends requests to providers. Clones share their connections.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    policy: Arc<EgressPolicy>,
    resolver: Arc<GuardedResolver>,
    /// Trusts what this machine trusts.
    system: Client,
    by_bundle: moka::sync::Cache<TrustRoots, Client>,
    deadline: Duration,
}

/// The client could not be set up at all.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot start; are CA certificates installed on this machine?")]
pub struct OutboundError(#[source] reqwest::Error);

impl Outbound {
    /// Fails when this machine has no CA certificates.
    pub fn new(policy: EgressPolicy) -> Result<Self, OutboundError> {
        Self::with(policy, Arc::new(SystemResolver), DEADLINE)
    }

    pub(super) fn with(
        policy: EgressPolicy,
        resolver: Arc<dyn Resolve>,
        deadline: Duration,
    ) -> Result<Self, OutboundError> {
        let policy = Arc::new(policy);
        let resolver = Arc::new(GuardedResolver { policy: policy.clone(), inner: resolver });
        let system = build_client(resolver.clone(), None).map_err(OutboundError)?;
        let by_bundle =
            moka::sync::Cache::builder().max_capacity(MAX_BUNDLE_CLIENTS).time_to_idle(BUNDLE_CLIENT_IDLE).build();
        Ok(Self(Arc::new(Inner { policy, resolver, system, by_bundle, deadline })))
    }

    /// Whether `http` URLs may be requested.
    pub fn allows_http(&self) -> bool {
        self.0.policy.allow_http
    }

    /// Sends one request and reads the whole answer, of whatever status.
    /// With `roots`, only certificates issued below those are trusted; without, this machine's.
    pub async fn send(
        &self,
        roots: Option<&TrustRoots>,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        self.send_within(self.0.deadline, roots, request).await
    }

    /// The same with a deadline of its own.
    pub async fn send_within(
        &self,
        deadline: Duration,
        roots: Option<&TrustRoots>,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let (parts, body) = request.into_parts();
        let url = self.checked(&parts.uri)?;
        let host = authority(&url);
        let client = self.client(roots)?;
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        // Keeps credentials out of Debug output and of HTTP/2's header tables.
        if let Some(credentials) = outgoing.headers_mut().get_mut(http::header::AUTHORIZATION) {
            credentials.set_sensitive(true);
        }
        *outgoing.body_mut() = Some(body.into());
        tokio::time::timeout(deadline, exchange(&client, outgoing, &host))
            .await
            .unwrap_or(Err(HttpError::Timeout { host, seconds: deadline.as_secs() }))
    }

    /// The URL as the URL standard reads it, which is also how it is dialled: `http://0x7f.1/` is 127.0.0.1.
    fn checked(&self, uri: &http::Uri) -> Result<Url, HttpError> {
        let insecure = |host: &str, why| HttpError::InsecureUrl { host: host.to_owned(), why };
        let url = Url::parse(&uri.to_string())
            .map_err(|_| insecure(uri.host().unwrap_or_default(), "the URL is not absolute"))?;
        let host = authority(&url);
        match url.scheme() {
            "https" => {}
            "http" if self.0.policy.allow_http => {}
            "http" => return Err(insecure(&host, "http is refused; use https")),
            _ => return Err(insecure(&host, "only https URLs are requested")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(insecure(&host, "a user name or password in a URL is refused; take it out"));
        }
        match url.host() {
            Some(address) if !self.0.policy.permits_host(&address) => Err(HttpError::EgressDenied { host }),
            Some(_) => Ok(url),
            None => Err(insecure(&host, "the URL names no host")),
        }
    }

    fn client(&self, roots: Option<&TrustRoots>) -> Result<Client, HttpError> {
        let Some(roots) = roots else { return Ok(self.0.system.clone()) };
        let build = || {
            let certificates = trust::certificates(roots)?;
            let unusable = |_| trust::TrustRootsError::NotPem;
            let certificates: Vec<_> = certificates
                .iter()
                .map(|der| Certificate::from_der(der))
                .collect::<Result<_, _>>()
                .map_err(unusable)?;
            build_client(self.0.resolver.clone(), Some(certificates)).map_err(unusable)
        };
        self.0.by_bundle.try_get_with_by_ref(roots, build).map_err(|error| HttpError::TrustRoots(*error))
    }
}

fn build_client(resolver: Arc<GuardedResolver>, only: Option<Vec<Certificate>>) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(resolver);
    match only {
        Some(certificates) => builder.tls_certs_only(certificates).build(),
        None => builder.build(),
    }
}

async fn exchange(
    client: &Client,
    request: reqwest::Request,
    host: &str,
) -> Result<http::Response<Vec<u8>>, HttpError> {
    let classify = |error| HttpError::classify(error, host);
    let mut response = client.execute(request).await.map_err(classify)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(HttpError::TooLarge { host: host.to_owned() });
        }
        body.extend_from_slice(&chunk);
    }
    let mut answer = http::Response::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// Host and, unless it is the scheme's own, port: all of a URL that messages show.
pub(super) fn authority(url: &Url) -> String {
    match (url.host().unwrap_or(Host::Domain("")), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_string(),
    }
}

#[cfg(test)]
mod tests;
