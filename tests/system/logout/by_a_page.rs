//! Being signed out by a page of the provider's that frames one of ours (OpenID Connect Front-Channel Logout 1.0).

use serde_json::json;
use url::Url;

use super::{beside, has_session_cookie, signs_in};
use crate::support::{
    browser::Browser,
    fake::{Fake, sign},
    latchkey::Latchkey,
    portal::Portal,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
};

async fn start(more: &str) -> (Latchkey, Fake) {
    let fake = Fake::start().await;
    let latchkey = beside(&fake, more).await;
    (latchkey, fake)
}

const ACCEPTED: &str = "  logout: {acceptFrontchannel: true}\n";

fn uri(latchkey: &Latchkey, parameters: &[(&str, &str)]) -> String {
    Url::parse_with_params(&latchkey.at("frontchannel-logout/demo"), parameters).expect("a URL").into()
}

async fn signed_in(latchkey: &Latchkey, fake: &Fake, sid: &str) -> Visitor {
    let visitor = Visitor::new();
    signs_in(latchkey, fake, &visitor, |claims| claims["sid"] = sid.into()).await;
    visitor
}

/// A page that may be framed, of this status.
#[track_caller]
fn must_be_framable(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("x-frame-options"), None);
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors *"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_framed_page_with_issuer_and_sid_ends_that_session_alone() {
    let (latchkey, fake) = start(ACCEPTED).await;
    let (portal, browser) = (Portal::start().await, Browser::start());
    let status = latchkey.status("identityprovider", "demo").await.expect("a status");
    assert_eq!(status["frontchannelLogoutURI"], latchkey.at("frontchannel-logout/demo"));
    let (ann, other) = (signed_in(&latchkey, &fake, "s1").await, signed_in(&latchkey, &fake, "s2").await);
    let page = browser.open(json!({})).await;
    page.goto(&portal.showing("frame", &uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s1")]))).await;
    page.wait_for("body.loaded").await;
    assert_eq!(ann.session(&latchkey).await, None);
    assert!(other.session(&latchkey).await.is_some());
    let (_, metrics) = latchkey.management("metrics").await;
    assert!(metrics.contains("latchkey_logouts_total{provider=\"default/demo\",by=\"frontchannel\"} 1"), "{metrics}");
}

#[tokio::test]
async fn whoever_comes_with_the_cookie_of_the_session_loses_it_too() {
    let (latchkey, fake) = start(ACCEPTED).await;
    let (ann, other) = (signed_in(&latchkey, &fake, "s1").await, signed_in(&latchkey, &fake, "s2").await);
    let over = uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s1")]);
    let answer = other.get(&over).await;
    must_be_framable(&answer, 200);
    assert!(answer.set_cookies().is_empty(), "it names another session");
    let again = ann.get(&over).await;
    must_be_framable(&again, 200);
    assert_eq!(ann.session(&latchkey).await, None);

    let ann = signed_in(&latchkey, &fake, "s3").await;
    let answer = ann.get(&uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s3")])).await;
    must_be_framable(&answer, 200);
    assert!(!has_session_cookie(&latchkey, &ann), "{answer:?}");
}

#[tokio::test]
async fn anything_but_the_sessions_own_issuer_and_sid_ends_nothing() {
    let (latchkey, fake) = start(ACCEPTED).await;
    let ann = signed_in(&latchkey, &fake, "s1").await;
    let (issuer, slash) = (&*fake.issuer, format!("{}/", fake.issuer));
    for parameters in [
        vec![],
        vec![("iss", issuer)],
        vec![("sid", "s1")],
        vec![("iss", ""), ("sid", "s1")],
        vec![("iss", issuer), ("sid", "")],
        vec![("iss", &*slash), ("sid", "s1")],
        vec![("iss", "https://m4rk.example"), ("sid", "s1")],
        vec![("iss", issuer), ("sid", "s1"), ("sid", "s1")],
        vec![("iss", issuer), ("iss", issuer), ("sid", "s1")],
    ] {
        let answer = ann.get(&uri(&latchkey, &parameters)).await;
        must_be_framable(&answer, 400);
        assert!(answer.set_cookies().is_empty() && !answer.body.contains("m4rk"), "{answer:?}");
        assert!(ann.session(&latchkey).await.is_some(), "{parameters:?}");
    }
    let unknown = uri(&latchkey, &[("iss", issuer), ("sid", "nobody's")]);
    must_be_framable(&ann.get(&unknown).await, 200);
    for (method, status) in [(reqwest::Method::HEAD, 405), (reqwest::Method::POST, 405)] {
        let over = uri(&latchkey, &[("iss", issuer), ("sid", "s1")]);
        assert_eq!(ann.request(method, &over, reqwest::header::HeaderMap::new(), None).await.status, status);
    }
    must_be_framable(&ann.get(&latchkey.at("frontchannel-logout/nobody?iss=a&sid=b")).await, 400);
    assert!(ann.session(&latchkey).await.is_some());
}

#[tokio::test]
async fn a_login_under_way_in_a_session_that_a_page_has_ended_begins_none() {
    let (latchkey, fake) = start(ACCEPTED).await;
    let ann = signed_in(&latchkey, &fake, "s1").await;
    let begun = ann.begin(&latchkey, "demo").await;
    must_be_framable(&Visitor::new().get(&uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s1")])).await, 200);
    let mut claims = fake.claims(&begun.nonce);
    claims["sid"] = "s1".into();
    fake.give_out(&sign(&claims));
    let answer = ann.get(&begun.callback).await;
    must_be_refused("the session there is over", &latchkey, &answer, 403, "signed_out_meanwhile");
    assert_eq!(ann.session(&latchkey).await, None);
}

#[tokio::test]
async fn unless_the_manifest_says_so_no_page_ends_a_session() {
    let (latchkey, fake) = start("").await;
    let ann = signed_in(&latchkey, &fake, "s1").await;
    must_be_framable(&ann.get(&uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s1")])).await, 400);
    assert!(ann.session(&latchkey).await.is_some());
    let status = latchkey.status("identityprovider", "demo").await.expect("a status");
    assert_eq!(status.get("frontchannelLogoutURI"), None);
}

#[tokio::test]
async fn an_address_that_asks_too_often_ends_nothing() {
    let (latchkey, fake) = start(ACCEPTED).await;
    let ann = signed_in(&latchkey, &fake, "s1").await;
    let unknown = uri(&latchkey, &[("iss", &fake.issuer), ("sid", "guess")]);
    let mut refused = 0;
    for _ in 0..400 {
        let answer = ann.get(&unknown).await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused > 0);
    must_be_framable(&ann.get(&uri(&latchkey, &[("iss", &fake.issuer), ("sid", "s1")])).await, 429);
    assert!(ann.session(&latchkey).await.is_some());
    let begun = ann.begin(&latchkey, "demo").await;
    fake.give_out(&sign(&fake.claims(&begun.nonce)));
    assert!(ann.get(&begun.callback).await.signs_in(), "logins are counted by themselves");
}
