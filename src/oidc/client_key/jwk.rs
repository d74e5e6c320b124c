//! A private key as a JWK (RFC 7517; RFC 7518, section 6; RFC 8037, section 2).

use std::sync::Arc;

use aws_lc_rs::{
    rsa::{KeyPairComponents, PublicKeyComponents},
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::IgnoredAny};
use zeroize::Zeroizing;

use super::{ClientKeyError, rejected};
use crate::domain::{
    client_key::{ClientKey, KeyMaterial},
    signing_algorithm::SigningAlgorithm,
    verification_key::without_leading_zeros,
};

/// The members that count. `x5c`, `x5t` and whatever else there is are not looked at.
#[derive(Deserialize)]
struct Jwk {
    /// Only in a JWK set (RFC 7517, section 5).
    keys: Option<Vec<Jwk>>,
    kty: Option<String>,
    crv: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
    #[serde(rename = "x5t#S256")]
    certificate_sha256: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<SecretString>,
    p: Option<SecretString>,
    q: Option<SecretString>,
    dp: Option<SecretString>,
    dq: Option<SecretString>,
    qi: Option<SecretString>,
    oth: Option<IgnoredAny>,
}

/// Reads one JWK, or the only one of a set.
pub(super) fn read(text: &str) -> Result<ClientKey, ClientKeyError> {
    // serde's errors repeat what stands there.
    let mut jwk: Jwk = serde_json::from_str(text).map_err(|_| ClientKeyError::NotAJwk)?;
    if let Some(mut keys) = jwk.keys.take() {
        let found = keys.len();
        jwk = keys.pop().filter(|_| found == 1).ok_or(ClientKeyError::JwkSet(found))?;
    }
    let for_signing = jwk.use_.as_deref().is_none_or(|use_| use_ == "sig")
        && jwk.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|operation| operation == "sign"));
    let material = Arc::new(jwk.material()?);
    if !for_signing {
        return Err(ClientKeyError::NotForSigning);
    }
    let key = ClientKey {
        certificate_sha256: jwk.certificate_sha256()?,
        algorithm: jwk.algorithm()?,
        kid: jwk.kid,
        material,
    };
    if key.algorithms().is_empty() {
        return Err(ClientKeyError::WrongAlgorithm);
    }
    Ok(key)
}

impl Jwk {
    fn material(&self) -> Result<KeyMaterial, ClientKeyError> {
        match (self.kty.as_deref(), self.crv.as_deref()) {
            (Some("RSA"), _) => self.rsa().map(KeyMaterial::Rsa),
            (Some("EC"), Some("P-256")) => {
                self.elliptic_curve(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, 32).map(KeyMaterial::P256)
            }
            (Some("EC"), Some("P-384")) => {
                self.elliptic_curve(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, 48).map(KeyMaterial::P384)
            }
            (Some("EC"), Some("P-521")) => {
                self.elliptic_curve(&signature::ECDSA_P521_SHA512_FIXED_SIGNING, 66).map(KeyMaterial::P521)
            }
            (Some("OKP"), Some("Ed25519")) => self.ed25519().map(KeyMaterial::Ed25519),
            (Some("oct"), _) => Err(ClientKeyError::Symmetric),
            (None, _) => Err(ClientKeyError::MissingMember("kty")),
            _ => Err(ClientKeyError::UnknownKind),
        }
    }

    /// RFC 7518, section 6.3. The members after `d` are needed, though the RFC would let them be left out together.
    fn rsa(&self) -> Result<RsaKeyPair, ClientKeyError> {
        if self.oth.is_some() {
            return Err(ClientKeyError::UnknownKind);
        }
        let (modulus, exponent) = (public("n", &self.n)?, public("e", &self.e)?);
        let d = self.d()?;
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: without_leading_zeros(&modulus), e: without_leading_zeros(&exponent) },
            d: &**d,
            p: &**private("p", &self.p)?,
            q: &**private("q", &self.q)?,
            dP: &**private("dp", &self.dp)?,
            dQ: &**private("dq", &self.dq)?,
            qInv: &**private("qi", &self.qi)?,
        };
        RsaKeyPair::from_components(&components).map_err(|error| rejected(error, ClientKeyError::Inconsistent))
    }

    /// RFC 7518, section 6.2. All three numbers have the full length of the curve's field, in octets.
    fn elliptic_curve(
        &self,
        curve: &'static EcdsaSigningAlgorithm,
        length: usize,
    ) -> Result<EcdsaKeyPair, ClientKeyError> {
        let d = self.d()?;
        let (x, y) = (public("x", &self.x)?, public("y", &self.y)?);
        for (name, octets) in [("d", d.len()), ("x", x.len()), ("y", y.len())] {
            if octets != length {
                return Err(ClientKeyError::MalformedMember(name));
            }
        }
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        EcdsaKeyPair::from_private_key_and_public_key(curve, &d, &point).map_err(|_| ClientKeyError::Inconsistent)
    }

    /// RFC 8037, section 2.
    fn ed25519(&self) -> Result<Ed25519KeyPair, ClientKeyError> {
        let d = self.d()?;
        let x = public("x", &self.x)?;
        Ed25519KeyPair::from_seed_and_public_key(&d, &x).map_err(|_| ClientKeyError::Inconsistent)
    }

    /// Every private key has a `d`, and no public key has one.
    fn d(&self) -> Result<Zeroizing<Vec<u8>>, ClientKeyError> {
        if self.d.is_none() {
            return Err(ClientKeyError::PublicKey);
        }
        private("d", &self.d)
    }

    fn algorithm(&self) -> Result<Option<SigningAlgorithm>, ClientKeyError> {
        let known = |name: &String| SigningAlgorithm::from_name(name).ok_or(ClientKeyError::WrongAlgorithm);
        self.alg.as_ref().map(known).transpose()
    }

    fn certificate_sha256(&self) -> Result<Option<String>, ClientKeyError> {
        let name = "x5t#S256";
        match &self.certificate_sha256 {
            Some(_) if public(name, &self.certificate_sha256)?.len() != 32 => {
                Err(ClientKeyError::MalformedMember(name))
            }
            given => Ok(given.clone()),
        }
    }
}

fn public(name: &'static str, member: &Option<String>) -> Result<Vec<u8>, ClientKeyError> {
    let text = member.as_ref().ok_or(ClientKeyError::MissingMember(name))?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| ClientKeyError::MalformedMember(name))
}

fn private(name: &'static str, member: &Option<SecretString>) -> Result<Zeroizing<Vec<u8>>, ClientKeyError> {
    let text = member.as_ref().ok_or(ClientKeyError::MissingMember(name))?.expose_secret();
    // Large enough from the start: octets that were moved would stay behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    URL_SAFE_NO_PAD.decode_vec(text, &mut octets).map_err(|_| ClientKeyError::MalformedMember(name))?;
    Ok(octets)
}
