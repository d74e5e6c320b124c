//! `GET /o/{org}/login`: the sign-in page; straight on to a provider where nobody need choose.

use std::sync::Arc;

use axum::{
    extract::RawQuery,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::login::with_query;
use crate::{
    domain::{
        email::canonical_address,
        home_realm::{Offer, home_in},
        organization::Organization,
        provider::Provider,
    },
    server::{
        cookies,
        current::View,
        endpoints::icon,
        pages::{AddressProblem, ENGLISH, EmailForm, Forms, Icon, ProviderButton, SignInPage},
        parameters::Parameters,
        respond,
    },
};

pub async fn get(view: View, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let offer = || Offer::of(&view.table, &view.organization, None);
    match by_hint(&view, &parameters).or_else(|| offer().only_way()) {
        Some(provider) => respond::redirect(&href(&view, provider, &parameters), HeaderMap::new()),
        None => show(&view, &headers, &parameters, StatusCode::OK, None),
    }
}

/// The page; `typed`: the address that was typed before, and why it leads nowhere.
pub(super) fn show(
    view: &View,
    headers: &HeaderMap,
    parameters: &Parameters,
    status: StatusCode,
    typed: Option<(&str, AddressProblem)>,
) -> Response {
    let organization = &view.organization;
    let last = cookies::last_provider(headers, organization);
    let offer = Offer::of(&view.table, organization, last);
    let buttons: Vec<_> = offer
        .buttons
        .iter()
        .map(|provider| (provider, provider.serving().map(|_| href(view, provider, parameters))))
        .collect();
    let buttons = buttons.iter().map(|(provider, href)| ProviderButton {
        display_name: &provider.display_name,
        href: href.as_deref(),
        icon: picture(organization, provider),
        last_used: offer.last.is_some_and(|last| last.uid == provider.uid),
    });
    let (value, problem) = typed.unzip();
    let email = offer.by_address.then(|| EmailForm {
        organization_id: &organization.id,
        return_to: parameters.text("return_to"),
        value: value.or_else(|| parameters.text("login_hint")),
        problem,
    });
    // Who types an address is sent on to the provider's site.
    let forms = if email.is_some() { Forms::LeadAnywhere } else { Forms::LeadHere };
    let page = SignInPage {
        language: &ENGLISH,
        organization: &organization.display_name,
        title: organization.title.as_deref(),
        providers: buttons.collect(),
        email,
    };
    respond::page(status, &page, HeaderMap::new(), forms)
}

fn picture(organization: &Organization, provider: &Provider) -> Icon {
    icon::path(organization, provider).map_or(Icon::BuiltIn(provider.type_), Icon::Picture)
}

/// The provider that the address belongs to by which somebody is expected.
fn by_hint<'a>(view: &'a View, parameters: &Parameters) -> Option<&'a Arc<Provider>> {
    let address = canonical_address(parameters.text("login_hint")?)?;
    home_in(&address, &view.organization, &view.table)
}

/// Where a login through a provider begins.
fn href(view: &View, provider: &Provider, parameters: &Parameters) -> String {
    let path = format!("/o/{}/login/{}", view.organization.id, provider.key);
    // No other provider learns whom one of them knows.
    let of_another = by_hint(view, parameters).is_some_and(|home| home.uid != provider.uid);
    let hint = parameters.text("login_hint").filter(|_| !of_another);
    with_query(path, parameters.text("return_to"), hint)
}
