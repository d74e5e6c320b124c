//! An issuer whose keys nobody knows: they are made anew in every process.

use aws_lc_rs::{
    encoding::AsDer,
    hmac, rand,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Value, json};

use crate::{
    domain::verification_key::VerificationKey,
    oidc::{
        keys::KeySet,
        token::{KeyRing, Proof},
        verification_key::read_public_keys,
    },
};

/// The keys of an issuer.
pub struct Issuer {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
    secrets: [SecretSlice<u8>; 1],
    published: Vec<VerificationKey>,
    /// Its private half signs nothing here.
    pinned: Vec<VerificationKey>,
}

impl Issuer {
    pub fn new() -> Self {
        let ed25519 = Ed25519KeyPair::generate().expect("a key");
        let p256 = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let mut secret = vec![0; 32];
        rand::fill(&mut secret).expect("random bytes");
        let published = KeySet::from_entries(&jwks(&ed25519, &p256)).keys().to_vec();
        let pinned = read_public_keys(include_str!("../testdata/for-tests-rsa-public.pem")).expect("a key");
        Self { ed25519, p256, secrets: [SecretSlice::from(secret)], published, pinned }
    }

    pub fn keys(&self) -> KeyRing<'_> {
        KeyRing { published: &self.published, pinned: &self.pinned, secrets: &self.secrets }
    }

    pub fn proof(&self) -> Proof<'_> {
        Proof::Signature(self.keys())
    }

    /// A token with this header and payload, and whether the keys of `keys` must verify it: its signature is made as the
    /// header says, and empty where that cannot be done.
    pub fn sign(&self, header: &[u8], payload: &[u8]) -> (String, bool) {
        let input = input(header, payload);
        let says: Value = serde_json::from_slice(header).unwrap_or_default();
        let named = |kid: &str| says.get("kid").is_none_or(|said| said == kid);
        let (signature, verifies) = match says["alg"].as_str() {
            Some("EdDSA" | "Ed25519") => (self.ed25519.sign(input.as_bytes()).as_ref().to_vec(), named("ed25519")),
            Some("ES256") => {
                let signature = self.p256.sign(&rand::SystemRandom::new(), input.as_bytes()).expect("a signature");
                (signature.as_ref().to_vec(), named("p256"))
            }
            Some("HS256") => (mac(self.secrets[0].expose_secret(), &input), true),
            _ => (Vec::new(), false),
        };
        (format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)), verifies)
    }

    /// Tokens under an HMAC whose key everybody knows: what is public of a key pair, in each of its forms.
    pub fn confused(&self, header: &[u8], payload: &[u8]) -> Vec<String> {
        let input = input(header, payload);
        let der = self.p256.public_key().as_der().expect("a key").as_ref().to_vec();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
        let jwk = jwks(&self.ed25519, &self.p256).remove(1).to_string();
        let point = self.p256.public_key().as_ref().to_vec();
        let empty = vec![0; 32];
        let secrets = [der, pem.into_bytes(), jwk.into_bytes(), point, empty];
        secrets.iter().map(|secret| format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac(secret, &input)))).collect()
    }
}

fn input(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

fn mac(secret: &[u8], input: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref().to_vec()
}

fn jwks(ed25519: &Ed25519KeyPair, p256: &EcdsaKeyPair) -> Vec<Value> {
    let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
    let (x, y) = p256.public_key().as_ref()[1..].split_at(32);
    vec![
        json!({"kty": "OKP", "kid": "ed25519", "crv": "Ed25519", "x": encode(ed25519.public_key().as_ref())}),
        json!({"kty": "EC", "kid": "p256", "crv": "P-256", "x": encode(x), "y": encode(y)}),
    ]
}
