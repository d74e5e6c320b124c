//! Brings the store in step with the login table: grants that mappers no longer make, sessions that are over.
//! Catches up, once everything has been looked at, with what happened while Latchkey was down.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::yield_now,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::FollowUp;
use crate::{
    domain::{
        documents::Merged,
        keep::Keep,
        login,
        modes::Terms,
        table::{LoginTable, Published},
        trace::Trace,
        user::Mapped,
    },
    store::{Reapplied, Replaced, Store, StoreError, StoredClaims},
    telemetry::count,
};

/// So many people are read at once, and written at once while logins wait.
const BATCH: u32 = 25;
/// A store that fails is tried again after this.
const RETRY: Duration = Duration::from_secs(1);
/// After a stop was asked for, the store is waited for so long.
const LAST_WORD: Duration = Duration::from_secs(5);
/// Noted as applied while people are evaluated again; no fingerprint is that.
const UNDER_WAY: &str = "";

/// What the store is told about changes of the table.
pub struct FollowUps {
    store: Arc<dyn Store>,
    table: Arc<Published>,
    /// Whether everything has been looked at: before, an absent mapper may only not have been read yet.
    settled: bool,
    /// Work that is left, by provider UID.
    grants: BTreeSet<Arc<str>>,
    sessions: BTreeSet<Arc<str>>,
    catch_up: bool,
}

impl FollowUps {
    pub fn new(store: Arc<dyn Store>, table: Arc<Published>) -> Self {
        Self { store, table, settled: false, grants: BTreeSet::new(), sessions: BTreeSet::new(), catch_up: false }
    }

