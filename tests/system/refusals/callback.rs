//! What a browser brings to the redirect URI instead of the provider's answer.

use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    attempt::{Attempt, Bring, CODE, Pairs},
    case::{Case, IN, Outcome, exchange, id_token, refused},
    page::{Family, must_say},
    world::{Setup, USUAL, World},
};
use crate::support::{
    fake::{Reply, TOKEN, sign},
    refusal::MARK,
    signer::{P256, unsigned},
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Authorization response",
    about: "What a browser brings to the redirect URI, by a GET with a query unless something else is said. `iss` stands for a provider that announces `authorization_response_iss_parameter_supported`, `form` for one with `responseMode: FormPost`, `token` for one with `responseType: IdToken`, `token, iss` for both; *the other provider* is another one of the same organization.",
};

const ISS: (&str, &str) = ("authorization_response_iss_parameter_supported", "true");
const ID_TOKEN: (&str, &str) = ("response_types_supported", "[\"code\", \"id_token\"]");

const SETUPS: &[Setup] = &[
    USUAL,
    Setup { name: "iss", announced: &[ISS], ..USUAL },
    Setup { name: "form", spec: "authorization: {responseMode: FormPost}\n", ..USUAL },
    Setup { name: "token", spec: BY_TOKEN, announced: &[ID_TOKEN, ("token_endpoint", "null")], ..USUAL },
    Setup { name: "token-iss", spec: BY_TOKEN, announced: &[ID_TOKEN, ISS], ..USUAL },
    Setup { name: "other", ..USUAL },
];
const BY_TOKEN: &str = "client: {id: latchkey}\nauthorization: {responseType: IdToken}\n";

