//! What is believed of what providers send: signatures and keys, clocks, userinfo, and which document a claim is of.

mod algorithms;
mod claims_source;
mod client_secret;
mod clock;
mod keys;
mod public_keys;
mod token_response;
mod userinfo;
mod without_signatures;
