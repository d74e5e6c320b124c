//! What a client proves itself with at the token endpoint (RFC 7523, section 3; OpenID Connect Core 1.0, section 9).
//! Makes no `jti` and asks no clock; the caller does.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::signing::{Secret, SigningFailed, sign_compact};
use crate::domain::{client_key::ClientKey, signing_algorithm::SigningAlgorithm};

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
    let (secret, algorithm) = match *signer {
        Signer::Key(key, algorithm) => (Secret::KeyPair(&key.material), algorithm),
        Signer::Secret(secret, algorithm) => (Secret::Shared(secret), algorithm),
    };
    sign_compact(&header(signer), &claims, &secret, algorithm)
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

#[cfg(test)]
mod tests;
