//! Where people land after a login, and who else would like them to.

use url::form_urlencoded::byte_serialize;

use crate::support::{
    fake::Fake,
    latchkey::{LOCAL, Latchkey},
    manifests,
    visitor::Visitor,
    world::World,
};

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn a_login_ends_where_it_may_and_disguises_end_at_home() {
    let flags = [LOCAL, &["--trusted-proxies", "127.0.0.1/32"]].concat();
    let world = World::start_with(&flags).await;
    let latchkey = &world.latchkey;
    let account = latchkey.url("o/default/account");
    let here = latchkey.url("o/default/session?a=b");
    let at_sign = latchkey.url("").replace("http://", "http://app.example.com@");
    let other_port = "http://127.0.0.1:1/".to_owned();
    let cases: Vec<(&str, &str)> = vec![
        ("/o/default/session?a=b", &here),
        (&here, &here),
        ("https://app.example.com/deep/link?x=1#y", "https://app.example.com/deep/link?x=1#y"),
        ("https://app.example.com", "https://app.example.com/"),
        ("", &account),
        ("https://evil.example/", &account),
        ("//evil.example/", &account),
        ("/\\evil.example/", &account),
        ("\\\\evil.example", &account),
        ("/\t/evil.example", &account),
        ("https:evil.example", &account),
        ("https://app.example.com.evil.example/", &account),
        ("https://app.example.com@evil.example/", &account),
        ("https://app.example.com:8443/", &account),
        ("http://app.example.com/", &account),
        ("javascript:alert(1)", &account),
        ("data:text/html,x", &account),
        (" javascript:alert(1)", &account),
        (&at_sign, &account),
        (&other_port, &account),
    ];
    for (wanted, expected) in cases {
        let visitor = Visitor::new();
        let login = latchkey.url(&format!("o/default/login/demo?return_to={}", encoded(wanted)));
        let callback = visitor.come_back(&login, "alice").await;
        let answer = visitor.get(&callback).await;
        assert!(answer.status == 303 && answer.signs_in(), "{wanted}: {}", answer.body);
        assert_eq!(answer.location().as_deref(), Some(expected), "{wanted}");
        // What comes back with the answer cannot move it.
        let other = format!("{callback}&return_to={}", encoded("https://app.example.com/moved"));
        assert_ne!(visitor.get(&other).await.location().as_deref(), Some("https://app.example.com/moved"));
    }
    let long = format!("/{}", "a".repeat(5000));
    let login = latchkey.url(&format!("o/default/login/demo?return_to={long}"));
    assert_eq!(Visitor::new().try_to_sign_in_from(&login, "alice").await.location(), Some(account.clone()));
    let twice = latchkey.url("o/default/login/demo?return_to=/a&return_to=/b");
    let answer = Visitor::new().get(&twice).await;
    crate::support::refusal::must_be_refused("twice", latchkey, &answer, 400, "malformed_request");
}

#[tokio::test]
async fn the_sign_in_page_passes_on_what_it_was_given_and_breaks_out_of_nothing() {
    let fake = Fake::start().await;
    let (demo, other) = (manifests::provider("demo", &fake.issuer, ""), manifests::provider("other", &fake.issuer, ""));
    let files = [("demo.yaml", &*demo), ("other.yaml", &other), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start(&files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey.wait_until_ready("other").await;
    let hostile = "\"><script>alert(1)</script>";
    let page = latchkey.url(&format!("o/default/login?return_to={0}&login_hint={0}&other={0}", encoded(hostile)));
    let page = Visitor::new().get(&page).await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script") && !page.body.contains("other="), "{}", page.body);
    assert!(page.body.contains("return_to=%22%3E%3Cscript%3E"), "{}", page.body);
    let login = latchkey.url(&format!("o/default/login/demo?login_hint={}", encoded("alice&nonce=1")));
    let sent = Visitor::new().get(&login).await.location().expect("a redirect");
    assert!(sent.contains("login_hint=alice%26nonce%3D1") && sent.matches("&nonce=").count() == 1, "{sent}");
}
