//! From what the browser brought to verified claims: exchange, ID token, userinfo.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{attempt::Attempt, failure::Failure};
use crate::{
    domain::{
        Claims,
        login::{complete, needs_userinfo},
        mapper::Mapper,
        provider::Provider,
        relation::Relation,
    },
    oidc::{Expected, Freshness, Grant, KeysRequest, Remote, fetch_userinfo, verify_id_token},
};

/// The controllers keep the keys fresh; a login fetches them only when there are none.
const AT_ONCE: Freshness = Freshness { max_age: Duration::MAX, retry_after: Duration::from_secs(1) };

/// What the browser brought from the provider.
pub enum Brought {
    /// A code, to be exchanged where the attempt began.
    Code {
        code: SecretString,
        token_endpoint: Url,
        pkce: bool,
    },
    IdToken(SecretString),
}

/// An ID token and what came with it, which it may hold hashes of.
struct Tokens {
    id_token: SecretString,
    access_token: Option<SecretString>,
    code: Option<SecretString>,
}

/// The claims of the verified ID token, completed by userinfo where one that is read is missing and an access token is
/// there to ask with.
pub async fn claims(
    remote: &Remote,
    provider: &Provider,
    relation: &Relation,
    attempt: &Attempt,
    brought: Brought,
    mappers: &[Arc<Mapper>],
) -> Result<Claims, Failure> {
    let tokens = tokens(remote, relation, attempt, brought).await?;
    let id_token = id_token(remote, relation, attempt, &tokens).await?;
    let (Some(endpoint), Some(access_token)) = (&relation.userinfo_endpoint, &tokens.access_token) else {
        return Ok(id_token);
    };
    if !needs_userinfo(&id_token, &provider.claims, mappers) {
        return Ok(id_token);
    }
    let subject = id_token.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default();
    let roots = relation.trust_roots.as_ref();
    let userinfo = fetch_userinfo(remote.outbound(), roots, endpoint, access_token, subject).await?;
    Ok(complete(id_token, userinfo, &provider.claims))
}

async fn tokens(remote: &Remote, relation: &Relation, attempt: &Attempt, brought: Brought) -> Result<Tokens, Failure> {
    match brought {
        Brought::IdToken(id_token) => Ok(Tokens { id_token, access_token: None, code: None }),
        Brought::Code { code, token_endpoint, pkce } => {
            let verifier = pkce.then(|| attempt.code_verifier());
            let grant = Grant { token_endpoint: &token_endpoint, code: &code, code_verifier: verifier.as_ref() };
            let answer = remote.exchange(relation, grant).await?;
            Ok(Tokens { id_token: answer.id_token, access_token: Some(answer.access_token), code: Some(code) })
        }
    }
}

/// Verifies the ID token; fetches the keys once more when none of them is the token's.
async fn id_token(remote: &Remote, relation: &Relation, attempt: &Attempt, tokens: &Tokens) -> Result<Claims, Failure> {
    let request = KeysRequest { jwks_uri: relation.jwks_uri.clone(), roots: relation.trust_roots.clone() };
    let (now, nonce) = (Timestamp::now(), attempt.nonce_parameter());
    let expected = Expected {
        issuer: &relation.issuer,
        client_id: &relation.client_id,
        nonce: &nonce,
        algorithms: &relation.algorithms,
        now,
        skew: Duration::ZERO,
        access_token: tokens.access_token.as_ref().map(ExposeSecret::expose_secret),
        code: tokens.code.as_ref().map(ExposeSecret::expose_secret),
        authenticated_since: relation.request.max_age.map(|age| since(attempt.began_at(), age)),
    };
    let raw = tokens.id_token.expose_secret();
    let known = match remote.cached_keys(&request).good {
        Some(known) => Some(known),
        None => remote.keys(&request, AT_ONCE, now).await.good,
    };
    let (keys, _) = known.ok_or(Failure::NoKeys)?;
    match verify_id_token(raw, &keys, &expected) {
        Err(error) if error.asks_for_newer_keys() => {
            let (keys, _) = remote.refresh_keys(&request, now).await.good.ok_or(Failure::NoKeys)?;
            Ok(verify_id_token(raw, &keys, &expected)?)
        }
        other => Ok(other?),
    }
}

/// The provider looked at how long ago the person signed in there after the attempt had begun.
fn since(began_at: Timestamp, max_age: u64) -> Timestamp {
    let age = SignedDuration::from_secs(i64::try_from(max_age).unwrap_or(i64::MAX));
    began_at.saturating_sub(age).unwrap_or(Timestamp::MIN)
}
