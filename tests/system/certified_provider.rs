//! What the certified provider is asked, as it understood it, and what it can be told to demand.

use serde_json::{Value, json};
use url::Url;

use crate::support::{
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET, Provider},
    visitor::Visitor,
};

const REDIRECT_URI: &str = "https://app.example.com/callback/here";

/// An authorization request of an application's own, with these parameters besides.
fn authorization_url(provider: &Provider, more: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "a-state-of-an-application"),
    ];
    Url::parse_with_params(&format!("{}/auth", provider.issuer), usual.iter().chain(more)).expect("a URL").into()
}

#[tokio::test]
async fn a_login_succeeds_where_pkce_is_demanded_and_what_was_asked_is_on_record_without_its_secrets() {
    let provider = Provider::start_with(json!({"requirePKCE": true})).await;
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &manifests::provider("demo", &provider.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    let redirect_uri = latchkey.at("callback/demo");
    let client = json!({
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri], "default_max_age": 600
    });
    provider.register_client(&client).await;
    latchkey.wait_until_ready("demo").await;
    Visitor::new().sign_in(&latchkey, "demo", "alice").await;

    let asked = provider.requests("authorization").await.pop().expect("an authorization request");
    let wanted = json!({
        "client_id": CLIENT_ID, "redirect_uri": redirect_uri, "response_type": "code",
        "scope": "openid profile email groups", "max_age": "600", "code_challenge_method": "S256"
    });
    assert_eq!((&asked["parameters"], &asked["pushed"]), (&wanted, &json!(true)), "it takes pushed requests");
    assert_eq!(asked["query"], json!(["client_id", "request_uri"]));
    let pushed = provider.requests("pushed_authorization_request").await.pop().expect("a pushed request");
    let sent: Vec<_> = pushed["form"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    assert!(["state", "nonce", "code_challenge"].iter().all(|name| sent.contains(name)), "{sent:?}");
    assert_eq!(pushed["clientAuthMethod"], "client_secret_basic");
    let asked = provider.requests("token").await.pop().expect("a token request");
    assert_eq!(asked["clientAuthMethod"], "client_secret_basic");
}

#[tokio::test]
async fn every_prompt_that_needs_a_person_ends_with_a_code() {
    let provider = Provider::start().await;
    provider.register(CLIENT_SECRET, &[REDIRECT_URI]).await;
    let alice = Visitor::new();
    for prompt in ["select_account", "consent", "login", "login select_account consent"] {
        let back = alice.come_back(&authorization_url(&provider, &[("prompt", prompt)]), "alice").await;
        assert!(back.starts_with(REDIRECT_URI) && back.contains("code="), "{prompt}: {back}");
    }
    let back = alice.come_back(&authorization_url(&provider, &[("prompt", "none")]), "alice").await;
    assert!(back.contains("code="), "alice is still signed in there: {back}");
    let back = Visitor::new().come_back(&authorization_url(&provider, &[("prompt", "none")]), "bob").await;
    assert!(back.contains("error=login_required"), "{back}");
    let interactions = provider.requests("resume").await.len();
    assert_eq!(interactions, 5, "one for each of the prompts, and consent is a step of its own");
}

#[tokio::test]
async fn what_it_is_set_to_demand_it_announces_and_demands() {
    let settings =
        json!({"requirePushedAuthorizationRequests": true, "acrValues": ["gold"], "extraParameters": ["hd"]});
    let provider = Provider::start_with(settings).await;
    provider.register(CLIENT_SECRET, &[REDIRECT_URI]).await;
    let discovery = format!("{}/.well-known/openid-configuration", provider.issuer);
    let metadata = Visitor::new().get(&discovery).await.json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    assert_eq!(metadata["acr_values_supported"], json!(["gold"]));
    let url = authorization_url(&provider, &[("acr_values", "gold"), ("hd", "example.com"), ("unknown", "parameter")]);
    let answer = Visitor::new().get(&url).await;
    assert!(answer.location().is_some_and(|back| back.contains("error=invalid_request")), "{}", answer.body);
    let asked = provider.requests("authorization").await.pop().expect("a request");
    assert_eq!(
        (&asked["parameters"]["acr_values"], &asked["parameters"]["hd"]),
        (&json!("gold"), &json!("example.com"))
    );
    assert_eq!(asked["parameters"].get("unknown"), None);
}
