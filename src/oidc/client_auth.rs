//! How the client shows a provider's endpoint who it is (OpenID Connect Core 1.0, section 9).

use aws_lc_rs::rand;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::HeaderValue;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::{
    assertion::{Signer, client_assertion},
    signing::SigningFailed,
};
use crate::domain::relation::{Audience, Credential, Relation};

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request carries so that the endpoint knows the client.
pub(super) struct Shown {
    pub(super) authorization: Option<HeaderValue>,
    pub(super) parameters: Vec<(&'static str, SecretString)>,
}

/// Shows a credential to an endpoint.
///
/// # Errors
/// Only what nobody can help: the key does not sign, or there is no randomness.
pub(super) fn show(
    credential: &Credential,
    relation: &Relation,
    endpoint: &Url,
    now: Timestamp,
) -> Result<Shown, SigningFailed> {
    let id = || ("client_id", SecretString::from(relation.client_id.as_str()));
    let by_form = |parameters: Vec<(&'static str, SecretString)>| Shown { authorization: None, parameters };
    let by_assertion = |signer: Signer<'_>, audience: Audience| {
        let audience = match audience {
            Audience::Issuer => &relation.authority.issuer,
            Audience::Endpoint => endpoint.as_str(),
        };
        let assertion = client_assertion(&signer, &relation.client_id, audience, now, &fresh_id()?)?;
        let assertion_type = ("client_assertion_type", SecretString::from(ASSERTION_TYPE));
        Ok(by_form(vec![id(), assertion_type, ("client_assertion", assertion)]))
    };
    match credential {
        Credential::Basic(secret) => {
            Ok(Shown { authorization: Some(basic(&relation.client_id, secret)), parameters: Vec::new() })
        }
        Credential::Post(secret) => Ok(by_form(vec![id(), ("client_secret", secret.clone())])),
        Credential::SecretJwt(secret, algorithm, audience) => {
            by_assertion(Signer::Secret(secret, *algorithm), *audience)
        }
        Credential::PrivateKeyJwt(key, algorithm, audience) => by_assertion(Signer::Key(key, *algorithm), *audience),
        Credential::None => Ok(by_form(vec![id()])),
    }
}

/// RFC 6749, section 2.3.1: both are form-urlencoded before they are encoded for Basic.
fn basic(client_id: &str, secret: &SecretString) -> HeaderValue {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.expose_secret()));
    // Base64 is made of characters that a header may have.
    HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).unwrap_or(HeaderValue::from_static(""))
}

/// A `jti` that no other assertion has (RFC 7523, section 3, point 7).
fn fresh_id() -> Result<String, SigningFailed> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| SigningFailed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
