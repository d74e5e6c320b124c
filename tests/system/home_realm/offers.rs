//! What the sign-in page offers: by `showOnSignInPage`, by what works, and by what was used last on the device.

use serde_json::json;

use super::{AT_GLOBEX, GLOBEX, discover, discover_here};
use crate::support::{
    AT_ONCE,
    claimed::{latchkey_with, login},
    fake::Fake,
    latchkey::Latchkey,
    manifests,
    visitor::{Answer, Visitor},
    wait_for, wait_within,
};

/// The keys of the buttons, in their order; what is not available has no key.
fn buttons(page: &Answer) -> Vec<String> {
    let links = page.body.split("<a class=\"provider").skip(1);
    let key = |link: &str| {
        let tag = link.split_once('>').expect("the end of the tag").0;
        let (_, href) = tag.split_once("/login/")?;
        Some(href.split(['"', '?']).next().expect("a key").to_owned())
    };
    links.map(|link| key(link).unwrap_or_default()).collect()
}

fn asks_for_an_address(page: &Answer) -> bool {
    page.body.contains("name=\"identifier\"")
}

async fn sign_in(visitor: &Visitor, latchkey: &Latchkey, fake: &Fake, key: &str, address: &str) {
    let claims = json!({"sub": address, "preferred_username": address, "email": address});
    let answer = login(visitor, latchkey, key, fake, claims).await;
    assert!(answer.signs_in(), "{key}: {}", answer.body);
}

#[tokio::test]
async fn a_button_is_there_as_the_manifest_says_and_the_last_choice_is_the_first() {
    let fake = Fake::start().await;
    let with = |domain: &str, show: &str| {
        let domains = if domain.is_empty() { String::new() } else { format!("assignedEmailDomains: [{domain}], ") };
        format!("  trust: {{{domains}showOnSignInPage: {show}}}\n")
    };
    let (auto, always) = (with("auto.example", "Auto"), with("always.example", "Always"));
    let (never, hidden) = (with("never.example", "Never"), with("", "Never"));
    let latchkey = latchkey_with(&[
        ("auto", &fake, &auto),
        ("always", &fake, &always),
        ("never", &fake, &never),
        ("hidden", &fake, &hidden),
        ("plain", &fake, ""),
    ])
    .await;
    let (at_login, somebody) = (latchkey.at("login"), Visitor::new());
    let page = somebody.get(&at_login).await;
    assert_eq!((buttons(&page), asks_for_an_address(&page)), (vec!["always".into(), "plain".into()], true));

    for (key, address, offered) in [
        ("auto", "a@auto.example", &["auto", "always", "plain"][..]),
        ("always", "a@always.example", &["always", "plain"]),
        ("never", "a@never.example", &["always", "plain"]),
        ("hidden", "a@free.example", &["always", "plain"]),
        ("plain", "b@free.example", &["plain", "always"]),
    ] {
        let visitor = Visitor::new();
        sign_in(&visitor, &latchkey, &fake, key, address).await;
        let page = visitor.get(&at_login).await;
        assert_eq!(buttons(&page), offered, "after {key}");
        assert_eq!(page.body.contains("Last used"), !["never", "hidden"].contains(&key), "after {key}");
        let other = Visitor::new().get(&at_login).await;
        assert_eq!(buttons(&other), ["always", "plain"], "on another device");
    }

    // Whoever is offered nowhere is reached by its own address and by the e-mail address, and not once it is suspended.
    for key in ["never", "hidden"] {
        assert_eq!(somebody.get(&latchkey.at(&format!("login/{key}"))).await.status, 303, "{key}");
    }
    let lead = discover_here(&somebody, &latchkey, "a@never.example").await;
    assert!(lead.location().expect("a redirect").starts_with(&latchkey.at("login/never?login_hint=a%40never.example")));
    for key in ["always", "never", "auto"] {
        latchkey.edit(&format!("{key}.yaml"), "  displayName:", "  suspend: true\n  displayName:").await;
    }
    wait_within(AT_ONCE, "only one way is left, and leads on", async || {
        let answer = somebody.get(&at_login).await;
        (answer.location()? == latchkey.at("login/plain")).then_some(())
    })
    .await;
    let lead = discover_here(&somebody, &latchkey, "a@never.example").await.location().expect("a redirect");
    let suspended = somebody.get(&lead).await;
    assert_eq!(suspended.status, 503, "{}", suspended.body);
    assert!(suspended.body.contains("This way to sign in is not available right now"), "{}", suspended.body);
}

#[tokio::test]
async fn who_cannot_be_reached_is_named_without_a_link_and_nobody_is_sent_there() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&[]).await;
    let closed = manifests::provider("closed", "http://127.0.0.1:9", "");
    latchkey.write("closed.yaml", &closed).await;
    latchkey.wait_for_condition("identityprovider", "closed", ["Ready", "False", "ConnectFailed"]).await;
    let (at_login, somebody) = (latchkey.at("login"), Visitor::new());
    let page = somebody.get(&at_login).await;
    assert_eq!((page.status, buttons(&page)), (200, vec![String::new()]), "the only way is shown, not followed");
    assert!(page.body.contains("Not available right now"), "{}", page.body);
    latchkey.write("open.yaml", &manifests::provider("open", &fake.issuer, "")).await;
    latchkey.wait_until_ready("open").await;
    assert_eq!(buttons(&somebody.get(&at_login).await), ["", "open"], "there are two ways, even if one fails");
}

