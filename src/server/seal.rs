//! Seals what browsers carry for us. Keys are kept in the store and rotated with overlap.

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
    rand,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretSlice};

use crate::store::{KeyPurpose, Store, StoreError, StoredKey};

/// A new key is made when the newest is so old.
const ROTATION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A key opens for so long; longer than any session that was sealed with it should last.
const OVERLAP: SignedDuration = SignedDuration::from_hours(120 * 24);
/// Nothing sealed is longer, in characters: browsers keep no longer cookies.
const MAX_SEALED: usize = 4096;
const KEY_ID_LEN: usize = 4;

/// Seals and opens with the keys of the store.
pub struct Sealer {
    /// The newest first.
    keys: ArcSwap<Vec<(u32, RandomizedNonceKey)>>,
}

impl Sealer {
    /// Loads the keys, and makes the first one if there is none.
    pub async fn load(store: &dyn Store, now: Timestamp) -> Result<Self, StoreError> {
        let sealer = Self { keys: ArcSwap::default() };
        sealer.rotate(store, now).await?;
        Ok(sealer)
    }

    /// Makes a new key when it is time, forgets those whose time is over, and takes up those of other replicas.
    pub async fn rotate(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        store.remove_keys_before(&KeyPurpose::Cookie, now - OVERLAP).await?;
        let mut keys = store.keys(&KeyPurpose::Cookie).await?;
        if keys.first().is_none_or(|newest| newest.made_at < now - ROTATION) {
            // Another replica may be faster.
            store.add_key(&KeyPurpose::Cookie, &new_key(now)?, now - ROTATION).await?;
            keys = store.keys(&KeyPurpose::Cookie).await?;
        }
        let keys: Result<Vec<_>, Unspecified> = keys
            .iter()
            .map(|key| Ok((key.id, RandomizedNonceKey::new(&AES_256_GCM, key.secret.expose_secret())?)))
            .collect();
        self.keys.store(Arc::new(keys.map_err(|Unspecified| StoreError::Damaged { what: "cookie keys" })?));
        Ok(())
    }

    /// Seals for `purpose`; opens for the same purpose only. None when the random source fails.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Option<String> {
        let keys = self.keys.load();
        let (id, key) = keys.first()?;
        let mut body = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut body).ok()?;
        let mut sealed = Vec::with_capacity(KEY_ID_LEN + NONCE_LEN + body.len());
        sealed.extend_from_slice(&id.to_be_bytes());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// What was sealed for `purpose`; None for anything else.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > MAX_SEALED {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (id, rest) = bytes.split_at_mut_checked(KEY_ID_LEN)?;
        let id = u32::from_be_bytes((&*id).try_into().ok()?);
        let (nonce, body) = rest.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let keys = self.keys.load();
        let (_, key) = keys.iter().find(|(known, _)| *known == id)?;
        key.open_in_place(nonce, Aad::from(purpose.as_bytes()), body).ok().map(|plain| plain.to_vec())
    }
}

fn new_key(now: Timestamp) -> Result<StoredKey, StoreError> {
    let mut secret = vec![0; 32];
    let mut id = [0; KEY_ID_LEN];
    let filled = rand::fill(&mut secret).and_then(|()| rand::fill(&mut id));
    filled.map_err(|Unspecified| StoreError::Damaged { what: "the system's source of randomness" })?;
    Ok(StoredKey { id: u32::from_be_bytes(id), secret: SecretSlice::from(secret), made_at: now })
}

/// Random bytes. None when the system's source of randomness fails.
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests;
