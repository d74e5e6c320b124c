//! What a provider has sent, once it is believed: its tokens and userinfo, with keys that are fetched anew where a token
//! names one that is not known.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Remote,
    flight::Freshness,
    keys::KeysRequest,
    token::{AtLogin, KeyRing, Parties, Proof, TokenError, verify_access_token, verify_id_token, verify_userinfo},
    userinfo::{Userinfo, UserinfoError, fetch_userinfo},
};
use crate::domain::{
    Claims,
    relation::{Relation, TokenRules},
    verification_key::VerificationKey,
};

/// The controllers keep the keys fresh; a login fetches them only when there are none.
const AT_ONCE: Freshness = Freshness { max_age: Duration::MAX, retry_after: Duration::from_secs(1) };

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeliefError {
    #[error("the provider's keys are not known")]
    NoKeys,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Remote {
    /// The claims of the ID token of a login. `straight`: it came straight from the token endpoint.
    ///
    /// # Errors
    /// When it breaks a rule, or there is nothing to check it by.
    pub async fn id_token(
        &self,
        relation: &Relation,
        raw: &SecretString,
        straight: bool,
        login: &AtLogin<'_>,
        now: Timestamp,
    ) -> Result<Claims, BeliefError> {
        let (raw, parties) = (raw.expose_secret(), parties(relation, now));
        if straight && relation.tokens.unsigned_from_token_endpoint {
            return Ok(verify_id_token(raw, &Proof::Channel, &parties, login)?);
        }
        self.with_keys(relation, now, |keys| verify_id_token(raw, &Proof::Signature(keys), &parties, login)).await
    }

    /// What the userinfo endpoint says about the person whom the ID token names.
    ///
    /// # Errors
    /// When there is no answer, or none that is to be believed.
    pub async fn userinfo(
        &self,
        relation: &Relation,
        endpoint: &Url,
        access_token: &SecretString,
        subject: &str,
        now: Timestamp,
    ) -> Result<Claims, UserinfoError> {
        let roots = relation.trust_roots.as_ref();
        match fetch_userinfo(self.outbound(), roots, endpoint, access_token, subject).await? {
            Userinfo::Plain(claims) => Ok(claims),
            Userinfo::Signed(token) => {
                let (raw, parties) = (token.expose_secret(), parties(relation, now));
                let check = |keys: KeyRing<'_>| verify_userinfo(raw, keys, &parties, subject);
                let belief = self.with_keys(relation, now, check).await;
                belief.map_err(|source| UserinfoError::Signed { host: super::http::authority(endpoint), source })
            }
        }
    }

    /// The claims of an access token that came with an ID token, if it is a JWT of this issuer about this person. Most
    /// are meant for others, and can be in any form, so keys are not fetched for it.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub fn access_token(
        &self,
        relation: &Relation,
        access_token: &SecretString,
        subject: &str,
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        let (raw, parties) = (access_token.expose_secret(), parties(relation, now));
        if relation.tokens.unsigned_from_token_endpoint {
            return verify_access_token(raw, &Proof::Channel, &parties, subject);
        }
        let known = keys_request(relation).and_then(|request| self.cached_keys(&request).good);
        let keys = key_ring(&relation.tokens, known.as_ref().map(|(keys, _)| keys.keys()));
        verify_access_token(raw, &Proof::Signature(keys), &parties, subject)
    }

    /// Runs a check with the keys as they are known, and once more with newer ones where it asks for them.
    async fn with_keys<T>(
        &self,
        relation: &Relation,
        now: Timestamp,
        check: impl Fn(KeyRing<'_>) -> Result<T, TokenError>,
    ) -> Result<T, BeliefError> {
        let tokens = &relation.tokens;
        let Some(request) = keys_request(relation) else { return Ok(check(key_ring(tokens, None))?) };
        let known = match self.cached_keys(&request).good {
            Some(known) => Some(known),
            None => self.keys(&request, AT_ONCE, now).await.good,
        };
        if known.is_none() && tokens.public_keys.is_empty() {
            return Err(BeliefError::NoKeys);
        }
        match check(key_ring(tokens, known.as_ref().map(|(keys, _)| keys.keys()))) {
            Err(error) if error.asks_for_newer_keys() => {
                let newer = self.refresh_keys(&request, now).await.good;
                Ok(check(key_ring(tokens, newer.as_ref().map(|(keys, _)| keys.keys())))?)
            }
            checked => Ok(checked?),
        }
    }
}

fn parties(relation: &Relation, now: Timestamp) -> Parties<'_> {
    let TokenRules { algorithms, skew, .. } = &relation.tokens;
    Parties { issuer: &relation.issuer, client_id: &relation.client_id, algorithms, now, skew: *skew }
}

/// None where no published key could verify anything.
fn keys_request(relation: &Relation) -> Option<KeysRequest> {
    let jwks_uri = relation.tokens.jwks_uri.clone().filter(|_| relation.tokens.needs_keys())?;
    Some(KeysRequest { jwks_uri, roots: relation.trust_roots.clone() })
}

fn key_ring<'a>(tokens: &'a TokenRules, published: Option<&'a [VerificationKey]>) -> KeyRing<'a> {
    KeyRing { published: published.unwrap_or_default(), pinned: &tokens.public_keys, secrets: &tokens.secrets }
}
