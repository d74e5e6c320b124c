//! Everything outbound to OpenID providers, and the checks of what they answer.
//! Never lets a provider's words, a token or a secret into a message, and dials nothing past the egress guard.

mod authorize;
mod discovery;
mod document;
mod egress;
mod exchange;
mod flight;
mod http;
mod http_error;
mod id_token;
mod json;
mod jwt;
mod keys;
mod remote;
#[cfg(test)]
mod testing;
mod trust;
mod userinfo;

pub use authorize::{LoginParameters, authorization_url};
pub use discovery::{DiscoveryError, MetadataRequest, NotAnIssuer};
pub use document::DocumentError;
pub use egress::EgressPolicy;
pub use exchange::{ExchangeError, TokenErrorCode, TokenResponse, exchange_code};
pub use flight::Freshness;
pub use http::{DEADLINE, MAX_BODY_BYTES, Outbound, OutboundError};
pub use http_error::HttpError;
pub use id_token::{Expected, TokenError};
pub use json::JsonError;
pub use jwt::JwsError;
pub use keys::{KeySet, KeysError, KeysRequest};
pub use remote::Remote;
pub use trust::{TrustRootsError, check_trust_roots};
pub use userinfo::{UserinfoError, fetch_userinfo};

/// Checks an ID token of a code flow login; see `id_token::verify`.
pub use id_token::verify as verify_id_token;
