//! `GET /o/{org}/logout` asks; `POST` signs out, here and as the provider's rules say (OpenID Connect RP-Initiated Logout
//! 1.0). A GET must never sign anybody out.

use std::{error::Error, sync::Arc};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{
    domain::{
        logout::{Ending, SignOut, sign_out},
        organization::Organization,
        provider::Provider,
        relation::Relation,
        user::Session,
    },
    server::{
        cookies,
        current::View,
        failure::{Failure, Place, page},
        foreign::comes_from_elsewhere,
        logout_state,
        pages::{ENGLISH, Forms, SignOutPage, SignedOutPage},
        pending::Pending,
        respond,
        sessions::Current,
        state::Server,
    },
};

/// The page that asks; says so when nobody is signed in.
pub async fn get(
    State(server): State<Arc<Server>>,
    view: View,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let organization = &view.organization;
    let current = if query.as_deref() == Some(DONE) {
        None
    } else {
        server.current(&view, &headers, Timestamp::now()).await.ok().flatten()
    };
    let Some(current) = current else { return signed_out(organization) };
    let provider = view.table.provider_by_uid(&current.session().provider_uid);
    let question = SignOutPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        user_name: current.person.user.full_name().unwrap_or(&current.person.user.user_name),
        provider: provider
            .filter(|provider| ends_there(provider, current.session()))
            .map(|provider| &*provider.display_name),
        action: &format!("/o/{}/logout", organization.id),
        cancel_href: &format!("/o/{}/account", organization.id),
    };
    respond::page(StatusCode::OK, &question, HeaderMap::new(), forms(organization, provider))
}

/// Whether signing out here ends the session at the provider, too.
fn ends_there(provider: &Provider, session: &Session) -> bool {
    serving(provider, session).is_some_and(|relation| relation.logout.end_session.is_some())
}

/// How the provider of a session is dealt with, while it serves and is the one still that the session began with.
fn serving<'a>(provider: &'a Provider, session: &Session) -> Option<&'a Arc<Relation>> {
    let same = |relation: &Relation| {
        session.at_provider.as_ref().is_none_or(|began| began.issuer == relation.authority.issuer)
    };
    provider.serving().filter(|relation| same(relation))
}

/// Where signing out leads the browser.
fn forms<'a>(organization: &'a Organization, provider: Option<&'a Arc<Provider>>) -> Forms<'a> {
    let relation = provider.and_then(|provider| provider.serving());
    if relation.is_some_and(|relation| relation.logout.leads_to_provider()) {
        return Forms::LeadAnywhere;
    }
    landing_forms(organization, provider.map(|provider| &**provider))
}

/// Where forms lead the browser that end where `landing` is.
pub fn landing_forms<'a>(organization: &'a Organization, provider: Option<&'a Provider>) -> Forms<'a> {
    landing_page(organization, provider).map_or(Forms::LeadHere, Forms::LeadTo)
}

/// What the logged-out page is told by the redirect that follows the form.
const DONE: &str = "done";

/// Ends the session and takes the cookie away, also while the store does not answer; then what the provider's rules say.
pub async fn post(State(server): State<Arc<Server>>, view: View, headers: HeaderMap) -> Response {
    let organization = &view.organization;
    if comes_from_elsewhere(&headers, organization) {
        return page(&Failure::ForeignForm, &Place { organization: Some(organization), provider: None });
    }
    let now = Timestamp::now();
    let current = server.current(&view, &headers, now).await.ok().flatten();
    let session = current.as_ref().map(Current::session);
    let provider = session.and_then(|session| view.table.provider_by_uid(&session.provider_uid));
    let ids = server.session_ids(&view, &headers);
    // Here first: whatever hangs from now on, nobody is signed in by these any more.
    ids.iter().for_each(|id| server.sessions.end_here(id));
    let there = match session.zip(provider) {
        Some((session, provider)) => at_provider(&server, organization, provider, session, now).await,
        None => None,
    };
    for id in &ids {
        server.sessions.end(id).await;
    }
    if let Some((session, provider)) = session.zip(provider) {
        count(provider, "person");
        tracing::info!(organization = &*organization.id, provider = provider.path, user = %session.user, "signed out");
    }
    let mut set = HeaderMap::new();
    set.append(header::SET_COOKIE, cookies::remove(organization, cookies::session_name(organization)));
    set.extend(Pending::gone(&headers, organization).map(|gone| (header::SET_COOKIE, gone)));
    let provider = provider.map(|provider| &**provider);
    match there {
        Some((_, SignOut::Redirect(url))) => return respond::redirect(url.as_str(), set),
        Some((relation, SignOut::Backchannel(url))) => end_there(&server, provider, &relation, &url).await,
        Some((_, SignOut::WithoutHint)) => {
            let provider = provider.map(|provider| &*provider.path);
            tracing::warn!(
                provider,
                "the session at the provider goes on: the ID token that it began with is not known"
            );
        }
        Some((_, SignOut::Local)) | None => {}
    }
    respond::redirect(&landing(organization, provider), set)
}

/// What signing out does at the provider of a session; None where it serves nobody, or is not the one any longer that the
/// session began with.
async fn at_provider(
    server: &Server,
    organization: &Organization,
    provider: &Provider,
    session: &Session,
    now: Timestamp,
) -> Option<(Arc<Relation>, SignOut)> {
    let relation = serving(provider, session)?;
    let id_token = if relation.logout.needs_hint() { id_token(server, session).await } else { None };
    let ending = Ending {
        client_id: &relation.client_id,
        state: &logout_state::seal(&server.sealer, organization, &provider.uid, now)?,
        id_token: id_token.as_ref().map(ExposeSecret::expose_secret),
    };
    Some((relation.clone(), sign_out(&relation.logout, ending)))
}

async fn id_token(server: &Server, session: &Session) -> Option<SecretString> {
    let read = server.store.id_token(&session.id).await;
    read.inspect_err(|error| {
        tracing::warn!(error = error as &dyn Error, "signing out goes on without the ID token: it could not be read");
    })
    .ok()
    .flatten()
}

/// Ends the session at the provider without the browser.
async fn end_there(server: &Server, provider: Option<&Provider>, relation: &Relation, url: &Url) {
    if let Err(error) = server.remote.end_session(relation, url).await {
        let provider = provider.map(|provider| provider.path.as_str());
        tracing::warn!(provider, error = &error as &dyn Error, "the session at the provider could not be ended");
    }
}

/// Counts that somebody was signed out.
pub fn count(provider: &Provider, by: &'static str) {
    metrics::counter!("latchkey_logouts_total", "provider" => provider.path.clone(), "by" => by).increment(1);
}

/// Where people land who have signed out.
pub fn landing(organization: &Organization, provider: Option<&Provider>) -> String {
    let here = || organization.url(&format!("logout?{DONE}"));
    landing_page(organization, provider).map_or_else(here, Url::to_string)
}

/// The page of the manifests for that, if there is one.
fn landing_page<'a>(organization: &'a Organization, provider: Option<&'a Provider>) -> Option<&'a Url> {
    let of_provider = provider.and_then(|provider| provider.logout_page_url.as_ref());
    of_provider.or(organization.logout_page_url.as_ref())
}

/// Nobody is signed in; leads to the sign-in.
pub fn signed_out(organization: &Organization) -> Response {
    let page = SignedOutPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        sign_in_href: &format!("/o/{}/login", organization.id),
    };
    respond::page(StatusCode::OK, &page, HeaderMap::new(), Forms::LeadHere)
}
