//! Providers whose ID tokens applications bring, and at which nobody signs in by browser.

use reqwest::{Method, header::HeaderMap};
use serde_json::json;

use crate::{
    home_realm::{AT_GLOBEX, GLOBEX, discover, discover_here},
    support::{
        AT_ONCE,
        claimed::login,
        fake::{DISCOVERY, Fake, KEYS},
        latchkey::Latchkey,
        manifests,
        refusal::must_be_refused,
        source::On,
        visitor::Visitor,
        wait_for, wait_within,
    },
};

on_both_sources! {
    it_is_ready_with_nothing_to_register_and_asks_for_no_more_than_keys,
    it_is_no_way_in_by_browser_at_any_address,
    a_client_opens_the_way_in_by_browser_and_its_removal_closes_it,
}

const IDP: &str = "identityprovider";
const CLIENT: &str = "  client: {id: latchkey, secretRef: {name: demo-client, key: client-secret}}\n";
/// What stands in the status of a provider with a client alone.
const TO_REGISTER: [&str; 5] =
    ["redirectURI", "postLogoutRedirectURI", "backchannelLogoutURI", "initiateLoginURI", "loginURL"];

/// A provider that applications bring ID tokens of. `more` are lines of its spec, indented by two spaces.
fn provider(name: &str, issuer: &str, more: &str) -> String {
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: {name}}}\nspec:\n  displayName: Provider {name}\n  issuer: {issuer}\n  jwtBearer: {{}}\n{more}"
    )
}

async fn it_is_ready_with_nothing_to_register_and_asks_for_no_more_than_keys(on: On) {
    let fake = Fake::start().await;
    fake.withdraw("authorization_endpoint");
    fake.withdraw("token_endpoint");
    let bearer =
        provider("bearer", &fake.issuer, "  iconURL: ISSUER/icon.svg\n".replace("ISSUER", &fake.issuer).as_str());
    let files = [("organization.yaml", manifests::ORGANIZATION), ("bearer.yaml", &bearer)];
    let latchkey = Latchkey::start_on(on, &files).await;
    let message = latchkey.wait_for_condition(IDP, "bearer", ["Ready", "True", "Succeeded"]).await;
    assert!(message.contains("Applications can bring ID tokens"), "{message}");
    let status = latchkey.status(IDP, "bearer").await.expect("a status");
    for absent in TO_REGISTER {
        assert!(status.get(absent).is_none(), "{absent}: {status}");
    }
    assert_eq!((&status["servingGeneration"], &status["key"]), (&json!(1), &json!("bearer")), "{status}");
    assert_eq!(status["organizationID"], latchkey.organization());
    assert_eq!((&status["issuer"], &status["keys"][0]["kid"]), (&json!(fake.issuer), &json!("one")), "{status}");
    let conditions = status["conditions"].as_array().expect("conditions").iter();
    let types: Vec<_> = conditions.map(|condition| condition["type"].as_str().expect("a type")).collect();
    assert_eq!(types, ["Accepted", "Discovered", "KeysUsable", "Ready", "ResolvedRefs"]);
    wait_for("the organization counts it", async || {
        let status = latchkey.status("organization", "default").await?;
        (status["identityProviders"] == json!({"total": 1, "ready": 1})).then_some(())
    })
    .await;
    let asked: Vec<_> = fake.every_request().into_iter().map(|request| request.path).collect();
    assert!(asked.iter().all(|path| [DISCOVERY, KEYS].contains(&&**path)), "{asked:?}");
}

