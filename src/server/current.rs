//! Finds the organization that a path names, and the person whom a request's cookie signs in to it.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    cookies,
    failure::{Failure, Place, page},
    respond,
    seal::Sealer,
    segments::{ProviderPath, Segments},
    sessions::Current,
    state::Server,
};
use crate::{
    domain::{organization::Organization, provider::Provider, table::LoginTable, user::SessionId},
    store::StoreError,
};

/// One request's view of what is served: the organization that the path names by `{org}`, in the table as it is.
/// Without one, the request gets the page that says so.
pub struct View {
    pub table: Arc<LoginTable>,
    pub organization: Arc<Organization>,
}

#[derive(Deserialize)]
struct Named {
    org: String,
}

impl FromRequestParts<Arc<Server>> for View {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Arc<Server>) -> Result<Self, Response> {
        let Segments(Named { org }) = Segments::from_request_parts(parts, server).await?;
        server.view(&org).map_err(|failure| page(&failure, &Place::default()))
    }
}

impl Server {
    /// The organization of an id, in the table as it is now.
    pub(super) fn view(&self, organization_id: &str) -> Result<View, Failure> {
        let table = self.table.load();
        match table.organization(organization_id).cloned() {
            Some(organization) => Ok(View { table, organization }),
            None if table.settled => Err(Failure::NoSuchOrganization),
            None => Err(Failure::Starting),
        }
    }

    /// The same for an endpoint that answers in JSON: without one, the answer that says so.
    pub(super) fn view_for_machines(&self, organization_id: &str) -> Result<View, Box<Response>> {
        self.view(organization_id).map_err(|failure| {
            Box::new(match failure {
                Failure::Starting => respond::error_json(StatusCode::SERVICE_UNAVAILABLE, "latchkey is starting"),
                _ => respond::error_json(StatusCode::NOT_FOUND, "no organization has this id"),
            })
        })
    }

    /// The provider that a path names, in the table as it is now.
    pub(super) fn provider_at(&self, path: &ProviderPath) -> Option<Arc<Provider>> {
        let table = self.table.load();
        let organization = table.organization(&path.org)?;
        table.provider(&organization.key, &path.key).cloned()
    }

    /// Who is signed in to the organization by this request's cookie.
    pub(super) async fn current(
        &self,
        view: &View,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Current>, StoreError> {
        for id in self.session_ids(view, headers) {
            if let Some(current) = self.sessions.current(&id, &view.organization, &view.table, now).await? {
                return Ok(Some(current));
            }
        }
        Ok(None)
    }

    /// The sessions that a request's cookies name; a browser sends one.
    pub(super) fn session_ids(&self, view: &View, headers: &HeaderMap) -> Vec<SessionId> {
        sessions_in(headers, &view.organization, &self.sealer)
    }
}

/// The sessions of an organization that cookies name and that were sealed by us.
pub(super) fn sessions_in(headers: &HeaderMap, organization: &Organization, sealer: &Sealer) -> Vec<SessionId> {
    let name = cookies::session_name(organization);
    let purpose = session_purpose(organization);
    let opened = cookies::values(headers, &name).take(2).filter_map(|sealed| sealer.open(&purpose, sealed));
    opened.filter_map(|plain| Some(SessionId(plain.try_into().ok()?))).collect()
}

/// What a session cookie is sealed for: this organization alone.
pub fn session_purpose(organization: &Organization) -> String {
    format!("session\n{}", organization.key)
}
