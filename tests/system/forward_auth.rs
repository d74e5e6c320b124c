//! Forward auth: what an ingress hears about a request before it lets it through.

use reqwest::{
    Method,
    header::{COOKIE, HeaderMap, HeaderValue},
};
use serde_json::json;

use crate::support::{
    AT_ONCE,
    access_token::{published_keys, verified},
    latchkey::{LOCAL, Latchkey},
    provider::people,
    visitor::{Answer, Visitor},
    wait_within,
    world::World,
};

const IDENTITY: [&str; 7] = [
    "x-auth-request-user",
    "x-auth-request-preferred-username",
    "x-auth-request-email",
    "x-auth-request-groups",
    "x-auth-request-roles",
    "x-auth-request-administrator",
    "x-auth-request-organization",
];

/// The identity headers, each of which must be there once.
fn identity(answer: &Answer) -> [&str; 7] {
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    IDENTITY.map(|name| {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}");
        answer.header(name).expect(name)
    })
}

/// No: nothing about anybody, and nothing to store.
fn must_be_no(answer: &Answer, status: u16) {
    assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{}", answer.url);
    for name in IDENTITY {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.header("authorization"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn auth(visitor: &Visitor, latchkey: &Latchkey, rest: &str) -> Answer {
    visitor.get(&latchkey.url(&format!("o/default/auth{rest}"))).await
}

#[tokio::test]
async fn yes_is_200_with_every_identity_header_and_no_is_401_or_403() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    must_be_no(&auth(&Visitor::new(), latchkey, "").await, 401);
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let id = alice.session(latchkey).await.expect("a session")["id"].as_str().expect("an id").to_owned();
    let everything = [&*id, "alice", "alice@example.com", "builders,everyone", "admin,viewer", "true", "default"];
    for rest in [
        "",
        "/",
        "/some/path",
        "?role=admin",
        "?role=nobody&role=viewer",
        "?group=builders&role=viewer",
        "?login=redirect",
    ] {
        assert_eq!(identity(&auth(&alice, latchkey, rest).await), everything, "{rest}");
    }
    let not_met =
        ["?role=nobody", "?group=nobody", "?role=admin&group=nobody", "?role=Admin", "?group=admin", "?role=admin%00"];
    let unknown = [
        "?rolle=admin",
        "?role=",
        "?role",
        "?login=no",
        "?token=1",
        "?token=",
        "?token=false",
        "?role=admin&x=1",
        "?%FF",
        "?=",
        "?user=alice",
    ];
    for rest in not_met.into_iter().chain(unknown) {
        must_be_no(&auth(&alice, latchkey, rest).await, 403);
    }
    // What is demanded but not known is no for everybody, also for who is not signed in.
    must_be_no(&auth(&Visitor::new(), latchkey, "?rolle=admin").await, 403);
    must_be_no(&auth(&Visitor::new(), latchkey, "?role=admin").await, 401);
    for path in ["o/nobody/auth", "o/DEFAULT/auth", "o/%FF/auth", "o/default/auth/%FF", "o/default%00/auth"] {
        must_be_no(&alice.get(&latchkey.url(path)).await, 403);
    }
}

/// The access token that came with a yes.
fn token(answer: &Answer) -> &str {
    identity(answer);
    answer.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).expect("a token")
}

#[tokio::test]
async fn with_token_true_the_application_gets_a_token_that_says_all_that_the_session_does() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    must_be_no(&auth(&Visitor::new(), latchkey, "?token=true").await, 401);
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    must_be_no(&auth(&alice, latchkey, "?token=true&role=nobody").await, 403);
    for rest in ["", "?role=admin", "/?token=true"] {
        assert_eq!(auth(&alice, latchkey, rest).await.header("authorization"), None, "{rest}");
    }

    let answer = auth(&alice, latchkey, "?role=admin&token=true").await;
    let (issuer, keys) = (latchkey.url("o/default"), published_keys(latchkey).await);
    let claims = verified(token(&answer), &keys, &issuer, &issuer).expect("claims");
    assert_eq!(
        (&claims["sub"], &claims["client_id"]),
        (&json!(identity(&answer)[0]), &json!(latchkey.url("o/default/auth")))
    );
    let session = alice.session(latchkey).await.expect("a session");
    let members = session.as_object().expect("members").iter();
    for (name, value) in members.filter(|(name, _)| *name != "expiresAt") {
        assert_eq!(claims.get(name), Some(value).filter(|value| !value.is_null()), "{name}");
    }
    let seconds = |name: &str| claims[name].as_i64().expect("a number");
    assert_eq!(seconds("exp") - seconds("iat"), 600);

    // Many requests, one token, until somebody else asks, or something else is true.
    assert_eq!(token(&auth(&alice, latchkey, "?token=true").await), token(&answer));
    let bob = Visitor::new();
    bob.sign_in(latchkey, "demo", "bob").await;
    assert_ne!(token(&auth(&bob, latchkey, "?token=true").await), token(&answer));
    latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await;
    let roles = async || {
        let answer = auth(&alice, latchkey, "?token=true").await;
        let claims = verified(token(&answer), &keys, &issuer, &issuer).expect("claims");
        (claims["roles"] == json!(["viewer"])).then_some(())
    };
    wait_within(AT_ONCE, "the token says what is true now", roles).await;
}

