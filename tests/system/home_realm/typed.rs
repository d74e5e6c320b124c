//! What people type: it is understood, or they are told what is wrong with it and find it there still.

use super::{AT_GLOBEX, GLOBEX, discover, discover_here};
use crate::support::{
    claimed::latchkey_with,
    fake::Fake,
    latchkey::Latchkey,
    manifests,
    visitor::{Answer, Visitor},
};

const UNKNOWN_ID: &str = "There is no organization with this ID.";
const UNKNOWN_ADDRESS: &str = "No sign-in belongs to this address.";
const MALFORMED: &str = "Please write an e-mail address like name@example.com.";
const MALFORMED_HERE: &str = "Please write it like name@example.com.";

async fn two_organizations(fake: &Fake) -> Latchkey {
    let latchkey = latchkey_with(&[
        ("contoso", fake, "  trust: {assignedEmailDomains: [contoso.example, shared.example]}\n"),
        ("plain", fake, ""),
    ])
    .await;
    let theirs = format!("{AT_GLOBEX}  trust: {{assignedEmailDomains: [globex.example, shared.example]}}\n");
    latchkey
        .write("globex.yaml", &format!("{GLOBEX}---\n{}", manifests::provider("theirs", &fake.issuer, &theirs)))
        .await;
    latchkey.wait_until_ready("theirs").await;
    latchkey
}

/// The page that asks again, with this status and message, and with what was typed.
#[track_caller]
fn must_ask_again(answer: &Answer, typed: &str, status: u16, said: &str) {
    assert_eq!(answer.status, status, "{typed:?}: {}", answer.body);
    assert!(answer.body.contains(said) && answer.body.contains("aria-invalid=\"true\""), "{typed:?}: {}", answer.body);
    assert!(answer.body.contains(&format!("value=\"{}\"", escaped(typed.trim()))), "{typed:?}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.set_cookies().is_empty());
}

fn escaped(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

#[tokio::test]
async fn an_address_or_id_leads_on_however_it_is_typed() {
    let fake = Fake::start().await;
    let latchkey = two_organizations(&fake).await;
    let somebody = Visitor::new();
    let contoso = latchkey.url("o/default/login/contoso?login_hint=ann%40contoso.example");
    let cases = [
        ("ann@contoso.example", contoso.clone()),
        ("  Ann@Contoso.EXAMPLE  ", contoso.clone()),
        ("ann@ｃｏｎｔｏｓｏ.example", contoso),
        ("bob@globex.example", latchkey.url("o/globex/login/theirs?login_hint=bob%40globex.example")),
        ("globex", latchkey.url("o/globex/login")),
        ("  GLOBEX ", latchkey.url("o/globex/login")),
        ("default", latchkey.url("o/default/login")),
    ];
    for (typed, to) in cases {
        let answer = discover(&somebody, &latchkey, typed).await;
        assert_eq!((answer.status, answer.location()), (303, Some(to)), "{typed:?}");
    }
    let form = [("identifier", "ann@contoso.example"), ("return_to", "/o/default/session")];
    let answer = somebody.post(&latchkey.url("discover"), &form).await;
    let to = "o/default/login/contoso?return_to=%2Fo%2Fdefault%2Fsession&login_hint=ann%40contoso.example";
    assert_eq!(answer.location(), Some(latchkey.url(to)), "the return address comes along");
}

#[tokio::test]
async fn what_leads_nowhere_says_what_is_wrong_and_stays_to_be_corrected() {
    let fake = Fake::start().await;
    let latchkey = two_organizations(&fake).await;
    let somebody = Visitor::new();
    for (typed, status, said) in [
        ("nobody", 404, UNKNOWN_ID),
        ("contoso.example", 404, UNKNOWN_ID),
        ("<b>markup</b>", 404, UNKNOWN_ID),
        ("", 404, UNKNOWN_ID),
        ("ann@nowhere.example", 404, UNKNOWN_ADDRESS),
        ("ann@sub.contoso.example", 404, UNKNOWN_ADDRESS),
        ("ann@", 400, MALFORMED),
        ("@contoso.example", 400, MALFORMED),
        ("ann@contoso.example@evil.example", 400, MALFORMED),
        ("\"ann\"@contoso.example", 400, MALFORMED),
        ("ann@contoso", 400, MALFORMED),
        ("ann @contoso.example", 400, MALFORMED),
        ("\"><script>alert(1)</script>@contoso.example", 400, MALFORMED),
    ] {
        let answer = discover(&somebody, &latchkey, typed).await;
        must_ask_again(&answer, typed, status, said);
    }
    for (typed, status, said) in [
        ("nobody", 400, MALFORMED_HERE),
        ("globex", 400, MALFORMED_HERE),
        ("ann@globex.example", 404, UNKNOWN_ADDRESS),
        ("ann@nowhere.example", 404, UNKNOWN_ADDRESS),
        ("ann@", 400, MALFORMED_HERE),
    ] {
        let answer = discover_here(&somebody, &latchkey, typed).await;
        must_ask_again(&answer, typed, status, said);
        assert!(answer.body.contains("/login/plain"), "the other ways are there as before: {}", answer.body);
    }
}

#[tokio::test]
async fn a_domain_of_two_organizations_asks_for_the_id_and_keeps_the_address() {
    let fake = Fake::start().await;
    let latchkey = two_organizations(&fake).await;
    let somebody = Visitor::new();
    let form = [("identifier", "Ann@Shared.example"), ("return_to", "/o/globex/session")];
    let asked = somebody.post(&latchkey.url("discover"), &form).await;
    assert_eq!(asked.status, 200, "nobody's mistake");
    for kept in ["name=\"address\" value=\"Ann@Shared.example\"", "name=\"return_to\" value=\"/o/globex/session\""] {
        assert!(asked.body.contains(kept), "{kept}: {}", asked.body);
    }
    assert!(!asked.body.contains("aria-invalid") && !asked.body.contains("Globex"), "it tells nobody who has it");
    let go_on = async |id: &str, address: &str| {
        let form = [("identifier", id), ("address", address), ("return_to", "/o/globex/session")];
        somebody.post(&latchkey.url("discover"), &form).await
    };
    let to = "login/theirs?return_to=%2Fo%2Fglobex%2Fsession&login_hint=ann%40shared.example";
    assert_eq!(go_on("globex", "Ann@Shared.example").await.location(), Some(latchkey.url(&format!("o/globex/{to}"))));
    let wrong = go_on("nobody", "Ann@Shared.example").await;
    must_ask_again(&wrong, "nobody", 404, UNKNOWN_ID);
    assert!(wrong.body.contains("name=\"address\" value=\"Ann@Shared.example\""), "{}", wrong.body);
    // An organization that does not have the domain shows its page, with the address.
    let elsewhere = go_on("default", "bob@globex.example").await;
    let to = "login?return_to=%2Fo%2Fglobex%2Fsession&login_hint=bob%40globex.example";
    assert_eq!(elsewhere.location(), Some(latchkey.at(to)));
    assert_eq!(
        go_on("globex", "<b>").await.location(),
        Some(latchkey.url("o/globex/login?return_to=%2Fo%2Fglobex%2Fsession"))
    );
    // Within an organization its own provider has the people.
    let here = discover_here(&somebody, &latchkey, "ann@shared.example").await;
    assert_eq!(here.location(), Some(latchkey.at("login/contoso?login_hint=ann%40shared.example")));
}
