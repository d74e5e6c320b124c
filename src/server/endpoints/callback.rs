//! `GET` and `POST /o/{org}/callback/{key}`: the redirect URI (OpenID Connect Core 1.0, sections 3.1.2.5 to 3.1.3.7 and
//! 3.2.2.5; OAuth 2.0 Form Post Response Mode).
//! Gathers and acts; what is decided is in `domain::login`.

mod answer;
mod ending;

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    domain::provider::Provider,
    server::{
        attempt::{Attempt, AttemptError},
        cookies,
        current::View,
        endpoints::login::serving,
        failure::{Failure, Place, page, page_with},
        parameters::{Parameters, Said, Way},
        record::{Vouched, Written, record},
        segments::{Key, Segments},
        state::Server,
        verify::Login,
    },
};
use ending::{not_before_verified, signed_in};

pub(in crate::server) use answer::brought;

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
    if attempt.issuer_mark != Attempt::mark(&relation.authority.issuer) {
        return Err(Failure::AttemptOfAnotherProvider);
    }
    let brought = brought(parameters, way, relation)?;
    let mappers = view.table.mappers_of(&provider.uid);
    // Without it nobody could have begun.
    let people = provider.people.as_deref().ok_or(Failure::ProviderUnavailable)?;
    let shown = Login { remote: &server.remote, provider, people, relation, attempt, mappers }.look(brought).await?;
    let (organization, issuer) = (&view.organization.key, &relation.authority.issuer);
    let vouched = Vouched { organization, provider, people, issuer, shown: &shown };
    let Written { record, recorded } = record(server, vouched).await?;
    if !recorded.let_in {
        let user = &recorded.user;
        return not_before_verified(server, &view.organization, provider, attempt, user, headers).await;
    }
    server.ask_beside(&view.organization, provider, &recorded).await;
    signed_in(server, view, provider, attempt, &record.session, headers).await
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
