//! Whether a token that a provider has sent is believed, by keys that are fetched anew where it names one that is not known.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Remote,
    flight::Freshness,
    keys::{KeySet, KeysRequest},
    token::{
        Assertion, AtLogin, KeyRing, LogoutToken, Parties, Proof, TokenError, verify_access_token, verify_assertion,
        verify_id_token, verify_logout_token,
    },
};
use crate::domain::{
    Claims,
    relation::{Authority, Bearer, Relation, TokenRules},
};

/// The controllers keep the keys fresh; a login fetches them only when there are none.
const AT_ONCE: Freshness = Freshness { max_age: Duration::MAX, retry_after: Duration::from_secs(1) };

/// Which way a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Straight from the provider.
    TokenEndpoint,
    Browser,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeliefError {
    #[error("the provider's keys are not known")]
    NoKeys,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Remote {
    /// The claims of the ID token of a login.
    ///
    /// # Errors
    /// When it breaks a rule, or there is nothing to check it by.
    pub async fn id_token(
        &self,
        relation: &Relation,
        raw: &SecretString,
        via: Via,
        login: &AtLogin<'_>,
    ) -> Result<Claims, BeliefError> {
        let now = Timestamp::now();
        let (raw, client) = (raw.expose_secret(), [&*relation.client_id]);
        let (authority, parties) = (&relation.authority, parties(&relation.authority, &client, now));
        if via == Via::TokenEndpoint && relation.authority.tokens.unsigned_from_token_endpoint {
            return Ok(verify_id_token(raw, &Proof::Channel, &parties, login)?);
        }
        self.with_keys(authority, now, |keys| verify_id_token(raw, &Proof::Signature(keys), &parties, login)).await
    }

    /// The claims of the access token that came with an ID token, if it is a JWT of this issuer about this person.
    ///
    /// # Errors
    /// When it is not, as most are meant for others and can be in any form.
    pub async fn access_token(
        &self,
        relation: &Relation,
        access_token: &SecretString,
        id_token: &Claims,
    ) -> Result<Claims, BeliefError> {
        let now = Timestamp::now();
        let (raw, client) = (access_token.expose_secret(), [&*relation.client_id]);
        let (authority, parties) = (&relation.authority, parties(&relation.authority, &client, now));
        // Keys are not asked for on the word of what would not count anyway.
        let unsigned = verify_access_token(raw, &Proof::Channel, &parties, id_token)?;
        if relation.authority.tokens.unsigned_from_token_endpoint {
            return Ok(unsigned);
        }
        self.with_keys(authority, now, |keys| verify_access_token(raw, &Proof::Signature(keys), &parties, id_token))
            .await
    }

    /// Whose sessions a logout token says are over.
    ///
    /// # Errors
    /// When it breaks a rule, or there is nothing to check it by: its signature is always checked.
    pub async fn logout_token(&self, relation: &Relation, raw: &str) -> Result<LogoutToken, BeliefError> {
        let now = Timestamp::now();
        let client = [&*relation.client_id];
        let parties = parties(&relation.authority, &client, now);
        self.with_keys(&relation.authority, now, |keys| verify_logout_token(raw, keys, &parties)).await
    }

    /// An ID token that an application brings, issued to one of these clients.
    ///
    /// # Errors
    /// When it breaks a rule, or there is nothing to check it by: its signature is always checked.
    pub async fn assertion(
        &self,
        bearer: &Bearer,
        clients: &[&str],
        raw: &str,
        now: Timestamp,
    ) -> Result<Assertion, BeliefError> {
        let parties = parties(&bearer.authority, clients, now);
        let check = |keys: KeyRing<'_>| verify_assertion(raw, keys, &parties, bearer.max_token_age);
        self.with_keys(&bearer.authority, now, check).await
    }

    /// Runs a check with the keys as they are known, and once more with newer ones where it asks for them.
    pub(super) async fn with_keys<T>(
        &self,
        authority: &Authority,
        now: Timestamp,
        check: impl Fn(KeyRing<'_>) -> Result<T, TokenError>,
    ) -> Result<T, BeliefError> {
        let tokens = &authority.tokens;
        let request =
            tokens.jwks_uri.clone().map(|jwks_uri| KeysRequest { jwks_uri, roots: authority.trust_roots.clone() });
        let known = request.as_ref().and_then(|request| self.cached_keys(request).good);
        let has_known = known.is_some();
        let first = check_with(tokens, known, &check);
        let (Some(request), Err(error)) = (request, &first) else { return first };
        let newer = match error {
            BeliefError::Token(error) if !error.asks_for_newer_keys() => return first,
            _ if has_known => self.refresh_keys(&request, now).await,
            _ => self.keys(&request, AT_ONCE, now).await,
        };
        check_with(tokens, newer.good, &check)
    }
}

fn check_with<T>(
    tokens: &TokenRules,
    published: Option<(Arc<KeySet>, Timestamp)>,
    check: impl Fn(KeyRing<'_>) -> Result<T, TokenError>,
) -> Result<T, BeliefError> {
    let published = published.as_ref().map(|(keys, _)| keys.keys()).unwrap_or_default();
    let keys = KeyRing { published, pinned: &tokens.public_keys, secrets: &tokens.secrets };
    if keys.is_empty() { Err(BeliefError::NoKeys) } else { Ok(check(keys)?) }
}

/// Whose tokens count, and for whom.
pub(super) fn parties<'a>(authority: &'a Authority, clients: &'a [&'a str], now: Timestamp) -> Parties<'a> {
    let TokenRules { algorithms, skew, .. } = &authority.tokens;
    Parties { issuer: &authority.issuer, clients, algorithms, now, skew: *skew }
}

#[cfg(test)]
mod tests;