#[tokio::test]
async fn an_address_goes_where_its_domain_leads_and_what_is_used_last_is_remembered_here_alone() {
    let fake = Fake::start().await;
    let mine = "  trust: {assignedEmailDomains: [contoso.example]}\n";
    let latchkey = latchkey_with(&[("mine", &fake, mine), ("plain", &fake, "")]).await;
    latchkey
        .write("globex.yaml", &format!("{GLOBEX}---\n{}", manifests::provider("theirs", &fake.issuer, AT_GLOBEX)))
        .await;
    latchkey.wait_until_ready("theirs").await;
    let somebody = Visitor::new();
    let first = somebody.get(&latchkey.url("")).await;
    assert!(first.status == 200 && !first.body.contains("Continue to"), "{}", first.body);
    sign_in(&somebody, &latchkey, &fake, "plain", "a@free.example").await;
    let again = somebody.get(&latchkey.url("?return_to=/o/default/session")).await;
    assert!(again.body.contains("Continue to <bdi>Example Inc.</bdi>"), "{}", again.body);
    assert!(again.body.contains("/o/default/login?return_to=%2Fo%2Fdefault%2Fsession"), "{}", again.body);
    // An organization that is gone, or that nobody ever had, is not offered, and breaks nothing.
    for other in ["gone", "<script>", "%00", ""] {
        somebody.tamper("latchkey.organization", |_| other.to_owned());
        somebody.tamper("latchkey.last.", |_| other.to_owned());
        let page = somebody.get(&latchkey.url("")).await;
        assert!(page.status == 200 && !page.body.contains("Continue to") && !page.body.contains("<script>"), "{other}");
        let page = somebody.get(&latchkey.at("login")).await;
        assert!(page.status == 200 && !page.body.contains("Last used") && !page.body.contains("<script>"), "{other}");
    }
    let by_hint = somebody.get(&latchkey.at("login?login_hint=Ann@Contoso.Example&return_to=/x")).await;
    let to = latchkey.at("login/mine?return_to=%2Fx&login_hint=Ann%40Contoso.Example");
    assert_eq!(by_hint.location(), Some(to), "straight to its provider");
    let by_hint = somebody.get(&latchkey.at("login?login_hint=ann@free.example")).await;
    assert_eq!(by_hint.status, 200, "nobody's domain");
    assert!(by_hint.body.contains("value=\"ann@free.example\""), "{}", by_hint.body);
    // Of another organization no address leads anywhere here, and the other way round.
    assert_eq!(discover_here(&somebody, &latchkey, "ann@globex.example").await.status, 404);
    let lead = discover(&somebody, &latchkey, "ANN@CONTOSO.EXAMPLE").await;
    assert_eq!(lead.location(), Some(latchkey.at("login/mine?login_hint=ann%40contoso.example")));
    let sent = somebody.get(&lead.location().expect("one")).await.location().expect("a redirect to the provider");
    assert!(sent.starts_with(&fake.issuer) && sent.contains("login_hint=ann%40contoso.example"), "{sent}");
    // One organization is left: its page at once.
    latchkey.remove("globex.yaml").await;
    wait_for("there is one organization", async || {
        let home = somebody.get(&latchkey.url("?login_hint=ann@free.example&return_to=/x")).await;
        let to = latchkey.at("login?return_to=%2Fx&login_hint=ann%40free.example");
        (home.location()? == to).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_remembered_on_a_device_is_for_this_host_alone_and_for_half_a_year() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(&[("plain", &fake, "")]).await;
    let visitor = Visitor::new();
    let answer = login(&visitor, &latchkey, "plain", &fake, json!({})).await;
    let cookies = answer.set_cookies();
    for (name, value) in [("latchkey.last.default", "plain"), ("latchkey.organization", "default")] {
        let cookie = cookies.iter().find(|cookie| cookie.name() == name).expect(name);
        assert_eq!((cookie.value(), cookie.path(), cookie.domain()), (value, Some("/"), None), "{name}");
        assert_eq!((cookie.http_only(), cookie.secure()), (Some(true), None), "{name}, over http");
        assert_eq!(cookie.same_site(), Some(cookie::SameSite::Lax), "{name}");
        assert_eq!(cookie.max_age().map(|age| age.whole_days()), Some(180), "{name}");
    }
    // A login that fails is no choice.
    let refused = login(&Visitor::new(), &latchkey, "plain", &fake, json!({"aud": "another"})).await;
    assert!(refused.status == 502 && refused.set_cookies().iter().all(|cookie| cookie.value().is_empty()));
}
