//! Discovery documents: what is accepted is the issuer that was asked for, at https URLs that lead where they say.

use serde_json::{Map, Value};
use url::Url;

use crate::{
    domain::metadata::Metadata,
    oidc::{
        discovery::{MetadataRequest, Needs, check},
        json::parse_object,
    },
};

const ISSUER: &str = "https://issuer.example.org";
const NOTHING: Needs = Needs { authorization: false, token: false, jwks: false, userinfo: false };
const EVERYTHING: Needs = Needs { authorization: true, token: true, jwks: true, userinfo: true };

/// The input is a document; or an issuer, as somebody may configure it.
pub fn metadata(data: &[u8]) -> bool {
    if let Ok(issuer) = str::from_utf8(data) {
        asked_of(issuer, NOTHING);
    }
    let Ok(document) = parse_object(data) else { return false };
    let mut accepted = false;
    let reread: Value = serde_json::from_slice(data).expect("what is JSON here is JSON elsewhere");
    assert_eq!(reread.as_object(), Some(&document), "and says the same");
    let own_issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    for needs in [NOTHING, EVERYTHING] {
        for issuer in [ISSUER, own_issuer] {
            let Some(request) = asked_of(issuer, needs) else { continue };
            let whoever = MetadataRequest { issuer: None, ..request.clone() };
            for request in [request, whoever] {
                accepted |= answers(&document, &request, false) | answers(&document, &request, true);
            }
        }
    }
    accepted
}

/// The request for an issuer's metadata, which goes to the issuer's own origin.
fn asked_of(issuer: &str, needs: Needs) -> Option<MetadataRequest> {
    let request = MetadataRequest::of_issuer(issuer, None, needs).ok()?;
    let read = Url::parse(issuer).expect("a URL");
    // Not by origins: those of other schemes equal nothing, not even themselves.
    let place = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
    assert_eq!(place(&request.url), place(&read));
    assert!(request.url.path().ends_with("/.well-known/openid-configuration"));
    assert!(request.url.query().is_none() && request.url.fragment().is_none());
    assert_eq!(request.issuer.as_deref(), Some(issuer), "to the letter");
    Some(request)
}

fn answers(document: &Map<String, Value>, request: &MetadataRequest, allow_http: bool) -> bool {
    match check(document, request, allow_http) {
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 8192 && !message.contains(char::is_control), "a message of one line: {message:?}");
            false
        }
        Ok(metadata) => {
            names_the_issuer(&metadata, request, allow_http);
            endpoints_lead_where_they_say(&metadata, document, request.needs, allow_http);
            lists_are_short(&metadata);
            true
        }
    }
}

/// OpenID Connect Discovery 1.0, section 4.3.
fn names_the_issuer(metadata: &Metadata, request: &MetadataRequest, allow_http: bool) {
    if let Some(asked_for) = &request.issuer {
        assert_eq!(&metadata.issuer, asked_for);
        return;
    }
    let issuer = Url::parse(&metadata.issuer).expect("a URL");
    assert_eq!(issuer.origin(), request.url.origin(), "nobody names another's");
    is_plain(&issuer, allow_http);
    assert!(issuer.query().is_none() && metadata.issuer.chars().count() <= 200);
}

fn is_plain(url: &Url, allow_http: bool) {
    assert!(url.scheme() == "https" || (allow_http && url.scheme() == "http"));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(url.host_str().is_some_and(|host| !host.is_empty()));
}

fn endpoints_lead_where_they_say(metadata: &Metadata, document: &Map<String, Value>, needs: Needs, allow_http: bool) {
    let endpoints = [
        ("authorization_endpoint", &metadata.authorization_endpoint, needs.authorization),
        ("token_endpoint", &metadata.token_endpoint, needs.token),
        ("userinfo_endpoint", &metadata.userinfo_endpoint, needs.userinfo),
        ("jwks_uri", &metadata.jwks_uri, needs.jwks),
        ("pushed_authorization_request_endpoint", &metadata.pushed_authorization_endpoint, false),
        ("end_session_endpoint", &metadata.end_session_endpoint, false),
    ];
    for (member, endpoint, needed) in endpoints {
        let said = document.get(member).and_then(Value::as_str).map(|said| Url::parse(said).expect("a URL"));
        assert_eq!(endpoint, &said, "{member}");
        assert!(endpoint.is_some() || !needed, "{member}");
        if let Some(endpoint) = endpoint {
            is_plain(endpoint, allow_http);
        }
    }
}

fn lists_are_short(metadata: &Metadata) {
    let lists = [
        &metadata.response_types,
        &metadata.response_modes,
        &metadata.auth_methods,
        &metadata.auth_signing_algorithms,
        &metadata.signing_algorithms,
        &metadata.pkce_methods,
    ];
    for list in lists.into_iter().flatten() {
        assert!(list.len() <= 64 && list.iter().all(|entry| entry.chars().count() <= 128));
    }
}
