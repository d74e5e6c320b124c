//! The store in one SQLite file. The SQL is what PostgreSQL understands too.
//! Files by what they keep: logins, sessions, logouts, claims, grants, keys; `reapply` sets anew what mappers give.

mod claims;
mod grants;
mod keys;
mod logins;
mod logouts;
mod open;
mod reapply;
mod rows;
mod sessions;
#[cfg(test)]
mod tests;

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::broadcast;

use super::{
    KeyPurpose, LogoutMark, Reapplied, RecordLoginError, Replaced, Store, StoreChange, StoreError, StoredClaims,
    StoredKey, seal::Seal,
};
use crate::domain::{
    organization::OrganizationKey,
    provider_session::ProviderLogout,
    trust::Known,
    user::{Link, LoginRecord, LostAccess, SessionId, SignedIn, UserId},
};

/// How long anything may take, waiting for a connection and for other processes' locks included.
const ANSWER_WITHIN: Duration = Duration::from_secs(6);
/// Who falls so many changes behind hears that it lagged.
const CHANGES_KEPT: usize = 1024;

pub struct Sqlite {
    /// One connection: SQLite has one writer at a time, and waiting in order here is fairer than its busy timeout.
    writer: SqlitePool,
    readers: SqlitePool,
    seal: Arc<Seal>,
    changes: broadcast::Sender<StoreChange>,
}

/// What a transaction says, and what is announced once it is committed.
type Written<T, C, E> = Result<(T, C), E>;

