//! Signing out here: what becomes of the session at the provider, and where people land.

use serde_json::json;

use super::{Registered, claims_of, has_session_cookie, parameter, parameters, target};
use crate::support::{
    AT_ONCE,
    browser::{Browser, Page},
    latchkey::Latchkey,
    manifests,
    portal::Portal,
    provider::CLIENT_ID,
    refusal::must_be_refused,
    visitor::Visitor,
    wait_within,
};

async fn sign_in(world: &Registered, page: &Page<'_>, name: &str) {
    page.goto(&world.latchkey.at("login/demo")).await;
    page.sign_in_at_provider(name).await;
    page.wait_for_url(&world.latchkey.path("account")).await;
}

/// By the page that asks, which says whether it is for the provider, too.
async fn sign_out(latchkey: &Latchkey, page: &Page<'_>, there_too: bool) {
    page.goto(&latchkey.at("logout")).await;
    page.must_be_in_order().await;
    let text = page.text().await;
    assert_eq!(text.contains("Provider demo is asked to sign you out there, too."), there_too, "{text}");
    page.click("form button").await;
}

async fn is_signed_in(latchkey: &Latchkey, page: &Page<'_>) -> bool {
    page.fetch(&latchkey.at("session")).await.0 == 200
}

#[tokio::test]
async fn who_signs_out_by_redirect_is_signed_out_at_the_provider_too_and_comes_back() {
    let world = Registered::start("").await;
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let template = "  logout: {endSessionURL: \"ISSUER/session/end?client_id={client-id}&post_logout_redirect_uri={signout-oidc}&id_token_hint={id-token-hint}\"}\n";
    for more in ["", "  logout: {sendIDTokenHint: true}\n", template] {
        if !more.is_empty() {
            world.change(more).await;
        }
        let page = browser.open(json!({})).await;
        sign_in(&world, &page, "alice").await;
        sign_out(latchkey, &page, true).await;
        page.wait_for_url(&world.provider.issuer).await;
        assert!(!is_signed_in(latchkey, &page).await, "here it is over before the provider says anything: {more}");
        page.sign_out_at_provider().await;
        page.wait_for_url(&latchkey.path("logout?done")).await;
        assert!(page.text().await.contains("You are signed out"));
        page.goto(&latchkey.at("login/demo")).await;
        page.wait_for("#password").await;
    }
    let asked = world.provider.requests("end_session").await;
    let with_hint = asked.iter().filter(|request| request["query"].to_string().contains("id_token_hint")).count();
    assert_eq!(with_hint, 2, "{asked:?}");
}

#[tokio::test]
async fn in_mode_local_the_session_at_the_provider_goes_on() {
    let world = Registered::start("  logout: {mode: Local}\n").await;
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let page = browser.open(json!({})).await;
    sign_in(&world, &page, "alice").await;
    sign_out(latchkey, &page, false).await;
    page.wait_for_url(&latchkey.path("logout?done")).await;
    assert!(!is_signed_in(latchkey, &page).await);
    page.goto(&latchkey.at("login/demo")).await;
    page.wait_for_url(&latchkey.path("account")).await;
    assert!(world.provider.requests("end_session").await.is_empty());
}

