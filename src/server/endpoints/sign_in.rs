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
    let page = SignIn::of(&view, &headers, &parameters);
    match page.home.or_else(|| page.offer.only_way()) {
        Some(provider) => respond::redirect(&page.href(provider), HeaderMap::new()),
        None => page.show(StatusCode::OK, None),
    }
}

/// What a sign-in page is made of.
pub(super) struct SignIn<'a> {
    view: &'a View,
    parameters: &'a Parameters,
    offer: Offer<'a>,
    /// The provider that the address belongs to by which somebody is expected.
    home: Option<&'a Arc<Provider>>,
}

impl<'a> SignIn<'a> {
    pub(super) fn of(view: &'a View, headers: &HeaderMap, parameters: &'a Parameters) -> Self {
        let (organization, table) = (&view.organization, &view.table);
        let offer = Offer::of(table, organization, cookies::last_provider(headers, organization));
        let expected = parameters.text("login_hint").and_then(canonical_address);
        let home = expected.and_then(|address| home_in(&address, organization, table));
        Self { view, parameters, offer, home }
    }

    /// The page; `typed`: the address that was typed before, and why it leads nowhere.
    pub(super) fn show(&self, status: StatusCode, typed: Option<(&str, AddressProblem)>) -> Response {
        let (organization, offer) = (&self.view.organization, &self.offer);
        let buttons: Vec<_> = offer.buttons.iter().map(|way| (way, way.serving().map(|_| self.href(way)))).collect();
        let buttons = buttons.iter().map(|(provider, href)| ProviderButton {
            display_name: &provider.display_name,
            href: href.as_deref(),
            icon: picture(organization, provider),
            last_used: offer.last.is_some_and(|last| last.uid == provider.uid),
        });
        let (value, problem) = typed.unzip();
        let email = offer.by_address.then(|| EmailForm {
            organization_id: &organization.id,
            return_to: self.parameters.text("return_to"),
            value: value.or_else(|| self.parameters.text("login_hint")),
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

    /// Where a login through a provider begins.
    fn href(&self, provider: &Provider) -> String {
        let path = format!("/o/{}/login/{}", self.view.organization.id, provider.key);
        // No other provider learns whom one of them knows.
        let of_another = self.home.is_some_and(|home| home.uid != provider.uid);
        let hint = self.parameters.text("login_hint").filter(|_| !of_another);
        with_query(path, self.parameters.text("return_to"), hint)
    }
}

fn picture(organization: &Organization, provider: &Provider) -> Icon {
    icon::path(organization, provider).map_or(Icon::BuiltIn(provider.type_), Icon::Picture)
}
