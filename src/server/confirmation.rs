//! Has a mail sent that asks somebody to confirm their address. The link in it is known to the mail alone: the store has its
//! hash, and the log nothing of it.

use std::{error::Error, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};

use super::{failure::Failure, seal::random, state::Server};
use crate::{
    domain::{organization::Organization, provider::Provider, user::User},
    mail::{Confirmation, Sending},
    store::{Begun, Recorded, Store, VerificationRequest},
};

/// A link works so long.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// What a link holds: 32 random bytes.
pub struct Token([u8; 32]);

impl Token {
    /// A new one. None when the random source fails.
    fn new() -> Option<Self> {
        random().map(Self)
    }

    /// Reads back what `text` gave; None for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the store knows it by.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        hash
    }
}

/// What comes of asking for a mail.
pub enum Mailing {
    Begun(Sending),
    /// Enough have been sent for now.
    NotBefore(Timestamp),
    /// The address is verified already, or has changed at this moment.
    NotNeeded,
}

impl Server {
    /// Whether mails can be sent.
    pub(super) fn can_send_mail(&self) -> bool {
        self.mailer.is_some()
    }

    /// Begins to send a mail that asks a user to confirm their address. `provider`: the display name of the one that they
    /// signed in with.
    ///
    /// # Errors
    /// When there is no address or no mail server, and when the store fails.
    pub(super) async fn ask_to_confirm(
        &self,
        organization: &Organization,
        user: &User,
        provider: &str,
        now: Timestamp,
    ) -> Result<Mailing, Failure> {
        let address = user.email.as_deref().ok_or(Failure::NoAddressToVerify)?;
        let mailer = self.mailer.as_ref().ok_or(Failure::MailNotSetUp)?;
        let token = Token::new().ok_or(Failure::Internal)?;
        let works_until = now.checked_add(LIFETIME).map_err(|_| Failure::Internal)?;
        let request = VerificationRequest {
            user: user.id,
            address: address.to_owned(),
            token: token.hash(),
            sent_at: now,
            expires_at: works_until,
        };
        match self.store.begin_verification(&request).await? {
            Begun::NotBefore(time) => return Ok(Mailing::NotBefore(time)),
            Begun::NotNeeded => return Ok(Mailing::NotNeeded),
            Begun::Send => {}
        }
        let link = organization.url(&format!("verify-email?token={}", token.text()));
        let mail = Confirmation::of(user, address, organization, provider, link, works_until);
        let unsent = forget(self.store.clone(), request.token).boxed();
        Ok(Mailing::Begun(mailer.send(&mail, unsent).await))
    }

    /// Asks, beside a login, whether a new address is the user's. The login goes on whatever comes of it.
    pub(super) async fn ask_beside(&self, organization: &Organization, provider: &Provider, recorded: &Recorded) {
        let user = &recorded.user;
        if !recorded.address_is_new || user.email.is_none() || user.email_verified() {
            return;
        }
        match self.ask_to_confirm(organization, user, &provider.display_name, Timestamp::now()).await {
            Ok(Mailing::Begun(sending)) => sending.beside(),
            Ok(Mailing::NotBefore(_) | Mailing::NotNeeded) => {}
            Err(failure @ Failure::MailNotSetUp) => {
                let error = &failure as &dyn Error;
                tracing::info!(organization = &*organization.id, provider = provider.path, user = %user.id, error, "a new address stays unverified");
            }
            Err(failure) => {
                let error = &failure as &dyn Error;
                tracing::warn!(organization = &*organization.id, user = %user.id, error, "a mail to a new address could not be sent");
            }
        }
    }
}

/// A mail that was not sent keeps nobody from asking for another.
async fn forget(store: Arc<dyn Store>, token: [u8; 32]) {
    if let Err(error) = store.forget_verification(&token).await {
        let error = &error as &dyn Error;
        tracing::warn!(error, "a mail that was not sent counts as if it had been");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_written_and_nothing_else_is_one() {
        let token = Token::new().expect("randomness");
        let text = token.text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::parse(&text).map(|read| read.hash()), Some(token.hash()));
        for odd in ["", "x", &text[1..], &format!("{text}A"), &format!("{text}="), &"A".repeat(10_000)] {
            assert!(Token::parse(odd).is_none(), "{odd}");
        }
        assert_ne!(token.hash(), token.0);
    }
}