type Row = Case<fn(&Attempt<'_>) -> Bring>;

#[rustfmt::skip]
const STATE: &[Row] = &[
    Row::new("nothing", |_| Bring::Query(Vec::new()), MALFORMED, "RFC 6749 4.1.2"),
    Row::new("no `state`", |a| query(a, |q| remove(q, "state")), MALFORMED, "RFC 6749 4.1.2"),
    Row::new("an empty `state`", |a| query(a, |q| set(q, "state", "")), MALFORMED, "RFC 6749 3.1"),
    Row::new("a `state` of nobody's", |a| query(a, |q| set(q, "state", "AAAAAAAAAAAAAAAAAAAAAA")), NO_ATTEMPT, CSRF),
    Row::new("half of the `state`", |a| query(a, |q| set(q, "state", &a.state[..11])), NO_ATTEMPT, CSRF),
    Row::new("the `state` and a letter", |a| query(a, |q| set(q, "state", &format!("{}A", a.state))), NO_ATTEMPT, CSRF),
    Row::new("the `state` and NUL", |a| query(a, |q| set(q, "state", &format!("{}\0", a.state))), NO_ATTEMPT, CSRF),
    Row::new("the `state` with its last bits changed", |a| query(a, |q| set(q, "state", &spare_bits(&a.state))), NO_ATTEMPT, CSRF),
    Row::new("the `state` and a header of its own", |a| query(a, |q| set(q, "state", &format!("{}\r\nSet-Cookie: m4rk=1", a.state))), NO_ATTEMPT, CSRF),
    Row::new("a `state` of hostile text", |a| query(a, |q| set(q, "state", MARK)), NO_ATTEMPT, CSRF),
    Row::new("the `nonce` as `state`", |a| query(a, |q| set(q, "state", &a.nonce)), NO_ATTEMPT, CSRF),
    Row::new("the `state` of another browser", other_browser, NO_ATTEMPT, CSRF),
    Row::new("`state` twice", |a| query(a, |q| add(q, "state", &a.state)), MALFORMED, TWICE),
    Row::new("a second, other `state`", |a| query(a, |q| add(q, "state", "m4rk")), MALFORMED, TWICE),
    Row::new("`state` as `state[]`", |a| query(a, |q| q[0].0 = "state[]"), MALFORMED, "RFC 6749 4.1.2"),
    Row::new("the answer behind `#`", |a| Bring::Request(Method::GET, format!("{}#state={}&code={CODE}", a.redirect_uri, a.state), Vec::new(), None), MALFORMED, "RFC 6749 4.1.2"),
    Row::new("a query of 17 KiB", |a| query(a, |q| add(q, "more", &"m4rk".repeat(4352))), MALFORMED, "*ours*"),
    Row::new("a form of 132 KiB", |a| form(a, |q| add(q, "more", &"m4rk".repeat(33 * 1024))), MALFORMED, "*ours*").at("form"),
];

#[rustfmt::skip]
const CODES: &[Row] = &[
    Row::new("no `code`", |a| query(a, |q| remove(q, "code")), MALFORMED, "RFC 6749 4.1.2"),
    Row::new("an empty `code`", |a| query(a, |q| set(q, "code", "")), MALFORMED, "RFC 6749 3.1"),
    Row::new("`code` twice", |a| query(a, |q| add(q, "code", CODE)), MALFORMED, TWICE),
    Row::new("a second, other `code`", |a| query(a, |q| add(q, "code", "m4rk")), MALFORMED, TWICE),
    Row::new("`code` twice, once escaped", |a| raw(a, &format!("state={}&code={CODE}&%63ode=m4rk", a.state)), MALFORMED, TWICE),
    Row::new("any parameter twice", |a| query(a, |q| (add(q, MARK, "1"), add(q, MARK, "2")).1), MALFORMED, TWICE),
    Row::new("a `code` with NUL", |a| query(a, |q| set(q, "code", "c0de-of-m4rk\0")), MALFORMED, VSCHAR),
    Row::new("a `code` with line breaks", |a| query(a, |q| set(q, "code", "c0de-of-m4rk\r\nX: m4rk")), MALFORMED, VSCHAR),
    Row::new("a `code` with DEL", |a| query(a, |q| set(q, "code", "c0de-of-m4rk\u{7f}")), MALFORMED, VSCHAR),
    Row::new("a `code` with letters beyond ASCII", |a| query(a, |q| set(q, "code", "c0de-of-m4rk-é")), MALFORMED, VSCHAR),
    Row::new("a `code` that is no UTF-8", |a| raw(a, &format!("state={}&code=%FF%FE", a.state)), MALFORMED, VSCHAR),
    Row::new("a `code` that the provider refuses", |a| { a.fake.answer(TOKEN, refusal()); query(a, |q| set(q, "code", MARK)) }, exchange("invalid_grant"), "RFC 6749 5.2"),
    Row::new("another login's `code`", other_code, id_token("nonce_wrong"), "RFC 9700 4.5.3.2"),
    Row::new("an ID token instead of a code", |a| query(a, |q| (remove(q, "code"), add(q, "id_token", &sign(&a.claims()))).1), MALFORMED, "Core 3.1.2.5"),
    Row::new("an access token instead of a code", |a| query(a, |q| (remove(q, "code"), add(q, "access_token", "m4rk")).1), MALFORMED, "RFC 9700 2.1.2"),
    Row::new("form: a `code` with NUL", |a| form(a, |q| set(q, "code", "c0de-of-m4rk\0")), MALFORMED, VSCHAR).at("form"),
    Row::new("form: `code` twice", |a| form(a, |q| add(q, "code", "m4rk")), MALFORMED, TWICE).at("form"),
    Row::new("form: the answer in the query of a POST", |a| posted(a, "application/x-www-form-urlencoded", String::new()), MALFORMED, "Form Post 2").at("form"),
    Row::new("form: JSON", |a| posted(a, "application/json", json!({"state": a.state, "code": CODE}).to_string()), MALFORMED, "Form Post 2").at("form"),
    Row::new("form: `multipart/form-data`", |a| posted(a, "multipart/form-data; boundary=m4rk", format!("state={}&code={CODE}", a.state)), MALFORMED, "Form Post 2").at("form"),
    Row::new("form: `text/plain`, as a form of another site may have it", |a| posted(a, "text/plain", format!("state={}&code={CODE}", a.state)), MALFORMED, "Form Post 2").at("form"),
    Row::new("right", |a| query(a, |_| {}), IN, "RFC 6749 4.1.2"),
    Row::new("parameters that nobody knows, among them `session_state`", |a| query(a, |q| (add(q, "session_state", MARK), add(q, "scope", "openid")).1), IN, "RFC 6749 4.1.2"),
    Row::new("a `code` with every sign that it may have", |a| query(a, |q| set(q, "code", "c0de-of-m4rk !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~")), IN, VSCHAR),
    Row::new("a `code` of 12 KiB", |a| query(a, |q| set(q, "code", &"c0de-of-m4rk".repeat(1024))), IN, "RFC 6749 4.1.2"),
    Row::new("form: right", |a| form(a, |_| {}), IN, "Form Post 2").at("form"),
    Row::new("form: a `code` of 64 KiB", |a| form(a, |q| set(q, "code", &"c0de-of-m4rk".repeat(5461))), IN, "RFC 6749 4.1.2").at("form"),
    Row::new("form: a charset beside the content type", |a| posted(a, "application/x-www-form-urlencoded; charset=UTF-8", format!("state={}&code={CODE}", a.state)), IN, "RFC 9110 8.3.1").at("form"),
];

#[rustfmt::skip]
const ISSUERS: &[Row] = &[
    Row::new("another `iss`, though none is announced", |a| query(a, |q| add(q, "iss", "https://m4rk.example")), WRONG_ISSUER, RFC_9207),
    Row::new("the other provider's `iss`, whose metadata may have named our authorization endpoint", |a| query(a, |q| add(q, "iss", &a.world.provider("other").fake.issuer)), WRONG_ISSUER, "RFC 9700 4.4.2.1"),
    Row::new("`iss` with a slash more", |a| query(a, |q| add(q, "iss", &format!("{}/", a.fake.issuer))), WRONG_ISSUER, RFC_9207),
    Row::new("`iss` in capitals", |a| query(a, |q| add(q, "iss", &a.fake.issuer.to_uppercase())), WRONG_ISSUER, RFC_9207),
    Row::new("`iss` twice", |a| query(a, |q| (add(q, "iss", &a.fake.issuer), add(q, "iss", &a.fake.issuer)).1), MALFORMED, TWICE),
    Row::new("`iss` twice, first ours, then another's", |a| query(a, |q| (add(q, "iss", &a.fake.issuer), add(q, "iss", "https://m4rk.example")).1), MALFORMED, TWICE),
    Row::new("iss: no `iss`", |a| query(a, |q| remove(q, "iss")), refused(400, "missing_issuer"), RFC_9207).at("iss"),
    Row::new("iss: an empty `iss`", |a| query(a, |q| set(q, "iss", "")), refused(400, "missing_issuer"), RFC_9207).at("iss"),
    Row::new("iss: another `iss`", |a| query(a, |q| set(q, "iss", "https://m4rk.example")), WRONG_ISSUER, RFC_9207).at("iss"),
    Row::new("iss: an error without `iss`", |a| query(a, |q| (fail(q, "access_denied"), remove(q, "iss")).1), refused(400, "missing_issuer"), RFC_9207).at("iss"),
    Row::new("iss: another's error", |a| query(a, |q| (fail(q, "access_denied"), set(q, "iss", "https://m4rk.example")).1), WRONG_ISSUER, RFC_9207).at("iss"),
    Row::new("the answer at the other provider's redirect URI", |a| elsewhere(a, "/other", None), OF_ANOTHER, "RFC 9700 4.4.2.2"),
    Row::new("the answer at the other provider's redirect URI, with that one's `iss`", |a| elsewhere(a, "/other", Some(&a.world.provider("other").fake.issuer)), OF_ANOTHER, "RFC 9700 4.4.2.2"),
    Row::new("the answer at a redirect URI of nobody's", |a| elsewhere(a, "/m4rk", None), refused(404, "no_such_provider"), "RFC 9700 4.4.2.2"),
    Row::new("`iss` that is right, and not announced", |a| query(a, |q| add(q, "iss", &a.fake.issuer)), IN, RFC_9207),
    Row::new("iss: right", |a| query(a, |_| {}), IN, RFC_9207).at("iss"),
];

#[rustfmt::skip]
const ERRORS: &[Row] = &[
    Row::new("access_denied", |a| query(a, |q| fail(q, "access_denied")), said(403, "access_denied"), "RFC 6749 4.1.2.1"),
    Row::new("login_required", |a| query(a, |q| fail(q, "login_required")), said(403, "login_required"), "Core 3.1.2.6"),
    Row::new("invalid_scope", |a| query(a, |q| fail(q, "invalid_scope")), said(502, "invalid_scope"), "RFC 6749 4.1.2.1"),
    Row::new("server_error", |a| query(a, |q| fail(q, "server_error")), said(502, "server_error"), "RFC 6749 4.1.2.1"),
    Row::new("temporarily_unavailable", |a| query(a, |q| fail(q, "temporarily_unavailable")), said(503, "temporarily_unavailable"), "RFC 6749 4.1.2.1"),
    Row::new("an error that nobody knows", |a| query(a, |q| fail(q, "m4rk_error")), UNREGISTERED, "RFC 6749 4.1.2.1"),
    Row::new("an error of hostile text, with such a description", |a| query(a, |q| fail(q, MARK)), UNREGISTERED, "RFC 6749 4.1.2.1"),
    Row::new("an error with NUL", |a| query(a, |q| fail(q, "access_denied\0")), UNREGISTERED, "RFC 6749 A.7"),
    Row::new("an error beside a code", |a| query(a, |q| add(q, "error", "access_denied")), said(403, "access_denied"), "RFC 6749 4.1.2.1"),
    Row::new("an error without `state`", |a| query(a, |q| (fail(q, "access_denied"), remove(q, "state")).1), MALFORMED, "RFC 6749 4.1.2.1"),
    Row::new("two errors", |a| query(a, |q| (fail(q, "access_denied"), add(q, "error", "server_error")).1), MALFORMED, TWICE),
];

#[rustfmt::skip]
const TOKENS: &[Row] = &[
    Row::new("token: nothing but the `state`", |a| form(a, |q| remove(q, "id_token")), MALFORMED, "Core 3.2.2.5").at("token"),
    Row::new("token: an empty ID token", |a| form(a, |q| set(q, "id_token", "")), MALFORMED, "Core 3.2.2.5").at("token"),
    Row::new("token: a code instead", |a| form(a, |q| (remove(q, "id_token"), add(q, "code", CODE)).1), MALFORMED, "Core 3.2.2.5").at("token"),
    Row::new("token: an access token instead", |a| form(a, |q| (remove(q, "id_token"), add(q, "access_token", "m4rk")).1), MALFORMED, "Core 3.2.2.5").at("token"),
    Row::new("token: the ID token twice", |a| form(a, |q| add(q, "id_token", &sign(&a.claims()))), MALFORMED, TWICE).at("token"),
    Row::new("token: a second `state`", |a| form(a, |q| add(q, "state", "m4rk")), MALFORMED, TWICE).at("token"),
    Row::new("token: in a query", |a| query(a, |_| {}), MALFORMED, "Form Post 2; RFC 9700 4.3.2").at("token"),
    Row::new("token: in JSON", |a| posted(a, "application/json", json!({"state": a.state, "id_token": sign(&a.claims())}).to_string()), MALFORMED, "Form Post 2").at("token"),
    Row::new("token: in `text/plain`", |a| posted(a, "text/plain", format!("state={}&id_token={}", a.state, sign(&a.claims()))), MALFORMED, "Form Post 2").at("token"),
    Row::new("token: alg `none`", |a| token(a, &(unsigned(&json!({"alg": "none"}), &a.claims()) + ".")), id_token("alg_refused"), "RFC 8725 3.2").at("token"),
    Row::new("token: the signature cut off", |a| token(a, &(unsigned(&json!({"alg": "ES256", "kid": "one"}), &a.claims()) + ".")), id_token("signature_wrong"), "Core 3.2.2.11 (1)").at("token"),
    Row::new("token: another algorithm", |a| token(a, &P256.token(r#"{"alg":"RS256","kid":"one"}"#, a.claims().to_string())), id_token("key_unknown"), "Core 3.2.2.11").at("token"),
    Row::new("token: another `nonce`", |a| token(a, &changed(a, |c| c["nonce"] = "m4rk".into())), id_token("nonce_wrong"), "Core 3.2.2.11 (2)").at("token"),
    Row::new("token: another client's", |a| token(a, &changed(a, |c| c["aud"] = "m4rk".into())), id_token("aud_not_ours"), "Core 3.1.3.7 (3)").at("token"),
    Row::new("token: another issuer's", |a| token(a, &changed(a, |c| c["iss"] = "https://m4rk.example".into())), id_token("iss_wrong"), "Core 3.1.3.7 (2)").at("token"),
    Row::new("token: `exp` over", |a| token(a, &changed(a, |c| c["exp"] = (a.now - 1).into())), id_token("exp_over"), "Core 3.1.3.7 (9)").at("token"),
    Row::new("token: of 100 KiB", |a| token(a, &"m4rk".repeat(25 * 1024)), id_token("token_too_large"), "*ours*").at("token"),
    Row::new("token: an error beside an ID token", |a| form(a, |q| add(q, "error", "server_error")), said(502, "server_error"), "Core 3.2.2.6").at("token"),
    Row::new("token: another `iss` beside it", |a| form(a, |q| add(q, "iss", "https://m4rk.example")), WRONG_ISSUER, RFC_9207).at("token"),
    Row::new("token, iss: an empty ID token, no `iss`", |a| form(a, |q| (set(q, "id_token", ""), remove(q, "iss")).1), refused(400, "missing_issuer"), RFC_9207).at("token-iss"),
    Row::new("token, iss: an error without `iss`", |a| form(a, |q| (remove(q, "id_token"), fail(q, "access_denied"), remove(q, "iss")).2), refused(400, "missing_issuer"), RFC_9207).at("token-iss"),
    Row::new("token, iss: another `iss`", |a| form(a, |q| set(q, "iss", "https://m4rk.example")), WRONG_ISSUER, RFC_9207).at("token-iss"),
    Row::new("token: right", |a| form(a, |_| {}), IN, "Core 3.2.2.5").at("token"),
    Row::new("token, iss: right", |a| form(a, |_| {}), IN, RFC_9207).at("token-iss"),
    Row::new("token, iss: no `iss`, as the ID token has one", |a| form(a, |q| remove(q, "iss")), IN, "RFC 9207 4").at("token-iss"),
];

const MALFORMED: Outcome = refused(400, "malformed_parameters");
const NO_ATTEMPT: Outcome = refused(400, "no_attempt");
const OF_ANOTHER: Outcome = refused(400, "attempt_of_another_provider");
const WRONG_ISSUER: Outcome = refused(400, "wrong_issuer");
const UNREGISTERED: Outcome = said(502, "one that no specification registers");

const CSRF: &str = "RFC 6749 10.12";
const TWICE: &str = "RFC 6749 3.1";
const VSCHAR: &str = "RFC 6749 A.11";
const RFC_9207: &str = "RFC 9207 2.4";

const fn said(status: u16, detail: &'static str) -> Outcome {
    Outcome::Refused { status, code: "refused_by_provider", detail }
}

fn query(attempt: &Attempt<'_>, change: impl FnOnce(&mut Pairs)) -> Bring {
    let mut pairs = attempt.parameters();
    change(&mut pairs);
    Bring::Query(pairs)
}

fn form(attempt: &Attempt<'_>, change: impl FnOnce(&mut Pairs)) -> Bring {
    let mut pairs = attempt.parameters();
    change(&mut pairs);
    Bring::Form(pairs)
}

fn raw(attempt: &Attempt<'_>, query: &str) -> Bring {
    Bring::Request(Method::GET, format!("{}?{query}", attempt.redirect_uri), Vec::new(), None)
}

/// Another body, beside a query with the right parameters.
fn posted(attempt: &Attempt<'_>, content_type: &str, body: String) -> Bring {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(attempt.parameters()).finish();
    let headers = vec![("content-type", content_type.to_owned())];
    Bring::Request(Method::POST, format!("{}?{query}", attempt.redirect_uri), headers, Some(body))
}

fn token(attempt: &Attempt<'_>, id_token: &str) -> Bring {
    form(attempt, |pairs| set(pairs, "id_token", id_token))
}

fn changed(attempt: &Attempt<'_>, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = attempt.claims();
    change(&mut claims);
    sign(&claims)
}

/// A browser that has never begun this login.
fn other_browser(attempt: &Attempt<'_>) -> Bring {
    attempt.visitor.forget_cookies();
    attempt.right()
}

/// The provider answers for somebody else's login, whose code was planted here.
fn other_code(attempt: &Attempt<'_>) -> Bring {
    let mut claims = attempt.claims();
    claims["nonce"] = attempt.nonce.chars().rev().collect::<String>().into();
    attempt.give_out(&sign(&claims));
    attempt.right()
}

/// The right parameters at another redirect URI of the organization.
fn elsewhere(attempt: &Attempt<'_>, key: &str, iss: Option<&str>) -> Bring {
    let mut pairs = attempt.parameters();
    if let Some(iss) = iss {
        add(&mut pairs, "iss", iss);
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let (rest, _) = attempt.redirect_uri.rsplit_once('/').expect("a path");
    Bring::Request(Method::GET, format!("{rest}{key}?{query}"), Vec::new(), None)
}

/// Four bits of its last letter say nothing.
fn spare_bits(state: &str) -> String {
    let (rest, last) = state.split_at(state.len() - 1);
    let next = last.as_bytes()[0] + 1;
    format!("{rest}{}", char::from(next))
}

fn refusal() -> Reply {
    Reply::status(400, &json!({"error": "invalid_grant", "error_description": MARK}).to_string())
}

fn remove(pairs: &mut Pairs, name: &str) {
    pairs.retain(|(other, _)| *other != name);
}

fn set(pairs: &mut Pairs, name: &str, value: &str) {
    value.clone_into(&mut pairs.iter_mut().find(|(other, _)| *other == name).expect("the parameter").1);
}

fn add(pairs: &mut Pairs, name: &'static str, value: &str) {
    pairs.push((name, value.to_owned()));
}

/// The provider answers with an error, and a description of hostile text.
fn fail(pairs: &mut Pairs, error: &str) {
    remove(pairs, "code");
    add(pairs, "error", error);
    add(pairs, "error_description", MARK);
    add(pairs, "error_uri", "https://m4rk.example");
}

on_both_sources!(an_answer_that_was_tampered_with_signs_nobody_in);

async fn an_answer_that_was_tampered_with_signs_nobody_in(on: On) {
    let world = World::start(on, SETUPS).await;
    let cases = [STATE, CODES, ISSUERS, ERRORS, TOKENS].concat();
    must_say(on, &FAMILY, &world.see(&cases, async |attempt, bring| bring(attempt)).await);
}