    /// Follows up until shutdown. What the store refuses is tried again until it takes it.
    pub async fn run(mut self, mut follow_ups: mpsc::UnboundedReceiver<FollowUp>, shutdown: CancellationToken) {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.follow(&mut follow_ups) => {}
        }
        // Grants are caught up with after the next start. Sessions that are over must not wait for it: their provider
        // may be back by then.
        while let Ok(follow_up) = follow_ups.try_recv() {
            self.note(follow_up);
        }
        match timeout(LAST_WORD, self.end_sessions()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log(&error),
            Err(_) => tracing::warn!("sessions that are over could not be ended in the store in time"),
        }
    }

    /// Until nobody tells anything any more.
    async fn follow(&mut self, follow_ups: &mut mpsc::UnboundedReceiver<FollowUp>) {
        loop {
            tokio::select! {
                next = follow_ups.recv() => match next {
                    Some(follow_up) => self.note(follow_up),
                    None => return,
                },
                () = sleep(RETRY), if self.has_work() => {}
            }
            while let Ok(follow_up) = follow_ups.try_recv() {
                self.note(follow_up);
            }
            if let Err(error) = self.work().await {
                log(&error);
            }
        }
    }

    fn note(&mut self, follow_up: FollowUp) {
        match follow_up {
            // Catching up will find it.
            FollowUp::Grants(_) if !self.settled => {}
            FollowUp::Grants(provider) => _ = self.grants.insert(provider),
            FollowUp::Sessions(provider) => _ = self.sessions.insert(provider),
            FollowUp::Settled => (self.settled, self.catch_up) = (true, true),
        }
    }

    fn has_work(&self) -> bool {
        self.catch_up || !self.sessions.is_empty() || !self.grants.is_empty()
    }

    async fn work(&mut self) -> Result<(), StoreError> {
        self.end_sessions().await?;
        self.evaluate_all_again().await
    }

    async fn end_sessions(&mut self) -> Result<(), StoreError> {
        if self.catch_up {
            self.note_what_was_missed().await?;
            self.catch_up = false;
        }
        while let Some(provider) = self.sessions.first().cloned() {
            let ended = self.store.end_sessions_of_provider(&provider).await?;
            tracing::info!(provider = &*provider, ended, "ended the sessions of a provider that is gone or suspended");
            self.sessions.remove(&provider);
        }
        Ok(())
    }

    async fn evaluate_all_again(&mut self) -> Result<(), StoreError> {
        let mut damage = None;
        for provider in self.grants.clone() {
            match self.evaluate_again(&provider).await {
                Ok(()) => _ = self.grants.remove(&provider),
                // What one provider's people have cannot be read; the others must not wait for it.
                Err(error @ (StoreError::Damaged { .. } | StoreError::Unsealable { .. })) => damage = Some(error),
                Err(error) => return Err(error),
            }
        }
        damage.map_or(Ok(()), Err)
    }

    /// Compares the store with the table: what differs has happened while nobody followed.
    async fn note_what_was_missed(&mut self) -> Result<(), StoreError> {
        let table = self.table.load();
        for uid in self.store.providers_with_sessions().await? {
            let over = match table.provider_by_uid(&uid) {
                Some(provider) => !provider.keeps_sessions(),
                None => table.complete,
            };
            if over {
                self.sessions.insert(uid.into());
            }
        }
        for provider in self.store.providers_with_grants().await? {
            if table.complete && table.provider_by_uid(&provider).is_none() {
                self.grants.insert(provider.into());
            }
        }
        for uid in table.provider_uids() {
            if self.store.applied_mappers(uid).await? != table.mark(uid) {
                self.grants.insert(uid.clone());
            }
        }
        Ok(())
    }

    /// Evaluates the mappers of a provider again for everybody who has signed in through it.
    async fn evaluate_again(&self, provider_uid: &Arc<str>) -> Result<(), StoreError> {
        let table = self.table.load();
        let mark = table.mark(provider_uid);
        if mark.is_some() {
            if self.store.applied_mappers(provider_uid).await? == mark {
                return Ok(());
            }
            self.store.set_applied_mappers(provider_uid, UNDER_WAY).await?;
        }
        let (mut after, mut changed, mut by_one_table) = (None, 0, true);
        loop {
            let people = self.store.claims_of_provider(provider_uid, after, BATCH).await?;
            let Some(last) = people.last().map(|last| last.user) else { break };
            // After the claims: whoever has signed in by a newer table has claims that are newer than these.
            let now = self.table.load();
            by_one_table &= Arc::ptr_eq(&table, &now) || now.mark(provider_uid) == mark;
            let replaced = self.reapply(provider_uid, people, &now).await?;
            changed += replaced.iter().filter(|replaced| **replaced == Replaced::Changed).count();
            // Who has signed in meanwhile did so by some table or other: they are looked at once more.
            if !replaced.contains(&Replaced::Outdated) {
                after = Some(last);
            }
        }
        // Else the change that came meanwhile has everybody looked at again.
        if let Some(mark) = mark.filter(|_| by_one_table) {
            self.store.set_applied_mappers(provider_uid, &mark).await?;
        }
        if changed > 0 {
            let provider = table.provider_by_uid(provider_uid).map_or(&**provider_uid, |provider| &*provider.path);
            tracing::info!(provider, changed, "mappers changed what people of a provider have");
        }
        Ok(())
    }

    async fn reapply(
        &self,
        provider_uid: &Arc<str>,
        people: Vec<StoredClaims>,
        table: &LoginTable,
    ) -> Result<Vec<Replaced>, StoreError> {
        let terms = table.terms(provider_uid);
        let mut anew = Vec::with_capacity(people.len());
        for StoredClaims { user, revision, claims } in people {
            let (mapped, keep) = due(table, provider_uid, claims.as_ref());
            let terms = Terms { keep, ..terms.clone() };
            anew.push(Reapplied { user, revision, mapped, terms });
            // Requests that wait for this thread go first.
            yield_now().await;
        }
        self.store.reapply_all(provider_uid, anew).await
    }
}

fn log(error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "the store could not follow a change of the manifests; trying again");
}

/// What a person of a provider has now, and whose earlier grants stay. Without a provider, nothing.
fn due(table: &LoginTable, provider_uid: &str, claims: Option<&Merged>) -> (Mapped, Keep) {
    let nothing = Mapped { grants: Vec::new(), said: None, admitted: true };
    let Some(provider) = table.provider_by_uid(provider_uid) else { return (nothing, Keep::Mappers(Vec::new())) };
    let mut trace = Trace::of_problems();
    let mapped = claims.and_then(|claims| login::mapped(table, provider, claims, &mut trace));
    count(&trace, &provider.path);
    match mapped {
        Some(mapped) => (mapped, table.keep(provider_uid)),
        // Too large to be kept, or the organization is not accepted now: what mappers say is not known until the next
        // login, but those that are gone say nothing.
        None => {
            let known = login::mapped_without_claims(table, provider);
            let keep = table.keep_all_that_exist(provider_uid, known.is_some());
            (known.unwrap_or(nothing), keep)
        }
    }
}

#[cfg(test)]
mod tests;
