//! What a token may have been signed with.

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretSlice};

use super::JwsError;
use crate::domain::{signing_algorithm::SigningAlgorithm, verification_key::VerificationKey};

/// How many published keys are tried for one token.
const MAX_CANDIDATES: usize = 4;

/// By what a token is taken for the issuer's own.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// By its signature.
    Signature(KeyRing<'a>),
    /// It came straight from the issuer's endpoint: its signature is not looked at (OpenID Connect Core 1.0,
    /// section 3.1.3.7, point 6).
    Channel,
}

/// The keys of one issuer.
#[derive(Clone, Copy, Default)]
pub struct KeyRing<'a> {
    /// Those that it publishes, found by `kid`.
    pub published: &'a [VerificationKey],
    /// Those of the manifest, which have no names and are few.
    pub pinned: &'a [VerificationKey],
    /// The client secrets, for the symmetric algorithms.
    pub secrets: &'a [SecretSlice<u8>],
}

impl KeyRing<'_> {
    /// Whether nothing could be checked with it.
    pub fn is_empty(&self) -> bool {
        self.published.is_empty() && self.pinned.is_empty() && self.secrets.is_empty()
    }

    /// Whether a signature is the issuer's: by the published keys of this `kid`, or without one by the few that fit; or
    /// by those of the manifest.
    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        kid: Option<&str>,
        input: &[u8],
        signature: &[u8],
    ) -> Result<(), JwsError> {
        if algorithm.is_symmetric() {
            let made_with = |secret: &SecretSlice<u8>| authenticates(secret, algorithm, input, signature);
            return if self.secrets.iter().any(made_with) { Ok(()) } else { Err(JwsError::BadMac) };
        }
        let fits = |key: &&VerificationKey| key.fits(algorithm);
        let named = |key: &&VerificationKey| kid.is_none() || key.summary().kid.as_deref() == kid;
        let published = self.published.iter().filter(fits).filter(named).take(MAX_CANDIDATES);
        let pinned = self.pinned.iter().filter(fits);
        if published.clone().chain(pinned).any(|key| key.verifies(algorithm, input, signature)) {
            return Ok(());
        }
        let named_key_exists = kid.is_some() && published.count() > 0;
        Err(if named_key_exists { JwsError::BadSignature } else { JwsError::UnknownKey })
    }
}

/// RFC 7518, section 3.2; in constant time.
fn authenticates(secret: &SecretSlice<u8>, algorithm: SigningAlgorithm, input: &[u8], signature: &[u8]) -> bool {
    let Some(hash) = algorithm.hmac() else { return false };
    let secret = secret.expose_secret();
    let long_enough = secret.len() >= algorithm.hash().output_len();
    long_enough && hmac::verify(&hmac::Key::new(hash, secret), input, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::oidc::{KeySet, testing::ISSUER};

    fn verify(keys: &[Value], pinned: &[Value], kid: Option<&str>) -> Result<(), JwsError> {
        let read = |jwks: &[Value]| KeySet::from_entries(jwks).keys().to_vec();
        let (published, pinned) = (read(keys), read(pinned));
        let ring = KeyRing { published: &published, pinned: &pinned, secrets: &[] };
        let token = ISSUER.sign(SigningAlgorithm::ES256, "{}", "{}");
        let (input, signature) = token.rsplit_once('.').expect("three parts");
        let signature = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, signature);
        ring.verify(SigningAlgorithm::ES256, kid, input.as_bytes(), &signature.expect("base64url"))
    }

    /// The right key, and one of the same kind that did not sign, by these names.
    fn key(right: bool, kid: Option<&str>) -> Value {
        static OTHER: std::sync::LazyLock<crate::oidc::testing::Issuer> =
            std::sync::LazyLock::new(crate::oidc::testing::Issuer::new);
        let mut key = if right { ISSUER.jwks().remove(1) } else { OTHER.jwks().remove(1) };
        key["kid"] = json!(kid);
        if kid.is_none() {
            key.as_object_mut().expect("a key").remove("kid");
        }
        key
    }

    #[test]
    fn a_published_key_is_found_by_its_name_or_among_the_few_that_fit() {
        let (right, wrong) = (key(true, Some("a")), key(false, Some("b")));
        let both = [wrong.clone(), right.clone()];
        assert_eq!(verify(&both, &[], Some("a")), Ok(()));
        assert_eq!(verify(&both, &[], None), Ok(()));
        assert_eq!(verify(&both, &[], Some("b")), Err(JwsError::BadSignature));
        assert_eq!(verify(&both, &[], Some("c")), Err(JwsError::UnknownKey), "a name is not guessed around");
        assert_eq!(verify(&[key(true, None)], &[], Some("a")), Err(JwsError::UnknownKey));
        let same_name = [key(false, Some("a")), right.clone()];
        assert_eq!(verify(&same_name, &[], Some("a")), Ok(()), "both of one name are tried");
        let many: Vec<_> = (0..4).map(|_| wrong.clone()).chain([right]).collect();
        assert_eq!(verify(&many, &[], None), Err(JwsError::UnknownKey), "no more than a few are tried");
    }

    #[test]
    fn the_keys_of_the_manifest_count_whatever_the_token_calls_its_key() {
        let (wrong, pinned) = (key(false, Some("a")), [key(true, None)]);
        for kid in [None, Some("a"), Some("b")] {
            assert_eq!(verify(std::slice::from_ref(&wrong), &pinned, kid), Ok(()), "{kid:?}");
            assert_eq!(verify(&[], &pinned, kid), Ok(()), "{kid:?}");
        }
    }
}
