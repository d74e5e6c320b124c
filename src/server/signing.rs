//! The keys that access tokens are signed with: in memory, one set for each organization that has needed one. They are kept
//! in the store, and rotated with overlap. Never shows a private key.

mod key;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;
use aws_lc_rs::rand;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::key::SigningKey;
use crate::{
    domain::{
        key_rotation::{ROTATION, rotation},
        organization::OrganizationKey,
    },
    store::{KeyPurpose, Store, StoreError, StoredKey},
};

/// The keys of every organization that has some.
#[derive(Default)]
pub struct SigningKeys {
    of: ArcSwap<HashMap<OrganizationKey, Arc<KeySet>>>,
    /// It has been told that the store fails, and it has not answered since.
    told: AtomicBool,
}

/// The keys of one organization, the newest first; at least one.
pub struct KeySet {
    keys: Vec<Arc<SigningKey>>,
    made_at: Vec<Timestamp>,
}

impl SigningKeys {
    /// Loads the keys of all organizations, makes new ones where it is time, forgets those whose time is over, and takes up
    /// those of other replicas. What is in memory stays when the store does not answer. An organization whose keys cannot be
    /// read goes without: the others go on.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn rotate(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        for organization in store.signing_organizations().await? {
            match self.renew(store, &organization, now).await {
                Ok(_) => {}
                Err(error @ (StoreError::Damaged { .. } | StoreError::Unsealable { .. })) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(%organization, error, "the keys that sign access tokens of an organization cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The keys of an organization, from memory; at first use they are read, or made.
    pub(super) async fn of(
        &self,
        store: &dyn Store,
        organization: &OrganizationKey,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, StoreError> {
        match self.known(organization) {
            Some(keys) => Ok(keys),
            None => self.renew(store, organization, now).await,
        }
    }

    /// The keys of an organization, if they are in memory.
    pub(super) fn known(&self, organization: &OrganizationKey) -> Option<Arc<KeySet>> {
        self.of.load().get(organization).cloned()
    }

    /// Tells that there are no keys, once for as long as the store fails: every request may come here.
    pub(super) fn warn(&self, error: &StoreError) {
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "the keys that access tokens are signed with could not be made or read"
            );
        }
    }

    async fn renew(
        &self,
        store: &dyn Store,
        organization: &OrganizationKey,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, StoreError> {
        let purpose = KeyPurpose::Signing(organization.clone());
        let mut stored = store.keys(&purpose).await?;
        if rotation(&times(&stored), now).is_due {
            // Another replica may be faster.
            store.add_key(&purpose, &new_key(now)?, now - ROTATION).await?;
            stored = store.keys(&purpose).await?;
        }
        let published = rotation(&times(&stored), now).published;
        if published < stored.len() {
            store.remove_keys_before(&purpose, stored[published - 1].made_at).await?;
            stored.truncate(published);
        }
        self.told.store(false, Ordering::Relaxed);
        let known = self.known(organization);
        if let Some(known) = &known
            && known.is(&stored)
        {
            return Ok(known.clone());
        }
        let keys = Arc::new(KeySet::read(&stored, known.as_deref())?);
        self.of.rcu(|of| {
            let mut of = HashMap::clone(of);
            of.insert(organization.clone(), keys.clone());
            of
        });
        Ok(keys)
    }
}

impl KeySet {
    /// Reads keys, but for those that are known.
    fn read(stored: &[StoredKey], known: Option<&Self>) -> Result<Self, StoreError> {
        let read = |stored: &StoredKey| {
            let same = known.and_then(|known| known.keys.iter().find(|key| key.id == stored.id));
            same.cloned().map_or_else(|| SigningKey::read(stored).map(Arc::new), Ok)
        };
        let keys: Vec<_> = stored.iter().map(read).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(StoreError::Damaged { what: "signing keys" });
        }
        Ok(Self { keys, made_at: times(stored) })
    }

    fn is(&self, stored: &[StoredKey]) -> bool {
        self.keys.iter().map(|key| key.id).eq(stored.iter().map(|key| key.id))
    }

    /// The key that signs now.
    pub(super) fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        self.keys.get(rotation(&self.made_at, now).signer?).map(|key| &**key)
    }

    /// What verifiers get (RFC 7517, section 5).
    pub(super) fn published(&self, now: Timestamp) -> Value {
        let keys: Vec<_> =
            self.keys.iter().take(rotation(&self.made_at, now).published).map(|key| &key.public).collect();
        json!({ "keys": keys })
    }
}

fn times(keys: &[StoredKey]) -> Vec<Timestamp> {
    keys.iter().map(|key| key.made_at).collect()
}

fn new_key(now: Timestamp) -> Result<StoredKey, StoreError> {
    let no_randomness = |_| StoreError::Damaged { what: "the system's source of randomness" };
    let mut id = [0; 4];
    rand::fill(&mut id).map_err(no_randomness)?;
    let secret = key::generate().map_err(no_randomness)?;
    Ok(StoredKey { id: u32::from_be_bytes(id), secret, made_at: now })
}

#[cfg(test)]
mod tests;
