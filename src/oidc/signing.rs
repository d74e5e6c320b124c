//! Signs what goes out: compact JWS (RFC 7515, section 3.1), of a client and of our own. Chooses neither algorithm nor key.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, RsaKeyPair, RsaSignatureEncoding},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::domain::{client_key::KeyMaterial, signing_algorithm::SigningAlgorithm};

/// What a JWS is signed with.
#[derive(Clone, Copy)]
pub enum Secret<'a> {
    KeyPair(&'a KeyMaterial),
    /// What both sides know.
    Shared(&'a SecretString),
}

/// The key cannot sign with the algorithm, or the library could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token could not be signed")]
pub struct SigningFailed;

/// Header and claims, which have to say the same as `algorithm`, with their signature.
pub fn sign_compact(
    header: &impl Serialize,
    claims: &impl Serialize,
    secret: &Secret<'_>,
    algorithm: SigningAlgorithm,
) -> Result<SecretString, SigningFailed> {
    let input = format!("{}.{}", part(header)?, part(claims)?);
    let signature = match secret {
        Secret::KeyPair(material) => sign(material, algorithm, input.as_bytes())?,
        Secret::Shared(secret) => authenticate(secret, algorithm, input.as_bytes())?,
    };
    Ok(SecretString::from(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn part(json: &impl Serialize) -> Result<String, SigningFailed> {
    serde_json::to_vec(json).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| SigningFailed)
}

fn sign(material: &KeyMaterial, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
    use SigningAlgorithm::*;
    match (material, algorithm) {
        (KeyMaterial::Rsa(key), _) => sign_rsa(key, algorithm, input),
        (KeyMaterial::P256(key), ES256) | (KeyMaterial::P384(key), ES384) | (KeyMaterial::P521(key), ES512) => {
            sign_ecdsa(key, input)
        }
        (KeyMaterial::Ed25519(key), EdDSA | Ed25519) => {
            key.try_sign(input).map(|signature| signature.as_ref().to_vec()).map_err(|_| SigningFailed)
        }
        _ => Err(SigningFailed),
    }
}

/// RFC 7518, sections 3.3 and 3.5.
fn sign_rsa(key: &RsaKeyPair, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
    use SigningAlgorithm::*;
    let encoding: &'static RsaSignatureEncoding = match algorithm {
        RS256 => &signature::RSA_PKCS1_SHA256,
        RS384 => &signature::RSA_PKCS1_SHA384,
        RS512 => &signature::RSA_PKCS1_SHA512,
        PS256 => &signature::RSA_PSS_SHA256,
        PS384 => &signature::RSA_PSS_SHA384,
        PS512 => &signature::RSA_PSS_SHA512,
        _ => return Err(SigningFailed),
    };
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), input, &mut signature).map_err(|_| SigningFailed)?;
    Ok(signature)
}

/// RFC 7518, section 3.4: both numbers, each in its full length.
fn sign_ecdsa(key: &EcdsaKeyPair, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
    let signature = key.sign(&SystemRandom::new(), input).map_err(|_| SigningFailed)?;
    Ok(signature.as_ref().to_vec())
}

/// RFC 7518, section 3.2; the key is the client secret's UTF-8 (OpenID Connect Core 1.0, section 10.1).
fn authenticate(secret: &SecretString, algorithm: SigningAlgorithm, input: &[u8]) -> Result<Vec<u8>, SigningFailed> {
    let key = hmac::Key::new(algorithm.hmac().ok_or(SigningFailed)?, secret.expose_secret().as_bytes());
    Ok(hmac::sign(&key, input).as_ref().to_vec())
}
