//! Something is wrong with the request, whatever the assertion. The same assertion is brought once more, as it should be:
//! a request that is malformed uses nothing up.

use reqwest::Method;
use serde_json::json;

use super::{Case, court::Court};
use crate::{
    jwt_bearer::{
        GRANT,
        ask::{Ask, ask, bare},
        id_token::id_token,
        world::at_provider,
    },
    support::ended::Ended,
};

type Make = fn(&Court) -> Case;

#[rustfmt::skip]
pub const CASES: &[(&str, Make)] = &[
    ("no grant_type", |c| change(c, |ask| ask.without("grant_type"))),
    ("an empty grant_type", |c| grant_type(c, "")),
    ("two grant_type", |c| change(c, |ask| ask.with("grant_type", GRANT))),
    ("authorization_code", |c| grant_type(c, "authorization_code")),
    ("refresh_token", |c| grant_type(c, "refresh_token")),
    ("client_credentials", |c| grant_type(c, "client_credentials")),
    ("password", |c| grant_type(c, "password")),
    ("token exchange", |c| grant_type(c, "urn:ietf:params:oauth:grant-type:token-exchange")),
    ("no assertion", |c| change(c, |ask| ask.without("assertion"))),
    ("an empty assertion", |c| change(c, |ask| ask.without("assertion").with("assertion", ""))),
    ("two assertions", two_assertions),
    ("the same assertion twice", |c| with_token(c, |ask, token| ask.with("assertion", token))),
    ("a scope", |c| { let case = change(c, |ask| ask.with("scope", "openid")); Case { right: case.right.with("scope", ""), ..case } }),
    ("a resource that is not the audience", resource),
    ("the assertion in the query", |c| with_token(c, |ask, token| ask.without("assertion").query("assertion", token))),
    ("the assertion in the query, and in the form", |c| with_token(c, |ask, token| ask.query("assertion", token))),
    ("the client_id in the query", |c| change(c, |ask| ask.without("client_id").query("client_id", "desktop"))),
    ("the grant_type in the query", |c| change(c, |ask| ask.without("grant_type").query("grant_type", GRANT))),
    ("a scope in the query", |c| change(c, |ask| ask.query("scope", "openid"))),
    ("everything in the query, and an empty body", |c| with_token(c, |ask, token| ask.body("", "").query("grant_type", GRANT).query("assertion", token).query("client_id", "desktop"))),
    ("GET, and a secret in the query", |c| change(c, |ask| ask.by(Method::GET).query("client_secret", "m4rk"))),
    ("JSON", |c| with_token(c, |ask, token| ask.body("application/json", json!({"grant_type": GRANT, "assertion": token, "client_id": "desktop"}).to_string()))),
    ("multipart", |c| with_token(c, |ask, token| ask.body("multipart/form-data; boundary=m4rk", multipart(token)))),
    ("no content type", |c| change(c, |ask| { let form = ask.encoded(); ask.body("", form) })),
    ("an octet that is no UTF-8 in client_id", |c| change(c, |ask| ask.without("client_id").with("client_id", b"desktop\xff"))),
    ("NUL in client_id", |c| change(c, |ask| ask.without("client_id").with("client_id", "desktop\0"))),
    ("129 KiB", |c| change(c, |ask| ask.with("more", vec![b'x'; 129 * 1024]))),
    ("10 MB", |c| change(c, |ask| ask.with("more", vec![b'x'; 10_000_000]))),
    ("10 MB in pieces", |c| change(c, |ask| { let form = ask.clone().with("more", vec![b'x'; 10_000_000]).encoded(); ask.chunked(form) })),
    ("GET", |c| change(c, |ask| ask.by(Method::GET))),
    ("PUT", |c| change(c, |ask| ask.by(Method::PUT))),
    ("DELETE", |c| change(c, |ask| ask.by(Method::DELETE))),
];

fn token(court: &Court) -> String {
    id_token(court.main(), &at_provider("desktop"), "somebody", &json!({}))
}

fn with_token(court: &Court, change: impl Fn(Ask, &str) -> Ask) -> Case {
    let token = token(court);
    let right = ask("desktop", &token);
    Case::new(change(right.clone(), &token), right)
}

fn change(court: &Court, change: impl Fn(Ask) -> Ask) -> Case {
    with_token(court, |ask, _| change(ask))
}

fn grant_type(court: &Court, grant_type: &str) -> Case {
    change(court, |ask| ask.without("grant_type").with("grant_type", grant_type))
}

fn two_assertions(court: &Court) -> Case {
    let second = token(court);
    change(court, |ask| ask.with("assertion", &second))
}

fn resource(court: &Court) -> Case {
    let issuer = court.latchkey.at("").trim_end_matches('/').to_owned();
    let case = change(court, |ask| ask.with("resource", "https://m4rk.example/"));
    Case { right: case.right.with("resource", issuer), ..case }
}

fn multipart(token: &str) -> String {
    let pairs = [("grant_type", GRANT), ("assertion", token), ("client_id", "desktop")];
    let part = |(name, value)| format!("--m4rk\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    format!("{}--m4rk--\r\n", pairs.map(part).concat())
}

#[tokio::test]
async fn a_request_with_one_fault_brings_nothing_and_uses_nothing_up() {
    let mut court = Court::start().await;
    for (name, make) in CASES {
        let case = make(&court);
        court.judge(name, case).await;
    }
    court.close();
}

#[tokio::test]
async fn curl_reads_the_answer_to_a_body_that_is_too_long() {
    let court = Court::start().await;
    let file = court.latchkey.dir().join("long");
    std::fs::write(&file, bare(&token(&court)).with("more", vec![b'x'; 10_000_000]).encoded()).expect("written");
    for how in [&[][..], &["--header", "transfer-encoding: chunked"], &["--header", "expect:"]] {
        let mut curl = tokio::process::Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code}"]).args(how);
        curl.args(["--header", "x-forwarded-for: 192.0.2.1", "--data-binary", &format!("@{}", file.display())]);
        let ended = Ended::of(
            {
                curl.arg(court.latchkey.at("token"));
                curl
            },
            "",
        )
        .await;
        assert_eq!((ended.status, &*ended.err), (0, ""), "{how:?}: {ended:?}");
        let (body, status) = ended.out.rsplit_once('\n').expect("a status");
        let error: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!((status, &error["error"]), ("400", &json!("invalid_request")), "{how:?}");
    }
}

#[tokio::test]
async fn head_is_a_method_as_wrong_as_others_and_post_is_named_as_the_right_one() {
    let court = Court::start().await;
    for method in [Method::HEAD, Method::GET, Method::PUT, Method::PATCH] {
        let answer = court.desktop("somebody", json!({})).by(method.clone()).send(&court.latchkey).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        assert_eq!(answer.body.is_empty(), method == Method::HEAD, "{method}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method}");
    }
}

#[tokio::test]
async fn where_there_is_no_organization_nobody_gets_a_token() {
    let court = Court::start().await;
    let ask = court.desktop("somebody", json!({}));
    for organization in ["m4rk", "DEFAULT", "default%00", "..%2fdefault"] {
        let answer = ask.clone().at(organization).send(&court.latchkey).await;
        assert_eq!(answer.status, 404, "{organization}: {}", answer.body);
        assert!(!answer.body.contains("m4rk") && answer.set_cookies().is_empty(), "{}", answer.body);
    }
    ask.gets(&court.latchkey).await;
}
