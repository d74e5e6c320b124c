//! `POST /o/{org}/token`: an application brings an ID token of a provider and gets an access token of ours (RFC 7523, section
//! 2.1; RFC 6749, section 5). Must never tell an application what was wrong with an ID token, but for what a claim validation
//! rule has to say; the log does.

mod application;
mod refusal;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::{
    domain::{
        organization::{Application, ApplicationProvider, Organization},
        outcome::outcome,
        provider::{LoginState, Provider},
        provider_session::{ProviderSession, issued_at},
        relation::Bearer,
        user::{IdToken, OneUse, UserId},
    },
    oidc::{Assertion, TokenError, claimed},
    server::{
        confirmation::Mailing,
        current::View,
        failure::Failure,
        limit::{Costly, client_address},
        parameters::{Parameters, Said},
        record::{Vouched, Written, record},
        respond,
        segments::Segments,
        state::Server,
        verify::Shown,
    },
};
use application::{Credentials, authenticate, credentials, named};
use refusal::{Place, Refusal, refused};

/// The grant type of RFC 7523, section 2.1.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What was used is remembered for so long. An ID token counts no longer than jwtBearer.maxTokenAge can be, an hour, and what
/// clocks may differ by, ten minutes either way.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// What only the body may say: URLs stand in histories and logs (RFC 6749, section 2.3.1).
const IN_BODY_ALONE: [&str; 8] = [
    "grant_type",
    "assertion",
    "scope",
    "resource",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// RFC 6749, section 5.1.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    /// In seconds.
    expires_in: i64,
}

/// A token that was given.
struct Given {
    token: SecretString,
    /// In seconds.
    expires_in: i64,
}

pub async fn post(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Segments(organization): Segments<String>,
    uri: Uri,
    headers: HeaderMap,
    said: Said,
) -> Response {
    let mut place = Place::default();
    let client = client_address(peer, &headers, &server.trusted_proxies);
    let outcome = match server.limits.wait(Costly::Token, client) {
        Some(wait) => Err(Refusal::TooManyRequests(wait)),
        None => exchange(&server, Request { organization, uri, headers, said, client }, &mut place).await,
    };
    match outcome {
        Ok((user, Given { token, expires_in })) => {
            let Place { organization, application, provider } = place;
            tracing::info!(organization, application, provider, %user, "an application got an access token");
            metrics::counter!("latchkey_tokens_total", "provider" => provider.unwrap_or_default()).increment(1);
            let granted = Granted { access_token: token.expose_secret(), token_type: "Bearer", expires_in };
            let mut response = respond::json(StatusCode::OK, &granted);
            // RFC 6749, section 5.1, wants both.
            response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
            response
        }
        Err(refusal) => refused(&refusal, &place),
    }
}

/// Any other method.
pub async fn wrong_method(uri: Uri) -> Response {
    let refusal = nothing_in(&uri).err().unwrap_or(Refusal::WrongMethod);
    refused(&refusal, &Place::default())
}

/// What is asked, by whom.
struct Request {
    organization: String,
    uri: Uri,
    headers: HeaderMap,
    said: Said,
    /// Its address.
    client: IpAddr,
}

/// Before anything else: who has written a secret there should hear of it.
fn nothing_in(uri: &Uri) -> Result<(), Refusal> {
    let query = uri.query().unwrap_or_default();
    let is_there = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| IN_BODY_ALONE.contains(&&*name));
    if is_there { Err(Refusal::InQuery) } else { Ok(()) }
}

/// The application that asks. Who has guessed too often is not let try.
fn application<'a>(
    server: &Server,
    organization: &'a Organization,
    shown: &[Credentials],
    client: IpAddr,
    place: &mut Place,
) -> Result<&'a Application, Refusal> {
    let named = named(organization, shown).ok_or(Refusal::UnknownApplication)?;
    place.application = Some(named.client_id.clone());
    let guess = (client, format!("{}\n{}", organization.key, named.client_id));
    if let Some(wait) = server.guesses.wait(&guess) {
        return Err(Refusal::TooManyGuesses(wait));
    }
    authenticate(organization, shown).inspect_err(|refusal| {
        if matches!(refusal, Refusal::WrongSecret) {
            server.guesses.note(guess);
        }
    })
}

