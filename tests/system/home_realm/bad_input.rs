//! What enemies send to the pages that people are sent on from.

use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use url::form_urlencoded::byte_serialize;

use super::{AT_GLOBEX, GLOBEX, discover_here};
use crate::support::{
    AT_ONCE,
    claimed::latchkey_with,
    fake::Fake,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    provider::CLIENT_SECRET,
    refusal::must_be_refused,
    visitor::{Answer, Visitor},
    wait_within,
    world::World,
};

fn encoded(octets: impl AsRef<[u8]>) -> String {
    byte_serialize(octets.as_ref()).collect()
}

/// Two organizations, so that `/` is a page; the domain contoso.example leads to `demo`.
async fn somewhere(fake: &Fake) -> Latchkey {
    let demo = "  trust: {assignedEmailDomains: [contoso.example]}\n";
    let latchkey = latchkey_with(&[("demo", fake, demo), ("plain", fake, "")]).await;
    latchkey
        .write("globex.yaml", &format!("{GLOBEX}---\n{}", manifests::provider("theirs", &fake.issuer, AT_GLOBEX)))
        .await;
    latchkey.wait_until_ready("theirs").await;
    latchkey
}

/// Places that nobody may be sent to, as they are sent, decoded.
fn disguises(latchkey: &Latchkey) -> Vec<String> {
    let here = latchkey.url("");
    let host = here.trim_start_matches("http://").trim_end_matches('/');
    let mut all: Vec<String> = [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        " //evil.example",
        "\u{0}//evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:\\\\evil.example",
        "hTtPs://evil.example",
        "https://app.example.com@evil.example/",
        "https://app.example.com:x@evil.example/",
        "https://evil.example\\@app.example.com/",
        "https://evil.example#@app.example.com/",
        "https://user@app.example.com/",
        "https://app.example.com.evil.example/",
        "https://app.example.com./",
        "https://app.example.com:8443/",
        "https://app.example.com:80/",
        "http://app.example.com/",
        "https://xapp.example.com/",
        "https://example.com/",
        "https://аpp.example.com/",
        "https://app.example.com%2eevil.example/",
        "https://app.example.com%00.evil.example/",
        "https://app。example。com.evil.example/",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example.com/x",
        "ftp://app.example.com/",
        "https://[::1]/",
        "https://",
        "https://app.example.com\r\nSet-Cookie: m=1",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("http://app.example.com@{host}/"));
    all.push(format!("http://{host}@evil.example/"));
    all.push(format!("http://{host}.evil.example/"));
    all.push(format!("https://evil.example/{}", "a".repeat(4000)));
    all
}

#[tokio::test]
async fn no_disguise_of_a_return_address_leaves_the_list_from_the_form_to_the_end() {
    let world = World::start_with(MANY_VISITORS).await;
    let latchkey = &world.latchkey;
    latchkey.write("globex.yaml", GLOBEX).await;
    latchkey
        .edit("provider.yaml", "  displayName:", "  trust: {assignedEmailDomains: [example.com]}\n  displayName:")
        .await;
    wait_within(AT_ONCE, "the domain leads to demo", async || {
        let answer = discover_here(&Visitor::new(), latchkey, "alice@example.com").await;
        (answer.status == 303).then_some(())
    })
    .await;
    let account = latchkey.at("account");
    for wanted in disguises(latchkey) {
        let visitor = Visitor::new();
        let form = [("identifier", "alice@example.com"), ("return_to", &wanted)];
        let discovered = visitor.post(&latchkey.url("discover"), &form).await;
        assert_eq!(discovered.status, 303, "{wanted:?}: {}", discovered.body);
        let login = discovered.location().expect("a redirect");
        assert!(login.starts_with(&latchkey.at("login/demo?")), "{wanted:?}: {login}");
        let ended = visitor.try_to_sign_in_from(&login, "alice").await;
        assert!(ended.signs_in(), "{wanted:?}: {}", ended.body);
        assert_eq!(ended.location().as_deref(), Some(&*account), "{wanted:?}");
        // Past the page, too.
        let page = format!("{}?return_to={}", latchkey.at("login"), encoded(&wanted));
        let ended = visitor.try_to_sign_in_from(&page, "alice").await;
        assert_eq!(ended.location().as_deref(), Some(&*account), "{wanted:?}");
    }
}

/// Not a fault of ours, and nothing of the input in a header, or unescaped in the page.
fn must_be_harmless(what: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    assert!(!answer.body.contains("<script") && !answer.body.contains("m4rk<"), "{what}: {}", answer.body);
    for name in ["x-evil", "refresh"] {
        assert!(answer.headers.get(name).is_none(), "{what}: {name}");
    }
    assert!(!answer.set_cookies().iter().any(|cookie| cookie.name().contains("evil")), "{what}");
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{what}: {policy}");
    }
}

/// What stands for an address, an id or a return address, percent-encoded.
fn hostile() -> Vec<String> {
    let texts = [
        "\"><script>alert('m4rk')</script>",
        "'; DROP TABLE users; --",
        "' OR 1=1 --@contoso.example",
        "a@contoso.example\r\nX-Evil: 1\r\n\r\n",
        "globex\r\nSet-Cookie: evil=1",
        "\u{0}",
        "\u{1}\u{7}\u{1b}[31m",
        "../../etc/passwd",
        "globex/../default",
        "globex?x=y#z",
        "{{7*7}}${7*7}<%= 7*7 %>",
        "\u{202e}example",
        "💥@💥.example",
        "@",
        "@@@@@@@@",
        ".",
        "..",
        "%",
        "null",
    ];
    let mut all: Vec<_> = texts.iter().map(encoded).collect();
    let long = "a".repeat(64 * 1024);
    all.extend([
        long.clone(),
        format!("{long}%40contoso.example"),
        format!("a%40{long}.example"),
        "a%40".to_owned() + &"b.".repeat(30_000),
    ]);
    // No UTF-8, and no percent-encoding.
    all.extend(["%FF%FE", "%C0%AF", "%ED%A0%80", "%", "%zz", "a%40contoso.example%00"].map(str::to_owned));
    all
}