#[tokio::test]
async fn a_token_is_for_whom_the_organization_says_and_ends_with_the_session() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let spec = "spec:\n  session: {lifetime: 5m, idleTimeout: 5m}\n  tokens: {audience: 'https://api.example.com', lifetime: 1h}";
    latchkey.edit("organization.yaml", "spec:", spec).await;
    let (issuer, keys) = (latchkey.url("o/default"), published_keys(latchkey).await);
    let claims = wait_within(AT_ONCE, "the token has the organization's audience", async || {
        let answer = auth(&alice, latchkey, "?token=true").await;
        verified(token(&answer), &keys, &issuer, "https://api.example.com")
    })
    .await;
    let session = alice.session(latchkey).await.expect("a session");
    let ends: jiff::Timestamp = session["expiresAt"].as_str().expect("a time").parse().expect("a time");
    assert_eq!(claims["exp"], ends.as_second());
}

#[tokio::test]
async fn every_method_is_answered_alike_and_a_body_is_not_looked_at() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let url = latchkey.url("o/default/auth?role=admin");
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        let method: Method = method.parse().expect("a method");
        let answer = alice.request(method.clone(), &url, HeaderMap::new(), None).await;
        assert_eq!(identity(&answer)[1], "alice", "{method}");
        let answer = Visitor::new().request(method.clone(), &url, HeaderMap::new(), None).await;
        must_be_no(&answer, 401);
    }
    let body = "role=nobody".repeat(100);
    let answer = alice.request(Method::POST, &url, HeaderMap::new(), Some(body)).await;
    assert_eq!(identity(&answer)[1], "alice");
}

