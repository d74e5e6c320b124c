//! Has the domain decide on a login, and writes what it says.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        documents::Merged,
        idp_user::IdpUser,
        login::{self, Decided, Fresh, Verified},
        people::People,
        person::identify,
        provider::Provider,
        refusal::Refusal,
        relation::Relation,
        table::LoginTable,
        trace::{Problem, Step, Trace},
        user::{LoginRecord, SessionId, UserId},
    },
    server::{current::View, failure::Failure, seal::random, state::Server, verify::Shown},
    store::{RecordLoginError, Recorded, Replaced},
    telemetry::count,
};

/// A login that was written.
pub(super) struct Written {
    pub(super) record: LoginRecord,
    pub(super) recorded: Recorded,
    /// The table that it was decided by.
    pub(super) by: Arc<LoginTable>,
}

/// Decides and writes. Two first logins of one person at the same moment meet in the store; the later one decides again.
pub(super) async fn record(
    server: &Server,
    view: &View,
    provider: &Provider,
    people: &People,
    relation: &Relation,
    shown: &Shown,
) -> Result<Written, Failure> {
    let organization = &view.organization.key;
    let Merged { claims, address } = &shown.claims;
    let mut trace = traced();
    let variable = provider.variable(&relation.issuer);
    let person = &tell(identify(people, claims, address.clone(), variable, &mut trace), &trace, provider)?;
    for _ in 0..3 {
        // Who may sign in through which provider may have changed while this one was asked.
        let table = server.table.load();
        let provider = table.provider_by_uid(&provider.uid).ok_or(Failure::ProviderSuspended)?;
        let link = login::link(organization, &relation.issuer, person);
        let name = login::user_name(provider, person);
        let known = server.store.known(&link, person.email.as_deref(), &name).await?;
        let fresh = Fresh {
            user_id: UserId(Uuid::now_v7()),
            session_id: SessionId(random().ok_or(Failure::Internal)?),
            now: Timestamp::now(),
        };
        let mut trace = traced();
        let verified = verified(&table, provider, &relation.issuer, shown, person);
        let record = match tell(login::decide(verified, known, fresh, &mut trace), &trace, provider)? {
            Decided::LetIn(record) => *record,
            // Nobody loses anything by mappers that have changed meanwhile.
            Decided::NotMapped(_) if !Arc::ptr_eq(&table, &server.table.load()) => continue,
            Decided::NotMapped(lost) => {
                if let Some(lost) = lost {
                    server.store.record_lost_access(&lost).await?;
                }
                return Err(Refusal::NotMapped.into());
            }
        };
        match server.store.record_login(&record).await {
            Ok(recorded) => return Ok(Written { record, recorded, by: table }),
            Err(RecordLoginError::Raced) => {}
            Err(RecordLoginError::SignedOut) => return Err(Failure::SignedOutMeanwhile),
            Err(RecordLoginError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Failure::Raced)
}

fn verified<'a>(
    table: &'a LoginTable,
    provider: &'a Provider,
    issuer: &'a str,
    shown: &Shown,
    person: &IdpUser,
) -> Verified<'a> {
    Verified {
        table,
        provider,
        issuer,
        claims: shown.claims.clone(),
        person: person.clone(),
        at_provider: shown.at_provider.clone(),
        id_token: shown.id_token.clone(),
    }
}

/// Every step where the log has them, else what goes wrong alone.
fn traced() -> Trace {
    if tracing::enabled!(tracing::Level::DEBUG) { Trace::of_all() } else { Trace::of_problems() }
}

/// Tells the steps that led to something, without values, and counts what went wrong.
fn tell<T>(outcome: T, trace: &Trace, provider: &Provider) -> T {
    for Step { stage, subject, said, .. } in trace.steps() {
        tracing::debug!(provider = provider.path, ?stage, subject, "{said}");
    }
    for Step { subject, said, problem, .. } in trace.problems() {
        let code = problem.map(Problem::code);
        tracing::info!(provider = provider.path, code, subject, "a claim or a rule could not be used: {said}");
    }
    count(trace, &provider.path);
    outcome
}

/// Ends the session if the provider is gone or suspended by now, and grants again by the mappers as they are now,
/// should they have changed since the login was decided.
pub(super) async fn catch_up(
    server: &Server,
    provider: &Provider,
    record: &LoginRecord,
    revision: i64,
    decided_by: Arc<LoginTable>,
) -> Result<(), Failure> {
    let mut written = (record.mapped.clone(), record.terms.clone());
    // Until the table that was written by is still the newest after the write: what is written by an older one
    // could undo what the controllers wrote meanwhile.
    loop {
        let table = server.table.load();
        let Some(now) = table.provider_by_uid(&provider.uid).filter(|provider| provider.keeps_sessions()) else {
            server.sessions.end(&record.session.id).await;
            return Err(Failure::ProviderSuspended);
        };
        if Arc::ptr_eq(&table, &decided_by) {
            return Ok(());
        }
        let mapped = login::mapped(&table, now, &record.claims, &mut Trace::of_problems());
        let due = mapped.map(|mapped| (mapped, table.terms(&provider.uid)));
        let Some(due) = due.filter(|due| *due != written) else { return Ok(()) };
        let (mapped, terms) = &due;
        let replaced = server.store.reapply(record.user.id, &provider.uid, revision, mapped, terms).await?;
        if !mapped.admitted {
            return Err(Failure::NotAdmitted(Refusal::NotMapped));
        }
        if replaced == Replaced::Outdated {
            return Ok(());
        }
        written = due;
    }
}
