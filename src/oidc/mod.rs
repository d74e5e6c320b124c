//! Everything outbound to OpenID providers, and the checks of what they answer.
//! Never lets a provider's words, a token or a secret into a message, and dials nothing past the egress guard.

mod ask;
mod assertion;
mod authorize;
mod believe;
mod client_auth;
mod client_key;
mod discovery;
mod document;
mod egress;
mod end_session;
mod error_code;
mod exchange;
mod flight;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod http_error;
mod icon;
mod json;
mod keys;
mod push;
mod remote;
mod rotation;
mod signing;
#[cfg(test)]
mod testing;
mod token;
mod trust;
mod userinfo;
mod verification_key;

pub use ask::AskError;
pub use authorize::LoginParameters;
pub use believe::{BeliefError, Via};
pub use client_key::{ClientKeyError, read_client_key};
pub use discovery::{DiscoveryError, MetadataRequest, Needs, NotAnIssuer};
pub use document::DocumentError;
pub use egress::EgressPolicy;
pub use end_session::EndSessionError;
pub use error_code::registered as registered_error;
pub use exchange::{ExchangeError, Grant, Members, TokenResponse};
pub use flight::Freshness;
pub use http::{DEADLINE, MAX_BODY_BYTES, Outbound, OutboundError};
pub use http_error::HttpError;
pub use icon::{IconError, IconRequest, PictureFault};
pub use json::JsonError;
pub use keys::{KeySet, KeysError, KeysRequest};
pub use push::PushError;
pub use remote::Remote;
pub use rotation::Rotations;
pub use signing::{Secret, SigningFailed, sign_compact};
pub use token::{
    Assertion, AtLogin, Claimed, JwsError, KeyRing, LogoutToken, Parties, Proof, TokenError, claimed, verify_assertion,
    verify_id_token, verify_logout_token,
};
pub use trust::{TrustRootsError, check_trust_roots};
pub use userinfo::UserinfoError;
pub use verification_key::{PublicKeysError, read_public_keys};
