//! The rules that what a provider sends must keep, however it is made, to be believed. Read anew with plain serde_json,
//! never with the code that they judge.

mod icon;
mod issuer;
mod keys;
mod metadata;
mod tokens;

pub use icon::icon;
pub use keys::keys;
pub use metadata::metadata;
pub use tokens::{id_token, logout_token};
