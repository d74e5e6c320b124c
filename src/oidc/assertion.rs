//! What a client proves itself with at the token endpoint (RFC 7523, section 3; OpenID Connect Core 1.0, section 9):
//! a compact JWS (RFC 7515, section 3.1). Makes no `jti` and asks no clock; the caller does.

use std::time::Duration;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, RsaKeyPair, RsaSignatureEncoding},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::domain::{
    client_key::{ClientKey, KeyMaterial},
    signing_algorithm::SigningAlgorithm,
};

/// How long an assertion is good: it is used at once, so this is what clocks may differ by. Not longer, as providers
/// keep every `jti` until then, and some refuse what lives longer than a minute.
const LIFETIME: Duration = Duration::from_secs(60);

/// What an assertion is signed with, and by which algorithm.
#[derive(Debug)]
pub(super) enum Signer<'a> {
    /// `private_key_jwt`.
    Key(&'a ClientKey, SigningAlgorithm),
    /// `client_secret_jwt`.
    Secret(&'a SecretString, SigningAlgorithm),
}

/// The key cannot sign with the algorithm, or the library could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client assertion could not be signed")]
pub struct SigningFailed;

/// An assertion that this is the client, for one audience and one use. `jti` has to be fresh.
pub(super) fn client_assertion(
    signer: &Signer<'_>,
    client_id: &str,
    audience: &str,
    now: Timestamp,
    jti: &str,
) -> Result<SecretString, SigningFailed> {
    let issued_at = now.as_second();
    // No nbf: nobody demands it, and a provider whose clock is behind would refuse the assertion for it.
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued_at,
        "exp": issued_at + LIFETIME.as_secs() as i64,
    });
    let input = format!("{}.{}", base64url(header(signer).to_string()), base64url(claims.to_string()));
    let signature = match *signer {
        Signer::Key(key, algorithm) => sign(&key.material, algorithm, input.as_bytes())?,
        Signer::Secret(secret, algorithm) => authenticate(secret, algorithm, input.as_bytes())?,
    };
    Ok(SecretString::from(format!("{input}.{}", base64url(signature))))
}

fn header(signer: &Signer<'_>) -> Value {
    let (Signer::Key(_, algorithm) | Signer::Secret(_, algorithm)) = signer;
    let mut header = json!({"alg": algorithm.as_str(), "typ": "JWT"});
    if let Signer::Key(key, _) = signer {
        let names = [("kid", &key.kid), ("x5t#S256", &key.certificate_sha256)];
        for (name, value) in names.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            header[name] = json!(value);
        }
    }
    header
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

fn base64url(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

#[cfg(test)]
mod tests;
