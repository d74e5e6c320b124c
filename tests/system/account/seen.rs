//! What the page shows, and from whom it is.

use serde_json::json;

use super::{browser_of, latchkey, note_office, page, person, text};
use crate::support::{
    browser::Browser,
    fake::Fake,
    latchkey::Latchkey,
    manifests,
    provider::{CLIENT_SECRET, Provider},
    visitor::Visitor,
    wait_for,
};

const DEFAULTS: &str = "  defaults: {administrator: true, language: de}\n";

#[tokio::test]
async fn everybody_sees_what_they_have_and_which_mapper_or_default_gave_it() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, DEFAULTS).await;
    note_office(&latchkey, "value: Berlin").await;
    let ann = json!({
        "sub": "ann", "preferred_username": "ann", "name": "Ann Archer", "email": "ann@example.com",
        "email_verified": true, "groups": ["engineering"], "zoneinfo": "Asia/Tokyo",
    });
    let visitor = browser_of(&latchkey, "demo", &fake, ann).await;
    let seen = text(&page(&latchkey, &visitor).await);
    for told in [
        "Your account Ann Archer Administrator",
        "User name ann",
        "E-mail ann@example.com Verified",
        "Signed in with Provider demo",
        "Administrator Yes for everybody of Provider demo by the role admin",
        "Roles admin by the mapper engineers viewer by the mapper everyone",
        "Groups builders by the mapper engineers everyone by the mapper everyone",
        "Full name Ann Archer from Provider demo",
        "Language de from Provider demo",
        "office Berlin by the mapper office",
        "Times are those of UTC",
        "Provider demo This session Since",
    ] {
        assert!(seen.contains(told), "{told} is not in: {seen}");
    }
    assert!(!seen.contains("can also sign in") && !seen.contains("Send me a mail"), "{seen}");
}

#[tokio::test]
async fn an_address_that_nobody_has_verified_is_said_to_be_so() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let visitor = browser_of(&latchkey, "demo", &fake, person("ann")).await;
    let seen = text(&page(&latchkey, &visitor).await);
    assert!(seen.contains("E-mail ann@example.com Not verified"), "{seen}");
    assert!(seen.contains("This installation can’t send mails yet; ask your administrator."), "{seen}");
    let log = latchkey.log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("a new address stays unverified")).collect();
    assert!(matches!(told[..], [line] if line.contains("--smtp-url") && line.contains("--mail-from")), "{log}");
    assert!(seen.contains("Groups everyone by the mapper everyone"), "{seen}");
}

#[tokio::test]
async fn times_are_those_of_the_person_s_zone_which_the_organization_may_assume() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    latchkey.edit("organization.yaml", "  roles:", "  defaults: {timeZone: Asia/Kolkata}\n  roles:").await;
    let visitor = browser_of(&latchkey, "demo", &fake, person("ann")).await;
    let page = wait_for("the organization's default is shown", async || {
        let page = page(&latchkey, &visitor).await;
        text(&page).contains("Time zone Asia/Kolkata for everybody of Example Inc.").then_some(page)
    })
    .await;
    let seen = text(&page);
    assert!(seen.contains("Times are those of Asia/Kolkata"), "{seen}");
    let (_, rest) = page.split_once("<time datetime=\"").expect("a time");
    let (machine, rest) = rest.split_once("\">").expect("its end");
    let at: jiff::Timestamp = machine.parse().expect("RFC 3339");
    let shown = at.in_tz("Asia/Kolkata").expect("a zone").strftime("%-d %B %Y, %H:%M").to_string();
    assert!(rest.starts_with(&shown), "{shown} {rest}");
}

/// Somebody who came by two providers, of which the second one takes people by their address.
#[tokio::test]
async fn the_other_providers_that_lead_to_the_same_user_are_named() {
    let (demo, other) = (Fake::start().await, Fake::start().await);
    let latchkey = latchkey(&demo, "").await;
    let trusted = manifests::provider("other", &other.issuer, "  trust: {global: true}\n");
    latchkey.write("other.yaml", &trusted).await;
    latchkey.wait_until_ready("other").await;
    let verified = |sub: &str| json!({"sub": sub, "preferred_username": "ann", "email": "ann@example.com", "email_verified": true});
    browser_of(&latchkey, "demo", &demo, verified("1")).await;
    let visitor = browser_of(&latchkey, "other", &other, verified("2")).await;
    let seen = text(&page(&latchkey, &visitor).await);
    assert!(seen.contains("Signed in with Provider other You can also sign in with Provider demo"), "{seen}");
}

#[tokio::test]
async fn whatever_people_are_called_is_shown_and_never_run() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let hostile = "\"><script>alert('1')</script><img src=x onerror=alert(1)>";
    note_office(&latchkey, "claim: office").await;
    let ann = json!({
        "sub": "ann", "preferred_username": hostile, "name": hostile, "given_name": hostile, "picture": "javascript:alert(1)",
        "profile": hostile, "office": [hostile, hostile],
    });
    let visitor = browser_of(&latchkey, "demo", &fake, ann).await;
    let page = page(&latchkey, &visitor).await;
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("=\"javascript:"), "{page}");
    assert_eq!(page.matches("&#60;script&#62;").count(), 7, "{page}");
}

#[tokio::test]
async fn who_is_not_signed_in_comes_to_the_sign_in_page() {
    let fake = Fake::start().await;
    let latchkey = latchkey(&fake, "").await;
    let nobody = Visitor::new();
    assert_eq!(nobody.get(&latchkey.at("account")).await.location(), Some(latchkey.at("login")));
    let asked = nobody.post(&latchkey.at("account"), &[("end", "all")]).await;
    // No redirect: a browser would follow it no further than the provider's site, and show nothing.
    assert_eq!((asked.status, asked.location()), (200, None));
    let way = format!("href=\"/o/{}/login\"", latchkey.organization());
    assert!(asked.body.contains("You are signed out") && asked.body.contains(&way), "{}", asked.body);
}

/// By the keyboard alone.
#[tokio::test]
async fn in_a_real_browser_a_session_elsewhere_is_ended_and_then_the_own_one() {
    let provider = Provider::start().await;
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("demo.yaml", &manifests::provider("demo", &provider.issuer, "")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start(&files).await;
    provider.register(CLIENT_SECRET, &[&latchkey.at("callback/demo")]).await;
    latchkey.wait_until_ready("demo").await;
    let elsewhere = Visitor::new();
    elsewhere.sign_in(&latchkey, "demo", "alice").await;
    let browser = Browser::start();
    let tab = browser.open(json!({"width": 320, "height": 800})).await;
    tab.goto(&latchkey.at("login/demo")).await;
    tab.sign_in_at_provider("alice").await;
    tab.wait_for_url("/account").await;
    assert_eq!(tab.count(".sessions li").await, 2);
    tab.must_be_accessible().await;
    tab.must_fit().await;
    // Past signing out and this session, which is the newest.
    for _ in 0..3 {
        tab.press("Tab").await;
    }
    tab.press("Enter").await;
    tab.wait_for(".sessions:not(:has(li + li))").await;
    assert_eq!(elsewhere.session(&latchkey).await, None);
    tab.must_be_accessible().await;
    tab.press("Tab").await;
    tab.press("Tab").await;
    tab.press("Enter").await;
    tab.wait_for_url("/logout?done").await;
    assert_eq!(tab.goto(&latchkey.at("session")).await, 401);
}