#[tokio::test]
async fn what_stands_in_the_end_session_url_is_filled_in_and_the_hint_is_the_id_token_of_the_login() {
    let world = Registered::start("").await;
    let (latchkey, alice) = (&world.latchkey, Visitor::new());
    let back = latchkey.at("signout-oidc/demo");
    let plain = async |hint: bool| {
        alice.sign_in(latchkey, "demo", "alice").await;
        let to = target(latchkey, &alice).await;
        assert!(to.starts_with(&format!("{}?", world.end_session())), "{to}");
        assert_eq!(parameter(&to, "client_id").as_deref(), Some(CLIENT_ID));
        assert_eq!(parameter(&to, "post_logout_redirect_uri"), Some(back.clone()));
        let token = parameter(&to, "id_token_hint");
        assert_eq!(token.is_some(), hint, "{to}");
        assert!(token.is_none_or(|token| claims_of(&token)["sub"] == "7c9e6679"), "it is alice's");
        assert_eq!(alice.get(&to).await.status, 200, "the provider takes it");
        parameter(&to, "state").expect("a state")
    };
    let state = plain(false).await;
    world.change("  logout: {sendIDTokenHint: true}\n").await;
    assert_ne!(plain(true).await, state);

    for (template, names) in [
        ("?to={signout-oidc}", vec!["to"]),
        ("?to={signout-oidc-with-state}", vec!["to"]),
        ("?c={client-id}&h={id-token-hint}", vec!["c", "h"]),
    ] {
        world.change(&format!("  logout: {{endSessionURL: \"https://idp.example.org/out{template}\"}}\n")).await;
        alice.sign_in(latchkey, "demo", "alice").await;
        let to = target(latchkey, &alice).await;
        let seen: Vec<_> = parameters(&to).into_iter().map(|(name, _)| name).collect();
        assert_eq!(seen, names, "nothing is added: {to}");
        assert!(!to.contains('{'), "{to}");
        match template {
            "?to={signout-oidc}" => assert_eq!(parameter(&to, "to"), Some(back.clone())),
            "?to={signout-oidc-with-state}" => {
                let back_with = parameter(&to, "to").expect("a target");
                assert!(back_with.starts_with(&format!("{back}?state=")), "{back_with}");
                assert_eq!(Visitor::new().get(&back_with).await.status, 303, "its state is a right one");
            }
            _ => {
                assert_eq!(parameter(&to, "c").as_deref(), Some(CLIENT_ID));
                assert_eq!(claims_of(&parameter(&to, "h").expect("a hint"))["aud"], CLIENT_ID);
            }
        }
    }
}

#[tokio::test]
async fn a_session_that_began_before_the_hint_was_wanted_is_ended_without_it() {
    let world = Registered::start("").await;
    let (latchkey, alice) = (&world.latchkey, Visitor::new());
    alice.sign_in(latchkey, "demo", "alice").await;
    world.change("  logout: {endSessionURL: \"https://idp.example.org/out?h={id-token-hint}&x=y\"}\n").await;
    assert_eq!(target(latchkey, &alice).await, "https://idp.example.org/out?h=&x=y");
}

#[tokio::test]
async fn people_land_on_the_page_of_the_provider_else_of_the_organization_else_on_ours() {
    let world = Registered::start("  logout: {mode: Local}\n").await;
    let (latchkey, alice) = (&world.latchkey, Visitor::new());
    let land = async || {
        alice.sign_in(latchkey, "demo", "alice").await;
        target(latchkey, &alice).await
    };
    assert_eq!(land().await, latchkey.at("logout?done"));
    latchkey.edit("organization.yaml", "  signIn:\n", "  signIn:\n    logoutPageURL: https://example.com/bye\n").await;
    wait_within(AT_ONCE, "the organization's page", async || {
        (Visitor::new().post(&latchkey.at("logout"), &[]).await.location()? == "https://example.com/bye").then_some(())
    })
    .await;
    assert_eq!(land().await, "https://example.com/bye");
    world.change("  logout: {mode: Local, pageURL: \"https://example.com/goodbye?a=b\"}\n").await;
    assert_eq!(land().await, "https://example.com/goodbye?a=b");
    assert_eq!(
        Visitor::new().get(&latchkey.at("signout-oidc/demo")).await.location().as_deref(),
        Some("https://example.com/goodbye?a=b"),
        "whoever comes from the provider, too"
    );
}

#[tokio::test]
async fn no_request_says_where_people_land() {
    let world = Registered::start("  logout: {mode: Local}\n").await;
    let (latchkey, visitor) = (&world.latchkey, Visitor::new());
    let names = ["return_to", "post_logout_redirect_uri", "returnTo", "redirect_uri", "target_link_uri", "state"];
    let targets = [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "%2F%2Fevil.example",
        "/\t/evil.example",
        "https://127.0.0.1@evil.example/",
        "/../../evil",
        "javascript:alert(1)",
    ];
    for (number, target) in targets.into_iter().enumerate() {
        let name = names[number % names.len()];
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, target).finish();
        let to = latchkey.at(&format!("logout?{query}"));
        let answer = visitor.post(&to, &[(name, target)]).await;
        assert_eq!((answer.status, answer.location()), (303, Some(latchkey.at("logout?done"))), "{name}={target}");
    }
    let long = format!("https://evil.example/{}", "a".repeat(64 * 1024));
    let answer = visitor.post(&latchkey.at("logout"), &[("return_to", &long)]).await;
    assert_eq!(answer.location(), Some(latchkey.at("logout?done")));
}

