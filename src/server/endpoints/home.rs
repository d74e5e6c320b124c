//! `GET /`: the sign-in page of the only organization, or a page that asks for an e-mail address or an organization's id.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::login::with_query;
use crate::{
    domain::{email::canonical_address, organization::Organization, table::LoginTable},
    server::{
        cookies,
        failure::{Failure, Place, page},
        pages::{ENGLISH, Forms, IdentifierProblem, LastOrganization, OrganizationPage},
        parameters::Parameters,
        respond,
        state::Server,
    },
};

pub async fn get(State(server): State<Arc<Server>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let table = server.table.load();
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    if !table.settled {
        return page(&Failure::Starting, &Place::default());
    }
    match only_one(&table) {
        Some(organization) => {
            let (return_to, hint) = (parameters.text("return_to"), parameters.text("login_hint"));
            respond::redirect(&with_query(organization.url("login"), return_to, hint), HeaderMap::new())
        }
        None => show(&server, &table, &headers, &parameters, StatusCode::OK, None),
    }
}

/// The page that asks; `typed`: what was answered before, and why it leads nowhere yet.
pub(super) fn show(
    server: &Server,
    table: &LoginTable,
    headers: &HeaderMap,
    parameters: &Parameters,
    status: StatusCode,
    typed: Option<(&str, IdentifierProblem)>,
) -> Response {
    let return_to = parameters.text("return_to");
    let last = cookies::last_organization(headers, server.https).and_then(|id| table.organization(id));
    let last = last.map(|last| (&last.display_name, with_query(last.url("login"), return_to, None)));
    let (value, problem) = typed.unzip();
    let several = problem == Some(IdentifierProblem::SeveralOrganizations);
    let kept = || parameters.text("address").filter(|address| canonical_address(address).is_some());
    let page = OrganizationPage {
        language: &ENGLISH,
        return_to,
        value: value.filter(|_| !several),
        address: if several { value } else { kept() },
        problem,
        last: last.as_ref().map(|(display_name, href)| LastOrganization { display_name, href }),
    };
    respond::page(status, &page, HeaderMap::new(), Forms::LeadAnywhere)
}

/// The only organization that people can sign in to by browser: one without providers for that, such as an undeclared
/// `default` beside a declared one, does not count.
fn only_one(table: &LoginTable) -> Option<&Arc<Organization>> {
    let has_provider =
        |organization: &&Arc<Organization>| table.providers_of(&organization.key).any(|provider| provider.has_client);
    let mut with_providers = table.organizations().filter(has_provider);
    let first = with_providers.next();
    if with_providers.next().is_some() { None } else { first.or_else(|| table.organizations().next()) }
}
