//! Has the domain decide on a login, and writes what it says.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{failure::Failure, seal::random, state::Server, verify::Shown};
use crate::{
    domain::{
        documents::Merged,
        idp_user::IdpUser,
        login::{self, Decided, Fresh, Verified},
        organization::OrganizationKey,
        people::People,
        person::identify,
        provider::Provider,
        refusal::Refusal,
        table::LoginTable,
        trace::{Problem, Step, Trace},
        user::{LoginRecord, SessionId, UserId},
    },
    store::{RecordLoginError, Recorded, Replaced},
    telemetry::count,
};

/// A login that was written.
pub struct Written {
    pub record: LoginRecord,
    pub recorded: Recorded,
}

/// A login whose claims are verified.
#[derive(Clone, Copy)]
pub struct Vouched<'a> {
    pub organization: &'a OrganizationKey,
    pub provider: &'a Provider,
    pub people: &'a People,
    /// Whose word the claims are.
    pub issuer: &'a str,
    pub shown: &'a Shown,
}

/// Decides and writes a login, and brings it in step with what changed while the store was writing: that was decided
/// without this person.
///
/// # Errors
/// When the person is not let in, or what would let them in is over by now.
pub async fn record(server: &Server, login: Vouched<'_>) -> Result<Written, Failure> {
    let (mut written, by) = decide_and_write(server, login).await?;
    if catch_up(server, login.provider, &written, by).await? == Replaced::Changed {
        let user = written.record.user.id;
        let account = server.store.account(user).await?.ok_or(Failure::Raced)?;
        written.recorded.user = account.user;
        written.recorded.grants = account.grants.into_iter().map(|held| held.grant.granted).collect();
    }
    Ok(written)
}

/// Decides and writes. Two first logins of one person at the same moment meet in the store; the later one decides again.
async fn decide_and_write(
    server: &Server,
    Vouched { organization, provider, people, issuer, shown }: Vouched<'_>,
) -> Result<(Written, Arc<LoginTable>), Failure> {
    let Merged { claims, address } = &shown.claims;
    let mut trace = traced();
    let variable = provider.variable(issuer);
    let person = &tell(identify(people, claims, address.clone(), variable, &mut trace), &trace, provider)?;
    for _ in 0..3 {
        // Who may sign in through which provider may have changed while this one was asked.
        let table = server.table.load();
        let provider = table.provider_by_uid(&provider.uid).ok_or(Failure::ProviderSuspended)?;
        let link = login::link(organization, issuer, person);
        let name = login::user_name(provider, person);
        let known = server.store.known(&link, person.email.as_deref(), &name).await?;
        let fresh = Fresh {
            user_id: UserId(Uuid::now_v7()),
            session_id: SessionId(random().ok_or(Failure::Internal)?),
            now: Timestamp::now(),
        };
        let mut trace = traced();
        let verified = verified(&table, provider, issuer, shown, person);
        let record = match tell(login::decide(verified, known, fresh, &mut trace), &trace, provider)? {
            Decided::LetIn(record) => *record,
            // Nobody loses anything by mappers that have changed meanwhile.
            Decided::NotMapped(_) if !Arc::ptr_eq(&table, &server.table.load()) => continue,
            Decided::NotMapped(lost) => {
                if let Some(lost) = lost {
                    server.store.record_lost_access(&lost).await.map_err(refused)?;
                }
                return Err(Refusal::NotMapped.into());
            }
        };
        match server.store.record_login(&record).await {
            Ok(recorded) => return Ok((Written { record, recorded }, table)),
            Err(RecordLoginError::Raced) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Err(Failure::Raced)
}

fn refused(error: RecordLoginError) -> Failure {
    match error {
        RecordLoginError::SignedOut => Failure::SignedOutMeanwhile,
        RecordLoginError::UsedBefore => Failure::TokenUsed,
        RecordLoginError::Outdated => Failure::TokenOutdated,
        RecordLoginError::Raced => Failure::Raced,
        RecordLoginError::Store(error) => error.into(),
    }
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
        brought: shown.brought.clone(),
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
/// should they have changed since the login was decided. Says whether something else is written now.
async fn catch_up(
    server: &Server,
    provider: &Provider,
    Written { record, recorded }: &Written,
    decided_by: Arc<LoginTable>,
) -> Result<Replaced, Failure> {
    let mut outcome = Replaced::Same;
    let mut written = (record.mapped.clone(), record.terms.clone());
    // Until the table that was written by is still the newest after the write: what is written by an older one
    // could undo what the controllers wrote meanwhile.
    loop {
        let table = server.table.load();
        let Some(now) = table.provider_by_uid(&provider.uid).filter(|provider| provider.keeps_sessions()) else {
            if record.brought.is_none() {
                server.sessions.end(&record.session.id).await;
            }
            return Err(Failure::ProviderSuspended);
        };
        if Arc::ptr_eq(&table, &decided_by) {
            return Ok(outcome);
        }
        let mapped = login::mapped(&table, now, &record.claims, &mut Trace::of_problems());
        let due = mapped.map(|mapped| (mapped, table.terms(&provider.uid)));
        let Some(due) = due.filter(|due| *due != written) else { return Ok(outcome) };
        let (mapped, terms) = &due;
        let replaced = server.store.reapply(record.user.id, &provider.uid, recorded.revision, mapped, terms).await?;
        if !mapped.admitted {
            return Err(Failure::NotAdmitted(Refusal::NotMapped));
        }
        match replaced {
            Replaced::Outdated => return Ok(outcome),
            Replaced::Changed => outcome = Replaced::Changed,
            Replaced::Same => {}
        }
        written = due;
    }
}
