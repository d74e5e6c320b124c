use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use serde_json::json;

use super::*;
use crate::oidc::testing::{NEEDS_ALL, outbound, serve, url};

const ISSUER: &str = "https://issuer.example.org/realms/a";

/// Good metadata with some members replaced; null stays null.
fn with(changes: Value) -> Map<String, Value> {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://issuer.example.org/authorize?tenant=a",
        "token_endpoint": "https://issuer.example.org/token",
        "jwks_uri": "https://issuer.example.org/jwks",
        "response_types_supported": ["code", "code id_token"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256K", "none"],
    });
    let members = document.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    members.clone()
}

fn read(changes: Value, configured: Option<&str>) -> Result<Metadata, DiscoveryError> {
    let members = with(changes);
    Document { members: &members, host: "issuer.example.org".to_owned(), allow_http: false }.metadata(
        &url(ISSUER),
        configured,
        NEEDS_ALL,
    )
}

#[test]
fn what_a_login_needs_is_read_and_what_it_does_not_is_ignored() {
    let odd = json!({
        "userinfo_endpoint": null,
        "code_challenge_methods_supported": ["S256", 7, "x".repeat(200)],
        "authorization_response_iss_parameter_supported": true,
        "op_policy_uri": "not a URL", "ui_locales_supported": ["xx-invalid-"], "mtls_endpoint_aliases": {},
    });
    let metadata = read(odd, Some(ISSUER)).expect("good metadata");
    assert_eq!(
        metadata.authorization_endpoint.expect("an endpoint").as_str(),
        "https://issuer.example.org/authorize?tenant=a"
    );
    assert_eq!(metadata.signing_algorithms.expect("a list"), ["RS256", "ES256K", "none"]);
    assert_eq!(metadata.pkce_methods, Some(vec!["S256".to_owned()]));
    assert_eq!((metadata.userinfo_endpoint, metadata.auth_methods), (None, None));
    assert!(metadata.iss_parameter_supported);
}

