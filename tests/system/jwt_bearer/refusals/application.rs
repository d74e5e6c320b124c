//! The application is not who it says, or does not say it as it should. The assertion is not used up by it.

use serde_json::json;

use super::{Case, court::Court};
use crate::jwt_bearer::{
    ask::{Ask, ask, bare, basic},
    id_token::id_token,
    world::{SECRET, at_provider},
};

type Make = fn(&Court) -> Case;

#[rustfmt::skip]
pub const CASES: &[(&str, Make)] = &[
    ("nobody", |c| desktop(c, bare)),
    ("a client_id that nobody has", |c| desktop(c, |token| ask("m4rk", token))),
    ("the client_id in capitals", |c| desktop(c, |token| ask("DESKTOP", token))),
    ("two client_id", |c| desktop(c, |token| ask("desktop", token).with("client_id", "desktop"))),
    ("a wrong secret, in the form", |c| by_form(c, |token| ask("backend", token).with("client_secret", "m4rk"))),
    ("a wrong secret, by Basic", |c| by_basic(c, |token| bare(token).basic("backend", "m4rk"))),
    ("an empty secret, in the form", |c| by_form(c, |token| ask("backend", token).with("client_secret", ""))),
    ("an empty secret, by Basic", |c| by_basic(c, |token| bare(token).basic("backend", ""))),
    ("no secret, of one that has one", |c| by_form(c, |token| ask("backend", token))),
    ("the beginning of the secret", |c| by_form(c, |token| ask("backend", token).with("client_secret", &SECRET[..8]))),
    ("a secret, of a public client", |c| desktop(c, |token| ask("desktop", token).with("client_secret", "m4rk"))),
    ("a secret by Basic, of a public client", |c| desktop(c, |token| bare(token).basic("desktop", "m4rk"))),
    ("a secret that the manifests do not have", |c| by_form(c, |token| ask("lost", token).with("client_secret", SECRET))),
    ("a secret in the query", |c| by_form(c, |token| ask("backend", token).query("client_secret", SECRET))),
    ("Basic and a secret in the form", |c| by_basic(c, |token| right_by_basic(token).with("client_id", "backend").with("client_secret", SECRET))),
    ("two Basic", |c| by_basic(c, |token| right_by_basic(token).basic("backend", "m4rk"))),
    ("Basic and another client_id in the form", |c| by_basic(c, |token| right_by_basic(token).with("client_id", "desktop"))),
    ("Bearer instead of Basic", |c| by_basic(c, |token| bare(token).header("authorization", format!("Bearer {SECRET}")))),
    ("Basic without a colon", |c| octets(c, b"backend")),
    ("Basic that is no base64", |c| by_basic(c, |token| bare(token).header("authorization", "Basic m4rk!"))),
    ("Basic that is no UTF-8", |c| octets(c, b"backend:\xff\xfe")),
    ("Basic with %zz", |c| octets(c, b"backend:%zz")),
    ("Basic of 48 KiB", |c| octets(c, &[b"backend:", &[b'x'; 36 * 1024][..]].concat())),
    ("NUL in Basic", |c| octets(c, b"backend\0:m4rk")),
    ("a client_assertion", |c| by_form(c, |token| ask("backend", token).with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer").with("client_assertion", token))),
];

/// As RFC 6749, section 2.3.1, has it.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn right_by_basic(token: &str) -> Ask {
    bare(token).basic("backend", &encoded(SECRET))
}

fn desktop(court: &Court, wrong: impl Fn(&str) -> Ask) -> Case {
    let token = id_token(court.main(), &at_provider("desktop"), "somebody", &json!({}));
    Case::new(wrong(&token), ask("desktop", &token))
}

fn by_form(court: &Court, wrong: impl Fn(&str) -> Ask) -> Case {
    let token = court.for_backend();
    Case::new(wrong(&token), ask("backend", &token).with("client_secret", SECRET))
}

fn by_basic(court: &Court, wrong: impl Fn(&str) -> Ask) -> Case {
    let token = court.for_backend();
    Case::new(wrong(&token), right_by_basic(&token))
}

fn octets(court: &Court, octets: &[u8]) -> Case {
    by_basic(court, |token| bare(token).header("authorization", basic(octets)))
}

#[tokio::test]
async fn who_is_not_the_application_brings_nothing_and_uses_nothing_up() {
    let mut court = Court::start().await;
    for (name, make) in CASES {
        let case = make(&court);
        court.judge(name, case).await;
    }
    court.close();
}

#[tokio::test]
async fn every_401_names_basic() {
    let court = Court::start().await;
    let token = court.for_backend();
    // RFC 9110, section 15.5.2; RFC 6749 demands it where Basic was tried.
    for wrong in [bare(&token).basic("backend", "m4rk"), ask("backend", &token).with("client_secret", "m4rk")] {
        let answer = wrong.send(&court.latchkey).await;
        let realm = answer.header("www-authenticate").unwrap_or_default();
        assert!(answer.status == 401 && realm.starts_with("Basic realm=\""), "{} {realm}", answer.status);
    }
}

#[tokio::test]
async fn applications_with_a_secret_show_it_either_way_and_who_has_none_may_use_basic_too() {
    let court = Court::start().await;
    let ways: [fn(&str) -> Ask; 6] = [
        right_by_basic,
        |token| ask("backend", token).with("client_secret", SECRET),
        // The scheme is a word in any case (RFC 9110, section 11.1).
        |token| {
            bare(token)
                .header("authorization", basic(format!("backend:{}", encoded(SECRET))).replacen("Basic", "basic", 1))
        },
        |token| right_by_basic(token).with("client_id", "backend"),
        // Many don't encode what they show.
        |token| bare(token).basic("backend", SECRET),
        // Unknown parameters are ignored, and a scope that is empty is none (RFC 6749, section 3.2).
        |token| right_by_basic(token).with("m4rk", "m4rk").with("scope", ""),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        eprintln!("way {number}");
        let given = way(&court.for_backend()).gets(&court.latchkey).await;
        assert_eq!(given.claims()["client_id"], "backend", "{number}");
    }
}
