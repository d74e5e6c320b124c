//! `GET /o/{org}/verify-email`: the link in the mail, which shows a page and changes nothing, for scanners follow links, too.
//! `POST` confirms the address, or has another mail sent. An address must never become that of somebody who is not the one
//! in front of this browser.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use super::login::with_query;
use crate::{
    domain::{email::domain_of, field::TIME_ZONE, organization::Organization, user::User},
    mail::{FirstAttempt, readable},
    server::{
        confirmation::{Mailing, Token},
        cookies,
        current::View,
        failure::{Failure, Place, page},
        foreign::comes_from_elsewhere,
        limit::{Costly, client_address},
        pages::{Delivery, ENGLISH, Forms, Next, VerifyEmail, VerifyEmailPage},
        parameters::{Parameters, Said},
        pending::Pending,
        respond,
        sessions::Current,
        state::Server,
    },
};

pub async fn get(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    view: View,
    headers: HeaderMap,
    said: Said,
) -> Response {
    let answered = async {
        let parameters = looked_at(&server, peer, &headers, said)?;
        let Some(text) = parameters.text("token") else {
            return Ok(respond::redirect(&view.organization.url("account"), HeaderMap::new()));
        };
        let now = Timestamp::now();
        let Some((_, user)) = link(&server, &view, text, now).await? else { return Ok(spent(&view.organization)) };
        let present = Present::of(&server, &view, &headers, now).await?;
        Ok(asked(&view.organization, &present, &user, text))
    };
    answered.await.unwrap_or_else(|failure| refused(&failure, &view))
}

pub async fn post(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    view: View,
    headers: HeaderMap,
    said: Said,
) -> Response {
    if comes_from_elsewhere(&headers, &view.organization) {
        return refused(&Failure::ForeignForm, &view);
    }
    let answered = async {
        let parameters = looked_at(&server, peer, &headers, said)?;
        let now = Timestamp::now();
        let present = Present::of(&server, &view, &headers, now).await?;
        match parameters.text("token") {
            Some(text) => confirm(&server, &view, &present, text, now).await,
            None => send_again(&server, &view, &present, now).await,
        }
    };
    answered.await.unwrap_or_else(|failure| refused(&failure, &view))
}

fn refused(failure: &Failure, view: &View) -> Response {
    page(failure, &Place { organization: Some(&view.organization), provider: None })
}

fn looked_at(server: &Server, peer: SocketAddr, headers: &HeaderMap, said: Said) -> Result<Parameters, Failure> {
    if !server.limits.allows(Costly::VerifyEmail, client_address(peer, headers, &server.trusted_proxies)) {
        return Err(Failure::TooManyRequests);
    }
    said.parameters.map_err(Failure::MalformedRequest)
}

/// Who is in front of the browser.
struct Present {
    signed_in: Option<Current>,
    /// Has come from the provider, but may not sign in yet.
    pending: Option<Pending>,
}

impl Present {
    async fn of(server: &Server, view: &View, headers: &HeaderMap, now: Timestamp) -> Result<Self, Failure> {
        Ok(Self {
            signed_in: server.current(view, headers, now).await?,
            pending: Pending::find(headers, &view.organization, &server.sealer, now),
        })
    }

    /// How it is known that the one in front of the browser is this user; None where it is not.
    fn is(&self, user: &User) -> Option<Known<'_>> {
        match &self.signed_in {
            Some(current) => (current.person.user.id == user.id).then_some(Known::SignedIn),
            // Whoever came here before somebody signed in may have left.
            None => self.pending.as_ref().filter(|pending| pending.is_of(user)).map(Known::Pending),
        }
    }
}

/// How it is known who is in front of the browser.
pub enum Known<'a> {
    SignedIn,
    Pending(&'a Pending),
}

/// The user of this organization whose address a link verifies. None: it verifies none, any more.
async fn link(server: &Server, view: &View, text: &str, now: Timestamp) -> Result<Option<(Token, User)>, Failure> {
    let Some(token) = Token::parse(text) else { return Ok(None) };
    let found = server.store.verification(&token.hash(), now).await?;
    let user = found.map(|(user, _)| user).filter(|user| user.organization == view.organization.key);
    Ok(user.map(|user| (token, user)))
}

/// What the link shows.
fn asked(organization: &Organization, present: &Present, user: &User, token: &str) -> Response {
    let user_name = &user.user_name;
    if present.is(user).is_some() {
        let address = user.email.as_deref().unwrap_or_default();
        return show(organization, VerifyEmail::Confirm { address, user_name, token });
    }
    let here = format!("{}?token={token}", path(organization));
    let sign_in_href = &with_query(format!("/o/{}/login", organization.id), Some(&here), None);
    match (&present.signed_in, &present.pending) {
        (Some(current), _) => {
            let signed_in_as = &current.person.user.user_name;
            let sign_out_href = &format!("/o/{}/logout", organization.id);
            show(organization, VerifyEmail::AnotherUser { user_name, signed_in_as, sign_out_href })
        }
        // To sign in again as whom they are there would lead back here for ever.
        (None, Some(pending)) if pending.user != user.id => {
            let came_with = &masked(&pending.address);
            show(organization, VerifyEmail::AnotherWaits { user_name, came_with, sign_in_href })
        }
        (None, _) => show(organization, VerifyEmail::SignInFirst { user_name: Some(user_name), href: sign_in_href }),
    }
}

