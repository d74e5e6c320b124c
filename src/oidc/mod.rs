//! Everything outbound to OpenID providers, and the checks of what they answer.
//! Never lets a provider's words, a token or a secret into a message, and dials nothing past the egress guard.

mod ask;
mod assertion;
mod authorize;
mod client_auth;
mod client_key;
mod discovery;
mod document;
mod egress;
mod error_code;
mod exchange;
mod flight;
mod http;
mod http_error;
mod id_token;
mod json;
mod jwt;
mod keys;
mod push;
mod remote;
mod rotation;
#[cfg(test)]
mod testing;
mod trust;
mod userinfo;

pub use ask::AskError;
pub use assertion::SigningFailed;
pub use authorize::LoginParameters;
pub use client_key::{ClientKeyError, read_client_key};
pub use discovery::{DiscoveryError, MetadataRequest, Needs, NotAnIssuer};
pub use document::DocumentError;
pub use egress::EgressPolicy;
pub use error_code::registered as registered_error;
pub use exchange::{ExchangeError, Grant, TokenResponse};
pub use flight::Freshness;
pub use http::{DEADLINE, MAX_BODY_BYTES, Outbound, OutboundError};
pub use http_error::HttpError;
pub use id_token::{Expected, TokenError};
pub use json::JsonError;
pub use jwt::JwsError;
pub use keys::{KeySet, KeysError, KeysRequest};
pub use push::PushError;
pub use remote::Remote;
pub use rotation::Rotations;
pub use trust::{TrustRootsError, check_trust_roots};
pub use userinfo::{UserinfoError, fetch_userinfo};

/// Checks an ID token of a code flow login; see `id_token::verify`.
pub use id_token::verify as verify_id_token;
