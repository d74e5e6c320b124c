//! ID tokens of providers that aren't ours, got as desktop applications get them (RFC 8252): by code with PKCE, with no
//! secret.

use serde_json::{Value, json};

use super::{
    ask::{FLAGS, ask},
    world::bearer,
};
use crate::support::{
    browser::Browser,
    canaille::{Canaille, consent_at_canaille, sign_in_at_canaille},
    latchkey::Latchkey,
    manifests,
    native_app::NativeApp,
    provider::Provider,
    visitor::Visitor,
};

const RESOURCE: &str = "https://api.example.com/";

/// Latchkey with a provider for the application `desktop`, which is called `client` there.
async fn latchkey(issuer: &str, client: &str, more: &str) -> Latchkey {
    let applications = format!(
        "  applications: [{{clientID: desktop, identityProviders: [{{name: real, audiences: ['{client}']}}]}}]\n"
    );
    let organization = format!("{}{applications}", manifests::ORGANIZATION);
    let mappers = manifests::MAPPERS.replace("{name: demo}", "{name: real}");
    let files = [
        ("organization.yaml", &*organization),
        ("real.yaml", &*bearer("real", issuer, more)),
        ("mappers.yaml", &mappers),
    ];
    let latchkey = Latchkey::start_with(FLAGS, &files).await;
    latchkey.wait_until_ready("real").await;
    latchkey.wait_for_condition("organization", "default", ["Ready", "True", "Succeeded"]).await;
    for mapper in ["engineers", "everyone"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    latchkey
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}"))
}

async fn alice_s_is_good_once(latchkey: &Latchkey, id_token: &str) -> Value {
    let claims = ask("desktop", id_token).gets(latchkey).await.claims();
    ask("desktop", id_token).gets_refused(latchkey, 400, "invalid_grant", "token_used").await;
    let seen = ["userName", "fullName", "email", "provider", "organization", "roles", "groups", "administrator"];
    let seen: Vec<_> = seen.iter().map(|name| claims[*name].clone()).collect();
    let wanted = json!([
        "alice",
        "Alice Archer",
        "alice@example.com",
        "real",
        "default",
        ["admin", "viewer"],
        ["builders", "everyone"],
        true
    ]);
    assert_eq!(json!(seen), wanted);
    claims
}

#[tokio::test]
async fn the_certified_provider_s_id_tokens_are_good_and_its_other_tokens_are_not() {
    const REDIRECT_URI: &str = "http://127.0.0.1/callback/desktop";
    let provider = Provider::start_with(json!({"resources": [RESOURCE]})).await;
    let native = |id: &str, alg: &str| {
        json!({
            "client_id": id, "application_type": "native", "token_endpoint_auth_method": "none",
            "redirect_uris": [REDIRECT_URI], "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"], "id_token_signed_response_alg": alg,
        })
    };
    let clients =
        json!([native("native-app", "RS256"), native("other-app", "RS256"), native("signs-otherwise", "ES256")]);
    provider.control("PUT", "clients", &clients).await;
    let latchkey = latchkey(&provider.issuer, "native-app', 'signs-otherwise", "").await;
    // Any port of the loopback address is registered (RFC 8252, section 7.3).
    let redirect_uri = REDIRECT_URI.replace("127.0.0.1", "127.0.0.1:49152");
    let got = async |client: &str| {
        let more =
            [("scope", "openid profile email groups offline_access"), ("prompt", "consent"), ("resource", RESOURCE)];
        let app = NativeApp::new(&provider.issuer, client, &redirect_uri).await;
        app.tokens(&Visitor::new().come_back(&app.begins(&more), "alice").await).await
    };
    let tokens = got("native-app").await;
    let claims = alice_s_is_good_once(&latchkey, text(&tokens, "id_token")).await;
    assert_eq!(claims["emailVerified"], true);
    for wrong in [text(&tokens, "access_token"), text(&tokens, "refresh_token")] {
        let answer = ask("desktop", wrong).send(&latchkey).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")), "{}", answer.body);
    }
    let others = got("other-app").await;
    ask("desktop", text(&others, "id_token")).gets_refused(&latchkey, 400, "invalid_grant", "aud_not_ours").await;
    let other_alg = got("signs-otherwise").await;
    let again = alice_s_is_good_once(&latchkey, text(&other_alg, "id_token")).await;
    assert_eq!(again["sub"], claims["sub"]);
}

#[tokio::test]
async fn canaille_s_id_tokens_are_good() {
    let canaille = Canaille::start().await;
    // Somebody has to answer the browser.
    let page = crate::support::raw::serve(crate::support::raw::Says::Text(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nok",
    ));
    let redirect_uri = format!("{page}/callback/desktop");
    let client = canaille.register(&redirect_uri, &json!({"token_endpoint_auth_method": "none"})).await;
    let latchkey = latchkey(&canaille.issuer, &client.id, "").await;
    let app = NativeApp::new(&canaille.issuer, &client.id, &redirect_uri).await;
    let browser = Browser::start();
    let page = browser.open(json!({})).await;
    page.goto(&app.begins(&[("scope", "openid profile email groups")])).await;
    sign_in_at_canaille(&page, "alice").await;
    consent_at_canaille(&page).await;
    page.wait_for_url("/callback/desktop").await;
    let tokens = app.tokens(&page.url().await).await;
    let claims = alice_s_is_good_once(&latchkey, text(&tokens, "id_token")).await;
    assert_eq!(claims["emailVerified"], false, "canaille says nothing of it");
    // Its access tokens are JWTs for the client, with typ JWT and nothing that only access tokens have: nobody can tell them
    // from ID tokens.
}
