//! Pure rules: what is served, who a person is, what they get.
//! No async, no I/O, no clock, no randomness: everything comes in as a value.

pub mod access_token;
pub mod by_hand;
pub mod client_key;
pub mod documents;
pub mod email;
pub mod expectation;
pub mod expression;
pub mod field;
pub mod grant;
pub mod home_realm;
pub mod icon;
pub mod idp_user;
pub mod keep;
pub mod key_rotation;
pub mod locale;
pub mod login;
pub mod logout;
pub mod mapper;
pub mod mapping;
pub mod matching;
pub mod metadata;
pub mod modes;
pub mod organization;
pub mod outcome;
pub mod people;
pub mod person;
pub mod provider;
pub mod provider_session;
pub mod reading;
pub mod refusal;
pub mod relation;
pub mod return_url;
pub mod session;
pub mod signing_algorithm;
pub mod simulation;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
pub mod trust;
pub mod update;
pub mod user;
pub mod verification_key;

/// The claims of a verified token or document, as the provider sent them.
pub type Claims = serde_json::Map<String, serde_json::Value>;
