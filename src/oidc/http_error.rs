//! What can go wrong with an outbound request, told apart by cause.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{
    egress::{EveryAddressRefused, NameNotResolved},
    trust::TrustRootsError,
};
use crate::api::Reason;

/// Why a request got no answer. Messages name the host, what went wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{host}: the name cannot be resolved; check its spelling and this machine's DNS")]
    Dns {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{host}: no connection ({what}); check that the provider runs and can be reached from here")]
    Connect {
        host: String,
        what: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{host}: {what}")]
    TlsUntrusted {
        host: String,
        what: &'static str,
        #[source]
        source: reqwest::Error,
    },
    #[error("{host}: no TLS connection could be agreed on; check that the port speaks TLS 1.2 or 1.3")]
    Tls {
        host: String,
        #[source]
        source: reqwest::Error,
    },
    #[error("{host}: no complete answer within {seconds} seconds; check the provider and the network to it")]
    Timeout { host: String, seconds: u64 },
    #[error(
        "{host}: its address is loopback, link-local, multicast or a metadata service, and is not dialled; \
         allow it with --egress-allow if that is meant"
    )]
    EgressDenied { host: String },
    #[error("{host}: the answer is larger than 1 MiB; check that the URL is the right one")]
    TooLarge { host: String },
    #[error("{host}: {why}")]
    InsecureUrl { host: String, why: &'static str },
    #[error(transparent)]
    TrustRoots(TrustRootsError),
    #[error("{host}: the answer is not proper HTTP; check that the URL and what stands between are right")]
    Protocol {
        host: String,
        #[source]
        source: reqwest::Error,
    },
}

impl HttpError {
    /// The condition reason that says the same.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Dns { .. } => Reason::DnsFailed,
            Self::Connect { .. } | Self::Tls { .. } | Self::Protocol { .. } => Reason::ConnectFailed,
            Self::TlsUntrusted { .. } => Reason::TlsUntrusted,
            Self::Timeout { .. } => Reason::Timeout,
            Self::EgressDenied { .. } => Reason::EgressDenied,
            Self::TooLarge { .. } => Reason::InvalidDocument,
            Self::InsecureUrl { .. } => Reason::InsecureEndpoint,
            Self::TrustRoots(_) => Reason::CABundleInvalid,
        }
    }

    pub(super) fn classify(error: reqwest::Error, host: &str) -> Self {
        let host = host.to_owned();
        // The URL may hold a code or a hint in its query.
        let source = error.without_url();
        if cause::<EveryAddressRefused>(&source).is_some() {
            return Self::EgressDenied { host };
        }
        if source.is_dns() || cause::<NameNotResolved>(&source).is_some() {
            return Self::Dns { host, source };
        }
        match cause::<rustls::Error>(&source) {
            Some(rustls::Error::InvalidCertificate(why)) => {
                return Self::TlsUntrusted { host, what: untrusted(why), source };
            }
            Some(rustls::Error::NoCertificatesPresented) => {
                return Self::TlsUntrusted { host, what: "it shows no certificate", source };
            }
            Some(_) => return Self::Tls { host, source },
            None => {}
        }
        if source.is_connect() {
            let what = cause::<io::Error>(&source).map_or_else(|| "it failed".to_owned(), |e| e.kind().to_string());
            return Self::Connect { host, what, source };
        }
        Self::Protocol { host, source }
    }
}

fn untrusted(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::UnknownIssuer => {
            "its certificate is issued by an authority that is not trusted here; name the CA in tls.caBundleRef"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it at the provider"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; check the clocks"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host; check the URL"
        }
        CertificateError::Revoked => "its certificate has been revoked; renew it at the provider",
        _ => "its certificate is not acceptable; check it at the provider",
    }
}

/// The first error of a type in a chain of causes. `io::Error` hides what it wraps from `source`, so that is
/// looked into as well.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| cause::<E>(inner)) {
            return Some(found);
        }
        next = current.source();
    }
    None
}
