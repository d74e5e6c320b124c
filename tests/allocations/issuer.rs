//! An issuer of ID tokens, with the one client that it issues them to.

use std::{slice, time::Duration};

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair,
        ParsedPublicKey, RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use latchkey::{
    domain::{
        Claims,
        signing_algorithm::{SigningAlgorithm, SigningAlgorithm::*},
    },
    oidc::{AtLogin, KeyRing, KeySet, Parties, Proof, TokenError, verify_id_token},
};
use serde_json::{Value, json};

const ISSUER: &str = "https://login.example.com/tenants/contoso/v2.0";
const CLIENT: &str = "0oa1b2c3d4e5f6g7h8i9";
const NONCE: &str = "n-0S6_WzA2Mjn-0S6_WzA2Mjn-0S6_WzA2Mj";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
const NOW: i64 = 1_800_000_000;
const KID: &str = "2026-11-key-1";

pub struct Issuer {
    pub algorithm: SigningAlgorithm,
    pair: Pair,
    /// As logins read it.
    keys: KeySet,
    /// As the crypto library reads it.
    pub bare: ParsedPublicKey,
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Issuer {
    /// One with a fresh key for RS256, PS256 (2048 bits each), ES256, ES384 or EdDSA.
    pub fn new(algorithm: SigningAlgorithm) -> Self {
        let (pair, jwk, bare) = match algorithm {
            RS256 => rsa(&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256),
            PS256 => rsa(&signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256),
            ES256 => ecdsa("P-256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED),
            ES384 => ecdsa("P-384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED),
            EdDSA => ed25519(),
            other => panic!("no issuer signs with {other:?} here"),
        };
        Self { algorithm, pair, keys: KeySet::from_entries(&[jwk]), bare }
    }

    /// The header of every token of this issuer.
    pub fn header(&self) -> Value {
        json!({"alg": self.algorithm.as_str(), "kid": KID, "typ": "JWT"})
    }

    /// What an everyday ID token says: 1 KB.
    pub fn claims(&self) -> Value {
        let hash = digest::digest(self.algorithm.hash(), ACCESS_TOKEN.as_bytes());
        let at_hash = base64(&hash.as_ref()[..hash.as_ref().len() / 2]);
        json!({
            "iss": ISSUER, "sub": "00u1a2b3c4d5e6f7g8h9", "aud": CLIENT, "azp": CLIENT, "nonce": NONCE,
            "iat": NOW - 5, "nbf": NOW - 5, "exp": NOW + 3595, "auth_time": NOW - 60, "at_hash": at_hash,
            "sid": "5c0c2f1e-7e0b-4d9e-8a51-0c7c9f2d3b44", "jti": "ID.8Y0dVq6wGkq0p7Zr2mJ3n4b5v6c7x8z9", "ver": 1,
            "amr": ["pwd", "mfa"], "acr": "urn:okta:loa:2fa:any", "tid": "9b1f0f3c-6f0f-4f5e-9d6e-2b3c4d5e6f70",
            "name": "Jane Marie Doe", "given_name": "Jane Marie", "family_name": "Doe",
            "preferred_username": "jane.doe@contoso.example", "email": "jane.doe@contoso.example",
            "email_verified": true, "locale": "en-GB", "zoneinfo": "Europe/London", "updated_at": NOW - 86_400,
            "picture": "https://images.contoso.example/people/00u1a2b3c4d5e6f7g8h9/picture-256x256.png",
            "groups": ["Everyone", "Engineering", "Platform Team", "On Call", "VPN Users", "Build Administrators"],
        })
    }

    pub fn sign(&self, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", base64(header), base64(claims));
        let signature = match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), input.as_bytes(), &mut signature).expect("a signature");
                signature
            }
            Pair::Ecdsa(pair) => {
                pair.sign(&SystemRandom::new(), input.as_bytes()).expect("a signature").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", base64(signature))
    }

    /// What a login does with a token of this issuer.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let at = |second| Timestamp::from_second(second).expect("a time");
        let proof = Proof::Signature(KeyRing { published: self.keys.keys(), ..KeyRing::default() });
        let parties = Parties {
            issuer: ISSUER,
            clients: &[CLIENT],
            algorithms: slice::from_ref(&self.algorithm),
            now: at(NOW),
            skew: Duration::ZERO,
        };
        let login = AtLogin {
            nonce: NONCE,
            access_token: Some(ACCESS_TOKEN),
            code: None,
            authenticated_since: Some(at(NOW - 3600)),
        };
        verify_id_token(token, &proof, &parties, &login)
    }
}

type Key = (Pair, Value, ParsedPublicKey);

fn rsa(encoding: &'static dyn RsaEncoding, parameters: &'static RsaParameters) -> Key {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let (n, e) = (n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
    let jwk = json!({"kty": "RSA", "kid": KID, "use": "sig", "n": base64(n), "e": base64(e)});
    let bare = RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).expect("a key");
    (Pair::Rsa(pair, encoding), jwk, bare)
}

fn ecdsa(
    curve: &str,
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static EcdsaVerificationAlgorithm,
) -> Key {
    let pair = EcdsaKeyPair::generate(signing).expect("a key");
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let jwk = json!({"kty": "EC", "kid": KID, "use": "sig", "crv": curve, "x": base64(x), "y": base64(y)});
    let bare = ParsedPublicKey::new(verification, point).expect("a key");
    (Pair::Ecdsa(pair), jwk, bare)
}

fn ed25519() -> Key {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let octets = pair.public_key().as_ref();
    let jwk = json!({"kty": "OKP", "kid": KID, "use": "sig", "crv": "Ed25519", "x": base64(octets)});
    let bare = ParsedPublicKey::new(&signature::ED25519, octets).expect("a key");
    (Pair::Ed25519(pair), jwk, bare)
}

pub fn base64(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}
