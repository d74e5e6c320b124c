//! The access token that forward auth adds for the application (RFC 6750, section 2.1): one for many requests, from memory.

use axum::http::HeaderValue;
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::{
    domain::session::ends_at,
    server::{
        access_token::AccessToken,
        current::View,
        identity::{Identity, KeptToken},
        sessions::Current,
        state::Server,
    },
    store::StoreError,
};

/// `Authorization` for a request of this person: the token that was given out before, until half of its time is over or
/// another key signs. No token is good for longer than the session.
///
/// # Errors
/// When there is no key yet and the store cannot keep one.
pub(super) async fn authorization(
    server: &Server,
    view: &View,
    current: &Current,
    identity: &Identity,
    now: Timestamp,
) -> Result<HeaderValue, StoreError> {
    let organization = &view.organization;
    let keys = server.signing_keys(&organization.key, now).await?;
    if let Some(given) = &*identity.token.load()
        && keys.signer(now).is_some_and(|key| key.kid == given.kid)
        && given.lasts(now)
    {
        return Ok(given.authorization.clone());
    }
    let (client, not_after) = (organization.url("auth"), ends_at(current.session(), organization));
    let AccessToken { token, expires_at, kid } =
        server.access_token(organization, &identity.outcome, &client, not_after, now).await?;
    let authorization = header_value(token.expose_secret());
    let given = KeptToken { authorization: authorization.clone(), kid, made_at: now, expires_at };
    identity.token.store(Some(given.into()));
    Ok(authorization)
}

fn header_value(token: &str) -> HeaderValue {
    // A JWS is made of characters that a header may have.
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
