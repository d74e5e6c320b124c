//! `GET /o/{org}/login`: the sign-in page.

use axum::{
    extract::RawQuery,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use url::form_urlencoded::Serializer;

use crate::{
    domain::provider::LoginState,
    server::{
        current::View,
        pages::{ENGLISH, Forms, Icon, ProviderButton, SignInPage},
        parameters::Parameters,
        respond,
    },
};

/// What is passed on to the login of a provider.
const PASSED_ON: [&str; 2] = ["return_to", "login_hint"];

pub async fn get(view: View, RawQuery(query): RawQuery) -> Response {
    let organization = &view.organization;
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let mut shown: Vec<_> = view
        .table
        .providers_of(&organization.key)
        .filter(|provider| !matches!(provider.login, LoginState::Suspended))
        .map(|provider| (provider, provider.serving().map(|_| href(&organization.id, &provider.key, &parameters))))
        .collect();
    shown.sort_by_key(|(provider, _)| provider.display_name.to_lowercase());
    let buttons = shown.iter().map(|(provider, href)| ProviderButton {
        display_name: &provider.display_name,
        href: href.as_deref(),
        icon: Icon::Generic,
    });
    let page = SignInPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        title: organization.title.as_deref(),
        providers: buttons.collect(),
    };
    respond::page(StatusCode::OK, &page, HeaderMap::new(), Forms::LeadHere)
}

fn href(organization_id: &str, key: &str, parameters: &Parameters) -> String {
    let mut query = Serializer::new(String::new());
    for name in PASSED_ON {
        if let Some(value) = parameters.text(name) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/o/{organization_id}/login/{key}{mark}{query}")
}
