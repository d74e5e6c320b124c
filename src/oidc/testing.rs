//! Servers of the tests' own on 127.0.0.1, well-behaved and hostile, and the pieces that tests are made of.

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use axum::Router;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{egress::SystemResolver, *};
use crate::domain::{
    logout::LogoutRules,
    relation::{Authority, ClaimsSource, Credential, Flow, Relation, RequestOptions, TokenRules},
    signing_algorithm::SigningAlgorithm,
    verification_key::VerificationKey,
};

/// Allows 127.0.0.1 and http.
pub(super) fn loopback() -> EgressPolicy {
    EgressPolicy { allow: vec!["127.0.0.1/32".parse().expect("a network")], allow_http: true }
}

/// A client that may talk to the servers here.
pub(super) fn outbound() -> Outbound {
    Outbound::new(loopback()).expect("a client")
}

/// One that gives up soon.
pub(super) fn impatient() -> Outbound {
    Outbound::with(loopback(), Arc::new(SystemResolver), Duration::from_millis(300)).expect("a client")
}

/// Serves HTTP on a port of its own for as long as the test runs.
pub(super) async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    url(&format!("http://{address}/"))
}

/// Hands every connection to `handle`.
pub(super) async fn serve_raw<F, R>(handle: F) -> SocketAddr
where
    F: Fn(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

pub(super) fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

/// A relation to a provider at `base`, as the examples of OpenID Connect Core have it.
pub(super) fn relation(base: &Url, credential: Credential) -> Relation {
    let endpoint = |path: &str| base.join(path).expect("a URL");
    let tokens = TokenRules {
        algorithms: vec![SigningAlgorithm::RS256],
        jwks_uri: Some(endpoint("jwks")),
        ..TokenRules::default()
    };
    let authority = Authority { issuer: base.to_string(), trust_roots: None, tokens };
    Relation {
        authority: Arc::new(authority),
        authorization_endpoint: endpoint("authorize"),
        pushing: None,
        client_id: "s6BhdRkqt3".to_owned(),
        credentials: vec![credential],
        previous: None,
        redirect_uri: url("https://login.example.org/o/acme/callback/azure"),
        flow: Flow::Code { token_endpoint: endpoint("token"), pkce: true, response_mode: None },
        request: RequestOptions {
            scopes: vec!["profile".to_owned(), "email".to_owned()],
            login_hint: true,
            ..RequestOptions::default()
        },
        claims_source: ClaimsSource::Default { userinfo: Some(endpoint("userinfo")) },
        iss_parameter: false,
        logout: LogoutRules::default(),
    }
}

/// What the metadata of a code flow login has where the manifest names no endpoint.
pub(super) const NEEDS_ALL: Needs = Needs { authorization: true, token: true, jwks: true, userinfo: false };

pub(super) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

/// The keys of a provider of the tests' own, and what it signs with them.
pub(super) struct Issuer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    p521: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

/// One for all tests: RSA keys take a while to make.
pub(super) static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

impl Issuer {
    pub(super) fn new() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"),
            p256: EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
            p384: EcdsaKeyPair::generate(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).expect("a key"),
            p521: EcdsaKeyPair::generate(&signature::ECDSA_P521_SHA512_FIXED_SIGNING).expect("a key"),
            ed25519: Ed25519KeyPair::generate().expect("a key"),
        }
    }

    /// The public keys, named `rsa`, `p256`, `p384`, `p521` and `ed25519`.
    pub(super) fn jwks(&self) -> Vec<Value> {
        let modulus = self.rsa.public_key().modulus().big_endian_without_leading_zero().to_vec();
        let ec = |kid: &str, crv: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            json!({"kty": "EC", "kid": kid, "crv": crv, "use": "sig", "x": b64(x), "y": b64(y)})
        };
        vec![
            json!({"kty": "RSA", "kid": "rsa", "use": "sig", "n": b64(modulus), "e": "AQAB"}),
            ec("p256", "P-256", self.p256.public_key().as_ref()),
            ec("p384", "P-384", self.p384.public_key().as_ref()),
            ec("p521", "P-521", self.p521.public_key().as_ref()),
            json!({"kty": "OKP", "kid": "ed25519", "crv": "Ed25519", "x": b64(self.ed25519.public_key().as_ref())}),
        ]
    }

    /// A token with this header and these claims, signed with the key that the algorithm is for.
    pub(super) fn sign(&self, algorithm: SigningAlgorithm, header: &str, claims: &str) -> String {
        self.sign_bytes(algorithm, header, claims.as_bytes())
    }

    pub(super) fn sign_bytes(&self, algorithm: SigningAlgorithm, header: &str, claims: &[u8]) -> String {
        let input = format!("{}.{}", b64(header), b64(claims));
        let rsa = |padding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(padding, &SystemRandom::new(), input.as_bytes(), &mut signature).expect("a signature");
            signature
        };
        let ec = |key: &EcdsaKeyPair| {
            key.sign(&SystemRandom::new(), input.as_bytes()).expect("a signature").as_ref().to_vec()
        };
        let signature = match algorithm {
            SigningAlgorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            SigningAlgorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            SigningAlgorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            SigningAlgorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            SigningAlgorithm::PS384 => rsa(&signature::RSA_PSS_SHA384),
            SigningAlgorithm::PS512 => rsa(&signature::RSA_PSS_SHA512),
            SigningAlgorithm::ES256 => ec(&self.p256),
            SigningAlgorithm::ES384 => ec(&self.p384),
            SigningAlgorithm::ES512 => ec(&self.p521),
            SigningAlgorithm::EdDSA | SigningAlgorithm::Ed25519 => {
                self.ed25519.sign(input.as_bytes()).as_ref().to_vec()
            }
            SigningAlgorithm::HS256 | SigningAlgorithm::HS384 | SigningAlgorithm::HS512 => panic!("no key pair's"),
        };
        format!("{input}.{}", b64(signature))
    }
}

/// The public keys, as they are read.
pub(super) fn keys_of(issuer: &Issuer) -> Vec<VerificationKey> {
    KeySet::from_entries(&issuer.jwks()).keys().to_vec()
}

pub(super) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
