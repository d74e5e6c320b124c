//! What a provider says, and what strangers send, when it is asked in more than one way.

use serde_json::json;

use crate::support::{
    fake::{DISCOVERY, Fake, Reply, TOKEN, sign},
    latchkey::Latchkey,
    manifests,
    visitor::Visitor,
    wait_for,
};

const IDP: &str = "identityprovider";

/// A provider of which only the configuration URL is known.
fn by_configuration_url(name: &str, fake: &Fake) -> String {
    manifests::provider(name, &fake.issuer, "").replace(
        &format!("  issuer: {}\n", fake.issuer),
        &format!("  discovery: {{url: \"{}{DISCOVERY}\"}}\n", fake.issuer),
    )
}

/// With two client secrets.
fn rotating(fake: &Fake) -> String {
    manifests::provider("demo", &fake.issuer, "").replace(
        "secretRef: {name: demo-client, key: client-secret}",
        "secretRef: {name: demo-client, key: client-secret}, previousSecretRef: {name: demo-client, key: previous}",
    )
}

fn two_secrets() -> String {
    manifests::usual_secret().replace("stringData: {", "stringData: {previous: the-secret-before, ")
}

async fn user_id(visitor: &Visitor, latchkey: &Latchkey) -> serde_json::Value {
    visitor.session(latchkey).await.expect("a session")["id"].clone()
}

/// OpenID Connect Discovery 1.0, section 4.3. Identity is (issuer, sub) in the whole organization.
#[tokio::test]
async fn a_provider_that_names_the_issuer_of_another_one_signs_nobody_in_as_its_users() {
    let (honest, evil) = (Fake::start().await, Fake::start().await);
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("honest.yaml", &manifests::provider("honest", &honest.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("honest").await;
    let victim = Visitor::new();
    let begun = victim.begin(&latchkey, "honest").await;
    honest.give_out(&sign(&honest.claims(&begun.nonce)));
    assert!(victim.get(&begun.callback).await.signs_in());
    let victims_id = user_id(&victim, &latchkey).await;

    // The other customer's provider: only its configuration URL is in the reviewed manifest.
    evil.announce("issuer", honest.issuer.as_str());
    latchkey.write("evil.yaml", &by_configuration_url("evil", &evil)).await;
    latchkey.wait_for_condition(IDP, "evil", ["Discovered", "False", "IssuerMismatch"]).await;
    assert_eq!(Visitor::new().get(&latchkey.at("login/evil")).await.status, 503);
    assert_eq!(user_id(&victim, &latchkey).await, victims_id);

    // Of its own place it may say so.
    evil.announce("issuer", evil.issuer.as_str());
    latchkey.edit("evil.yaml", "displayName: Provider evil", "displayName: Provider sound").await;
    latchkey.wait_until_ready("evil").await;
}

/// Entra's `common` says https://login.microsoftonline.com/{tenantid}/v2.0, which is no token's issuer.
#[tokio::test]
async fn a_pattern_is_no_issuer_even_if_somebody_writes_it_down() {
    let fake = Fake::start().await;
    let pattern = format!("{}/{{tenantid}}/v2.0", fake.issuer);
    fake.announce("issuer", pattern.as_str());
    let provider = by_configuration_url("demo", &fake) + &format!("  issuer: \"{pattern}\"\n");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", provider.as_str()),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    let ready = wait_for("a decision", async || {
        latchkey.condition(IDP, "demo", "Ready").await.filter(|ready| ready.reason != "Pending")
    })
    .await;
    assert_eq!(ready.status, "False", "{ready:?}");
}

async fn rotating_latchkey(fake: &Fake) -> Latchkey {
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &rotating(fake)),
        ("secret.yaml", &two_secrets()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey
}

/// RFC 6749, section 5.2: `invalid_grant` is about the code, whatever the status. Nothing that an anonymous visitor does
/// writes to Kubernetes.
#[tokio::test]
async fn a_code_that_somebody_made_up_says_nothing_of_the_client_secrets() {
    let fake = Fake::start().await;
    let latchkey = rotating_latchkey(&fake).await;
    fake.answer(TOKEN, Reply::status(401, "{\"error\": \"invalid_grant\"}"));
    let stranger = Visitor::new();
    let begun = stranger.begin(&latchkey, "demo").await;
    assert_eq!(stranger.get(&begun.callback).await.status, 502);
    assert_eq!(fake.count(TOKEN), 1, "the second secret was shown for a bad code");
}

