//! Who may use a link: the user that it was sent for, once. Everybody else is told what to do instead.

use reqwest::{
    Method,
    header::{HeaderMap, HeaderValue, ORIGIN},
};

use super::{Post, link_in, token_in};
use crate::support::{refusal::must_be_plain, visitor::Visitor};

const NO_LONGER: &str = "This link works no more";

#[tokio::test]
async fn looking_at_a_link_changes_nothing_however_often_it_is_done() {
    let post = Post::start(false).await;
    let (ann, mail) = post.signed_in("ann").await;
    let scanner = Visitor::new();
    for _ in 0..3 {
        assert_eq!(scanner.get(&mail.link()).await.status, 200);
        assert_eq!(scanner.request(Method::HEAD, &mail.link(), HeaderMap::new(), None).await.status, 200);
        assert_eq!(ann.get(&mail.link()).await.status, 200);
    }
    assert!(!post.is_verified(&ann).await);
    let page = ann.get(&mail.link()).await;
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), (Some("no-store"), Some("same-origin")));
    assert_eq!(post.confirm(&ann, &mail.link()).await.status, 200);
    post.must_become_verified(&ann).await;
}

#[tokio::test]
async fn a_link_works_once_and_what_is_none_never_does() {
    let post = Post::start(false).await;
    let (ann, mail) = post.signed_in("ann").await;
    let link = mail.link();
    let (address, token) = link.split_once("?token=").expect("a token");
    assert_eq!(post.confirm(&ann, &link).await.status, 200);
    for odd in [token, &token[1..], "x", "%00", &"A".repeat(43), &"A".repeat(5000)] {
        let page = ann.get(&format!("{address}?token={odd}")).await;
        assert!(page.status == 410 && page.body.contains(NO_LONGER), "{odd}: {} {}", page.status, page.body);
        let page = ann.post(address, &[("token", odd)]).await;
        assert!(page.status == 410 && page.body.contains(NO_LONGER), "{odd}: {} {}", page.status, page.body);
    }
    assert_eq!(ann.get(&format!("{address}?token={token}&token=x")).await.status, 400);
    // Without a token there is nothing to look at but the account.
    assert_eq!(ann.get(address).await.location(), Some(post.latchkey.at("account")));
}

#[tokio::test]
async fn another_browser_is_asked_to_sign_in_and_comes_back_to_the_link() {
    let post = Post::start(false).await;
    let (_, mail) = post.signed_in("ann").await;
    let phone = Visitor::new();
    let page = phone.get(&mail.link()).await;
    assert!(page.status == 200 && page.body.contains("Sign in first") && page.body.contains("ann"), "{}", page.body);
    let (_, token) = mail.link().split_once("?token=").map(|(_, token)| ((), token.to_owned())).expect("a token");
    let unasked = phone.post(&post.action(), &[("token", &token)]).await;
    assert!(unasked.body.contains("Sign in first"), "{}", unasked.body);
    // Straight on to the only provider.
    let begun = phone.get(&link_in(&page)).await;
    let login = begun.location().expect("the way to the provider");
    let answer = post.signs_in_from(&phone, &login, "ann").await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    assert_eq!(answer.location(), Some(mail.link()));
    assert_eq!(post.confirm(&phone, &mail.link()).await.status, 200);
    post.must_become_verified(&phone).await;
}

#[tokio::test]
async fn nobody_confirms_an_address_for_somebody_else() {
    let post = Post::start(false).await;
    let (ann, to_ann) = post.signed_in("ann").await;
    let (bob, _) = post.signed_in("bob").await;
    // Bob has the link: the mail went to an address of his, which Ann said were hers.
    let page = bob.get(&to_ann.link()).await;
    assert!(page.body.contains("This link is for another user"), "{}", page.body);
    assert!(page.body.contains("ann") && page.body.contains("bob") && !page.body.contains("name=\"token\""));
    let (_, token) = to_ann.link().split_once("?token=").map(|(_, token)| ((), token.to_owned())).expect("a token");
    let page = bob.post(&post.action(), &[("token", &token)]).await;
    assert!(page.body.contains("This link is for another user"), "{}", page.body);
    assert!(!post.is_verified(&ann).await && !post.is_verified(&bob).await);
    assert_eq!(link_in(&page), post.latchkey.at("logout"));
    assert_eq!(post.confirm(&ann, &to_ann.link()).await.status, 200);
}

#[tokio::test]
async fn a_form_of_another_site_confirms_nothing_and_sends_nothing() {
    let post = Post::start(false).await;
    let (ann, mail) = post.signed_in("ann").await;
    let token = token_in(&ann.get(&mail.link()).await);
    let foreign = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://evil.example"))]);
    for body in [format!("token={token}"), String::new()] {
        let answer = ann.request(Method::POST, &post.action(), foreign.clone(), Some(body)).await;
        assert_eq!(answer.status, 403);
        let line = must_be_plain("a foreign form", &post.latchkey, &answer);
        assert!(line.contains("foreign_form"), "{line}");
    }
    assert!(!post.is_verified(&ann).await && post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn a_link_of_one_organization_is_none_in_another() {
    let post = Post::start(false).await;
    let other = "apiVersion: latchkey.dev/v1alpha1\nkind: Organization\nmetadata: {name: globex}\n\
                 spec: {displayName: Globex}\n";
    post.latchkey.write("globex.yaml", other).await;
    post.latchkey.wait_for_condition("organization", "globex", ["Ready", "True", "Succeeded"]).await;
    let (ann, mail) = post.signed_in("ann").await;
    let here = format!("/o/{}/", post.latchkey.organization());
    let page = ann.get(&mail.link().replace(&here, "/o/globex/")).await;
    assert!(page.status == 410 && page.body.contains(NO_LONGER), "{} {}", page.status, page.body);
}
