//! Reads the private key that a client signs assertions with, in PEM or as a JWK (RFC 7517).
//! Never repeats what stands in it, and takes none that is weak, encrypted or not alone.

mod jwk;
mod pem;
mod public;

use aws_lc_rs::error::KeyRejected;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::client_key::ClientKey;

/// Why a client's private key cannot be used, and what to put there instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeyError {
    #[error("the client's private key is empty: put a private key there, in PEM or as a JWK")]
    Empty,
    #[error(
        "the client's private key is neither PEM nor a JWK: put there what stands from a BEGIN PRIVATE KEY line to the \
         END line, both included, or one JWK in JSON"
    )]
    UnknownForm,
    #[error(
        "the client's private key is encrypted: put it there without its passphrase, as openssl pkey -in FILE writes it"
    )]
    Encrypted,
    #[error(
        "the client's private key is in OpenSSH's own form: put it there in PEM, as ssh-keygen -p -m PKCS8 -f COPY \
         turns a copy into"
    )]
    OpenSsh,
    #[error("the client's private key is a public key: put the private key there, and register the public one")]
    PublicKey,
    #[error("the client's private key is only a certificate: put the private key that belongs to it there, too")]
    OnlyCertificate,
    #[error("the client's private key has other PEM blocks and no key: put a PRIVATE KEY block there")]
    NoPrivateKey,
    #[error("the client's private key is more than one: leave there only the one to sign with")]
    SeveralPrivateKeys,
    #[error("the client's private key is damaged PEM: put there all lines of it, each as it was exported")]
    DamagedPem,
    #[error(
        "the client's private key cannot be read: put there an RSA key, one on P-256, P-384 or P-521, or an Ed25519 \
         key, as it was exported"
    )]
    Unreadable,
    #[error("the client's private key is an RSA key of a wrong size: make one of 2048 to 8192 bits")]
    RsaSize,
    #[error("a certificate beside the client's private key cannot be read: put there the one that was issued, in PEM")]
    UnreadableCertificate,
    #[error("the certificate beside the client's private key belongs to another key: put there the one of this key")]
    ForeignCertificate,
    #[error(
        "the client's private key is not a JWK: put there one JSON object of a private key, its members strings, none \
         of them twice"
    )]
    NotAJwk,
    #[error("the client's private key is a JWK set with {0} keys: leave there only the one to sign with")]
    JwkSet(usize),
    #[error(
        "the client's private key is a symmetric JWK (kty oct): put an RSA, EC or Ed25519 key there, or use the client \
         secret with ClientSecretJwt"
    )]
    Symmetric,
    #[error(
        "the client's private key is a JWK of a kind that cannot sign here: put there one with kty RSA, kty EC and crv \
         P-256, P-384 or P-521, or kty OKP and crv Ed25519"
    )]
    UnknownKind,
    #[error("the JWK's use or key_ops say that it is not for signing: put there a key with use sig or without both")]
    NotForSigning,
    #[error("the JWK's alg is not one that its key can sign with: correct alg, or leave it out")]
    WrongAlgorithm,
    /// The member's name is one of our own words.
    #[error("the JWK has no {0}: export the private key again, with all its members")]
    MissingMember(&'static str),
    /// The member's name is one of our own words.
    #[error("the JWK's {0} is not what it has to be, in base64url without padding: export the private key again")]
    MalformedMember(&'static str),
    #[error("the JWK's members do not belong to one key: export the private key again")]
    Inconsistent,
}

/// Reads a private key: PEM (PKCS#8, PKCS#1 or SEC1), with its certificate if there is one, or one JWK.
pub fn read_client_key(text: &SecretString) -> Result<ClientKey, ClientKeyError> {
    let text = text.expose_secret().trim();
    match text.as_bytes().first() {
        None => Err(ClientKeyError::Empty),
        Some(b'{') => jwk::read(text),
        Some(_) => pem::read(text),
    }
}

/// Why the library refused an RSA key: for its size, or as `otherwise` says.
fn rejected(error: KeyRejected, otherwise: ClientKeyError) -> ClientKeyError {
    match error.description_() {
        "TooSmall" | "TooLarge" => ClientKeyError::RsaSize,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests;
