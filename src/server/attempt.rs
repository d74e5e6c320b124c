//! A login attempt: what was sent to the provider, carried by the browser in a sealed cookie until it comes back.

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{cookies, seal::Sealer};
use crate::domain::organization::Organization;

/// A person has so long to sign in at the provider.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// All cookies go in one header, and common proxies take no header over 8 KiB: the attempts of one browser are
/// longer than this together only if the newest alone is; the oldest give way. Twenty everyday ones fit.
pub(super) const MAX_TOGETHER: usize = 7 * 1024;

/// One attempt to sign in.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    /// The `state` that was sent: 16 random bytes.
    pub state: [u8; 16],
    pub provider_uid: String,
    /// Tells the issuer that the person was sent to from others; the code goes nowhere else.
    pub issuer_mark: [u8; 16],
    pub nonce: [u8; 16],
    /// What the code verifier (RFC 7636, section 4.1) is made of.
    pub verifier: Zeroizing<[u8; 32]>,
    /// Where to go afterwards, already resolved.
    pub return_to: Option<String>,
    /// The sessions of this browser that the login replaces, where the answer comes by a form of the provider's site:
    /// session cookies don't come along with it.
    pub replaces: Vec<[u8; 32]>,
    #[serde(with = "jiff::fmt::serde::timestamp::second::required")]
    pub expires_at: Timestamp,
}

/// Why an answer fits no attempt of this browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptError {
    /// No cookie for this state, or one that we did not make.
    Missing,
    Expired,
}

impl Attempt {
    /// When the attempt began, in whole seconds.
    pub fn began_at(&self) -> Timestamp {
        self.expires_at.saturating_sub(LIFETIME).unwrap_or(Timestamp::MIN)
    }

    /// When an attempt that begins at `now` ends.
    pub fn expiry(now: Timestamp) -> Timestamp {
        now + LIFETIME
    }

    /// The `state` parameter.
    pub fn state_parameter(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.state)
    }

    /// The `nonce` parameter.
    pub fn nonce_parameter(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.nonce)
    }

    /// The code verifier: 43 characters with 256 bits of randomness.
    pub fn code_verifier(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(*self.verifier).into()
    }

    /// The mark of an issuer: the first half of its SHA-256, for cookies are short.
    pub fn mark(issuer: &str) -> [u8; 16] {
        let mut mark = [0; 16];
        mark.copy_from_slice(&digest::digest(&digest::SHA256, issuer.as_bytes()).as_ref()[..16]);
        mark
    }

    /// The cookie that carries the attempt; None when it would be too long for browsers or cannot be sealed.
    /// `cross_site`: the answer comes by a form that the provider's site posts.
    pub fn cookie(&self, organization: &Organization, sealer: &Sealer, cross_site: bool) -> Option<HeaderValue> {
        let name = cookies::attempt_name(organization, &self.state_parameter());
        let plain = Zeroizing::new(postcard::to_stdvec(self).ok()?);
        let sealed = sealer.seal(&purpose(organization), &plain)?;
        let max_age = cookie::time::Duration::seconds(LIFETIME.as_secs());
        (name.len() + sealed.len() < 4000)
            .then(|| cookies::set_attempt(organization, name, sealed, max_age, cross_site))
    }

    /// The attempt of this browser that a `state` belongs to.
    pub fn find(
        state: &str,
        headers: &HeaderMap,
        organization: &Organization,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<Self, AttemptError> {
        let name = cookies::attempt_name(organization, state);
        let attempt = cookies::values(headers, &name)
            .filter_map(|sealed| Self::open(sealed, organization, sealer))
            .find(|attempt| {
                aws_lc_rs::constant_time::verify_slices_are_equal(
                    attempt.state_parameter().as_bytes(),
                    state.as_bytes(),
                )
                .is_ok()
            })
            .ok_or(AttemptError::Missing)?;
        if now < attempt.expires_at { Ok(attempt) } else { Err(AttemptError::Expired) }
    }

    fn open(sealed: &str, organization: &Organization, sealer: &Sealer) -> Option<Self> {
        let plain = Zeroizing::new(sealer.open(&purpose(organization), sealed)?);
        postcard::from_bytes(&plain).ok()
    }

    /// Takes away the cookies that have had their time, and the oldest of those that would be too long together with
    /// one more of `newest` bytes.
    pub fn sweep(
        headers: &HeaderMap,
        organization: &Organization,
        sealer: &Sealer,
        newest: usize,
        now: Timestamp,
    ) -> Vec<HeaderValue> {
        let prefix = cookies::attempt_prefix(organization);
        let mut live = Vec::new();
        let mut over = Vec::new();
        for (name, sealed) in cookies::all(headers).filter(|(name, _)| name.starts_with(&prefix)) {
            match Self::open(sealed, organization, sealer) {
                Some(attempt) if now < attempt.expires_at => live.push((attempt.expires_at, name, sealed.len())),
                _ => over.push(name),
            }
        }
        live.sort_by_key(|(expires_at, ..)| std::cmp::Reverse(*expires_at));
        let mut together = newest;
        for (_, name, length) in live {
            together += name.len() + length + "=; ".len();
            if together > MAX_TOGETHER {
                over.push(name);
            }
        }
        over.into_iter().map(|name| cookies::remove(organization, name.to_owned())).collect()
    }
}

fn purpose(organization: &Organization) -> String {
    format!("login attempt\n{}", organization.key)
}

#[cfg(test)]
mod tests;
