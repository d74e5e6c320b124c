//! What others may know of a private key: its public half.

use aws_lc_rs::{
    digest,
    encoding::{AsDer, PublicKeyX509Der},
    error::Unspecified,
    signature::KeyPair,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::domain::client_key::KeyMaterial;

/// The public key as a certificate holds it (RFC 5280, section 4.1).
pub(super) fn subject_public_key_info(material: &KeyMaterial) -> Result<PublicKeyX509Der<'static>, Unspecified> {
    match material {
        KeyMaterial::Rsa(key) => key.public_key().as_der(),
        KeyMaterial::P256(key) | KeyMaterial::P384(key) | KeyMaterial::P521(key) => key.public_key().as_der(),
        KeyMaterial::Ed25519(key) => key.public_key().as_der(),
    }
}

/// The SHA-256 of some octets, in base64url.
pub(super) fn sha256(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, octets))
}