#[tokio::test]
async fn malformed_cookies_sign_nobody_in_and_break_nothing() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    let (name, good) = alice.session_cookie(latchkey);
    let sealed = |value: &str| format!("{name}={value}").into_bytes();
    let flipped = |at: usize| {
        let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
        sealed(&format!("{}{other}{}", &good[..at], &good[at + 1..]))
    };
    let bad = [
        Vec::new(),
        sealed(""),
        sealed("x"),
        sealed("%%%"),
        sealed(&"A".repeat(5000)),
        sealed(&good[..good.len() - 1]),
        sealed(&format!("{good}=")),
        sealed(&format!("\"{good}\"x")),
        flipped(0),
        flipped(10),
        flipped(good.len() / 2),
        sealed("\u{FF}\u{FFFD}"),
        [name.as_bytes(), b"=\xFF\xFE"].concat(),
        [b"\xFF; ".as_slice(), name.as_bytes()].concat(),
        format!("{}={good}", name.to_uppercase()).into_bytes(),
        format!("latchkey-other={good}").into_bytes(),
        format!("{name}x={good}").into_bytes(),
        format!("latchkey.login.default.AAAAAAAAAAA={good}").into_bytes(),
        b";;;=;=;".to_vec(),
    ];
    let ask = async |path: &str, cookie: &[u8]| {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(cookie).expect("a value"))]);
        Visitor::new().request(Method::GET, &latchkey.url(path), headers, None).await
    };
    for cookie in &bad {
        let shown = String::from_utf8_lossy(cookie);
        assert_eq!(ask("o/default/auth", cookie).await.status, 401, "{shown}");
        assert_eq!(ask("o/default/session", cookie).await.status, 401, "{shown}");
        assert_eq!(ask("o/default/account", cookie).await.status, 303, "{shown}");
        assert_eq!(ask("o/default/logout", cookie).await.status, 200, "{shown}");
    }
    // Beside another of the same name, as an application on a sibling port could plant it, the good one still counts.
    for cookie in [format!("{name}=x; {name}={good}"), format!("{name}={good}; {name}=x"), format!("a=b;{name}={good}")]
    {
        assert_eq!(ask("o/default/auth", cookie.as_bytes()).await.status, 200, "{cookie}");
    }
    assert!(!latchkey.log().contains("panic"));
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_the_sign_in_page_only_when_asked_for() {
    let flags = [LOCAL, &["--trusted-proxies", "127.0.0.1/32"]].concat();
    let (world, trusting) = (World::start().await, World::start_with(&flags).await);
    let asked_for =
        [("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example.com"), ("x-forwarded-uri", "/a?b=c")];
    let original = [("x-original-url", "https://app.example.com/a?b=c")];
    for headers in [&asked_for[..], &original] {
        let ask = async |latchkey: &Latchkey, rest: &str| {
            Visitor::new().get_with(&latchkey.url(&format!("o/default/auth{rest}")), headers).await
        };
        must_be_no(&ask(&trusting.latchkey, "").await, 401);
        let answer = ask(&world.latchkey, "?login=redirect").await;
        assert_eq!(
            (answer.status, answer.location()),
            (302, Some(world.latchkey.url("o/default/login"))),
            "nobody is trusted"
        );
        let answer = ask(&trusting.latchkey, "?login=redirect").await;
        let with =
            format!("{}?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc", trusting.latchkey.url("o/default/login"));
        assert_eq!((answer.status, answer.location()), (302, Some(with.clone())));
        // And on, past the page where nobody need choose, to where the person wanted to be.
        let on = format!("{}?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3Dc", trusting.latchkey.at("login/demo"));
        assert_eq!(Visitor::new().get(&with).await.location(), Some(on));
    }
}

#[tokio::test]
async fn names_of_any_script_and_commas_arrive_as_utf_8_and_nothing_splits_a_header() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let mut list = people();
    list[0]["preferred_username"] = json!("Ælîçé, 山");
    list[0]["password"] = json!("Ælîçé, 山-password");
    list[1]["preferred_username"] = json!("bob\r\nX-Auth-Request-Roles: admin");
    list[1]["sub"] = json!("bob");
    world.provider.control("PUT", "people", &list).await;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "Ælîçé, 山").await;
    assert_eq!(identity(&auth(&alice, latchkey, "").await)[1], "Ælîçé, 山");
    let bob = Visitor::new();
    bob.sign_in(latchkey, "demo", "bob").await;
    // A name with a line break is none; the address stands in for it.
    let answer = auth(&bob, latchkey, "").await;
    assert_eq!((identity(&answer)[1], identity(&answer)[4]), ("bob@example.com", "viewer"));
}

#[tokio::test]
async fn what_changes_in_the_manifests_changes_the_answer_at_once() {
    let world = World::start().await;
    let latchkey = &world.latchkey;
    let alice = Visitor::new();
    alice.sign_in(latchkey, "demo", "alice").await;
    assert_eq!(auth(&alice, latchkey, "?role=admin").await.status, 200);
    let wait_for_status = async |status: u16| {
        wait_within(AT_ONCE, &format!("forward auth says {status}"), async || {
            (auth(&alice, latchkey, "?role=admin").await.status == status).then_some(())
        })
        .await;
    };
    latchkey.edit("mappers.yaml", "group: engineering", "group: sales").await;
    wait_for_status(403).await;
    latchkey.edit("mappers.yaml", "group: sales", "group: engineering").await;
    wait_for_status(200).await;
    latchkey.edit("organization.yaml", "    - {name: admin, administrator: true}\n", "").await;
    wait_for_status(403).await;
    latchkey.edit("provider.yaml", "spec:", "spec:\n  suspend: true").await;
    wait_for_status(401).await;
}
