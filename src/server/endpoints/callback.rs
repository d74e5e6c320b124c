//! `GET` and `POST /o/{org}/callback/{key}`: the redirect URI (OpenID Connect Core 1.0, sections 3.1.2.5 to 3.1.3.7 and
//! 3.2.2.5; OAuth 2.0 Form Post Response Mode).
//! Gathers and acts; what is decided is in `domain::login`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        documents::Merged,
        idp_user::IdpUser,
        login::{self, Decided, Fresh, Verified},
        organization::Organization,
        people::People,
        person::identify,
        provider::Provider,
        relation::{Flow, Relation},
        table::LoginTable,
        trace::{Problem, Step, Trace},
        trust::Refusal,
        user::{LoginRecord, Session, SessionId, UserId},
    },
    oidc::registered_error,
    server::{
        attempt::{Attempt, AttemptError},
        cookies,
        current::{View, session_purpose},
        endpoints::login::serving,
        failure::{Failure, Place, page, page_with},
        parameters::{Parameters, Said, Way},
        respond,
        seal::random,
        segments::{Key, Segments},
        state::Server,
        verify::{Brought, Login, Shown},
    },
    store::{RecordLoginError, Replaced},
    telemetry::count,
};

pub async fn answer(
    State(server): State<Arc<Server>>,
    view: View,
    Segments(Key { key }): Segments<Key>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    let provider = view.table.provider(&view.organization.key, &key);
    let place = Place { organization: Some(&view.organization), provider: provider.map(|provider| &*provider.path) };
    let Some(provider) = provider else { return page(&Failure::NoSuchProvider, &place) };
    let parameters = match said.parameters {
        Ok(parameters) => parameters,
        Err(why) => return page(&Failure::MalformedParameters(why), &place),
    };
    let attempt = match take_attempt(&server, &view, provider, &headers, &parameters).await {
        Ok(attempt) => attempt,
        Err(failure) => return page(&failure, &place),
    };
    finish(&server, &view, provider, &headers, &parameters, said.way, &attempt).await.unwrap_or_else(|failure| {
        let name = cookies::attempt_name(&view.organization, &attempt.state_parameter());
        let used = HeaderMap::from_iter([(header::SET_COOKIE, cookies::remove(&view.organization, name))]);
        page_with(&failure, &place, used)
    })
}