async fn confirm(
    server: &Server,
    view: &View,
    present: &Present,
    text: &str,
    now: Timestamp,
) -> Result<Response, Failure> {
    let organization = &view.organization;
    let Some((token, user)) = link(server, view, text, now).await? else { return Ok(spent(organization)) };
    let Some(known) = present.is(&user) else { return Ok(asked(organization, present, &user, text)) };
    if !server.store.verify_address(&token.hash(), user.id, now).await? {
        return Ok(spent(organization));
    }
    tracing::info!(organization = &*organization.id, user = %user.id, "an e-mail address was verified by mail");
    Ok(confirmed(organization, &known, HeaderMap::new()))
}

fn confirmed(organization: &Organization, known: &Known<'_>, mut extra: HeaderMap) -> Response {
    let (next, href) = match known {
        Known::SignedIn => (Next::Account, format!("/o/{}/account", organization.id)),
        Known::Pending(pending) => {
            (Next::SignIn, with_query(format!("/o/{}/login", organization.id), pending.return_to.as_deref(), None))
        }
    };
    extra.append(header::SET_COOKIE, cookies::remove(organization, cookies::pending_name(organization)));
    show_with(organization, VerifyEmail::Confirmed { next, href: &href }, StatusCode::OK, extra)
}

/// Has another mail sent to the one in front of the browser.
async fn send_again(server: &Server, view: &View, present: &Present, now: Timestamp) -> Result<Response, Failure> {
    let organization = &view.organization;
    let Some((user, provider, known)) = asking(server, view, present).await? else {
        // No redirect: a form may not lead to a provider's site.
        let href = &format!("/o/{}/login", organization.id);
        return Ok(show(organization, VerifyEmail::SignInFirst { user_name: None, href }));
    };
    if user.email_verified() {
        return Ok(confirmed(organization, &known, HeaderMap::new()));
    }
    let mailing = server.ask_to_confirm(organization, &user, &provider, now).await?;
    mail_sent(server, organization, &user, mailing, &known, HeaderMap::new()).await
}

/// Who asks for a mail, as they are now, and the display name of their provider.
async fn asking<'a>(
    server: &Server,
    view: &View,
    present: &'a Present,
) -> Result<Option<(User, String, Known<'a>)>, Failure> {
    if let Some(current) = &present.signed_in {
        let session = current.session();
        let provider = view.table.provider_by_uid(&session.provider_uid);
        let provider =
            provider.map_or_else(|| session.provider_key.to_string(), |provider| provider.display_name.clone());
        let account = server.store.account(session.user).await?;
        return Ok(account.map(|account| (account.user, provider, Known::SignedIn)));
    }
    let Some(pending) = &present.pending else { return Ok(None) };
    let account = server.store.account(pending.user).await?;
    let user = account.map(|account| account.user).filter(|user| pending.is_of(user));
    Ok(user.map(|user| (user, pending.provider.clone(), Known::Pending(pending))))
}

/// Says where the mail is, once that is known or some seconds have passed; or that none is needed any more.
///
/// # Errors
/// When it cannot be sent.
pub async fn mail_sent(
    server: &Server,
    organization: &Organization,
    user: &User,
    mailing: Mailing,
    known: &Known<'_>,
    extra: HeaderMap,
) -> Result<Response, Failure> {
    let time;
    let delivery = match mailing {
        Mailing::Begun(sending) => match sending.first_attempt().await {
            FirstAttempt::Sent => Delivery::Sent,
            FirstAttempt::OnItsWay => Delivery::OnItsWay,
            FirstAttempt::Failed(error) => return Err(Failure::MailNotSent(error)),
        },
        Mailing::NotBefore(from) => {
            time = readable(from, user.fields.text(TIME_ZONE));
            Delivery::NotBefore(&time)
        }
        Mailing::NotNeeded => {
            let now = server.store.account(user.id).await?.map(|account| account.user);
            let is_verified = now.is_some_and(|now| now.email == user.email && now.email_verified());
            return if is_verified { Ok(confirmed(organization, known, extra)) } else { Err(Failure::Raced) };
        }
    };
    let address = masked(user.email.as_deref().unwrap_or_default());
    Ok(show_with(organization, VerifyEmail::MailSent { address: &address, delivery }, StatusCode::OK, extra))
}

/// An address that its owner knows again, and nobody else learns.
fn masked(address: &str) -> String {
    let first: String = address.chars().take(1).collect();
    format!("{first}…@{}", domain_of(address))
}

fn spent(organization: &Organization) -> Response {
    show_with(organization, VerifyEmail::Spent, StatusCode::GONE, HeaderMap::new())
}

fn show(organization: &Organization, stage: VerifyEmail<'_>) -> Response {
    show_with(organization, stage, StatusCode::OK, HeaderMap::new())
}

fn show_with(organization: &Organization, stage: VerifyEmail<'_>, status: StatusCode, extra: HeaderMap) -> Response {
    let page = VerifyEmailPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        action: &path(organization),
        stage,
    };
    respond::page(status, &page, extra, Forms::LeadHere)
}

fn path(organization: &Organization) -> String {
    format!("/o/{}/verify-email", organization.id)
}

/// Whether a URL is that of a link in a mail of this organization.
pub fn is_link(url: &str, organization: &Organization) -> bool {
    url.starts_with(&organization.url("verify-email?token="))
}
