//! Which mails go out: one for a new address that nobody has verified, readable, and in the person's language.

use serde_json::json;

use super::{FROM, Post, address, unverified};
use crate::support::{
    claimed::login,
    mail_server::{PASSWORD, Tls, USER},
    visitor::Visitor,
    wait_for,
};

#[tokio::test]
async fn a_new_address_gets_one_mail_with_a_link_whatever_tls_is_spoken() {
    for tls in [Tls::FromTheStart, Tls::Start, Tls::Never] {
        let post = Post::start_with(tls, false, "").await;
        let (visitor, mail) = post.signed_in("ann").await;
        assert_eq!((mail.came_by_tls(), mail.user()), (tls != Tls::Never, USER), "{tls:?}");
        assert_eq!(mail.to(), &json!([address("ann")]));
        assert!(!post.is_verified(&visitor).await);
        let confirmed = post.confirm(&visitor, &mail.link()).await;
        assert!(confirmed.status == 200 && confirmed.body.contains("Your e-mail address is confirmed"));
        post.must_become_verified(&visitor).await;
        // Who comes again, with the same address, is not written to again.
        assert!(post.comes(&Visitor::new(), "ann").await.signs_in());
        assert!(post.mail.has_nothing_more().await);
        wait_for("the mail is counted", async || (post.counted("sent").await == 1).then_some(())).await;
        assert!(!post.latchkey.log().contains("hunter2") && !post.latchkey.log().contains(PASSWORD));
    }
}

#[tokio::test]
async fn a_mail_says_who_asked_for_it_and_that_it_was_made_by_a_machine() {
    let post = Post::start(false).await;
    let (_, mail) = post.signed_in("ann").await;
    assert_eq!((mail.header("from"), mail.header("to")), (FROM, &*address("ann")));
    assert_eq!(mail.header("subject"), "Confirm your e-mail address for Example Inc.");
    assert_eq!(mail.header("auto-submitted"), "auto-generated");
    assert!(mail.header("message-id").ends_with("@login.test>") && !mail.header("date").is_empty());
    assert!(!mail.header_names().iter().any(|name| name.starts_with("list-")), "{:?}", mail.header_names());
    let [text, html] = mail.text_and_html();
    for part in [text, html] {
        for said in
            ["Example Inc.", "ann", "Provider demo", &address("ann"), "UTC", "ignore this mail: nothing happens"]
        {
            assert!(part.contains(said), "{said}: {part}");
        }
    }
    assert!(html.contains("<html lang=\"en\">") && !html.contains("<img") && !html.contains("<script"), "{html}");
    assert!(mail.link().starts_with(&format!("{}?token=", post.action())));
}

#[tokio::test]
async fn a_mail_is_in_the_language_of_who_gets_it() {
    let post = Post::start(false).await;
    for (name, locale, language, subject) in [
        ("dora", "de-AT", "de", "Bestätigen Sie Ihre E-Mail-Adresse für Example Inc."),
        ("fay", "fr", "fr", "Confirmez votre adresse e-mail pour Example Inc."),
        ("eva", "es-MX", "es", "Confirme su dirección de correo electrónico para Example Inc."),
        ("jun", "ja", "en", "Confirm your e-mail address for Example Inc."),
    ] {
        let mut claims = unverified(name);
        claims["locale"] = locale.into();
        assert!(login(&Visitor::new(), &post.latchkey, "demo", &post.fake, claims).await.signs_in());
        let mail = post.mail.next().await;
        assert_eq!(mail.header("subject"), subject, "{locale}");
        let [_, html] = mail.text_and_html();
        assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
        mail.link();
    }
}

#[tokio::test]
async fn what_a_provider_says_of_somebody_becomes_no_header_and_no_markup() {
    let post = Post::start(false).await;
    let mut claims = unverified("eve");
    claims["preferred_username"] = "eve\r\nBcc: all@free.example\r\n\r\n<script>alert(1)</script>".into();
    claims["name"] = "Eve\r\nBcc: all@free.example".into();
    assert!(login(&Visitor::new(), &post.latchkey, "demo", &post.fake, claims).await.signs_in());
    let mail = post.mail.next().await;
    assert_eq!(mail.to(), &json!([address("eve")]));
    assert!(!mail.header_names().contains(&"bcc".to_owned()), "{mail:?}");
    let [_, html] = mail.text_and_html();
    assert!(!html.contains("<script"), "{html}");
    mail.link();
}

#[tokio::test]
async fn an_address_that_counts_as_verified_gets_no_mail() {
    let post = Post::start(true).await;
    let mut claims = unverified("vera");
    claims["email_verified"] = true.into();
    let visitor = Visitor::new();
    assert!(login(&visitor, &post.latchkey, "demo", &post.fake, claims).await.signs_in());
    assert!(post.is_verified(&visitor).await && post.mail.has_nothing_more().await);
    let trusting = Post::start_with(Tls::Never, true, "  trustEmail: true\n").await;
    let visitor = Visitor::new();
    assert!(trusting.comes(&visitor, "tess").await.signs_in());
    assert!(trusting.is_verified(&visitor).await && trusting.mail.has_nothing_more().await);
}
