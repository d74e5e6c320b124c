//! What the token endpoint answers instead of a token response.

use serde_json::{Value, json};

use super::{
    attempt::Attempt,
    bodies::{ODD, WRONG},
    case::{Case, IN, exchange},
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::{Reply, sign},
    refusal::MARK,
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Token response",
    about: "What the token endpoint answers; with status 200 and all that a token response needs unless something else is said.",
};

const SETUPS: &[Setup] = &[
    USUAL,
    Setup {
        name: "inside",
        announced: &[("token_endpoint", "\"http://169.254.169.254/latest/token\"")],
        works: false,
        ..USUAL
    },
];

type Row = Case<fn(&Attempt<'_>, Value) -> Reply>;

#[rustfmt::skip]
const CASES: &[Row] = &[
    Row::new("no `access_token`", |_, r| without(r, "access_token"), exchange(INCOMPLETE), "RFC 6749 5.1"),
    Row::new("an empty `access_token`", |_, r| with(r, "access_token", ""), exchange(INCOMPLETE), "RFC 6749 A.12"),
    Row::new("`access_token` is a number", |_, r| with(r, "access_token", 1), exchange(INCOMPLETE), "RFC 6749 A.12"),
    Row::new("no `token_type`", |_, r| without(r, "token_type"), exchange(INCOMPLETE), "RFC 6749 5.1"),
    Row::new("`token_type` is a list", |_, r| with(r, "token_type", json!(["Bearer"])), exchange(INCOMPLETE), "RFC 6749 5.1"),
    Row::new("`token_type` DPoP", |_, r| with(r, "token_type", "DPoP"), exchange("no bearer token"), "Core 3.1.3.3"),
    Row::new("`token_type` mac", |_, r| with(r, "token_type", "mac"), exchange("no bearer token"), "Core 3.1.3.3"),
    Row::new("`token_type` N_A", |_, r| with(r, "token_type", "N_A"), exchange("no bearer token"), "Core 3.1.3.3"),
    Row::new("`token_type` of hostile text", |_, r| with(r, "token_type", MARK), exchange("no bearer token"), "Core 3.1.3.3"),
    Row::new("no `id_token`", |_, r| without(r, "id_token"), exchange("gave no id_token"), "Core 3.1.3.3"),
    Row::new("an empty `id_token`", |_, r| with(r, "id_token", ""), exchange("gave no id_token"), "Core 3.1.3.3"),
    Row::new("`id_token` is null", |_, r| with(r, "id_token", Value::Null), exchange("gave no id_token"), "Core 3.1.3.3"),
    Row::new("`id_token` is its claims", |a, r| with(r, "id_token", a.claims()), exchange("gave no id_token"), "Core 3.1.3.3"),
    Row::new("`id_token` is a list", |_, r| { let token = r["id_token"].clone(); with(r, "id_token", json!([token])) }, exchange("gave no id_token"), "Core 3.1.3.3"),
    Row::new("`id_token` under another name", |_, r| Reply::text("application/json", &r.to_string().replace("\"id_token\"", "\"ID_TOKEN\"")), exchange("gave no id_token"), "RFC 8259 8.3"),
    Row::new("everything within a member", |_, r| Reply::json(&json!({"tokens": r})), exchange(INCOMPLETE), "RFC 6749 5.1"),
    Row::new("a form", |_, r| Reply::text("application/x-www-form-urlencoded", &format!("access_token=m4rk&token_type=Bearer&id_token={}", r["id_token"])), exchange("it is not JSON"), "RFC 6749 5.1"),
    Row::new("the tokens, and an error", |_, r| with(r, "error", "invalid_grant"), exchange("refused the request: invalid_grant"), "RFC 6749 5.2"),
    Row::new("status 200 with an error", |_, _| Reply::json(&error("invalid_grant")), exchange("refused the request: invalid_grant"), "RFC 6749 5.2"),
    Row::new("status 200 with an error that is no text", |_, r| with(r, "error", json!({"code": MARK})), exchange("answered 200"), "RFC 6749 5.2"),
    Row::new("status 400, invalid_grant", |_, _| Reply::status(400, &error("invalid_grant").to_string()), exchange("refused the request: invalid_grant"), "RFC 6749 5.2"),
    Row::new("status 400, an error of hostile text", |_, _| Reply::status(400, &error(MARK).to_string()), exchange("error that no specification registers"), "RFC 6749 5.2"),
    Row::new("status 401, invalid_client", |_, _| Reply::status(401, &error("invalid_client").to_string()), exchange("refused the request: invalid_client"), "RFC 6749 5.2"),
    Row::new("status 401 with a page", |_, _| Reply::status(401, "<b>m4rk</b>"), exchange("answered 401"), "RFC 6749 5.2"),
    Row::new("status 201 with the tokens", |_, r| Reply::status(201, &r.to_string()), exchange("answered 201"), "RFC 6749 5.1"),
    Row::new("status 204", |_, _| Reply::status(204, ""), exchange("answered 204"), "RFC 6749 5.1"),
    Row::new("status 206 with the tokens", |_, r| Reply::status(206, &r.to_string()), exchange("answered 206"), "RFC 6749 5.1"),
    Row::new("status 404 with the tokens", |_, r| Reply::status(404, &r.to_string()), exchange("answered 404"), "RFC 6749 5.1"),
    Row::new("status 429", |_, _| Reply::status(429, "<b>m4rk</b>"), exchange("answered 429"), "RFC 6749 5.1"),
    Row::new("status 500 with the tokens", |_, r| Reply::status(500, &r.to_string()), exchange("answered 500"), "RFC 6749 5.1"),
    Row::new("status 503 with a page", |_, _| Reply::status(503, "<b>m4rk</b>"), exchange("answered 503"), "RFC 6749 5.1"),
    Row::new("a redirect to somebody else, 302", |a, _| moved(a, 302), exchange("answered 302"), MOVED),
    Row::new("a redirect that keeps the form, 307", |a, _| moved(a, 307), exchange("answered 307"), MOVED),
    Row::new("a redirect that keeps the form, 308", |a, _| moved(a, 308), exchange("answered 308"), MOVED),
    Row::new("a redirect to the inside, 302", |_, _| Reply::redirect("http://169.254.169.254/m4rk"), exchange("answered 302"), MOVED),
    Row::new("a token endpoint that is a metadata service", |_, r| Reply::json(&r), exchange("is not dialled"), "*ours*").at("inside"),
    Row::new("`token_type` in small letters", |_, r| with(r, "token_type", "bearer"), IN, "RFC 6749 5.1"),
    Row::new("`expires_in` is text", |_, r| with(r, "expires_in", "300"), IN, "RFC 6749 5.1"),
    Row::new("`scope` is null", |_, r| with(r, "scope", Value::Null), IN, "RFC 6749 5.1"),
    Row::new("members that nobody knows", |_, r| with(r, "m4rk", json!({"m4rk": [MARK]})), IN, "RFC 6749 5.1"),
    Row::new("a refresh token beside the others", |_, r| with(r, "refresh_token", "m4rk"), IN, "RFC 6749 5.1"),
];

const MOVED: &str = "RFC 9110 15.4; *ours*";
const INCOMPLETE: &str = "it needs access_token and token_type";

fn with(mut response: Value, member: &str, value: impl Into<Value>) -> Reply {
    response[member] = value.into();
    Reply::json(&response)
}

fn without(mut response: Value, member: &str) -> Reply {
    response.as_object_mut().expect("an object").shift_remove(member);
    Reply::json(&response)
}

fn error(code: &str) -> Value {
    json!({"error": code, "error_description": MARK, "error_uri": "https://m4rk.example"})
}

fn moved(attempt: &Attempt<'_>, status: u16) -> Reply {
    let to = format!("{}/token", attempt.world.stranger.issuer);
    Reply::With { status, headers: vec![("location", to)], body: String::new() }
}

on_both_sources!(a_token_endpoint_that_answers_anything_else_signs_nobody_in);

async fn a_token_endpoint_that_answers_anything_else_signs_nobody_in(on: On) {
    let world = World::start(on, SETUPS).await;
    let rows = world.see(CASES, async |attempt, reply| {
        let right = attempt.response(&sign(&attempt.claims()));
        attempt.fake.answer(crate::support::fake::TOKEN, reply(attempt, right));
        attempt.right()
    });
    let mut rows = rows.await;
    let bodies: Vec<_> = WRONG
        .iter()
        .map(|&(sent, reply, why, says)| Case::new(sent, reply, exchange(why), says))
        .chain(ODD.iter().map(|&(sent, reply, _, says)| Case::new(sent, reply, IN, says)))
        .collect();
    let seen = world.see(&bodies, async |attempt, reply| {
        let right = attempt.response(&sign(&attempt.claims()));
        attempt.fake.answer(crate::support::fake::TOKEN, reply(&right));
        attempt.right()
    });
    rows.extend(seen.await);
    must_say(on, &FAMILY, &rows);
}