#[tokio::test]
async fn whatever_is_typed_is_answered_plainly() {
    let fake = Fake::start().await;
    let latchkey = somewhere(&fake).await;
    let discover = latchkey.url("discover");
    for value in hostile() {
        let (visitor, shown) = (Visitor::new(), value.chars().take(60).collect::<String>());
        let bodies = [
            format!("identifier={value}"),
            format!("organization=default&identifier={value}"),
            format!("organization={value}&identifier=a%40contoso.example"),
            format!("identifier=globex&address={value}"),
            format!("identifier=nobody&address={value}"),
            format!("identifier=a%40contoso.example&return_to={value}"),
            format!("identifier=nobody&return_to={value}"),
            value.clone(),
        ];
        for body in bodies {
            let answer = visitor.request(Method::POST, &discover, HeaderMap::new(), Some(body)).await;
            must_be_harmless(&format!("POST /discover {shown}"), &answer);
        }
        // A URL that no client of ours could send is the HTTP server's to refuse.
        if value.len() > 60_000 || value.contains("%zz") || value == "%" {
            continue;
        }
        for path in ["", "o/default/login", "o/default/login/plain", "o/globex/login"] {
            for name in ["return_to", "login_hint", "identifier", "organization", "address"] {
                let url = latchkey.url(&format!("{path}?{name}={value}"));
                must_be_harmless(&format!("GET /{path}?{name}={shown}"), &visitor.get(&url).await);
            }
        }
    }
    assert!(!latchkey.log().contains("panic") && !latchkey.log().contains(CLIENT_SECRET));
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_and_a_page_without_it_is_a_page() {
    let fake = Fake::start().await;
    let latchkey = somewhere(&fake).await;
    let (discover, visitor) = (latchkey.url("discover"), Visitor::new());
    let post = async |kind: &'static str, body: String| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
        visitor.request(Method::POST, &discover, headers, Some(body)).await
    };
    let form = "application/x-www-form-urlencoded";
    for (name, kind, body) in [
        ("JSON", "application/json", "{\"identifier\": \"globex\"}".to_owned()),
        ("JSON that is said to be text", "text/plain", "identifier=globex".to_owned()),
        ("another kind of form", "multipart/form-data; boundary=x", "--x--".to_owned()),
        ("twice", form, "identifier=globex&identifier=default".to_owned()),
        ("two return addresses", form, "identifier=globex&return_to=/a&return_to=/b".to_owned()),
        ("more than is read", form, format!("identifier={}", "a".repeat(200 * 1024))),
    ] {
        must_be_refused(name, &latchkey, &post(kind, body).await, 400, "malformed_request");
    }
    for body in ["", "other=x", "identifier="] {
        let answer = post(form, body.to_owned()).await;
        assert_eq!(answer.status, 404, "{body}: asks again");
        assert!(answer.body.contains("name=\"identifier\""), "{body}: {}", answer.body);
    }
    let unknown = post(form, "organization=nobody&identifier=a%40contoso.example".to_owned()).await;
    must_be_refused("an unknown organization", &latchkey, &unknown, 404, "no_such_organization");
    // As when a page that said what is wrong is reloaded, or its address is kept.
    for query in ["", "?identifier=globex&return_to=//evil.example"] {
        let answer = visitor.get(&format!("{discover}{query}")).await;
        assert_eq!((answer.status, answer.location()), (303, Some(latchkey.url(""))), "{query}");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = visitor.request(method.clone(), &discover, HeaderMap::new(), None).await;
        must_be_refused(method.as_str(), &latchkey, &answer, 405, "wrong_method");
    }
    // Parameters that a page cannot use are not there for it; a login is refused.
    let twice = "return_to=/a&return_to=/b";
    assert_eq!(visitor.get(&latchkey.url(&format!("?{twice}"))).await.status, 200);
    let page = visitor.get(&latchkey.at(&format!("login?{twice}"))).await;
    assert!(page.status == 200 && !page.body.contains("return_to="), "{}", page.body);
    let login = visitor.get(&latchkey.at(&format!("login/plain?{twice}"))).await;
    must_be_refused("a login", &latchkey, &login, 400, "malformed_request");
}

#[tokio::test]
async fn who_asks_too_often_is_asked_to_wait_and_others_are_not() {
    let fake = Fake::start().await;
    let latchkey = somewhere(&fake).await;
    let (busy, other) = (Visitor::new(), Visitor::new());
    let began = std::time::Instant::now();
    let refused = loop {
        let answer = super::discover(&busy, &latchkey, "ann@contoso.example").await;
        if answer.status != 303 {
            break answer;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "nobody is ever refused");
    };
    must_be_refused("busy", &latchkey, &refused, 429, "too_many_logins");
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok_and(|after| after > 0)));
    assert_eq!(super::discover(&other, &latchkey, "ann@contoso.example").await.status, 303);
    assert_eq!(busy.get(&latchkey.url("")).await.status, 200, "what costs nothing is not limited");
}