async fn exchange(server: &Server, request: Request, place: &mut Place) -> Result<(UserId, Given), Refusal> {
    let Request { organization, uri, headers, said, client } = request;
    let view = server.view(&organization)?;
    place.organization = Some(organization);
    nothing_in(&uri)?;
    let parameters = said.parameters.map_err(Refusal::Malformed)?;
    let shown = credentials(&headers, &parameters)?;
    let application = application(server, &view.organization, &shown, client, place)?;
    let raw = asked_for(&parameters, &view.organization)?;
    let (provider, of) = provider_of(&view, application, raw)?;
    place.provider = Some(provider.path.clone());
    let bearer = bearer(provider)?;
    let now = Timestamp::now();
    let audiences: Vec<_> = of.audiences.iter().map(String::as_str).collect();
    let assertion = server.remote.assertion(bearer, &audiences, raw, now).await?;
    let expires_at = assertion.expires_at;
    // Not after the ID token has been used up.
    server.signing_keys(&view.organization.key, now).await?;
    let Written { record: written, recorded } = let_in(server, &view, provider, bearer, assertion, now).await?;
    if !recorded.let_in {
        // What keeps a mail from being sent is told instead.
        if let Mailing::Begun(sending) =
            server.ask_to_confirm(&view.organization, &recorded.user, &provider.display_name, now).await?
        {
            sending.beside();
        }
        return Err(Refusal::NotVerified);
    }
    server.ask_beside(&view.organization, provider, &recorded).await;
    let outcome = outcome(&recorded.user, &recorded.grants, &view.organization, &provider.key);
    let now = Timestamp::now();
    if expires_at <= now {
        return Err(Refusal::Token(TokenError::Expired));
    }
    let token = server.access_token(&view.organization, &outcome, &application.client_id, expires_at, now).await?;
    Ok((written.user.id, Given { expires_in: token.expires_at.as_second() - now.as_second(), token: token.token }))
}

/// The assertion, once the rest of what is asked for is something that can be had.
fn asked_for<'a>(parameters: &'a Parameters, organization: &Organization) -> Result<&'a str, Refusal> {
    match parameters.text("grant_type") {
        Some(JWT_BEARER) => {}
        Some(_) => return Err(Refusal::GrantType),
        None => return Err(Refusal::Malformed("there is no grant_type")),
    }
    if parameters.text("scope").is_some() {
        return Err(Refusal::Scope);
    }
    // RFC 9068, section 3.
    if parameters.text("resource").is_some_and(|resource| resource != organization.audience()) {
        return Err(Refusal::Resource);
    }
    parameters.text("assertion").ok_or(Refusal::Malformed("there is no assertion"))
}

/// The provider by whose rules an ID token is to be judged: of those that the application may bring tokens of, the one that
/// the token says it is from; where several are of one issuer, the one with an audience that it names.
fn provider_of<'a>(
    view: &'a View,
    application: &'a Application,
    raw: &str,
) -> Result<(&'a Arc<Provider>, &'a ApplicationProvider), Refusal> {
    let claimed = claimed(raw).map_err(|error| Refusal::Token(error.into()))?;
    let listed = application.providers.iter().filter_map(|of| Some((view.table.provider_by_uid(&of.uid)?, of)));
    let listed = listed.filter(|(provider, _)| provider.organization == view.organization.key);
    let same: Vec<_> = listed.clone().filter(|(provider, _)| *provider.issuer == *claimed.issuer).collect();
    let names_one = |of: &ApplicationProvider| of.audiences.iter().any(|audience| claimed.audiences.contains(audience));
    if let Some(found) = same.iter().find(|(_, of)| names_one(of)).or(same.first()) {
        return Ok(*found);
    }
    // One of which not even the issuer is known yet may be meant.
    if listed.clone().any(|(provider, _)| provider.issuer.is_empty()) {
        return Err(Refusal::ProviderUnavailable);
    }
    let is_known = view.table.providers_of(&view.organization.key).any(|provider| *provider.issuer == *claimed.issuer);
    Err(if is_known { Refusal::ProviderNotListed } else { Refusal::UnknownIssuer })
}

/// How the ID tokens of a provider are checked, if they can be now.
fn bearer(provider: &Provider) -> Result<&Bearer, Refusal> {
    match &provider.login {
        LoginState::Serving(served) => served.bearer.as_deref().ok_or(Refusal::NoJwtBearer),
        LoginState::Suspended => Err(Refusal::ProviderSuspended),
        LoginState::Refused(_) | LoginState::Unavailable(_) => Err(Refusal::ProviderUnavailable),
    }
}

/// Decides and writes, as at a login by browser.
async fn let_in(
    server: &Server,
    view: &View,
    provider: &Provider,
    bearer: &Bearer,
    assertion: Assertion,
    now: Timestamp,
) -> Result<Written, Refusal> {
    let (organization, issuer) = (&view.organization, &bearer.authority.issuer);
    // A provider that serves says what its people are.
    let people = provider.people.as_deref().ok_or(Refusal::ProviderUnavailable)?;
    let brought = Some(one_use(organization, issuer, &assertion, now));
    let (at_provider, issued_at) =
        ProviderSession::of(issuer, &assertion.claims).zip(issued_at(&assertion.claims)).ok_or(Failure::Internal)?;
    let id_token = IdToken { issued_at, hint: None };
    let shown = Shown { claims: assertion.claims.into(), at_provider, id_token, brought };
    Ok(record(server, Vouched { organization: &organization.key, provider, people, issuer, shown: &shown }).await?)
}

/// An ID token counts once in an organization, through whatever provider of its issuer and whatever application.
fn one_use(organization: &Organization, issuer: &str, assertion: &Assertion, now: Timestamp) -> OneUse {
    let mut hash = Context::new(&SHA256);
    for part in [organization.key.as_str().as_bytes(), issuer.as_bytes(), &assertion.mark] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finish().as_ref()[..16]);
    OneUse { id, until: now.checked_add(REMEMBERED).unwrap_or(Timestamp::MAX) }
}
