//! `GET` and `POST /o/{org}/initiate/{key}`: a login that begins at the provider (OpenID Connect Core 1.0, section 4).

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::Response,
};
use url::{Url, form_urlencoded::Serializer};

use crate::{
    domain::{organization::Organization, relation::Relation},
    server::{
        current::View,
        endpoints::login::{Wanted, begin},
        failure::Failure,
        parameters::{Parameters, Said, Way},
        respond,
        segments::{Key, Segments},
        state::Server,
    },
};

pub async fn initiate(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    view: View,
    Segments(Key { key }): Segments<Key>,
    headers: HeaderMap,
    said: Said,
) -> Response {
    if let (Way::Form, Ok(parameters)) = (said.way, &said.parameters) {
        return by_get(&view.organization, &key, parameters);
    }
    begin(&server, &view, &key, peer, &headers, said.parameters, wanted).await
}

/// Sends the browser here once more: with a form that another site posts, session cookies don't come along.
fn by_get(organization: &Organization, key: &str, parameters: &Parameters) -> Response {
    let mut query = Serializer::new(String::new());
    for name in ["iss", "login_hint", "target_link_uri"] {
        query.extend_pairs(parameters.text(name).map(|value| (name, value)));
    }
    let here = organization.url(&format!("initiate/{key}?{}", query.finish()));
    respond::redirect(&here, HeaderMap::new())
}

/// The provider that says it begins the login must be the one that the path names.
fn wanted(parameters: &Parameters, relation: &Relation) -> Result<Wanted, Failure> {
    let issuer = parameters.text("iss").ok_or(Failure::MalformedRequest("there is no iss"))?;
    if issuer != relation.authority.issuer && !is_origin_of(issuer, &relation.authority.issuer) {
        return Err(Failure::MalformedRequest("iss is not the provider's issuer"));
    }
    Ok(Wanted::by(parameters, "target_link_uri"))
}

/// Okta names itself by the origin of its authorization servers.
fn is_origin_of(named: &str, issuer: &str) -> bool {
    let parse = |text: &str| Url::parse(text).ok();
    let (Some(named), Some(issuer)) = (parse(named), parse(issuer)) else { return false };
    let bare = named.path() == "/" && named.query().is_none() && named.fragment().is_none();
    bare && named.username().is_empty() && named.password().is_none() && named.origin() == issuer.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_may_name_itself_by_the_origin_of_its_issuer_and_by_nothing_else() {
        const ISSUER: &str = "https://contoso.okta.com/oauth2/default";
        for (named, fits) in [
            ("https://contoso.okta.com", true),
            ("https://contoso.okta.com/", true),
            ("https://contoso.okta.com/oauth2", false),
            ("https://contoso.okta.com/?a", false),
            ("https://contoso.okta.com#a", false),
            ("https://me@contoso.okta.com", false),
            ("https://contoso.okta.com:8443", false),
            ("http://contoso.okta.com", false),
            ("https://okta.com", false),
            ("contoso.okta.com", false),
            ("", false),
        ] {
            assert_eq!(is_origin_of(named, ISSUER), fits, "{named}");
        }
    }
}