impl Sqlite {
    /// Runs one transaction. A task of its own, because a request that is dropped in the middle must not commit
    /// without the announcement.
    async fn write<T, C, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        C: IntoIterator<Item = StoreChange, IntoIter: Send> + Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Written<T, C, E>> + Send + 'static,
    {
        let (writer, changes) = (self.writer.clone(), self.changes.clone());
        let transaction = tokio::spawn(async move {
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::from)?;
            let (value, announced) = work(&mut transaction).await?;
            let committed = transaction.commit().await;
            for change in announced {
                // An error means that nobody listens.
                let _ = changes.send(change);
            }
            committed.map_err(StoreError::from)?;
            Ok(value)
        });
        match tokio::time::timeout(ANSWER_WITHIN, transaction).await {
            Ok(Ok(result)) => result,
            Ok(Err(ended)) => match ended.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(StoreError::from(sqlx::Error::PoolClosed).into()),
            },
            Err(_) => Err(StoreError::TimedOut(ANSWER_WITHIN).into()),
        }
    }

    async fn read<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(ANSWER_WITHIN, work).await.unwrap_or(Err(StoreError::TimedOut(ANSWER_WITHIN)))
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn generation(&self, uid: &str, spec_hash: &[u8; 32]) -> Result<i64, StoreError> {
        if let Some(known) = self.read(keys::known_generation(&self.readers, uid, spec_hash)).await? {
            return Ok(known);
        }
        let (uid, spec_hash) = (uid.to_owned(), *spec_hash);
        self.write(move |db| Box::pin(async move { Ok((keys::next_generation(db, &uid, &spec_hash).await?, None)) }))
            .await
    }

    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        self.read(keys::of_purpose(&self.readers, &self.seal, purpose)).await
    }

    async fn add_key(&self, purpose: KeyPurpose, key: StoredKey) -> Result<(), StoreError> {
        let sealed = keys::seal(&self.seal, purpose, &key)?;
        self.write(move |db| Box::pin(async move { Ok((keys::add(db, purpose, &key, &sealed).await?, None)) })).await
    }

    async fn remove_keys_before(&self, purpose: KeyPurpose, before: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((keys::remove_before(db, purpose, before).await?, None)) })).await
    }

    async fn use_attempt(&self, id: &[u8; 16], expires: Timestamp) -> Result<bool, StoreError> {
        let id = *id;
        self.write(move |db| Box::pin(async move { Ok((sessions::use_attempt(db, &id, expires).await?, None)) })).await
    }

    async fn known(&self, link: &Link, address: Option<&str>) -> Result<Known, StoreError> {
        self.read(logins::known(&self.readers, link, address)).await
    }

    async fn record_login(&self, login: &LoginRecord) -> Result<i64, RecordLoginError> {
        let claims = claims::seal(&self.seal, login.user.id, &login.session.provider_uid, &login.claims)?;
        let id_token = sessions::seal_id_token(&self.seal, &login.session.id, login.id_token.hint.as_ref())?;
        let login = login.clone();
        self.write(move |db| {
            Box::pin(async move { logins::record(db, &login, claims.as_ref(), id_token.as_deref()).await })
        })
        .await
    }

    async fn record_lost_access(&self, lost: &LostAccess) -> Result<(), StoreError> {
        let claims = claims::seal(&self.seal, lost.user, &lost.provider_uid, &lost.claims)?;
        let lost = lost.clone();
        self.write(move |db| Box::pin(async move { logins::record_lost(db, lost, claims.as_ref()).await })).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SignedIn>, StoreError> {
        self.read(sessions::find(&self.readers, id)).await
    }

    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError> {
        let id = id.clone();
        self.write(move |db| {
            Box::pin(async move { Ok((sessions::end(db, &id).await?, Some(StoreChange::SessionEnded(id)))) })
        })
        .await
    }

    async fn end_sessions_of_provider(&self, provider_uid: &str) -> Result<u64, StoreError> {
        let provider = provider_uid.to_owned();
        self.write(move |db| {
            Box::pin(async move {
                let ended = sessions::end_of_provider(db, &provider).await?;
                Ok((ended, Some(StoreChange::SessionsOfProviderEnded(provider))))
            })
        })
        .await
    }

    async fn providers_with_sessions(&self) -> Result<Vec<String>, StoreError> {
        self.read(sessions::providers(&self.readers)).await
    }

    async fn id_token(&self, session: &SessionId) -> Result<Option<SecretString>, StoreError> {
        self.read(sessions::id_token(&self.readers, &self.seal, session)).await
    }

    async fn end_sessions_at_provider(
        &self,
        logout: &ProviderLogout,
        mark: Option<&LogoutMark>,
    ) -> Result<Option<u64>, StoreError> {
        let (logout, mark) = (logout.clone(), mark.cloned());
        self.write(move |db| {
            Box::pin(async move {
                if let Some(mark) = &mark
                    && !logouts::note(db, &logout, mark).await?
                {
                    return Ok((None, None));
                }
                let ended = logouts::end_sessions(db, &logout).await?;
                let change = (ended > 0).then_some(StoreChange::SessionsEndedAtProvider(logout));
                Ok((Some(ended), change))
            })
        })
        .await
    }

    async fn remove_expired_logouts(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((logouts::remove_expired(db, now).await?, None)) })).await
    }

    async fn touch_sessions(&self, used: &[(SessionId, Timestamp)]) -> Result<(), StoreError> {
        let used = used.to_vec();
        self.write(move |db| Box::pin(async move { Ok((sessions::touch(db, &used).await?, None)) })).await
    }

    async fn claims_of_provider(
        &self,
        provider_uid: &str,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<StoredClaims>, StoreError> {
        self.read(claims::of_provider(&self.readers, &self.seal, provider_uid, after, limit)).await
    }

    async fn reapply_all(&self, provider_uid: &str, people: Vec<Reapplied>) -> Result<Vec<Replaced>, StoreError> {
        let provider = Arc::from(provider_uid);
        self.write(move |db| Box::pin(async move { reapply::all(db, &provider, &people).await })).await
    }

    async fn applied_mappers(&self, provider_uid: &str) -> Result<Option<String>, StoreError> {
        self.read(grants::applied_mappers(&self.readers, provider_uid)).await
    }

    async fn set_applied_mappers(&self, provider_uid: &str, fingerprint: &str) -> Result<(), StoreError> {
        let (provider, fingerprint) = (provider_uid.to_owned(), fingerprint.to_owned());
        self.write(move |db| {
            Box::pin(async move { Ok((grants::set_applied_mappers(db, &provider, &fingerprint).await?, None)) })
        })
        .await
    }

    async fn providers_with_grants(&self) -> Result<Vec<String>, StoreError> {
        self.read(grants::providers(&self.readers)).await
    }

    async fn remove_expired_sessions(
        &self,
        organization: &OrganizationKey,
        idle_before: Timestamp,
        begun_before: Timestamp,
    ) -> Result<u64, StoreError> {
        let organization = organization.clone();
        self.write(move |db| {
            Box::pin(async move {
                Ok((sessions::remove_expired(db, &organization, idle_before, begun_before).await?, None))
            })
        })
        .await
    }

    async fn remove_expired_attempts(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((sessions::remove_expired_attempts(db, now).await?, None)) }))
            .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(open::ping(&self.readers)).await
    }

    fn changes(&self) -> broadcast::Receiver<StoreChange> {
        self.changes.subscribe()
    }
}
