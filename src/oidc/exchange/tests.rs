use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::Form,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    domain::relation::{Credential, Flow},
    oidc::testing::{outbound, relation, secret, serve},
};

type Seen = Arc<Mutex<Option<(HeaderMap, BTreeMap<String, String>)>>>;

/// Exchanges a code at a token endpoint that answers so, and tells what the endpoint saw.
async fn exchange(
    credential: Credential,
    answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
) -> (Result<TokenResponse, ExchangeError>, HeaderMap, BTreeMap<String, String>) {
    let seen = Seen::default();
    let sees = seen.clone();
    let endpoint = async move |headers: HeaderMap, Form(form): Form<BTreeMap<String, String>>| {
        *sees.lock().expect("no panic") = Some((headers, form));
        answer()
    };
    let base = serve(Router::new().route("/token", post(endpoint))).await;
    let relation = relation(&base, credential);
    let Flow::Code { token_endpoint, .. } = &relation.flow else { panic!("a code flow") };
    let (code, verifier) = (secret("SplxlOBeZQQYbYS6WxSbIA"), secret("ver.ifier"));
    let grant = Grant { token_endpoint, code: &code, code_verifier: Some(&verifier) };
    let result = super::exchange(&Asking::new(outbound()), &relation, grant).await;
    let (headers, form) = seen.lock().expect("no panic").take().expect("a request");
    (result, headers, form)
}

fn tokens() -> Response {
    Json(json!({"id_token": "a.b.c", "access_token": "at", "token_type": "bearer", "expires_in": 60, "x": {"y": 1}}))
        .into_response()
}

#[tokio::test]
async fn the_code_goes_with_redirect_uri_and_verifier_and_the_tokens_come_back() {
    let (result, headers, form) = exchange(Credential::None, tokens).await;
    let response = result.expect("tokens");
    assert_eq!((response.id_token.expose_secret(), response.access_token.expose_secret()), ("a.b.c", "at"));
    assert!(!format!("{response:?}").contains("a.b.c"), "{response:?}");
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "SplxlOBeZQQYbYS6WxSbIA"),
        ("redirect_uri", "https://login.example.org/o/acme/callback/azure"),
        ("code_verifier", "ver.ifier"),
        ("client_id", "s6BhdRkqt3"),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn the_client_secret_goes_where_the_method_says_and_survives_odd_characters() {
    let odd = "a:b%c+d é";
    let (_, headers, form) = exchange(Credential::Basic(secret(odd)), tokens).await;
    // RFC 6749, section 2.3.1: form-urlencoded before it is encoded for Basic.
    let credentials =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, "s6BhdRkqt3:a%3Ab%25c%2Bd+%C3%A9");
    assert_eq!(headers["authorization"], format!("Basic {credentials}"));
    assert!(!form.contains_key("client_id") && !form.contains_key("client_secret"));
    let (_, headers, form) = exchange(Credential::Post(secret(odd)), tokens).await;
    assert!(!headers.contains_key("authorization"));
    assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("s6BhdRkqt3", odd));
}

#[tokio::test]
async fn a_refusal_is_told_by_its_registered_code_and_nothing_else_of_it() {
    let codes = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ];
    for code in codes {
        let answer = move || {
            (
                StatusCode::UNAUTHORIZED,
                Json(json!({"error": code, "error_description": "leaked", "error_uri": "leaked:"})),
            )
                .into_response()
        };
        let error = exchange(Credential::None, answer).await.0.expect_err("a refusal");
        assert!(
            matches!(&error, ExchangeError::Ask(AskError::Refused { code: told, .. }) if *told == code),
            "{error:?}"
        );
        assert!(!format!("{error} {error:?}").contains("leaked"), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_token_response_is_an_error_without_its_words() {
    let full = json!({"id_token": "leaked", "access_token": "leaked", "token_type": "Bearer"});
    let without = |member: &str| {
        let mut answer = full.clone();
        answer.as_object_mut().expect("an object").remove(member);
        Json(answer).into_response()
    };
    let with = |member: &str, value: Value| {
        let mut answer = full.clone();
        answer[member] = value;
        Json(answer).into_response()
    };
    let twice = r#"{"id_token":"leaked","id_token":"leaked2","access_token":"x","token_type":"Bearer"}"#;
    let json_type = [("content-type", "application/json")];
    let cases: Vec<(Response, &str)> = vec![
        (without("id_token"), "no id_token"),
        (without("access_token"), "no token response"),
        (without("token_type"), "no token response"),
        (with("token_type", json!("DPoP")), "no bearer token"),
        (with("id_token", json!(7)), "no id_token"),
        ((json_type, "leaked").into_response(), "cannot be read"),
        ((json_type, twice).into_response(), "twice"),
        ((StatusCode::BAD_REQUEST, Json(json!({"error": "leaked"}))).into_response(), "no specification registers"),
        ((StatusCode::BAD_REQUEST, "leaked").into_response(), "answered 400"),
        ((StatusCode::BAD_GATEWAY, "leaked").into_response(), "answered 502"),
        ((StatusCode::FOUND, [("location", "/leaked")]).into_response(), "answered 302"),
    ];
    for (answer, said) in cases {
        let once = Arc::new(Mutex::new(Some(answer)));
        let answer = move || once.lock().expect("no panic").take().expect("one request");
        let error = exchange(Credential::None, answer).await.0.expect_err("an error");
        assert!(error.to_string().contains(said), "{said}: {error}");
        assert!(!format!("{error} {error:?}").contains("leaked"), "{error:?}");
    }
}
