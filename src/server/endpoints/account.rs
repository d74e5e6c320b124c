//! `GET /o/{org}/account`: people see who they are here, and why, and where they are signed in. `POST` ends sessions of
//! theirs, and of nobody else.

mod origins;
mod shown;

use std::{error::Error, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;

use self::shown::Shown;
use super::logout::{count, landing, landing_forms, signed_out};
use crate::{
    domain::user::SessionHandle,
    server::{
        cookies,
        current::View,
        failure::{Failure, Place, page},
        foreign::comes_from_elsewhere,
        parameters::{Parameters, Said},
        pending::Pending,
        respond,
        sessions::Current,
        state::Server,
    },
    store::StoreError,
};

/// The page; while the store does not answer, with what memory knows.
pub async fn get(State(server): State<Arc<Server>>, view: View, headers: HeaderMap) -> Response {
    let now = Timestamp::now();
    let current = match server.current(&view, &headers, now).await {
        Ok(Some(current)) => current,
        Ok(None) => return to_sign_in(&view),
        Err(error) => return fails(&Failure::Store(error), &view),
    };
    let account = match server.store.account(current.person.user.id).await {
        Ok(Some(account)) => Some(account),
        // The user has just gone.
        Ok(None) => return to_sign_in(&view),
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "an account page lacks what only the store knows");
            None
        }
    };
    let (account, can_send_mail) = (account.as_ref(), server.can_send_mail());
    let shown = Shown { view: &view, current: &current, account, can_send_mail, now };
    let provider = view.table.provider_by_uid(&current.session().provider_uid).map(|provider| &**provider);
    shown.with(|account| {
        respond::page(StatusCode::OK, account, HeaderMap::new(), landing_forms(&view.organization, provider))
    })
}

fn to_sign_in(view: &View) -> Response {
    respond::redirect(&view.organization.url("login"), HeaderMap::new())
}

fn fails(failure: &Failure, view: &View) -> Response {
    page(failure, &Place { organization: Some(&view.organization), provider: None })
}

/// Which sessions the form ends.
enum End {
    One(SessionHandle),
    Others,
    All,
}

impl End {
    /// None: nothing that the page offers.
    fn of(parameters: &Parameters) -> Option<Self> {
        match parameters.text("end")? {
            "others" => Some(Self::Others),
            "all" => Some(Self::All),
            handle => handle.parse().ok().map(Self::One),
        }
    }
}

pub async fn post(State(server): State<Arc<Server>>, view: View, headers: HeaderMap, said: Said) -> Response {
    if comes_from_elsewhere(&headers, &view.organization) {
        return fails(&Failure::ForeignForm, &view);
    }
    let current = match server.current(&view, &headers, Timestamp::now()).await {
        Ok(Some(current)) => current,
        // No redirect: a form may not lead to a provider's site.
        Ok(None) => return signed_out(&view.organization),
        Err(error) => return fails(&Failure::Store(error), &view),
    };
    let end = said.parameters.ok().as_ref().and_then(End::of);
    match end_those(&server, &current, end).await {
        Ok(true) => leave(&server, &view, &headers, &current).await,
        Ok(false) => respond::redirect(&view.organization.url("account"), HeaderMap::new()),
        Err(error) => fails(&Failure::SessionsNotEnded(error), &view),
    }
}

/// Whether the session that asks ends, too.
async fn end_those(server: &Server, current: &Current, end: Option<End>) -> Result<bool, StoreError> {
    let (user, this) = (current.session().user, &current.session().id);
    let sessions = &server.sessions;
    match end {
        Some(End::One(handle)) if handle == SessionHandle::of(this) => return Ok(true),
        Some(End::One(handle)) => {
            let ended = sessions.end_one_of(user, &handle).await?;
            tracing::info!(%user, ended, "a session is ended from the account page");
        }
        Some(End::Others) => {
            sessions.end_others_of(user, this).await?;
            tracing::info!(%user, "all other sessions are ended from the account page");
        }
        Some(End::All) => {
            sessions.end_all_of(user, this).await?;
            tracing::info!(%user, "all sessions are ended from the account page");
            return Ok(true);
        }
        None => {}
    }
    Ok(false)
}

/// As signing out does, but that the provider is not asked to end its own session.
async fn leave(server: &Server, view: &View, headers: &HeaderMap, current: &Current) -> Response {
    for id in server.session_ids(view, headers) {
        server.sessions.end(&id).await;
    }
    let organization = &view.organization;
    let provider = view.table.provider_by_uid(&current.session().provider_uid).map(|provider| &**provider);
    if let Some(provider) = provider {
        count(provider, "person");
    }
    let mut set = HeaderMap::new();
    set.append(header::SET_COOKIE, cookies::remove(organization, cookies::session_name(organization)));
    set.extend(Pending::gone(headers, organization).map(|gone| (header::SET_COOKIE, gone)));
    respond::redirect(&landing(organization, provider), set)
}
