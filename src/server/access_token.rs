//! The access tokens that are given out (RFC 9068).

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use super::{signing::KeySet, state::Server};
use crate::{
    domain::{
        access_token::{Issue, claims, expires_at},
        organization::{Organization, OrganizationKey},
        outcome::Outcome,
    },
    store::StoreError,
};

/// An access token of ours.
#[derive(Clone, Debug)]
pub struct AccessToken {
    pub token: SecretString,
    /// In whole seconds, as the token tells it.
    pub expires_at: Timestamp,
    /// Names the key that it is signed with.
    pub kid: String,
}

impl Server {
    /// Gives out an access token of an organization that says this outcome, to a client; it is good for as long as the
    /// organization has it, and not after `not_after`: where that is over, nobody takes it.
    ///
    /// # Errors
    /// When there is no key yet and the store cannot keep one.
    pub(super) async fn access_token(
        &self,
        organization: &Organization,
        outcome: &Outcome,
        client_id: &str,
        not_after: Timestamp,
        now: Timestamp,
    ) -> Result<AccessToken, StoreError> {
        // The store keeps keys that can sign, so this is about its contents, too.
        let damaged = || StoreError::Damaged { what: "signing keys" };
        let keys = self.signing_keys(&organization.key, now).await?;
        let key = keys.signer(now).ok_or_else(damaged)?;
        let expires_at = expires_at(organization, not_after, now);
        let issue = Issue { organization, client_id, issued_at: now, expires_at, id: Uuid::new_v4() };
        let token = key.sign(&claims(&issue, outcome)).map_err(|_| damaged())?;
        Ok(AccessToken { token, expires_at, kid: key.kid.clone() })
    }

    /// The keys of an organization; made at first use.
    ///
    /// # Errors
    /// At first use, when the store does not answer.
    pub(super) async fn signing_keys(
        &self,
        organization: &OrganizationKey,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, StoreError> {
        self.signing.of(&*self.store, organization, now).await
    }
}

#[cfg(test)]
mod tests;
