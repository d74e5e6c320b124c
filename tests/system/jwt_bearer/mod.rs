//! Applications bring ID tokens and get access tokens, or learn that they don't: what design 3 and the RFCs say of
//! `/token`, seen from outside, with providers, applications and libraries that aren't ours.

mod answers;
mod ask;
mod concurrency;
mod id_token;
mod keys;
mod libraries;
mod lifetimes;
mod people;
mod person_rules;
mod rate;
mod real_providers;
mod refusals;
mod rotation;
mod secrets;
mod signatures;
mod store_trouble;
mod world;

/// RFC 7523, section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
