//! The provider's answer as the browser brings it: each parameter once, and nothing from another place than its own.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, Method, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::FutureExt;
use secrecy::ExposeSecret;
use url::Url;

use super::browser::{BROWSER, NOW, STATE};
use crate::{
    domain::{
        logout::LogoutRules,
        relation::{Authority, ClaimsSource, Credential, Flow, Relation, RequestOptions},
    },
    server::{
        attempt::Attempt,
        cookies::attempt_name,
        endpoints::callback::brought,
        parameters::{Parameters, Said, Way},
        verify::Brought,
    },
};

const ISSUER: &str = "https://issuer.example.org";
/// Stands in the query of every form; nothing of it may come through.
const FOREIGN: &str = "code=foreign&id_token=foreign&state=foreign&iss=foreign&error=foreign";

/// The input is `GET`, or `POST` and a content type, on a line of its own; then a query, or a form.
pub fn callback(data: &[u8]) -> bool {
    let Some(line) = data.iter().position(|byte| *byte == b'\n') else { return false };
    let Some(request) = request(&data[..line], &data[line + 1..]) else { return false };
    let (way, encoded) = match request.uri().query() {
        _ if request.method() == Method::POST => (Way::Form, data[line + 1..].to_vec()),
        query => (Way::Query, query.unwrap_or_default().as_bytes().to_vec()),
    };
    let is_right = way == Way::Query || &data[..line] == b"POST application/x-www-form-urlencoded";
    let said = Said::from_request(request, &()).now_or_never().expect("the body is there").expect("never refused");
    assert_eq!(said.way, way);
    let sent = decoded(&encoded);
    let Ok(parameters) = said.parameters else {
        let names: Vec<_> = sent.iter().map(|(name, _)| name).collect();
        let repeated = (1..names.len()).any(|at| names[..at].contains(&names[at]));
        assert!(!is_right || repeated || encoded.len() > 16 * 1024, "what is right is read");
        return false;
    };
    let said = said_once(&parameters, sent);
    finds_its_own_attempt(&said);
    let mut accepted = false;
    for iss_parameter in [false, true] {
        accepted |= code_is_brought(&parameters, way, &said, &relation(code_flow(), iss_parameter));
        accepted |= id_token_is_brought(&parameters, way, &said, &relation(Flow::IdToken, iss_parameter));
    }
    accepted
}

fn request(line: &[u8], rest: &[u8]) -> Option<Request> {
    let line = str::from_utf8(line).ok()?;
    let content_type = match line.strip_prefix("POST ") {
        Some(content_type) => HeaderValue::from_str(content_type).ok()?,
        None if line == "GET" => {
            let target = format!("/o/acme/callback/azure?{}", str::from_utf8(rest).ok()?);
            return Request::get(target).body(Body::empty()).ok();
        }
        None => return None,
    };
    let post = Request::post(format!("/o/acme/callback/azure?{FOREIGN}")).header(header::CONTENT_TYPE, content_type);
    post.body(Body::from(rest.to_vec())).ok()
}

/// By the letter of the URL Standard, section 5.1.
fn decoded(encoded: &[u8]) -> Vec<(String, String)> {
    let decode = |text: &[u8]| {
        let spaced: Vec<_> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let halves = pairs.map(|pair| match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &[][..]),
    });
    halves.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// RFC 6749, section 3.1: what is read is all that was sent, each name once; without a value, it counts as not sent.
fn said_once(parameters: &Parameters, sent: Vec<(String, String)>) -> HashMap<String, String> {
    let count = sent.len();
    let mut said: HashMap<_, _> = sent.into_iter().collect();
    assert_eq!(said.len(), count, "nothing is said twice");
    for name in said.keys().map(String::as_str).chain(["state", "code", "id_token", "iss", "error"]) {
        assert_eq!(parameters.text(name), said.get(name).map(String::as_str).filter(|value| !value.is_empty()));
    }
    said.retain(|_, value| !value.is_empty());
    said
}

fn finds_its_own_attempt(said: &HashMap<String, String>) {
    let browser = &*BROWSER;
    let own = URL_SAFE_NO_PAD.encode(STATE);
    let cookie = format!("{}={}", attempt_name(&browser.acme, &own), browser.attempt);
    let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(cookie).expect("ASCII"))]);
    let Some(state) = said.get("state") else { return };
    let found = Attempt::find(state, &headers, &browser.acme, &browser.sealer, NOW);
    assert_eq!(found.is_ok(), *state == own);
}

/// OpenID Connect Core 1.0, section 3.1.2.5; RFC 9207, section 2.4; RFC 6749, appendix A.11.
fn code_is_brought(parameters: &Parameters, way: Way, said: &HashMap<String, String>, relation: &Relation) -> bool {
    let issuer_fits = said.get("iss").map_or(!relation.iss_parameter, |issuer| issuer == ISSUER);
    let is_code = |code: &String| code.chars().all(|c| (' '..='~').contains(&c));
    let is_right = issuer_fits && !said.contains_key("error") && said.get("code").is_some_and(is_code);
    match brought(parameters, way, relation) {
        Err(_) => assert!(!is_right, "a right answer is taken"),
        Ok(Brought::Code { code, token_endpoint, .. }) => {
            assert!(is_right);
            assert_eq!(code.expose_secret(), said["code"]);
            assert_eq!(token_endpoint, url("token"), "a code goes to the token endpoint of its own provider");
        }
        Ok(Brought::IdToken(_)) => panic!("nobody asked for an ID token"),
    }
    is_right
}

/// OpenID Connect Core 1.0, section 3.2.2.5; OAuth 2.0 Form Post Response Mode.
fn id_token_is_brought(parameters: &Parameters, way: Way, said: &HashMap<String, String>, relation: &Relation) -> bool {
    let issuer_fits = said.get("iss").is_none_or(|issuer| issuer == ISSUER);
    let is_right = issuer_fits && !said.contains_key("error") && said.contains_key("id_token") && way == Way::Form;
    match brought(parameters, way, relation) {
        Err(_) => assert!(!is_right, "a right answer is taken"),
        Ok(Brought::IdToken(token)) => {
            assert!(is_right, "never by query");
            assert_eq!(token.expose_secret(), said["id_token"]);
        }
        Ok(Brought::Code { .. }) => panic!("nobody asked for a code"),
    }
    is_right
}

fn url(path: &str) -> Url {
    Url::parse(ISSUER).and_then(|issuer| issuer.join(path)).expect("a URL")
}

fn code_flow() -> Flow {
    Flow::Code { token_endpoint: url("token"), pkce: true, response_mode: None }
}

fn relation(flow: Flow, iss_parameter: bool) -> Relation {
    Relation {
        authority: Arc::new(Authority { issuer: ISSUER.to_owned(), ..Authority::default() }),
        authorization_endpoint: url("authorize"),
        pushing: None,
        client_id: "s6BhdRkqt3".to_owned(),
        credentials: vec![Credential::None],
        previous: None,
        redirect_uri: url("https://sso.example/o/acme/callback/azure"),
        flow,
        request: RequestOptions::default(),
        claims_source: ClaimsSource::Default { userinfo: None },
        iss_parameter,
        logout: LogoutRules::default(),
    }
}
