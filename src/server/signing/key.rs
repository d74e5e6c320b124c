//! One key: private in PKCS#8 (RFC 5958) as the store seals it, public as a JWK (RFC 7517). Signs ES256 alone.

use aws_lc_rs::{
    digest::{SHA256, digest},
    error::Unspecified,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Value, json};

use crate::{
    domain::{Claims, client_key::KeyMaterial, signing_algorithm::SigningAlgorithm},
    oidc::{Secret, SigningFailed, sign_compact},
    store::{StoreError, StoredKey},
};

/// How many octets each coordinate of a point on P-256 has.
const COORDINATE: usize = 32;

/// A key, ready to sign.
pub struct SigningKey {
    /// Which of the store's it is.
    pub id: u32,
    /// The thumbprint of the public key (RFC 7638).
    pub kid: String,
    /// The public key as a JWK.
    pub public: Value,
    material: KeyMaterial,
}

/// A new private key.
pub fn generate() -> Result<SecretSlice<u8>, Unspecified> {
    let document = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?.to_pkcs8v1()?;
    Ok(SecretSlice::from(document.as_ref().to_vec()))
}

impl SigningKey {
    pub fn read(stored: &StoredKey) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged { what: "signing keys" };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, stored.secret.expose_secret())
            .map_err(|_| damaged())?;
        // An uncompressed point (SEC 1, section 2.3.3): one octet, then both coordinates.
        let coordinates = pair.public_key().as_ref().get(1..).and_then(|both| both.split_at_checked(COORDINATE));
        let (x, y) = coordinates.ok_or_else(damaged)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let kid = thumbprint(&x, &y);
        let public = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y});
        Ok(Self { id: stored.id, kid, public, material: KeyMaterial::P256(pair) })
    }

    /// An access token of these claims (RFC 9068, section 2.1).
    pub fn sign(&self, claims: &Claims) -> Result<SecretString, SigningFailed> {
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid});
        sign_compact(&header, claims, &Secret::KeyPair(&self.material), SigningAlgorithm::ES256)
    }
}

/// RFC 7638, section 3: the SHA-256 of the required members, in this order and without space.
fn thumbprint(x: &str, y: &str) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_for_the_same_members() {
        // The key of RFC 7515, appendix A.3; its thumbprint by another implementation.
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        assert_eq!(thumbprint(x, y), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }

    #[test]
    fn what_is_no_p_256_key_is_damaged() {
        for secret in [Vec::new(), vec![0; 138], b"-----BEGIN PRIVATE KEY-----".to_vec()] {
            let stored = StoredKey { id: 1, secret: SecretSlice::from(secret), made_at: Timestamp::UNIX_EPOCH };
            assert!(matches!(SigningKey::read(&stored).err(), Some(StoreError::Damaged { what: "signing keys" })));
        }
    }
}
