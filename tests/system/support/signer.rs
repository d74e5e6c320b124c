//! Key pairs of providers, and what is signed with them.

use std::sync::LazyLock;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key pair under a name.
pub struct Signer {
    kid: &'static str,
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// That of providers that behave, `one`.
pub static P256: LazyLock<Signer> = LazyLock::new(|| Signer::p256("one"));
/// Another one under the same name, as a stranger may have it.
pub static STRANGERS: LazyLock<Signer> = LazyLock::new(|| Signer::p256("one"));
pub static RSA: LazyLock<Signer> =
    LazyLock::new(|| Signer { kid: "rsa", pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")) });
pub static ED25519: LazyLock<Signer> =
    LazyLock::new(|| Signer { kid: "ed25519", pair: Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")) });

impl Signer {
    /// A new key on P-256.
    pub fn p256(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { kid, pair: Pair::P256(pair) }
    }

    /// The public key; of an RSA key for RS256 alone.
    pub fn jwk(&self) -> Value {
        let kid = self.kid;
        match &self.pair {
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "kid": kid, "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(x), "y": b64(y)})
            }
            Pair::Rsa(pair) => {
                let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
                json!({"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(modulus), "e": "AQAB"})
            }
            Pair::Ed25519(pair) => {
                let x = b64(pair.public_key());
                json!({"kty": "OKP", "kid": kid, "use": "sig", "alg": "EdDSA", "crv": "Ed25519", "x": x})
            }
        }
    }

    /// The public key in PEM (RFC 7468, section 13).
    pub fn pem(&self) -> String {
        use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
        let der = |key: &dyn AsDer<PublicKeyX509Der<'static>>| key.as_der().expect("a key").as_ref().to_vec();
        let der = match &self.pair {
            Pair::P256(pair) => der(pair.public_key()),
            Pair::Rsa(pair) => der(pair.public_key()),
            Pair::Ed25519(pair) => der(pair.public_key()),
        };
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// A signature by an algorithm of this kind of key.
    pub fn signature(&self, alg: &str, input: &[u8]) -> Vec<u8> {
        let rsa = |pair: &RsaKeyPair, padding: &'static dyn RsaEncoding| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), input, &mut signature).expect("a signature");
            signature
        };
        match (&self.pair, alg) {
            (Pair::P256(pair), _) => pair.sign(&SystemRandom::new(), input).expect("a signature").as_ref().to_vec(),
            (Pair::Rsa(pair), "RS512") => rsa(pair, &RSA_PKCS1_SHA512),
            (Pair::Rsa(pair), "PS256") => rsa(pair, &RSA_PSS_SHA256),
            (Pair::Rsa(pair), _) => rsa(pair, &RSA_PKCS1_SHA256),
            (Pair::Ed25519(pair), _) => pair.sign(input).as_ref().to_vec(),
        }
    }

    /// A signature in the form of DER, as X.509 has it.
    pub fn der_signature(&self, input: &[u8]) -> Vec<u8> {
        let Pair::P256(pair) = &self.pair else { panic!("only ECDSA has two forms") };
        let document = pair.to_pkcs8v1().expect("a document");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref()).expect("a key");
        pair.sign(&SystemRandom::new(), input).expect("a signature").as_ref().to_vec()
    }

    /// A token with this header and payload, whatever they say, signed by the algorithm that the key is for.
    pub fn token(&self, header: &str, payload: impl AsRef<[u8]>) -> String {
        let alg =
            serde_json::from_str::<Value>(header).ok().and_then(|header| Some(header["alg"].as_str()?.to_owned()));
        let input = format!("{}.{}", b64(header), b64(payload));
        let signature = self.signature(&alg.unwrap_or_default(), input.as_bytes());
        format!("{input}.{}", b64(signature))
    }
}

/// A token with a MAC under this key (RFC 7518, section 3.2).
pub fn maced(header: &Value, claims: &Value, key: &[u8]) -> String {
    let input = unsigned(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes());
    format!("{input}.{}", b64(tag))
}

/// Header and claims, as they stand before the signature.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string()), b64(claims.to_string()))
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
