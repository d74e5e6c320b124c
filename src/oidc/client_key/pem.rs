//! A private key in PEM (RFC 7468), perhaps with its certificate.

use std::sync::Arc;

use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use rustls::{
    pki_types::{
        CertificateDer,
        pem::{PemObject, SectionKind},
    },
    server::ParsedCertificate,
};
use zeroize::Zeroizing;

use super::{
    ClientKeyError,
    public::{sha256, subject_public_key_info},
    rejected,
};
use crate::domain::client_key::{ClientKey, KeyMaterial};

/// Reads the one private key of a PEM text. It has no `kid`: what the provider calls the key, PEM cannot say, and a name
/// that it has never heard would have the key refused.
pub(super) fn read(text: &str) -> Result<ClientKey, ClientKeyError> {
    check_blocks(text)?;
    let mut private_key = None;
    let mut certificates = Vec::new();
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
        // The reader's error repeats lines of the text.
        let (kind, der) = block.map_err(|_| ClientKeyError::DamagedPem)?;
        let der = Zeroizing::new(der);
        match kind {
            SectionKind::PrivateKey => private_key = Some(pkcs8(&der)?),
            SectionKind::RsaPrivateKey => private_key = Some(pkcs1(&der)?),
            SectionKind::EcPrivateKey => private_key = Some(elliptic_curve(&der)?),
            SectionKind::Certificate => certificates.push(CertificateDer::from(der.to_vec())),
            _ => {}
        }
    }
    let material = private_key.ok_or(ClientKeyError::DamagedPem)?;
    Ok(ClientKey {
        kid: None,
        certificate_sha256: certificate_of(&material, &certificates)?,
        algorithm: None,
        material: Arc::new(material),
    })
}

/// Checks by the labels that there is exactly one private key, in the clear.
fn check_blocks(text: &str) -> Result<(), ClientKeyError> {
    let lines = || text.split(['\n', '\r']);
    let begins = lines().filter_map(|line| line.strip_prefix("-----BEGIN "));
    let labels: Vec<_> = begins.map(|label| label.trim_end_matches(['-', ' '])).collect();
    let mut private = labels.iter().filter(|label| label.ends_with("PRIVATE KEY"));
    match (private.next(), private.next()) {
        (Some(_), Some(_)) => Err(ClientKeyError::SeveralPrivateKeys),
        (Some(&"ENCRYPTED PRIVATE KEY"), None) => Err(ClientKeyError::Encrypted),
        (Some(&"OPENSSH PRIVATE KEY"), None) => Err(ClientKeyError::OpenSsh),
        // RFC 1421, section 4.6.1.1: how OpenSSL once wrote encrypted keys.
        (Some(_), None) if lines().any(|line| line.starts_with("Proc-Type:")) => Err(ClientKeyError::Encrypted),
        (Some(&("PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY")), None) => Ok(()),
        (Some(_), None) => Err(ClientKeyError::Unreadable),
        (None, _) if labels.iter().any(|label| label.ends_with("PUBLIC KEY")) => Err(ClientKeyError::PublicKey),
        (None, _) if labels.contains(&"CERTIFICATE") => Err(ClientKeyError::OnlyCertificate),
        (None, _) if !labels.is_empty() => Err(ClientKeyError::NoPrivateKey),
        (None, _) => Err(ClientKeyError::UnknownForm),
    }
}

/// RFC 5958.
fn pkcs8(der: &[u8]) -> Result<KeyMaterial, ClientKeyError> {
    match RsaKeyPair::from_pkcs8(der) {
        Ok(key) => Ok(KeyMaterial::Rsa(key)),
        Err(error) => Ed25519KeyPair::from_pkcs8(der)
            .map(KeyMaterial::Ed25519)
            .or_else(|_| elliptic_curve(der))
            .map_err(|otherwise| rejected(error, otherwise)),
    }
}

/// RFC 8017, appendix A.1.2.
fn pkcs1(der: &[u8]) -> Result<KeyMaterial, ClientKeyError> {
    RsaKeyPair::from_der(der).map(KeyMaterial::Rsa).map_err(|error| rejected(error, ClientKeyError::Unreadable))
}

/// A key on one of the three curves, in PKCS#8 or as RFC 5915 has it.
fn elliptic_curve(der: &[u8]) -> Result<KeyMaterial, ClientKeyError> {
    let on = |curve| EcdsaKeyPair::from_private_key_der(curve, der);
    on(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)
        .map(KeyMaterial::P256)
        .or_else(|_| on(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).map(KeyMaterial::P384))
        .or_else(|_| on(&signature::ECDSA_P521_SHA512_FIXED_SIGNING).map(KeyMaterial::P521))
        .map_err(|_| ClientKeyError::Unreadable)
}

/// The SHA-256 of the first certificate that is this key's; the others may be those of its issuers.
fn certificate_of(
    material: &KeyMaterial,
    certificates: &[CertificateDer<'_>],
) -> Result<Option<String>, ClientKeyError> {
    let public_key = subject_public_key_info(material).map_err(|_| ClientKeyError::Unreadable)?;
    let mut fault = None;
    for certificate in certificates {
        match ParsedCertificate::try_from(certificate) {
            Ok(parsed) if parsed.subject_public_key_info().as_ref() == public_key.as_ref() => {
                return Ok(Some(sha256(certificate)));
            }
            Ok(_) => fault = fault.or(Some(ClientKeyError::ForeignCertificate)),
            Err(_) => fault = Some(ClientKeyError::UnreadableCertificate),
        }
    }
    fault.map_or(Ok(None), Err)
}
