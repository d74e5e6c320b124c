//! What the provider is asked for, and how the question gets there and the answer back.

use serde_json::json;

use super::seen_of_an_id_token;
use crate::support::{
    provider::CLIENT_SECRET,
    source::On,
    ways_in::{Way, WaysIn},
};

const EVERY_PARAMETER: &str = "
    scopes: [profile, email, groups]
    prompt: [Login, Consent]
    maxAge: 8h
    acrValues: [gold, silver]
    uiLocales: [de, pt-BR]
    extraParameters: [{name: hd, value: example.com & more}]";
const BY_FORM_UNPUSHED: &str =
    "{scopes: [profile, email, groups], responseMode: FormPost, pushedAuthorizationRequests: Disabled}";

#[tokio::test]
async fn alice_signs_in_however_the_request_and_the_answer_travel() {
    let ways = [requests(), answers()].into_iter().flatten().collect::<Vec<_>>();
    WaysIn::with(&ways).await.must_lead_in(&ways).await;
}

fn requests() -> Vec<Way> {
    vec![
        Way {
            name: "without-pkce",
            authorization: "{scopes: [profile, email, groups], pkce: Disabled}",
            seen: json!({"code_challenge_method": null, "code_verifier": null}),
            ..Way::default()
        },
        Way {
            name: "pkce-required",
            authorization: "{scopes: [profile, email, groups], pkce: Required}",
            ..Way::default()
        },
        Way {
            name: "never-pushed",
            authorization: "{scopes: [profile, email, groups], pushedAuthorizationRequests: Disabled}",
            seen: json!({"pushed by": null}),
            ..Way::default()
        },
        Way {
            name: "always-pushed",
            registered: json!({"client_secret": CLIENT_SECRET, "require_pushed_authorization_requests": true}),
            authorization: "{scopes: [profile, email, groups], pushedAuthorizationRequests: Required}",
            ..Way::default()
        },
    ]
}

fn answers() -> Vec<Way> {
    vec![
        Way {
            name: "by-query",
            authorization: "{scopes: [profile, email, groups], responseMode: Query}",
            seen: json!({"response_mode": "query"}),
            ..Way::default()
        },
        Way {
            name: "by-form",
            authorization: "{scopes: [profile, email, groups], responseMode: FormPost}",
            seen: json!({"response_mode": "form_post"}),
            ..Way::default()
        },
        Way {
            name: "by-form-unpushed",
            authorization: BY_FORM_UNPUSHED,
            seen: json!({"response_mode": "form_post", "pushed by": null}),
            ..Way::default()
        },
        // Over http only a native client at a loopback address may have the ID token at once.
        Way {
            name: "id-token",
            registered: json!({
                "application_type": "native", "response_types": ["id_token"], "grant_types": ["implicit"],
                "token_endpoint_auth_method": "none",
            }),
            client: "{id: NAME}",
            authorization: "{scopes: [profile, email, groups], responseType: IdToken}",
            seen: seen_of_an_id_token(),
            ..Way::default()
        },
    ]
}

#[tokio::test]
async fn the_provider_is_asked_for_what_the_manifest_says() {
    let ways = [
        Way {
            name: "scopes-in-one-string",
            authorization: "{scopes: ['openid, profile email,groups']}",
            seen: json!({"scope": "openid profile email groups"}),
            ..Way::default()
        },
        Way {
            name: "every-parameter",
            authorization: EVERY_PARAMETER,
            seen: json!({
                "max_age": "28800", "acr_values": "gold silver", "ui_locales": "de pt-BR", "prompt": "login consent",
                "hd": "example.com & more",
            }),
            ..Way::default()
        },
    ];
    let world = WaysIn::start(On::Directory, json!({"acrValues": ["gold"], "extraParameters": ["hd"]})).await;
    world.open(&ways).await;
    world.must_lead_in(&ways).await;
}

#[tokio::test]
async fn alice_signs_in_where_the_provider_demands_pushed_requests_and_pkce() {
    let demands = json!({"requirePushedAuthorizationRequests": true, "requirePKCE": true});
    let world = WaysIn::start(On::Directory, demands).await;
    let ways = [
        Way { name: "auto", ..Way::default() },
        Way {
            name: "public",
            registered: json!({"token_endpoint_auth_method": "none"}),
            client: "{id: NAME, authMethod: None}",
            seen: json!({"pushed by": "none", "exchanged by": "none"}),
            ..Way::default()
        },
    ];
    world.open(&ways).await;
    world.must_lead_in(&ways).await;

    let never = "{scopes: [profile, email, groups], pushedAuthorizationRequests: Disabled}";
    world.write(&Way { name: "never-pushed", authorization: never, ..Way::default() }).await;
    let incompatible = ["Ready", "False", "Incompatible"];
    let message = world.latchkey.wait_for_condition("identityprovider", "never-pushed", incompatible).await;
    assert!(message.contains("require_pushed_authorization_requests"), "{message}");
    assert_eq!(world.somebody().await.goto(&world.login("never-pushed")).await, 503);
}