/// The attempt that the answer belongs to. From here on it is used, however it ends.
async fn take_attempt(
    server: &Server,
    view: &View,
    provider: &Provider,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Attempt, Failure> {
    let attempt = attempt(server, view, provider, headers, parameters, Timestamp::now())?;
    if server.store.use_attempt(&attempt.state, attempt.expires_at).await? {
        Ok(attempt)
    } else {
        Err(Failure::AttemptUsed)
    }
}

async fn finish(
    server: &Server,
    view: &View,
    provider: &Arc<Provider>,
    headers: &HeaderMap,
    parameters: &Parameters,
    way: Way,
    attempt: &Attempt,
) -> Result<Response, Failure> {
    let relation = serving(provider)?;
    if attempt.issuer_mark != Attempt::mark(&relation.issuer) {
        return Err(Failure::AttemptOfAnotherProvider);
    }
    let brought = brought(parameters, way, relation)?;
    let mappers = view.table.mappers_of(&provider.uid);
    // Without it nobody could have begun.
    let people = provider.people.as_deref().ok_or(Failure::ProviderUnavailable)?;
    let shown = Login { remote: &server.remote, provider, people, relation, attempt, mappers }.look(brought).await?;
    let (record, revision, by) = record(server, view, provider, people, relation, &shown).await?;
    // What changed while the store was writing was decided without this person.
    catch_up(server, provider, &record, revision, by).await?;
    metrics::counter!("latchkey_logins_total", "provider" => provider.path.clone()).increment(1);
    tracing::info!(organization = &*view.organization.id, provider = provider.path, user = %record.user.id, "signed in");
    // The browser's cookie names the new session from now on; nobody could end the old one any more.
    let before = attempt.replaces.iter().map(|id| SessionId(*id));
    for replaced in server.session_ids(view, headers).into_iter().chain(before) {
        server.sessions.end(&replaced).await;
    }
    signed_in(server, &view.organization, attempt, &record.session, headers)
}

/// The attempt of this browser and this provider that the answer's state names.
fn attempt(
    server: &Server,
    view: &View,
    provider: &Provider,
    headers: &HeaderMap,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let state = parameters.text("state").ok_or(Failure::MalformedParameters("there is no state"))?;
    let found = Attempt::find(state, headers, &view.organization, &server.sealer, now);
    let attempt = found.map_err(|error| match error {
        AttemptError::Missing => Failure::NoAttempt,
        AttemptError::Expired => Failure::AttemptExpired,
    })?;
    if *attempt.provider_uid != *provider.uid {
        return Err(Failure::AttemptOfAnotherProvider);
    }
    Ok(attempt)
}

/// What the flow brings, once `iss` (RFC 9207, section 2.4) and `error` have been looked at.
pub(in crate::server) fn brought(parameters: &Parameters, way: Way, relation: &Relation) -> Result<Brought, Failure> {
    // An ID token names its issuer itself, so some providers leave the parameter out beside it (section 4).
    let names_issuer = matches!(relation.flow, Flow::IdToken) && parameters.text("id_token").is_some();
    match parameters.text("iss") {
        Some(issuer) if issuer != relation.issuer => return Err(Failure::WrongIssuer),
        None if relation.iss_parameter && !names_issuer => return Err(Failure::MissingIssuer),
        _ => {}
    }
    if let Some(error) = parameters.text("error") {
        let registered = registered_error(error);
        return Err(Failure::RefusedByProvider(registered.unwrap_or("one that no specification registers")));
    }
    match &relation.flow {
        Flow::Code { token_endpoint, pkce, .. } => {
            let code =
                parameters.text("code").ok_or(Failure::MalformedParameters("there is neither code nor error"))?;
            if !may_be_code(code) {
                return Err(Failure::MalformedParameters("the code has characters that no code has"));
            }
            Ok(Brought::Code { code: code.into(), token_endpoint: token_endpoint.clone(), pkce: *pkce })
        }
        // What stands in a URL stands in histories and logs, too.
        Flow::IdToken if way == Way::Query => Err(Failure::MalformedParameters("an ID token comes by form post alone")),
        Flow::IdToken => {
            let token = parameters.text("id_token");
            let token = token.ok_or(Failure::MalformedParameters("there is neither id_token nor error"))?;
            Ok(Brought::IdToken(token.into()))
        }
    }
}

/// RFC 6749, appendix A.11: only visible characters of ASCII, and spaces.
fn may_be_code(code: &str) -> bool {
    code.bytes().all(|octet| matches!(octet, 0x20..=0x7e))
}

/// Decides and writes; with the record come the revision of its claims and the table that it was decided by. Two first
/// logins of one person at the same moment meet in the store; the later one decides again.
async fn record(
    server: &Server,
    view: &View,
    provider: &Provider,
    people: &People,
    relation: &Relation,
    shown: &Shown,
) -> Result<(LoginRecord, i64, Arc<LoginTable>), Failure> {
    let organization = &view.organization.key;
    let Merged { claims, address } = &shown.claims;
    let mut trace = traced();
    let variable = provider.variable(&relation.issuer);
    let person = &tell(identify(people, claims, address.clone(), variable, &mut trace), &trace, provider)?;
    for _ in 0..3 {
        let link = login::link(organization, &relation.issuer, person);
        let name = login::user_name(provider, person);
        let known = server.store.known(&link, person.email.as_deref(), &name).await?;
        let fresh = Fresh {
            user_id: UserId(Uuid::now_v7()),
            session_id: SessionId(random().ok_or(Failure::Internal)?),
            now: Timestamp::now(),
        };
        // Who may sign in through which provider may have changed while this one was asked.
        let table = server.table.load();
        let provider = table.provider_by_uid(&provider.uid).ok_or(Failure::ProviderSuspended)?;
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
            Ok(recorded) => return Ok((record, recorded.revision, table)),
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
async fn catch_up(
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

fn signed_in(
    server: &Server,
    organization: &Organization,
    attempt: &Attempt,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let sealed = server.sealer.seal(&session_purpose(organization), &session.id.0).ok_or(Failure::Internal)?;
    let mut set = HeaderMap::new();
    set.append(header::SET_COOKIE, cookies::set(organization, cookies::session_name(organization), sealed));
    for last in cookies::remember(organization, &session.provider_key) {
        set.append(header::SET_COOKIE, last);
    }
    let used = cookies::attempt_name(organization, &attempt.state_parameter());
    set.append(header::SET_COOKIE, cookies::remove(organization, used));
    for gone in Attempt::sweep(headers, organization, &server.sealer, 0, Timestamp::now()) {
        set.append(header::SET_COOKIE, gone);
    }
    let account = organization.url("account");
    Ok(respond::redirect(attempt.return_to.as_deref().unwrap_or(&account), set))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_visible_characters_of_ascii_alone() {
        let every: String = (' '..='~').collect();
        assert!(may_be_code(&every));
        for odd in ["a\0", "a\n", "\u{7f}", "é", "\u{fffd}"] {
            assert!(!may_be_code(odd), "{odd:?}");
        }
    }
}