#[test]
fn metadata_that_a_login_cannot_rest_on_is_refused_by_reason_and_field() {
    let long_issuer = format!("https://issuer.example.org/{}", "x".repeat(200));
    let http = "http://issuer.example.org/";
    let cases = [
        (json!({"issuer": null}), Reason::InvalidDocument, "no issuer"),
        (json!({"issuer": 7}), Reason::InvalidDocument, "issuer in the metadata is not a string"),
        (json!({"issuer": http}), Reason::InsecureEndpoint, "issuer in the metadata is an http URL"),
        (json!({"issuer": "https://issuer.example.org?a=b"}), Reason::InvalidDocument, "issuer"),
        (json!({"issuer": "https://issuer.example.org#a"}), Reason::InvalidDocument, "issuer"),
        (json!({"issuer": "javascript:alert(1)"}), Reason::InvalidDocument, "issuer"),
        (
            json!({"issuer": "https://login.example.com/{tenantid}/v2.0"}),
            Reason::InvalidDocument,
            "that of all tenants",
        ),
        (json!({"issuer": "https://other.example.org"}), Reason::IssuerMismatch, "write it into spec.issuer"),
        (json!({"issuer": "https://issuer.example.org:8443"}), Reason::IssuerMismatch, "write it into spec.issuer"),
        (json!({"issuer": long_issuer}), Reason::InvalidDocument, "issuer"),
        (json!({"authorization_endpoint": null}), Reason::InvalidDocument, "no authorization_endpoint"),
        (json!({"authorization_endpoint": "javascript:alert(1)"}), Reason::InvalidDocument, "authorization_endpoint"),
        (json!({"authorization_endpoint": "/authorize"}), Reason::InvalidDocument, "authorization_endpoint"),
        (json!({"token_endpoint": null}), Reason::InvalidDocument, "no token_endpoint"),
        (json!({"token_endpoint": http}), Reason::InsecureEndpoint, "token_endpoint in the metadata is an http URL"),
        (json!({"token_endpoint": "https://a:b@issuer.example.org/"}), Reason::InvalidDocument, "token_endpoint"),
        (json!({"jwks_uri": null}), Reason::InvalidDocument, "no jwks_uri"),
        (json!({"jwks_uri": http}), Reason::InsecureEndpoint, "jwks_uri"),
        (json!({"userinfo_endpoint": http}), Reason::InsecureEndpoint, "userinfo_endpoint"),
        (json!({"end_session_endpoint": http}), Reason::InsecureEndpoint, "end_session_endpoint"),
        (json!({"response_types_supported": "code"}), Reason::InvalidDocument, "response_types_supported"),
        (json!({"authorization_response_iss_parameter_supported": "yes"}), Reason::InvalidDocument, "iss_parameter"),
    ];
    for (changes, reason, said) in cases {
        let error = read(changes.clone(), None).expect_err("bad metadata");
        assert_eq!(error.reason(), reason, "{changes}");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn another_issuer_is_issuer_mismatch_naming_both_and_a_slash_gets_its_own_hint() {
    let error = read(json!({}), Some("https://other.example.org")).expect_err("a mismatch");
    assert_eq!(error.reason(), Reason::IssuerMismatch);
    assert!(error.to_string().contains(ISSUER) && error.to_string().contains("https://other.example.org"), "{error}");
    assert!(!error.to_string().contains("slash"), "{error}");
    let error = read(json!({}), Some(&format!("{ISSUER}/"))).expect_err("a mismatch");
    assert!(error.to_string().contains("differ by the slash at the end"), "{error}");
    let escaped = read(json!({"issuer": "\n<b>\u{7}"}), Some(ISSUER)).expect_err("a mismatch").to_string();
    assert!(!escaped.chars().any(char::is_control), "{escaped}");
}

#[test]
fn an_issuer_implies_where_its_metadata_is() {
    for issuer in ["https://issuer.example.org/a", "https://issuer.example.org/a/"] {
        let request = MetadataRequest::of_issuer(issuer, None, NEEDS_ALL).expect("a URL");
        assert_eq!(request.url, url("https://issuer.example.org/a/.well-known/openid-configuration"));
        assert_eq!(request.issuer.as_deref(), Some(issuer));
    }
}

#[test]
fn an_issuer_that_implies_no_place_is_refused() {
    for issuer in
        ["", "issuer", "https://", "mailto:a@example.org", "https://example.org?a=b", "https://example.org/#a"]
    {
        assert_eq!(MetadataRequest::of_issuer(issuer, None, NEEDS_ALL), Err(NotAnIssuer), "{issuer}");
    }
}

#[tokio::test]
async fn what_is_not_a_metadata_document_says_what_it_is_and_none_of_its_words() {
    let router = Router::new()
        .route("/page", get(async || "<html>leaked</html>"))
        .route("/array", get(async || r#"["leaked"]"#))
        .route("/twice", get(async || r#"{"issuer":"leaked","issuer":"leaked"}"#))
        .route("/fails", get(async || (StatusCode::BAD_GATEWAY, "leaked")))
        .route("/moved", get(async || Redirect::to("/leaked")));
    let base = serve(router).await;
    for (path, reason) in [
        ("page", Reason::InvalidDocument),
        ("array", Reason::InvalidDocument),
        ("twice", Reason::InvalidDocument),
        ("fails", Reason::HttpStatus),
        ("moved", Reason::HttpStatus),
        ("missing", Reason::HttpStatus),
    ] {
        let request =
            MetadataRequest { url: base.join(path).expect("a URL"), issuer: None, roots: None, needs: NEEDS_ALL };
        let error = fetch_metadata(&outbound(), &request).await.expect_err("no metadata");
        assert_eq!(error.reason(), reason, "{path}");
        assert!(!format!("{error} {error:?}").contains("leaked"), "{error:?}");
    }
}

#[test]
fn an_endpoint_that_the_manifest_names_may_be_missing_and_one_that_it_does_not_says_where_to_write_it() {
    let without = json!({"authorization_endpoint": null, "token_endpoint": null, "jwks_uri": null});
    let members = with(without);
    let document = Document { members: &members, host: "issuer.example.org".to_owned(), allow_http: false };
    let read = |needs| document.metadata(&url(ISSUER), None, needs);
    let none = Needs { authorization: false, token: false, jwks: false, userinfo: false };
    assert_eq!(read(none).expect("metadata").token_endpoint, None);
    for (needs, member, instead) in [
        (Needs { authorization: true, ..none }, "authorization_endpoint", "spec.endpoints.authorization"),
        (Needs { token: true, ..none }, "token_endpoint", "spec.endpoints.token"),
        (Needs { jwks: true, ..none }, "jwks_uri", "spec.endpoints.jwks"),
    ] {
        let error = read(needs).expect_err("a missing endpoint");
        assert_eq!(error.reason(), Reason::InvalidDocument);
        assert!(error.to_string().contains(member) && error.to_string().contains(instead), "{error}");
    }
}
