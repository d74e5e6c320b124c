//! From a code to verified claims: exchange, ID token, userinfo.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{attempt::Attempt, failure::Failure};
use crate::{
    domain::{
        Claims,
        login::{complete, needs_userinfo},
        mapper::Mapper,
        provider::{Provider, Relation},
    },
    oidc::{Expected, Freshness, KeysRequest, Remote, TokenResponse, exchange_code, fetch_userinfo, verify_id_token},
};

/// The controllers keep the keys fresh; a login fetches them only when there are none.
const AT_ONCE: Freshness = Freshness { max_age: Duration::MAX, retry_after: Duration::from_secs(1) };

/// Exchanges the code at the token endpoint of the provider that the attempt began with.
pub async fn exchange(
    remote: &Remote,
    relation: &Relation,
    attempt: &Attempt,
    code: &SecretString,
) -> Result<TokenResponse, Failure> {
    Ok(exchange_code(remote.outbound(), relation, code, &attempt.code_verifier()).await?)
}

/// The claims of the verified ID token, completed by userinfo where one that is read is missing.
pub async fn claims(
    remote: &Remote,
    provider: &Provider,
    relation: &Relation,
    attempt: &Attempt,
    tokens: TokenResponse,
    mappers: &[Arc<Mapper>],
    code: &SecretString,
) -> Result<Claims, Failure> {
    let id_token = id_token(remote, relation, attempt, &tokens, code).await?;
    let subject = id_token.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default();
    let Some(endpoint) = &relation.userinfo_endpoint else { return Ok(id_token) };
    if !needs_userinfo(&id_token, &provider.claims, mappers) {
        return Ok(id_token);
    }
    let roots = relation.trust_roots.as_ref();
    let userinfo = fetch_userinfo(remote.outbound(), roots, endpoint, &tokens.access_token, subject).await?;
    Ok(complete(id_token, userinfo, &provider.claims))
}

/// Verifies the ID token; fetches the keys once more when none of them is the token's.
async fn id_token(
    remote: &Remote,
    relation: &Relation,
    attempt: &Attempt,
    tokens: &TokenResponse,
    code: &SecretString,
) -> Result<Claims, Failure> {
    let request = KeysRequest { jwks_uri: relation.jwks_uri.clone(), roots: relation.trust_roots.clone() };
    let (now, nonce) = (Timestamp::now(), attempt.nonce_parameter());
    let expected = Expected {
        issuer: &relation.issuer,
        client_id: &relation.client_id,
        nonce: &nonce,
        algorithms: &relation.algorithms,
        now,
        skew: Duration::ZERO,
        access_token: Some(tokens.access_token.expose_secret()),
        code: Some(code.expose_secret()),
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
