//! The store in one SQLite file. The SQL is what PostgreSQL understands too.
//! Files by what they keep: users, links, sessions, logouts, claims, grants, keys, verifications, uses, announcements; and by
//! what is done: `logins`, `people` by hand, and `reapply`, which sets anew what mappers give.

mod announcements;
mod claims;
mod grants;
mod keys;
mod links;
mod logins;
mod logouts;
mod open;
mod people;
mod reapply;
mod rows;
mod sessions;
#[cfg(test)]
mod tests;
mod transaction;
mod users;
mod uses;
mod verifications;

use transaction::ANSWER_WITHIN;
pub use transaction::Sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::broadcast;

use super::{
    Account, Begun, ByHand, CreateUserError, KeyPurpose, ListedUser, LogoutMark, NewUser, Reapplied, RecordLoginError,
    Recorded, Replaced, Store, StoreChange, StoreError, StoredClaims, StoredKey, VerificationRequest,
};
use crate::domain::{
    grant::Granted,
    matching::Known,
    organization::OrganizationKey,
    provider_session::ProviderLogout,
    update::Held,
    user::{Link, LoginRecord, LostAccess, OneUse, SessionHandle, SessionId, SignedIn, User, UserId},
};

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

    async fn keys(&self, purpose: &KeyPurpose) -> Result<Vec<StoredKey>, StoreError> {
        self.read(keys::of_purpose(&self.readers, &self.seal, purpose)).await
    }

    async fn add_key(
        &self,
        purpose: &KeyPurpose,
        key: &StoredKey,
        unless_after: Timestamp,
    ) -> Result<bool, StoreError> {
        let sealed = keys::seal(&self.seal, purpose, key)?;
        let (purpose, key) = (purpose.clone(), key.clone());
        self.write(move |db| {
            Box::pin(async move { Ok((keys::add(db, &purpose, &key, &sealed, unless_after).await?, None)) })
        })
        .await
    }

    async fn remove_keys_before(&self, purpose: &KeyPurpose, before: Timestamp) -> Result<(), StoreError> {
        let purpose = purpose.clone();
        self.write(move |db| Box::pin(async move { Ok((keys::remove_before(db, &purpose, before).await?, None)) }))
            .await
    }

    async fn signing_organizations(&self) -> Result<Vec<OrganizationKey>, StoreError> {
        self.read(keys::signing_organizations(&self.readers)).await
    }

    async fn use_attempt(&self, id: &[u8; 16], expires: Timestamp) -> Result<bool, StoreError> {
        let once = OneUse { id: *id, until: expires };
        self.write(move |db| Box::pin(async move { Ok((uses::mark(db, &once).await?, None)) })).await
    }

    async fn known(&self, link: &Link, address: Option<&str>, user_name: &str) -> Result<Known, StoreError> {
        self.read(users::known(&self.readers, link, address, user_name)).await
    }

    async fn record_login(&self, login: &LoginRecord) -> Result<Recorded, RecordLoginError> {
        let claims = claims::seal(&self.seal, login.user.id, &login.session.provider_uid, &login.claims)?;
        let id_token = sessions::seal_id_token(&self.seal, &login.session.id, login.id_token.hint.as_ref())?;
        let login = login.clone();
        self.write(move |db| {
            Box::pin(async move { logins::record(db, &login, claims.as_ref(), id_token.as_deref()).await })
        })
        .await
    }

    async fn record_lost_access(&self, lost: &LostAccess) -> Result<(), RecordLoginError> {
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

    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        self.read(people::account(&self.readers, user)).await
    }

    async fn find_users(&self, organization: &OrganizationKey, text: &str) -> Result<Vec<User>, StoreError> {
        self.read(people::find(&self.readers, organization, text)).await
    }

    async fn users(
        &self,
        organization: &OrganizationKey,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ListedUser>, StoreError> {
        self.read(people::list(&self.readers, organization, after, limit)).await
    }

    async fn create_user(&self, new: &NewUser) -> Result<(), CreateUserError> {
        let new = new.clone();
        self.write(move |db| Box::pin(async move { people::create(db, &new).await })).await
    }

    async fn grant_by_hand(&self, user: UserId, granted: &[Granted], revoked: &[Held]) -> Result<ByHand, StoreError> {
        let (granted, revoked) = (granted.to_vec(), revoked.to_vec());
        self.write(move |db| Box::pin(async move { people::grant(db, user, &granted, &revoked).await })).await
    }

    async fn end_session_of_user(&self, user: UserId, session: &SessionHandle) -> Result<bool, StoreError> {
        let session = session.clone();
        self.write(move |db| {
            Box::pin(async move {
                let ended = sessions::end_one(db, user, &session).await?;
                Ok((ended, ended.then_some(StoreChange::SessionsOfUserEnded(user))))
            })
        })
        .await
    }

    async fn end_sessions_of_user(&self, user: UserId, but: Option<&SessionHandle>) -> Result<u64, StoreError> {
        let but = but.cloned();
        self.write(move |db| {
            Box::pin(async move {
                let ended = sessions::end_of_user(db, user, but.as_ref()).await?;
                Ok((ended, (ended > 0).then_some(StoreChange::SessionsOfUserEnded(user))))
            })
        })
        .await
    }

    async fn begin_verification(&self, request: &VerificationRequest) -> Result<Begun, StoreError> {
        let request = request.clone();
        self.write(move |db| Box::pin(async move { Ok((verifications::begin(db, &request).await?, None)) })).await
    }

    async fn forget_verification(&self, token: &[u8; 32]) -> Result<(), StoreError> {
        let token = *token;
        self.write(move |db| Box::pin(async move { Ok((verifications::forget(db, &token).await?, None)) })).await
    }

    async fn verification(&self, token: &[u8; 32], now: Timestamp) -> Result<Option<(User, Timestamp)>, StoreError> {
        self.read(verifications::find(&self.readers, token, now)).await
    }

    async fn verify_address(&self, token: &[u8; 32], user: UserId, now: Timestamp) -> Result<bool, StoreError> {
        let token = *token;
        self.write(move |db| Box::pin(async move { verifications::verify(db, &token, user, now).await })).await
    }

    async fn remove_expired_verifications(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((verifications::remove_expired(db, now).await?, None)) })).await
    }

    async fn hear_others(&self) {
        announcements::hear(&self.readers, self.heard, &self.changes).await;
    }

    async fn remove_expired_announcements(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((announcements::remove_expired(db, now).await?, None)) })).await
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

    async fn remove_expired_uses(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(async move { Ok((uses::remove_expired(db, now).await?, None)) })).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(open::ping(&self.readers)).await
    }

    fn changes(&self) -> broadcast::Receiver<StoreChange> {
        self.changes.subscribe()
    }
}
