//! `GET /o/{org}/account`: people see who they are here.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jiff::Timestamp;

use crate::{
    domain::outcome::outcome,
    server::{
        current::View,
        failure::{Failure, Place, page},
        pages::{ENGLISH, Forms, SignedInPage},
        respond,
        state::Server,
    },
};

pub async fn get(State(server): State<Arc<Server>>, view: View, headers: HeaderMap) -> Response {
    let organization = &view.organization;
    let current = match server.current(&view, &headers, Timestamp::now()).await {
        Ok(Some(current)) => current,
        Ok(None) => return respond::redirect(&organization.url("login"), HeaderMap::new()),
        Err(error) => return page(&Failure::Store(error), &Place { organization: Some(organization), provider: None }),
    };
    let outcome = outcome(&current.person.user, &current.person.grants, organization, &current.session().provider_key);
    let provider = view.table.provider_by_uid(&current.session().provider_uid);
    let roles = organization.roles.iter().filter(|role| outcome.roles.contains(&role.name));
    let groups = organization.groups.iter().filter(|group| outcome.groups.contains(&group.name));
    let account = SignedInPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        full_name: outcome.full_name.as_deref(),
        user_name: &outcome.user_name,
        email: outcome.email.as_deref(),
        administrator: outcome.administrator,
        roles: roles.map(|role| role.display_name.as_str()).collect(),
        groups: groups.map(|group| group.display_name.as_str()).collect(),
        provider: provider.map_or("", |provider| &provider.display_name),
        sign_out_href: &format!("/o/{}/logout", organization.id),
    };
    respond::page(StatusCode::OK, &account, HeaderMap::new(), Forms::LeadHere)
}
