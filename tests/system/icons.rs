//! The pictures on the buttons: shown in a real browser, from here alone, and never at the cost of a login.

use std::{io::Write, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::support::{
    AT_ONCE,
    browser::Browser,
    fake::{Fake, OddBody, Reply},
    latchkey::Latchkey,
    manifests,
    refusal::{MARK, nothing_is_repeated},
    source::On,
    visitor::{Answer, Visitor},
    wait_for, wait_within,
};

on_both_sources! {
    a_picture_is_shown_from_here_and_follows_the_manifest,
    a_picture_that_is_slow_or_absent_holds_nothing_back,
}

const IDP: &str = "identityprovider";
const ICON: &str = "/pictures/m4rk.svg";
const OTHER: &str = "/pictures/other";
const IS_THERE: [&str; 3] = ["ResolvedRefs", "True", "Succeeded"];
/// One pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn svg(inside: &str) -> Reply {
    let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"48\" height=\"48\">";
    // What a server says of it does not count.
    Reply::text("text/plain", &format!("{start}<script>alert('m4rk')</script>{inside}</svg>"))
}

/// Ten megabytes of blanks, in ten kilobytes.
fn bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b' '; 10 * 1024 * 1024]).expect("packed");
    packed.finish().expect("packed")
}

fn png() -> Reply {
    Reply::octets(STANDARD.decode(PNG).expect("base64"))
}

/// The provider `demo` with this picture.
fn demo(fake: &Fake, icon: &str) -> String {
    manifests::provider("demo", &fake.issuer, &format!("  iconURL: '{icon}'\n"))
}

