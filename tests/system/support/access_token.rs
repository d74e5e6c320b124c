//! Our access tokens, as an API verifies them: by a library that is not ours, with nothing of ours but the issuer's URL.

use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value};

use super::{latchkey::Latchkey, visitor::Visitor};

/// The keys of the organization `default`, by its metadata (RFC 8414, section 3.1).
pub async fn published_keys(latchkey: &Latchkey) -> Value {
    let metadata = Visitor::new().get(&latchkey.url(".well-known/oauth-authorization-server/o/default")).await.json();
    assert_eq!(metadata["issuer"], latchkey.url("o/default"));
    Visitor::new().get(metadata["jwks_uri"].as_str().expect("a URL")).await.json()
}

/// The claims of a token for an audience, if it is one of the issuer's and good; no clock differs.
pub fn verified(token: &str, keys: &Value, issuer: &str, audience: &str) -> Option<Map<String, Value>> {
    let header = decode_header(token).expect("a header");
    assert_eq!((header.typ.as_deref(), header.alg), (Some("at+jwt"), Algorithm::ES256));
    let keys: JwkSet = serde_json::from_value(keys.clone()).expect("a JWK set");
    let key = DecodingKey::from_jwk(keys.find(&header.kid.expect("a kid"))?).expect("a key");
    let mut validation = Validation::new(Algorithm::ES256);
    validation.leeway = 0;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    decode(token, &key, &validation).ok().map(|token| token.claims)
}

/// Python with PyJWT, as the API of `examples/desktop-app` has it.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/desktop-app/api/.venv/bin/python");
    assert!(python.exists(), "run `make test` once, which installs Flask and PyJWT");
    python
}
