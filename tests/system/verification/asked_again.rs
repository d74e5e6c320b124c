//! Asking for another mail: by who is known here alone, and not too often.

use super::{Post, address};
use crate::support::visitor::Visitor;

#[tokio::test]
async fn another_mail_may_be_sent_after_a_minute_and_the_page_says_when() {
    let post = Post::start(false).await;
    let (ann, _) = post.signed_in("ann").await;
    for _ in 0..3 {
        let page = ann.post(&post.action(), &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("We have already sent a mail to"), "{}", page.body);
        assert!(page.body.contains("You can have another one sent from 20") && page.body.contains(" UTC on."));
        // Whoever looks over a shoulder does not read it.
        assert!(page.body.contains("a…@free.example") && !page.body.contains(&address("ann")), "{}", page.body);
    }
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn who_is_verified_is_told_so_instead() {
    let post = Post::start(false).await;
    let (ann, mail) = post.signed_in("ann").await;
    assert_eq!(post.confirm(&ann, &mail.link()).await.status, 200);
    let page = ann.post(&post.action(), &[]).await;
    assert!(page.status == 200 && page.body.contains("Your e-mail address is confirmed"), "{}", page.body);
    assert!(post.mail.has_nothing_more().await);
}

#[tokio::test]
async fn a_stranger_has_no_mail_sent() {
    let post = Post::start(false).await;
    let page = Visitor::new().post(&post.action(), &[]).await;
    assert!(page.status == 200 && page.body.contains("Sign in first"), "{} {}", page.status, page.body);
    assert!(post.mail.has_nothing_more().await);
}