/// Latchkey with `demo`, and with another provider, so that there is a page to choose on.
async fn latchkey_with(on: On, fake: &Fake, icon: &str) -> Latchkey {
    let files = [
        ("demo.yaml", &*demo(fake, icon)),
        ("other.yaml", &manifests::provider("other", &fake.issuer, "  type: Generic\n")),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    Latchkey::start_on(on, &files).await
}

/// Where the sign-in page has the picture of `demo`; None where it has the built-in one.
async fn shown(latchkey: &Latchkey) -> Option<String> {
    let page = Visitor::new().get(&latchkey.at("login")).await;
    let start = format!("<img src=\"{}", latchkey.path("icon/demo/"));
    let hash = page.body.split_once(&start)?.1.split('"').next().expect("a hash");
    Some(latchkey.at(&format!("icon/demo/{hash}")))
}

/// Waits until a picture other than this one is shown.
async fn shown_instead_of(latchkey: &Latchkey, before: Option<&str>) -> (String, Answer) {
    let what = "another picture is shown";
    let at = wait_for(what, async || shown(latchkey).await.filter(|at| Some(at.as_str()) != before)).await;
    let picture = Visitor::new().get(&at).await;
    assert_eq!(picture.status, 200);
    (at, picture)
}

async fn built_in_is_shown(latchkey: &Latchkey, limit: Duration) {
    wait_within(limit, "the built-in icon is shown", async || shown(latchkey).await.is_none().then_some(())).await;
}

/// Waits until the status says of the picture what `says` has, and that nothing else is wrong.
async fn status_says(latchkey: &Latchkey, name: &str, says: &str) -> String {
    let what = format!("{name}: ResolvedRefs says {says:?}");
    wait_for(&what, async || {
        let message = latchkey.wait_for_condition(IDP, name, IS_THERE).await;
        message.contains(says).then_some(message)
    })
    .await
}

async fn a_picture_is_shown_from_here_and_follows_the_manifest(on: On) {
    let fake = Fake::start().await;
    fake.answer(ICON, svg("<path d='M1 1h22v22'/>"));
    fake.answer(OTHER, png());
    let latchkey = latchkey_with(on, &fake, &format!("{}{ICON}?token=m4rk", fake.issuer)).await;
    latchkey.wait_until_ready("demo").await;
    let (first, picture) = shown_instead_of(&latchkey, None).await;
    assert!(picture.body.contains("M1 1h22v22") && !picture.body.contains("script"), "{}", picture.body);
    for (name, value) in [
        ("content-type", "image/svg+xml"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-disposition", "inline; filename=\"icon.svg\""),
    ] {
        assert_eq!(picture.header(name), Some(value));
    }
    for elsewhere in ["icon/demo/0123456789abcdef", "icon/other/0123456789abcdef", "icon/nobody/0123456789abcdef"] {
        assert_eq!(Visitor::new().get(&latchkey.at(elsewhere)).await.status, 404, "{elsewhere}");
    }
    status_says(&latchkey, "demo", "Everything that the manifest refers to is there.").await;

    latchkey.write("demo.yaml", &demo(&fake, &format!("{}{OTHER}", fake.issuer))).await;
    let (second, picture) = shown_instead_of(&latchkey, Some(&first)).await;
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(Visitor::new().get(&first).await.status, 404, "the former one is gone");

    // The same URL, asked again because somebody wants it.
    fake.answer(OTHER, svg("<path d='M2 2h20'/>"));
    let token = "annotations: {latchkey.dev/reconcile-requested-at: now}";
    latchkey.edit("demo.yaml", "metadata: {name: demo}", &format!("metadata: {{name: demo, {token}}}")).await;
    let (third, _) = shown_instead_of(&latchkey, Some(&second)).await;
    assert_eq!(fake.count(OTHER), 2, "once for each who asked");

    latchkey.write("demo.yaml", &manifests::provider("demo", &fake.issuer, "")).await;
    built_in_is_shown(&latchkey, AT_ONCE).await;
    assert_eq!(Visitor::new().get(&third).await.status, 404);
    latchkey.write("demo.yaml", &demo(&fake, &format!("{}{ICON}", fake.issuer))).await;
    let (fourth, _) = shown_instead_of(&latchkey, None).await;
    latchkey.edit("demo.yaml", "spec:", "spec:\n  suspend: true").await;
    let gone = async || (Visitor::new().get(&fourth).await.status == 404).then_some(());
    wait_within(AT_ONCE, "a suspended provider shows nothing", gone).await;
    latchkey.edit("demo.yaml", "suspend: true", "suspend: false").await;
    shown_instead_of(&latchkey, None).await;
    latchkey.remove("demo.yaml").await;
    wait_within(AT_ONCE, "a deleted provider shows nothing", gone).await;
    assert!(!latchkey.log().contains("m4rk"), "neither path, query nor body");
}

async fn a_picture_that_is_slow_or_absent_holds_nothing_back(on: On) {
    let fake = Fake::start().await;
    fake.answer(ICON, Reply::Held);
    let latchkey = latchkey_with(on, &fake, &format!("{}{ICON}", fake.issuer)).await;
    latchkey.wait_within_for_condition(Duration::from_secs(3), IDP, "demo", ["Ready", "True", "Succeeded"]).await;
    wait_for("the picture is asked for", async || (fake.count(ICON) > 0).then_some(())).await;
    assert_eq!(shown(&latchkey).await, None, "the built-in one meanwhile");
    fake.answer(ICON, svg("<path d='M1 1h22v22'/>"));
    let (good, _) = shown_instead_of(&latchkey, None).await;

    fake.answer(ICON, Reply::status(404, MARK));
    let token = "annotations: {latchkey.dev/reconcile-requested-at: now}";
    latchkey.edit("demo.yaml", "metadata: {name: demo}", &format!("metadata: {{name: demo, {token}}}")).await;
    let message = status_says(&latchkey, "demo", "answered 404").await;
    assert!(message.contains("spec.iconURL") && message.contains("the last good one is shown"), "{message}");
    assert_eq!(shown(&latchkey).await, Some(good), "the last good one stays");
    latchkey.wait_until_ready("demo").await;
    nothing_is_repeated(&latchkey, "demo").await;
    fake.answer(ICON, svg("<path d='M1 1h22v22'/>"));
    status_says(&latchkey, "demo", "Everything that the manifest refers to is there.").await;
}

#[tokio::test]
async fn what_is_no_harmless_picture_is_replaced_by_the_built_in_icon_and_the_status_says_why() {
    let fake = Fake::start().await;
    let latchkey = latchkey_with(On::Directory, &fake, "https://icons.invalid/icon.png").await;
    let message = status_says(&latchkey, "demo", "icons.invalid").await;
    assert!(message.contains("the built-in icon is shown"), "{message}");
    let page = format!("<!doctype html><title>{MARK}</title>");
    let cases = [
        ("/pictures/page", Reply::text("image/png", &page), "a web page"),
        ("/pictures/outside", svg("<use href='https://m4rk.example/x'/>"), "refers to something outside"),
        ("/pictures/laughs", Reply::text("image/svg+xml", "<!DOCTYPE svg [<!ENTITY a 'm4rk'>]><svg/>"), "DOCTYPE"),
        ("/pictures/pdf", Reply::octets("%PDF-1.7 m4rk"), "a PDF file"),
        ("/pictures/large", Reply::octets(vec![b' '; 129 * 1024]), "more than 128 KiB"),
        ("/pictures/bomb", Reply::encoded("gzip", bomb()), "larger than 1 MiB"),
        ("/pictures/endless", Reply::odd(OddBody::WithoutEnd), "larger than 1 MiB"),
        ("/pictures/cut", Reply::odd(OddBody::BrokenOff("<svg m4rk")), "not proper HTTP"),
        ("/pictures/nothing", Reply::octets(""), "nothing"),
        ("/pictures/gone", Reply::status(410, &page), "answered 410"),
        ("/pictures/inside", Reply::redirect("http://127.0.0.1:1/m4rk"), "with a redirect"),
        ("/pictures/metadata", Reply::redirect("http://169.254.169.254/m4rk"), "with a redirect"),
    ];
    for (path, reply, says) in cases {
        let name = path.rsplit('/').next().expect("a name");
        fake.answer(path, reply);
        let icon = format!("  iconURL: '{}{path}?m4rk'\n", fake.issuer);
        latchkey.write("case.yaml", &manifests::provider(name, &fake.issuer, &icon)).await;
        let message = status_says(&latchkey, name, says).await;
        assert!(message.contains("spec.iconURL") && message.contains("the built-in icon is shown"), "{message}");
        latchkey.wait_until_ready(name).await;
        nothing_is_repeated(&latchkey, name).await;
        assert_eq!(Visitor::new().get(&latchkey.at("login")).await.body.matches("<img").count(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_picture_is_fetched_past_no_guard() {
    let fake = Fake::start().await;
    fake.answer(ICON, svg(""));
    let latchkey = latchkey_with(On::Directory, &fake, "http://169.254.169.254/latest/meta-data").await;
    status_says(&latchkey, "demo", "--egress-allow").await;
    latchkey.wait_until_ready("demo").await;
    let port = fake.issuer.rsplit(':').next().expect("a port");
    for host in ["[::1]", "0.0.0.0", "[::ffff:169.254.169.254]"] {
        latchkey.write("demo.yaml", &demo(&fake, &format!("http://{host}:{port}{ICON}"))).await;
        status_says(&latchkey, "demo", "--egress-allow").await;
    }
    assert_eq!(fake.count(ICON), 0);

    let (tls, certificate) = Fake::start_tls().await;
    tls.answer(ICON, svg(""));
    let lines: String = certificate.lines().map(|line| format!("    {line}\n")).collect();
    let ca = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ca, labels: {{latchkey.dev/usable: \"true\"}}}}\ndata:\n  ca.crt: |\n{lines}"
    );
    let trust = "  tls: {caBundleRef: {kind: ConfigMap, name: ca, key: ca.crt}}\n";
    let provider = |icon: &str| manifests::provider("demo", &tls.issuer, &format!("{trust}  iconURL: '{icon}'\n"));
    let files = [
        ("demo.yaml", &*provider(&format!("{}{ICON}", fake.issuer))),
        ("secret.yaml", &manifests::usual_secret()),
        ("ca.yaml", &ca),
    ];
    let latchkey = Latchkey::start_with(&["--egress-allow", "127.0.0.0/8"], &files).await;
    status_says(&latchkey, "demo", "http is refused").await;
    latchkey.wait_until_ready("demo").await;
    assert_eq!(fake.count(ICON), 0);
    latchkey.write("demo.yaml", &provider(&format!("{}{ICON}", tls.issuer))).await;
    status_says(&latchkey, "demo", "Everything that the manifest refers to is there.").await;
    wait_for("it is trusted by the provider's CA bundle", async || (tls.count(ICON) == 1).then_some(())).await;
}

#[tokio::test]
async fn a_browser_shows_the_picture_and_blocks_nothing() {
    let fake = Fake::start().await;
    for (icon, reply) in [(ICON, svg("<path d='M1 1h22v22'/>")), (OTHER, png())] {
        fake.answer(icon, reply);
        let latchkey = latchkey_with(On::Directory, &fake, &format!("{}{icon}", fake.issuer)).await;
        latchkey.wait_until_ready("demo").await;
        let (at, _) = shown_instead_of(&latchkey, None).await;
        let browser = Browser::start();
        for options in [json!({"width": 320, "height": 640}), json!({"colorScheme": "dark", "width": 1440})] {
            let page = browser.open(options).await;
            page.goto(&latchkey.at("login")).await;
            assert!(page.picture_width(".provider > img").await > 0, "{icon}");
            page.must_be_in_order().await;
        }
        let page = browser.open(json!({})).await;
        assert_eq!(page.goto(&at).await, 200, "it can be looked at by itself");
    }
}
