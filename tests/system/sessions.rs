//! How long a session lasts, where it is good, and who can end it.

use std::time::Instant;

use reqwest::{Method, header::HeaderMap};

use crate::support::{AT_ONCE, manifests, visitor::Visitor, wait_for, wait_within, world::World};

#[tokio::test]
async fn a_session_is_over_when_the_organization_says_so_however_it_is_used() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let limit = async |limits: &str| {
        latchkey.write("organization.yaml", &format!("{}  session: {limits}\n", manifests::ORGANIZATION)).await;
    };
    let (busy, idle) = (Visitor::new(), Visitor::new());
    busy.sign_in(latchkey, "demo", "alice").await;
    idle.sign_in(latchkey, "demo", "bob").await;
    limit("{idleTimeout: 2s}").await;
    let began = Instant::now();
    wait_for("the idle timeout has passed", async || {
        assert!(busy.session(latchkey).await.is_some(), "who is busy stays");
        (began.elapsed() > 3 * AT_ONCE).then_some(())
    })
    .await;
    assert_eq!(idle.session(latchkey).await, None);
    limit("{lifetime: 1s}").await;
    wait_within(AT_ONCE, "the lifetime counts at once", async || busy.session(latchkey).await.is_none().then_some(()))
        .await;
}

#[tokio::test]
async fn a_session_is_good_for_its_own_organization_alone() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let acme =
        "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {name: acme}\nspec: {displayName: Acme}\n";
    latchkey.write("acme.yaml", acme).await;
    latchkey.wait_for_condition("organization", "acme", ["Ready", "True", "Succeeded"]).await;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let (name, value) = alice.session_cookie(latchkey);
    let renamed = format!("{}={value}; {name}={value}", name.replace("default", "acme"));
    for (path, status) in [("session", 401), ("auth", 401), ("account", 303)] {
        let answer = Visitor::new().get_with(&latchkey.url(&format!("o/acme/{path}")), &[("cookie", &renamed)]).await;
        assert_eq!(answer.status, status, "{path}");
    }
    assert!(alice.session(latchkey).await.is_some());
}

#[tokio::test]
async fn only_the_form_of_our_own_page_signs_out_and_everywhere_at_once() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let (alice, elsewhere) = (Visitor::new(), Visitor::new());
    alice.sign_in(latchkey, "demo", "alice").await;
    elsewhere.sign_in(latchkey, "demo", "alice").await;
    let logout = latchkey.url("o/default/logout");
    let cookies = alice.cookie_header(&logout.parse().expect("a URL"));
    assert_eq!(alice.get(&logout).await.status, 200);
    assert!(alice.session(latchkey).await.is_some(), "GET signs nobody out");
    for header in
        [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let headers = HeaderMap::from_iter([(header.0.parse().expect("a header"), header.1.parse().expect("a value"))]);
        let answer = alice.request(Method::POST, &logout, headers, Some(String::new())).await;
        assert_eq!(answer.status, 403, "{header:?}");
        assert!(alice.session(latchkey).await.is_some(), "{header:?} signs somebody out");
    }
    let answer = alice.post(&logout, &[]).await;
    let end_session = format!("{}/session/end?client_id=latchkey&post_logout_redirect_uri=", world.provider.issuer);
    let to = answer.location().expect("a redirect");
    assert!(answer.status == 303 && to.starts_with(&end_session), "{} {to}", answer.status);
    let kept = Visitor::new().get_with(&latchkey.url("o/default/session"), &[("cookie", &cookies)]).await;
    assert_eq!(kept.status, 401, "who kept the cookie is out, too");
    assert!(elsewhere.session(latchkey).await.is_some(), "other sessions of the person go on");
    let again = alice.post(&logout, &[]).await;
    let here = Some(latchkey.url("o/default/logout?done"));
    assert_eq!((again.status, again.location()), (303, here), "once more harms nobody");

    let with_page =
        manifests::ORGANIZATION.replace("  signIn:\n", "  signIn:\n    logoutPageURL: https://www.example.com/bye\n");
    latchkey.write("organization.yaml", &with_page).await;
    wait_within(AT_ONCE, "the page afterwards is the organization's", async || {
        let answer = Visitor::new().post(&logout, &[]).await;
        (answer.location().as_deref() == Some("https://www.example.com/bye")).then_some(())
    })
    .await;
}