async fn it_is_no_way_in_by_browser_at_any_address(on: On) {
    let fake = Fake::start().await;
    let trusted = |domain: &str| format!("  trust: {{assignedEmailDomains: [{domain}]}}\n");
    let at_globex = provider("of-globex", &fake.issuer, &(trusted("globex.example") + AT_GLOBEX));
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("globex.yaml", GLOBEX),
        ("secret.yaml", &manifests::usual_secret()),
        ("demo.yaml", &manifests::provider("demo", &fake.issuer, "")),
        ("bearer.yaml", &provider("bearer", &fake.issuer, &trusted("bearer.example"))),
        ("of-globex.yaml", &at_globex),
    ];
    let latchkey = Latchkey::start_on(on, &files).await;
    for name in ["demo", "bearer", "of-globex"] {
        latchkey.wait_until_ready(name).await;
    }
    let visitor = Visitor::new();
    let straight_on = visitor.get(&latchkey.at("login?login_hint=ann%40bearer.example")).await;
    assert!(straight_on.location().is_some_and(|to| to.starts_with(&latchkey.at("login/demo?"))), "{straight_on:?}");
    for typed in ["ann@bearer.example", "ann@globex.example", "ann@nowhere.example"] {
        assert_eq!(discover(&visitor, &latchkey, typed).await.status, 404, "{typed}");
        assert_eq!(discover_here(&visitor, &latchkey, typed).await.status, 404, "{typed}");
    }

    for path in
        ["login/KEY", "callback/KEY?state=s&code=c", "initiate/KEY?iss=https%3A%2F%2Fi.example", "signout-oidc/KEY"]
    {
        for key in ["bearer", "nobody"] {
            let answer = visitor.get(&latchkey.at(&path.replace("KEY", key))).await;
            must_be_refused(path, &latchkey, &answer, 404, "no_such_provider");
        }
    }
    for (method, path, body) in [
        (Method::GET, "frontchannel-logout/KEY?iss=i&sid=s", None),
        (Method::POST, "backchannel-logout/KEY", Some("logout_token=t".to_owned())),
    ] {
        let at = |key: &str| latchkey.at(&path.replace("KEY", key));
        let answer = visitor.request(method.clone(), &at("bearer"), HeaderMap::new(), body.clone()).await;
        let of_nobody = visitor.request(method, &at("nobody"), HeaderMap::new(), body).await;
        assert_eq!((answer.status, &answer.body), (400, &of_nobody.body), "{path}");
    }
}

async fn a_client_opens_the_way_in_by_browser_and_its_removal_closes_it(on: On) {
    let fake = Fake::start().await;
    let bearer = provider("bearer", &fake.issuer, "");
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("secret.yaml", &manifests::usual_secret()),
        ("bearer.yaml", &bearer),
    ];
    let latchkey = Latchkey::start_on(on, &files).await;
    latchkey.wait_until_ready("bearer").await;
    let (visitor, page) = (Visitor::new(), latchkey.at("login"));
    let offers_nothing = visitor.get(&page).await;
    assert_eq!((offers_nothing.status, offers_nothing.body.contains("Provider bearer")), (200, false));

    latchkey.write("bearer.yaml", &format!("{bearer}{CLIENT}")).await;
    latchkey.wait_until_offered("bearer").await;
    wait_within(AT_ONCE, "there is something to register", async || {
        let status = latchkey.status(IDP, "bearer").await?;
        TO_REGISTER.iter().all(|there| status.get(there).is_some()).then_some(())
    })
    .await;
    let claims = json!({"sub": "ann", "preferred_username": "ann", "email": "ann@example.com"});
    let answer = login(&visitor, &latchkey, "bearer", &fake, claims).await;
    assert!(answer.signs_in(), "{answer:?}");

    latchkey.write("bearer.yaml", &bearer).await;
    wait_within(AT_ONCE, "nobody gets in any more", async || {
        (Visitor::new().get(&latchkey.at("login/bearer")).await.status == 404).then_some(())
    })
    .await;
    assert!(visitor.session(&latchkey).await.is_some(), "who is signed in stays so");
    let signed_out = visitor.post(&latchkey.at("logout"), &[]).await;
    assert_eq!(signed_out.location(), Some(latchkey.at("logout?done")), "here alone");
    assert!(visitor.session(&latchkey).await.is_none());
}

#[tokio::test]
async fn the_first_page_leads_to_the_only_organization_with_a_way_in_by_browser() {
    let fake = Fake::start().await;
    let at_globex = provider("of-globex", &fake.issuer, AT_GLOBEX);
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("globex.yaml", GLOBEX),
        ("secret.yaml", &manifests::usual_secret()),
        ("demo.yaml", &manifests::provider("demo", &fake.issuer, "")),
        ("of-globex.yaml", &at_globex),
    ];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey.wait_until_ready("of-globex").await;
    let first = Visitor::new().get(&latchkey.url("")).await;
    assert_eq!(first.location(), Some(latchkey.at("login")), "{first:?}");
}
