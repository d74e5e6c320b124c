//! Reads public keys: as JWKs, key by key, and in PEM.

mod jwk;
mod pem;

pub(super) use jwk::read as read_jwk;
pub use pem::{PublicKeysError, read_public_keys};
