//! Where the organization demands a verified address: nobody is signed in before, and everybody is told what to do.

use serde_json::Value;

use super::{Post, address, demanding, latchkey_and_fake, link_in, unverified};
use crate::support::{claimed::login, latchkey::MANY_VISITORS, refusal::must_be_plain, visitor::Visitor};

#[tokio::test]
async fn nobody_is_signed_in_before_their_address_is_verified() {
    let post = Post::start(true).await;
    let ann = Visitor::new();
    let page = post.comes(&ann, "ann").await;
    assert!(page.status == 200 && !page.signs_in(), "{} {}", page.status, page.body);
    assert!(page.body.contains("Check your mail") && page.body.contains("a…@free.example"), "{}", page.body);
    assert_eq!(ann.session(&post.latchkey).await, None);
    let mail = post.mail.next().await;
    // The same browser is known without another sign-in, but not signed in.
    let confirmed = post.confirm(&ann, &mail.link()).await;
    assert!(confirmed.body.contains("Continue to sign in"), "{}", confirmed.body);
    assert_eq!(ann.session(&post.latchkey).await, None);
    assert!(post.comes(&ann, "ann").await.signs_in());
    assert!(post.is_verified(&ann).await && post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn after_that_people_get_where_they_wanted_to() {
    let post = Post::start(true).await;
    let (ann, app) = (Visitor::new(), "https://app.example.com/a?b=c");
    let wanted = format!("{}?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc", post.latchkey.at("login/demo"));
    assert_eq!(post.signs_in_from(&ann, &wanted, "ann").await.status, 200);
    let confirmed = post.confirm(&ann, &post.mail.next().await.link()).await;
    let login = ann.get(&link_in(&confirmed)).await.location().expect("the way to the provider");
    let answer = post.signs_in_from(&ann, &login, "ann").await;
    assert!(answer.signs_in());
    assert_eq!(answer.location().as_deref(), Some(app));
}

#[tokio::test]
async fn another_browser_signs_in_and_comes_straight_to_the_link_without_another_mail() {
    let post = Post::start(true).await;
    assert_eq!(post.comes(&Visitor::new(), "ann").await.status, 200);
    let link = post.mail.next().await.link();
    let phone = Visitor::new();
    let page = phone.get(&link).await;
    let login = phone.get(&link_in(&page)).await.location().expect("the way to the provider");
    let answer = post.signs_in_from(&phone, &login, "ann").await;
    assert!(answer.status == 303 && !answer.signs_in(), "{} {}", answer.status, answer.body);
    assert_eq!(answer.location(), Some(link.clone()));
    assert!(post.mail.has_nothing_more().await);
    let confirmed = post.confirm(&phone, &link).await;
    assert!(confirmed.body.contains("Continue to sign in"), "{}", confirmed.body);
    assert!(post.comes(&phone, "ann").await.signs_in());
}

#[tokio::test]
async fn who_waits_here_confirms_nothing_for_somebody_else() {
    let post = Post::start(true).await;
    let (ann, bob) = (Visitor::new(), Visitor::new());
    assert_eq!(post.comes(&ann, "ann").await.status, 200);
    let to_ann = post.mail.next().await.link();
    assert_eq!(post.comes(&bob, "bob").await.status, 200);
    post.mail.next().await;
    // To sign in would lead back here for ever.
    let page = bob.get(&to_ann).await;
    assert!(
        page.body.contains("This link is for another user") && page.body.contains("b…@free.example"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("name=\"token\""), "{}", page.body);
    let (_, token) = to_ann.split_once("?token=").expect("a token");
    let page = bob.post(&post.action(), &[("token", token)]).await;
    assert!(page.body.contains("This link is for another user"), "{}", page.body);
    // What its form asks for is a mail to himself.
    let page = bob.post(&post.action(), &[]).await;
    assert!(page.body.contains("We have already sent a mail to") && page.body.contains("b…@free.example"));
    // Nor does a cookie that somebody made.
    assert!(ann.get(&to_ann).await.body.contains("name=\"token\""));
    ann.tamper("latchkey.verify.", |value| format!("{}A", &value[1..]));
    let page = ann.get(&to_ann).await;
    assert!(page.body.contains("Sign in first") && !page.body.contains("name=\"token\""), "{}", page.body);
}

#[tokio::test]
async fn who_signs_in_or_out_here_leaves_nobody_waiting() {
    let post = Post::start(true).await;
    let shared = Visitor::new();
    let waits = || {
        let cookies = shared.cookies(&post.latchkey.at("account"));
        cookies.iter().any(|(name, _)| name.contains("latchkey.verify."))
    };
    let mut vera = unverified("vera");
    vera["email_verified"] = true.into();
    assert_eq!(post.comes(&shared, "ann").await.status, 200);
    let to_ann = post.mail.next().await.link();
    assert!(waits());
    assert!(login(&shared, &post.latchkey, "demo", &post.fake, vera).await.signs_in());
    assert!(!waits());
    assert!(shared.get(&to_ann).await.body.contains("This link is for another user"));
    // While Vera is signed in, Ann comes by once more, and does not count.
    assert_eq!(post.comes(&shared, "ann").await.status, 200);
    assert!(waits());
    let page = shared.get(&to_ann).await;
    assert!(page.body.contains("This link is for another user") && !page.body.contains("name=\"token\""));
    assert_eq!(shared.post(&post.latchkey.at("logout"), &[]).await.status, 303);
    assert!(!waits());
    assert!(shared.get(&to_ann).await.body.contains("Sign in first"));
}

#[tokio::test]
async fn who_waits_can_have_another_mail_sent_but_not_at_once() {
    let post = Post::start(true).await;
    let ann = Visitor::new();
    assert_eq!(post.comes(&ann, "ann").await.status, 200);
    post.mail.next().await;
    for page in [ann.post(&post.action(), &[]).await, post.comes(&ann, "ann").await] {
        assert!(page.status == 200 && page.body.contains("We have already sent a mail to"), "{}", page.body);
    }
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn sessions_that_exist_go_on() {
    let post = Post::start(false).await;
    let (ann, _) = post.signed_in("ann").await;
    post.latchkey.write("organization.yaml", &demanding()).await;
    crate::support::wait_for("verified addresses are demanded", async || {
        (!post.comes(&Visitor::new(), "ann").await.signs_in()).then_some(())
    })
    .await;
    assert!(ann.session(&post.latchkey).await.is_some());
}

#[tokio::test]
async fn without_an_address_the_page_says_that_the_provider_gave_none() {
    let post = Post::start(true).await;
    let mut claims = unverified("nora");
    claims["email"] = Value::Null;
    let page = login(&Visitor::new(), &post.latchkey, "demo", &post.fake, claims).await;
    assert!(page.status == 403 && page.body.contains("Your account lacks an e-mail address"), "{}", page.body);
    let line = must_be_plain("no address", &post.latchkey, &page);
    assert!(line.contains("no_address_to_verify") && line.contains("claims.email"), "{line}");
}

#[tokio::test]
async fn without_a_mail_server_the_page_and_the_log_say_what_is_missing() {
    let (latchkey, fake) = latchkey_and_fake(&[], MANY_VISITORS, true, "").await;
    let page = login(&Visitor::new(), &latchkey, "demo", &fake, unverified("ann")).await;
    assert!(page.status == 503 && page.body.contains("send mails yet."), "{}", page.body);
    assert!(page.body.contains("Ask your administrator to set up mail"), "{}", page.body);
    let line = must_be_plain("no mail server", &latchkey, &page);
    for said in ["mail_not_set_up", "--smtp-url", "--mail-from", "WARN"] {
        assert!(line.contains(said), "{said}: {line}");
    }
    // Who needs no mail does not notice.
    let mut claims = unverified("vera");
    claims["email_verified"] = true.into();
    assert!(login(&Visitor::new(), &latchkey, "demo", &fake, claims).await.signs_in());
    assert!(!latchkey.log().contains(&address("ann")));
}