#[tokio::test]
async fn which_secret_was_accepted_is_known_after_a_restart() {
    let fake = Fake::start().await;
    let mut latchkey = rotating_latchkey(&fake).await;
    let visitor = Visitor::new();
    let begun = visitor.begin(&latchkey, "demo").await;
    fake.give_out(&sign(&fake.claims(&begun.nonce)));
    assert!(visitor.get(&begun.callback).await.signs_in());
    latchkey.wait_for_condition(IDP, "demo", ["ClientAccepted", "True", "Succeeded"]).await;
    latchkey.stop().await;
    latchkey.start_again().await;
    // An edit makes it write a status.
    latchkey.edit("provider.yaml", "Provider demo", "Provider edited").await;
    wait_for("the edit is reconciled", async || {
        latchkey.status(IDP, "demo").await.filter(|status| status["observedGeneration"] == 2)
    })
    .await;
    let accepted = latchkey.condition(IDP, "demo", "ClientAccepted").await.expect("a condition");
    assert_eq!(accepted.status, "True", "{accepted:?}");
}

/// OpenID Connect Core 1.0, section 4: initiate may be a POST of the provider's page, with which no session cookie comes.
#[tokio::test]
async fn a_login_by_form_post_ends_the_session_before_however_it_began() {
    let fake = Fake::start().await;
    let more = "  authorization: {responseMode: FormPost}\n";
    let provider = manifests::provider("demo", &fake.issuer, "")
        .replace("  authorization: {scopes: [profile, email, groups]}\n", more);
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("provider.yaml", &provider),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;

    let sign_in = async |attempt: &Visitor, to: String| {
        let sent = url::Url::parse(&to).expect("a URL");
        let parameter = |name: &str| sent.query_pairs().find(|(other, _)| other == name).expect(name).1.into_owned();
        fake.give_out(&sign(&fake.claims(&parameter("nonce"))));
        attempt.post(&latchkey.at("callback/demo"), &[("state", &parameter("state")), ("code", "m4rk")]).await
    };
    let first = Visitor::new();
    let to = first.get(&latchkey.at("login/demo")).await.location().expect("a redirect");
    assert!(sign_in(&first, to).await.signs_in());
    assert!(first.session(&latchkey).await.is_some());

    // The same browser again: neither the POST to initiate nor that to the redirect URI brings the Lax cookie, but the
    // GET that the first leads to does.
    let cross_site = Visitor::new();
    let answer = cross_site.post(&latchkey.at("initiate/demo"), &[("iss", &fake.issuer)]).await;
    cross_site.take_cookies_of(&first, latchkey.url("").trim_end_matches('/'));
    let to = cross_site.get(&answer.location().expect("a redirect")).await.location().expect("a redirect");
    cross_site.forget_but("latchkey.login.");
    assert!(sign_in(&cross_site, to).await.signs_in());
    assert_eq!(first.session(&latchkey).await, None, "the session before lives on, and no cookie names it any more");
}

/// The message says to check authMethod; whoever has corrected it must not wait for somebody to sign in.
#[tokio::test]
async fn secrets_that_were_refused_are_not_held_against_another_auth_method() {
    let fake = Fake::start().await;
    fake.announce("token_endpoint_auth_methods_supported", json!(["client_secret_basic", "client_secret_post"]));
    let latchkey = rotating_latchkey(&fake).await;
    fake.answer(TOKEN, Reply::status(401, "{\"error\": \"invalid_client\"}"));
    let visitor = Visitor::new();
    let begun = visitor.begin(&latchkey, "demo").await;
    assert_eq!(visitor.get(&begun.callback).await.status, 502);
    latchkey.wait_for_condition(IDP, "demo", ["Ready", "False", "InvalidClient"]).await;
    latchkey.edit("provider.yaml", "client: {", "client: {authMethod: ClientSecretPost, ").await;
    wait_for("the edit is reconciled", async || {
        latchkey.status(IDP, "demo").await.filter(|status| status["observedGeneration"] == 2)
    })
    .await;
    let accepted = latchkey.condition(IDP, "demo", "ClientAccepted").await.expect("a condition");
    assert_eq!(accepted.status, "Unknown", "{accepted:?}");
}
