//! How a login that was written ends: in a session, or on the page that asks for a verified address first.

use axum::{
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    domain::{
        organization::Organization,
        provider::Provider,
        user::{Session, SessionId, User},
    },
    server::{
        attempt::Attempt,
        confirmation::Mailing,
        cookies,
        current::{View, session_purpose},
        endpoints::verify_email::{Known, is_link, mail_sent},
        failure::Failure,
        pending::Pending,
        respond,
        state::Server,
    },
};

/// The browser's cookie names the new session from now on.
pub(super) async fn signed_in(
    server: &Server,
    view: &View,
    provider: &Provider,
    attempt: &Attempt,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let organization = &*view.organization;
    metrics::counter!("latchkey_logins_total", "provider" => provider.path.clone()).increment(1);
    tracing::info!(organization = &*organization.id, provider = provider.path, user = %session.user, "signed in");
    // Nobody could end the old one any more.
    let before = attempt.replaces.iter().map(|id| SessionId(*id));
    for replaced in server.session_ids(view, headers).into_iter().chain(before) {
        server.sessions.end(&replaced).await;
    }
    let sealed = server.sealer.seal(&session_purpose(organization), &session.id.0).ok_or(Failure::Internal)?;
    let mut set = without_attempt(server, organization, attempt, headers);
    set.append(header::SET_COOKIE, cookies::set(organization, cookies::session_name(organization), sealed));
    for last in cookies::remember(organization, &session.provider_key) {
        set.append(header::SET_COOKIE, last);
    }
    set.extend(Pending::gone(headers, organization).map(|gone| (header::SET_COOKIE, gone)));
    let account = organization.url("account");
    Ok(respond::redirect(attempt.return_to.as_deref().unwrap_or(&account), set))
}

/// No session began: the address has to be verified first. The browser is told whom it belongs to then.
///
/// # Errors
/// When no mail can be sent.
pub(super) async fn not_before_verified(
    server: &Server,
    organization: &Organization,
    provider: &Provider,
    attempt: &Attempt,
    user: &User,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (now, return_to) = (Timestamp::now(), attempt.return_to.as_deref());
    let by_link = return_to.filter(|target| is_link(target, organization));
    let further = return_to.filter(|_| by_link.is_none());
    let pending = Pending::new(user, &provider.display_name, further, now).ok_or(Failure::NoAddressToVerify)?;
    let mut set = without_attempt(server, organization, attempt, headers);
    let cookie = pending.cookie(organization, &server.sealer).ok_or(Failure::Internal)?;
    tracing::info!(organization = &*organization.id, provider = provider.path, user = %user.id, "a login waits for the address to be verified");
    if let Some(link) = by_link {
        set.append(header::SET_COOKIE, cookie);
        return Ok(respond::redirect(link, set));
    }
    let mailing = server.ask_to_confirm(organization, user, &provider.display_name, now).await?;
    if !matches!(mailing, Mailing::NotNeeded) {
        set.append(header::SET_COOKIE, cookie);
    }
    mail_sent(server, organization, user, mailing, &Known::Pending(&pending), set).await
}

/// Takes the cookie of an attempt away that has come to its end, and those that have had their time.
fn without_attempt(server: &Server, organization: &Organization, attempt: &Attempt, headers: &HeaderMap) -> HeaderMap {
    let mut set = HeaderMap::new();
    let used = cookies::attempt_name(organization, &attempt.state_parameter());
    set.append(header::SET_COOKIE, cookies::remove(organization, used));
    for gone in Attempt::sweep(headers, organization, &server.sealer, 0, Timestamp::now()) {
        set.append(header::SET_COOKIE, gone);
    }
    set
}
