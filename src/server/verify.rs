//! From what the browser brought to verified claims: exchange, ID token, and the document that the claims come from.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{attempt::Attempt, failure::Failure};
use crate::{
    domain::{
        Claims,
        documents::{Merged, Reader},
        mapper::Mapper,
        people::People,
        provider::Provider,
        provider_session::{ProviderSession, issued_at},
        relation::{ClaimsSource, Relation},
        user::{IdToken, OneUse},
    },
    oidc::{AtLogin, Grant, Remote, TokenResponse, Via},
};

/// A longer ID token is not kept for signing out, in bytes: no URL could carry it.
const LONGEST_HINT: usize = 16 * 1024;

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

/// What the answer to a login has shown.
pub struct Shown {
    /// Of the person whom the ID token names, from the document that the manifest names.
    pub claims: Merged,
    /// The session at the provider, by the ID token.
    pub at_provider: ProviderSession,
    pub id_token: IdToken,
    /// An application brought the ID token, which counts once.
    pub brought: Option<OneUse>,
}

/// A login whose answer is being looked at.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    pub remote: &'a Remote,
    pub provider: &'a Provider,
    pub people: &'a People,
    pub relation: &'a Relation,
    pub attempt: &'a Attempt,
    pub mappers: &'a [Arc<Mapper>],
}

impl Login<'_> {
    /// Verifies the ID token, and what else the person's claims come from.
    pub async fn look(self, brought: Brought) -> Result<Shown, Failure> {
        match brought {
            Brought::IdToken(id_token) => {
                let claims = self.id_token(&id_token, Via::Browser, None, None).await?;
                match self.relation.claims_source {
                    ClaimsSource::Default { .. } | ClaimsSource::IdToken => {
                        self.shown(id_token, &claims, claims.clone().into())
                    }
                    // The schema lets nobody ask for these without an access token.
                    ClaimsSource::UserInfo { .. } | ClaimsSource::AccessToken => Err(Failure::Internal),
                }
            }
            Brought::Code { code, token_endpoint, pkce } => {
                let verifier = pkce.then(|| self.attempt.code_verifier());
                let grant = Grant { token_endpoint: &token_endpoint, code: &code, code_verifier: verifier.as_ref() };
                let answer = self.remote.exchange(self.relation, grant).await?;
                let access_token = Some(&answer.access_token);
                let claims = self.id_token(&answer.id_token, Via::TokenEndpoint, access_token, Some(&code)).await?;
                let id_token = answer.id_token.clone();
                self.shown(id_token, &claims, self.sourced(claims.clone(), answer).await?)
            }
        }
    }

    fn shown(self, raw: SecretString, id_token: &Claims, claims: Merged) -> Result<Shown, Failure> {
        let at_provider = ProviderSession::of(&self.relation.authority.issuer, id_token);
        // A verified ID token has both.
        let (Some(at_provider), Some(issued_at)) = (at_provider, issued_at(id_token)) else {
            return Err(Failure::Internal);
        };
        let fits = raw.expose_secret().len() <= LONGEST_HINT;
        let hint = (self.relation.logout.needs_hint() && fits).then_some(raw);
        Ok(Shown { claims, at_provider, id_token: IdToken { issued_at, hint }, brought: None })
    }

    async fn id_token(
        self,
        id_token: &SecretString,
        via: Via,
        access_token: Option<&SecretString>,
        code: Option<&SecretString>,
    ) -> Result<Claims, Failure> {
        let nonce = self.attempt.nonce_parameter();
        let login = AtLogin {
            nonce: &nonce,
            access_token: access_token.map(ExposeSecret::expose_secret),
            code: code.map(ExposeSecret::expose_secret),
            authenticated_since: self.relation.request.max_age.map(|age| since(self.attempt.began_at(), age)),
        };
        Ok(self.remote.id_token(self.relation, id_token, via, &login).await?)
    }

    async fn sourced(self, id_token: Claims, answer: TokenResponse) -> Result<Merged, Failure> {
        let relation = self.relation;
        let reader = Reader { people: self.people, provider: self.provider.variable(&relation.authority.issuer) };
        match &relation.claims_source {
            ClaimsSource::Default { userinfo: Some(endpoint) } if reader.is_incomplete(&id_token, self.mappers) => {
                let userinfo = self.remote.userinfo(relation, endpoint, &answer.access_token, &id_token).await?;
                Ok(reader.overlay(id_token, userinfo))
            }
            ClaimsSource::Default { .. } | ClaimsSource::IdToken => Ok(id_token.into()),
            ClaimsSource::UserInfo { endpoint } => {
                let userinfo = self.remote.userinfo(relation, endpoint, &answer.access_token, &id_token).await?;
                Ok(reader.of_userinfo(id_token, userinfo))
            }
            ClaimsSource::AccessToken => {
                let access_token = self.access_token(&id_token, &answer).await;
                Ok(reader.of_access_token(&id_token, answer.members.0, access_token))
            }
        }
    }

    /// None where the access token is meant for others alone, or is the ID token once more.
    async fn access_token(self, id_token: &Claims, answer: &TokenResponse) -> Option<Claims> {
        if answer.access_token.expose_secret() == answer.id_token.expose_secret() {
            return None;
        }
        let read = self.remote.access_token(self.relation, &answer.access_token, id_token).await;
        let provider = &self.provider.path;
        read.inspect_err(|why| {
            tracing::warn!(
                provider,
                %why,
                "claims.source AccessToken found no claims in the access token: it is no JWT of the issuer about this person"
            );
        })
        .ok()
    }
}

/// The provider looked at how long ago the person signed in there after the attempt had begun.
fn since(began_at: Timestamp, max_age: u64) -> Timestamp {
    let age = SignedDuration::from_secs(i64::try_from(max_age).unwrap_or(i64::MAX));
    began_at.saturating_sub(age).unwrap_or(Timestamp::MIN)
}
