//! The mail server slow, refusing, gone, or not the one that it should be: what people see, what the log and the metric say,
//! and that nobody waits for it who needs no mail.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Post, unverified};
use crate::support::{
    claimed::login,
    mail_server::{MailServer, Tls},
    refusal::must_be_plain,
    visitor::{Answer, Visitor},
    wait_for,
};

const ON_ITS_WAY: &str = "A mail is on its way to";

/// The page of a mail that was refused for good; the line of the log about it.
fn must_not_be_sent(post: &Post, page: &Answer) -> String {
    assert_eq!(page.status, 502, "{}", page.body);
    assert!(page.body.contains("The mail could not be sent"), "{}", page.body);
    let line = must_be_plain("a refused mail", &post.latchkey, page);
    assert!(line.contains("mail_not_sent"), "{line}");
    let log = post.latchkey.log();
    assert!(!log.contains("hunter2") && !log.contains("m4rk"), "{log}");
    line
}

#[tokio::test]
async fn a_slow_mail_server_keeps_people_waiting_for_five_seconds_alone() {
    let post = Post::start(true).await;
    post.mail.answer(&json!({"pause": 8})).await;
    let began = Instant::now();
    let page = post.comes(&Visitor::new(), "ann").await;
    assert!(page.status == 200 && page.body.contains(ON_ITS_WAY), "{}", page.body);
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    post.mail.next().await.link();
    wait_for("the mail is counted", async || (post.counted("sent").await == 1).then_some(())).await;
}

#[tokio::test]
async fn a_login_that_needs_no_mail_waits_for_no_mail_server() {
    let post = Post::start(false).await;
    post.mail.answer(&json!({"pause": 20})).await;
    for name in ["ann", "bob", "eve"] {
        let began = Instant::now();
        assert!(post.comes(&Visitor::new(), name).await.signs_in());
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
    post.mail.kill().await;
    let began = Instant::now();
    assert!(post.comes(&Visitor::new(), "joe").await.signs_in());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again() {
    let post = Post::start(true).await;
    post.mail.answer(&json!({"rcpt": "451 4.7.1 m4rk, try later"})).await;
    let page = post.comes(&Visitor::new(), "ann").await;
    assert!(page.status == 200 && page.body.contains(ON_ITS_WAY), "{}", page.body);
    let log = post.latchkey.log();
    assert!(log.contains("a mail could not be sent yet") && log.contains("451") && !log.contains("m4rk"), "{log}");
    post.mail.answer(&json!({})).await;
    post.mail.next().await.link();
    wait_for("the mail is counted", async || (post.counted("sent").await == 1).then_some(())).await;
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn what_is_refused_for_good_is_said_at_once_and_not_tried_again() {
    let post = Post::start(true).await;
    post.mail.answer(&json!({"rcpt": "550 5.1.1 m4rk is not here"})).await;
    let line = must_not_be_sent(&post, &post.comes(&Visitor::new(), "ann").await);
    assert!(line.contains("550"), "{line}");
    assert_eq!((post.counted("refused").await, post.counted("sent").await), (1, 0));
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn a_mail_that_was_refused_keeps_nobody_from_another_one_once_that_is_mended() {
    let post = Post::start(true).await;
    post.mail.answer(&json!({"rcpt": "550 5.1.1 m4rk is not here"})).await;
    // More often than mails are sent in a day.
    for _ in 0..7 {
        must_not_be_sent(&post, &post.comes(&Visitor::new(), "ann").await);
    }
    post.mail.answer(&json!({})).await;
    let ann = Visitor::new();
    let page = post.comes(&ann, "ann").await;
    assert!(page.status == 200 && page.body.contains("We have sent a mail to"), "{}", page.body);
    assert_eq!(post.confirm(&ann, &post.mail.next().await.link()).await.status, 200);
}

#[tokio::test]
async fn beside_a_login_what_is_refused_is_in_the_log_alone() {
    let post = Post::start(false).await;
    post.mail.answer(&json!({"rcpt": "550 5.1.1 m4rk is not here"})).await;
    assert!(post.comes(&Visitor::new(), "ann").await.signs_in());
    wait_for("the mail is counted", async || (post.counted("refused").await == 1).then_some(())).await;
    let log = post.latchkey.log();
    assert!(log.contains("a mail could not be sent") && log.contains("550") && !log.contains("m4rk"), "{log}");
}

#[tokio::test]
async fn a_mail_server_that_is_gone_gets_the_mail_when_it_is_back() {
    let post = Post::start(true).await;
    post.mail.kill().await;
    let page = post.comes(&Visitor::new(), "ann").await;
    assert!(page.status == 200 && page.body.contains(ON_ITS_WAY), "{}", page.body);
    assert!(post.latchkey.log().contains("the mail server cannot be reached"), "{}", post.latchkey.log());
    let back = MailServer::start_at(Tls::Never, post.mail.port()).await;
    back.next().await.link();
}

#[tokio::test]
async fn a_password_that_is_wrong_is_told_without_repeating_it() {
    let mail = MailServer::start(Tls::Start).await;
    let url = mail.url_with("not-hunter2");
    let post = Post::start_by(mail, &url, true, "").await;
    let line = must_not_be_sent(&post, &post.comes(&Visitor::new(), "ann").await);
    assert!(line.contains("535") && line.contains("--smtp-url"), "{line}");
}

#[tokio::test]
async fn a_mail_server_without_the_tls_that_the_url_asks_for_gets_nothing() {
    let mail = MailServer::start(Tls::Never).await;
    let url = mail.url().replace("?tls=none", "");
    let post = Post::start_by(mail, &url, true, "").await;
    let line = must_not_be_sent(&post, &post.comes(&Visitor::new(), "ann").await);
    assert!(line.contains("STARTTLS"), "{line}");
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_gets_nothing() {
    for tls in [Tls::FromTheStart, Tls::Start] {
        let (mail, other) = (MailServer::start(tls).await, MailServer::start(tls).await);
        // Its certificate is the one that is trusted.
        let url = mail.url();
        let post = Post::start_by(other, &url, true, "").await;
        let line = must_not_be_sent(&post, &post.comes(&Visitor::new(), "ann").await);
        assert!(line.contains("certificate of the mail server is not trusted"), "{tls:?}: {line}");
        assert!(mail.has_nothing_more().await);
    }
}

#[tokio::test]
async fn a_stop_waits_for_no_mail() {
    let mut post = Post::start(false).await;
    post.mail.answer(&json!({"rcpt": "451 4.7.1 later"})).await;
    let visitor = Visitor::new();
    assert!(login(&visitor, &post.latchkey, "demo", &post.fake, unverified("ann")).await.signs_in());
    wait_for("the first attempt", async || post.latchkey.log().contains("trying again").then_some(())).await;
    let began = Instant::now();
    post.latchkey.stop().await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(post.latchkey.log().contains("mails that were not sent yet are forgotten"), "{}", post.latchkey.log());
}
