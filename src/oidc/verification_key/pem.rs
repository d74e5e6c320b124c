//! Public keys in PEM (RFC 7468, sections 5 and 13), as manifests hold them.

use aws_lc_rs::rsa;
use rustls::{
    pki_types::{
        CertificateDer,
        pem::{PemObject, SectionKind},
    },
    server::ParsedCertificate,
};

use crate::{
    api::SigningKey,
    domain::verification_key::{Curve, KeyMaterial, VerificationKey},
};

/// Why a text holds no public keys. Never says what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeysError {
    #[error(
        "holds a private key, which everybody who can read this manifest has now: make a new key at the provider, and write its public key"
    )]
    PrivateKey,
    #[error(
        "holds a key in the form of PKCS#1: convert it with openssl rsa -RSAPublicKey_in -in key.pem -pubout, and write what begins with -----BEGIN PUBLIC KEY-----"
    )]
    Pkcs1,
    #[error(
        "holds no public key in PEM: write what begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----, with line breaks as they are"
    )]
    NoKey,
    #[error("is damaged: copy it again in full, from -----BEGIN to the END line, with line breaks as they are")]
    Damaged,
    #[error("holds a certificate that cannot be read: copy it again in full, or write the public key instead")]
    UnreadableCertificate,
    #[error(
        "holds a key that cannot verify tokens: it has to be RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519"
    )]
    Unusable,
}

/// The public keys of a PEM text: one or more, as such or within certificates.
///
/// # Errors
/// Says what is wrong and what to write instead, as the end of a sentence that the field begins.
pub fn read_public_keys(text: &str) -> Result<Vec<VerificationKey>, PublicKeysError> {
    if text.contains("PRIVATE KEY-----") {
        return Err(PublicKeysError::PrivateKey);
    }
    if text.contains("-----BEGIN RSA PUBLIC KEY-----") {
        return Err(PublicKeysError::Pkcs1);
    }
    let mut keys = Vec::new();
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        // The reader's error repeats lines of the text.
        match block.map_err(|_| PublicKeysError::Damaged)? {
            (SectionKind::PublicKey, der) => keys.push(subject_public_key_info(&der)?),
            (SectionKind::Certificate, der) => keys.push(of_certificate(&CertificateDer::from(der))?),
            _ => return Err(PublicKeysError::NoKey),
        }
    }
    if keys.is_empty() { Err(PublicKeysError::NoKey) } else { Ok(keys) }
}

/// Only for its key: whom it was issued to, by whom and for how long says nothing about tokens.
fn of_certificate(certificate: &CertificateDer<'_>) -> Result<VerificationKey, PublicKeysError> {
    let parsed = ParsedCertificate::try_from(certificate).map_err(|_| PublicKeysError::UnreadableCertificate)?;
    subject_public_key_info(&parsed.subject_public_key_info())
}

/// RFC 5280, section 4.1. Each kind of key refuses the others'.
fn subject_public_key_info(der: &[u8]) -> Result<VerificationKey, PublicKeysError> {
    if !is_whole(der) {
        return Err(PublicKeysError::Damaged);
    }
    let key = |kty: &str, material: &KeyMaterial<'_>| {
        let summary = SigningKey { kty: kty.to_owned(), ..SigningKey::default() };
        VerificationKey::new(summary, material).ok()
    };
    if let Ok(rsa) = rsa::PublicKey::from_der(der) {
        let (modulus, exponent) = (rsa.modulus(), rsa.exponent());
        let (modulus, exponent) =
            (modulus.big_endian_without_leading_zero(), exponent.big_endian_without_leading_zero());
        return key("RSA", &KeyMaterial::Rsa { modulus, exponent }).ok_or(PublicKeysError::Unusable);
    }
    let on = |curve| key("EC", &KeyMaterial::EllipticCurve(curve, der));
    on(Curve::P256)
        .or_else(|| on(Curve::P384))
        .or_else(|| on(Curve::P521))
        .or_else(|| key("OKP", &KeyMaterial::Ed25519(ed25519(der)?)))
        .ok_or(PublicKeysError::Unusable)
}

/// Whether it is a sequence that ends where it says (ITU-T X.690, section 8.1.3): no line is missing.
fn is_whole(der: &[u8]) -> bool {
    let (length, content) = match der {
        [0x30, length @ 0..=0x7f, content @ ..] => (usize::from(*length), content),
        [0x30, 0x81, length, content @ ..] => (usize::from(*length), content),
        [0x30, 0x82, high, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content),
        _ => return false,
    };
    content.len() == length
}

/// The key within its SubjectPublicKeyInfo, which is always the same but for it (RFC 8410, section 4).
fn ed25519(der: &[u8]) -> Option<&[u8]> {
    der.strip_prefix(&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])
}

#[cfg(test)]
mod tests;