#[tokio::test]
async fn the_page_afterwards_may_be_of_another_origin_and_comes_after_the_provider() {
    let (world, portal) = (Registered::start("").await, Portal::start().await);
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let page_url = format!("{}/app", portal.url);
    for (mode, through_provider) in [("Redirect", true), ("Local", false)] {
        world.change(&format!("  logout: {{mode: {mode}, pageURL: \"{page_url}\"}}\n")).await;
        let page = browser.open(json!({})).await;
        sign_in(&world, &page, "alice").await;
        sign_out(latchkey, &page, through_provider).await;
        if through_provider {
            page.sign_out_at_provider().await;
        }
        page.wait_for_url(&page_url).await;
        page.wait_for("h1").await;
    }
}

#[tokio::test]
async fn coming_back_from_the_provider_leads_to_the_landing_page_and_nowhere_else() {
    let world = Registered::start("").await;
    let latchkey = &world.latchkey;
    let other = manifests::provider("other", &world.provider.issuer, "");
    latchkey.write("other.yaml", &other).await;
    latchkey.wait_until_ready("other").await;
    let (alice, nobody) = (Visitor::new(), Visitor::new());
    alice.sign_in(latchkey, "demo", "alice").await;
    let state = parameter(&target(latchkey, &alice).await, "state").expect("a state");
    let at = |key: &str, query: &str| latchkey.at(&format!("signout-oidc/{key}{query}"));
    for query in ["", "?state=", &format!("?state={state}"), &format!("?state={state}&more=1")] {
        let answer = nobody.get(&at("demo", query)).await;
        assert_eq!((answer.status, answer.location()), (303, Some(latchkey.at("logout?done"))), "{query}");
    }
    assert!(!has_session_cookie(latchkey, &alice));

    let too_long = "A".repeat(17 * 1024);
    for (key, query) in [
        ("demo", "?state=m4rk".to_owned()),
        ("demo", format!("?state={}", &state[1..])),
        ("demo", format!("?state={state}A")),
        ("demo", format!("?state={state}&state={state}")),
        ("demo", "?a=1&a=1".to_owned()),
        ("demo", format!("?state={too_long}")),
        ("other", format!("?state={state}")),
    ] {
        let answer = nobody.get(&at(key, &query)).await;
        let name = format!("{key}{}", query.chars().take(60).collect::<String>());
        must_be_refused(&name, latchkey, &answer, 400, "logout_state");
        assert_eq!(answer.location(), None, "{name}");
    }
    assert_eq!(nobody.get(&at("nobody", "")).await.status, 404);

    alice.sign_in(latchkey, "demo", "alice").await;
    for query in ["", &format!("?state={state}")] {
        let answer = alice.get(&at("demo", query)).await;
        assert_eq!(answer.location(), Some(latchkey.at("logout")), "whoever is signed in is asked");
        assert!(alice.session(latchkey).await.is_some(), "a GET signs nobody out");
    }
}

#[tokio::test]
async fn neither_an_image_nor_a_form_of_another_site_signs_anybody_out() {
    let (world, portal) = (Registered::start("").await, Portal::start().await);
    let (latchkey, browser) = (&world.latchkey, Browser::start());
    let page = browser.open(json!({})).await;
    sign_in(&world, &page, "alice").await;
    for path in ["logout", "logout?done", "signout-oidc/demo"] {
        page.goto(&portal.showing("image", &latchkey.at(path))).await;
        page.wait_for("body.loaded").await;
        assert!(is_signed_in(latchkey, &page).await, "an image of {path}");
        page.goto(&portal.showing("frame", &latchkey.at(path))).await;
        page.wait_for("body.loaded").await;
        assert!(is_signed_in(latchkey, &page).await, "a frame of {path}");
    }
    page.goto(&portal.posting_to(&latchkey.at("logout"), &[("logout", "yes")])).await;
    page.wait_for_url(&latchkey.path("logout")).await;
    assert!(page.text().await.contains("This came from another site"), "{}", page.text().await);
    assert!(is_signed_in(latchkey, &page).await);
}
