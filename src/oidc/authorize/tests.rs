use std::collections::BTreeMap;

use super::*;
use crate::{
    domain::relation::{AnswerMode, Credential, RequestOptions},
    oidc::testing::{relation, secret, url},
};

fn server() -> Relation {
    relation(&url("https://server.example.com/"), Credential::None)
}

/// The parameters by name; none stands there twice.
fn query(relation: &Relation, login_hint: Option<&str>) -> BTreeMap<String, String> {
    // The verifier and the challenge of RFC 7636, appendix B.
    let code_verifier = &secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let login = LoginParameters { state: "af0ifjsldkj", nonce: "n-0S6_WzA2Mj", code_verifier, login_hint };
    let url = authorization_url(relation, &parameters(relation, &login));
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let unique: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(unique.len(), pairs.len(), "no parameter twice: {url}");
    unique
}

fn must_be(parameters: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(*parameters, expected);
}

#[test]
fn the_authorization_url_holds_what_a_code_flow_needs() {
    let mut relation = server();
    relation.authorization_endpoint = url("https://server.example.com/authorize?tenant=a%20b");
    must_be(
        &query(&relation, Some("jane+x@example.org")),
        &[
            ("tenant", "a b"),
            ("response_type", "code"),
            ("client_id", "s6BhdRkqt3"),
            ("redirect_uri", "https://login.example.org/o/acme/callback/azure"),
            ("scope", "openid profile email"),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("login_hint", "jane+x@example.org"),
        ],
    );
}

#[test]
fn an_id_token_is_asked_for_by_form_post_and_without_a_challenge() {
    let relation = Relation { flow: Flow::IdToken, ..server() };
    let parameters = query(&relation, None);
    assert_eq!((&*parameters["response_type"], &*parameters["response_mode"]), ("id_token", "form_post"));
    assert!(!parameters.keys().any(|name| name.starts_with("code_challenge")));
}

#[test]
fn what_the_manifest_asks_for_is_sent_in_the_protocol_s_words() {
    let mut relation = server();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    relation.request = RequestOptions {
        scopes: texts(&["groups"]),
        prompt: vec!["login", "consent"],
        max_age: Some(0),
        acr_values: texts(&["urn:a", "urn:b"]),
        ui_locales: texts(&["de-AT", "de"]),
        extra: vec![("domain_hint".to_owned(), "contoso.com & more".to_owned())],
        login_hint: false,
    };
    let Flow::Code { pkce, response_mode, .. } = &mut relation.flow else { panic!("a code flow") };
    (*pkce, *response_mode) = (false, Some(AnswerMode::FormPost));
    must_be(
        &query(&relation, Some("jane@example.org")),
        &[
            ("response_type", "code"),
            ("client_id", "s6BhdRkqt3"),
            ("redirect_uri", "https://login.example.org/o/acme/callback/azure"),
            ("scope", "openid groups"),
            ("state", "af0ifjsldkj"),
            ("nonce", "n-0S6_WzA2Mj"),
            ("response_mode", "form_post"),
            ("prompt", "login consent"),
            ("max_age", "0"),
            ("acr_values", "urn:a urn:b"),
            ("ui_locales", "de-AT de"),
            ("domain_hint", "contoso.com & more"),
        ],
    );
}

#[test]
fn what_the_endpoint_has_already_gives_way_to_what_is_asked() {
    let mut relation = server();
    relation.authorization_endpoint = url("https://server.example.com/authorize?scope=all&state=mine&p=policy");
    let parameters = query(&relation, None);
    assert_eq!((&*parameters["scope"], &*parameters["state"]), ("openid profile email", "af0ifjsldkj"));
    assert_eq!(parameters["p"], "policy");
}
