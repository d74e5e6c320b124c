//! Logins that begin at a portal of the provider, at another site than Latchkey (OpenID Connect Core 1.0, section 4).

use serde_json::json;
use url::Url;

use crate::support::{
    manifests,
    portal::Portal,
    ways_in::{Way, WaysIn},
};

const ADDRESS: &str = "alice@example.com";

#[tokio::test]
async fn a_login_that_begins_elsewhere_ends_where_it_was_to_lead() {
    let ways = [Way { seen: json!({"login_hint": ADDRESS}), ..Way::default() }];
    let world = WaysIn::with(&ways).await;
    let portal = Portal::start().await;
    let allowed = format!("https://app.example.com/, {}/app", portal.url);
    let organization = manifests::ORGANIZATION.replace("https://app.example.com/", &allowed);
    world.latchkey.write("organization.yaml", &organization).await;

    let initiate = world.latchkey.at("initiate/demo");
    let target = format!("{}/app/inbox?folder=a%20b", portal.url);
    let issuer = world.provider.issuer.as_str();
    let fields = [("iss", issuer), ("login_hint", ADDRESS), ("target_link_uri", &target)];
    let by_get = Url::parse_with_params(&initiate, fields).expect("a URL");
    for begin in [by_get.as_str(), &portal.posting_to(&initiate, &fields)] {
        eprintln!("the login begins at {begin}");
        let page = world.somebody().await;
        let seen = world.seen_during(async {
            page.goto(begin).await;
            page.wait_for("#login").await;
            assert_eq!(page.attribute("#login", "value").await.as_deref(), Some(ADDRESS));
            page.sign_in_at_provider("alice").await;
            page.wait_for_url(&target).await;
            assert_eq!(page.text().await, "Application");
            world.session_is_alice_s(&page, "demo").await;
        });
        assert_eq!(seen.await, world.seen_by(&ways[0]));
    }
}

#[tokio::test]
async fn a_login_that_begins_elsewhere_leads_to_the_account_page_rather_than_to_a_stranger() {
    let ways = [Way::default()];
    let world = WaysIn::with(&ways).await;
    let portal = Portal::start().await;
    let fields = [("iss", world.provider.issuer.as_str()), ("target_link_uri", &portal.url)];
    let page = world.somebody().await;
    page.goto(&portal.posting_to(&world.latchkey.at("initiate/demo"), &fields)).await;
    page.sign_in_at_provider("alice").await;
    world.alice_is_in(&page, "demo").await;

    let strange = [("iss", portal.url.as_str())];
    let page = world.somebody().await;
    page.goto(&portal.posting_to(&world.latchkey.at("initiate/demo"), &strange)).await;
    page.wait_for("main").await;
    let text = page.text().await;
    assert!(text.contains("signing in didn't begin"), "{text}");
    assert_eq!(world.provider.requests("authorization").await.len(), 1);
}
