//! What a provider serves as its metadata.

use serde_json::{Value, json};

use super::{
    bodies::{NOT_HTTP, ODD, WRONG},
    case::{Case, Outcome},
    documents::{Script, see},
    page::{Family, must_say},
};
use crate::support::{
    fake::{DISCOVERY, Fake, Reply},
    refusal::MARK,
    source::On,
};

pub const FAMILY: Family = Family {
    title: "Discovery document",
    about: "What is served as the provider's metadata. `url` stands for a manifest that has `discovery.url` alone, and takes the issuer from there.",
};

type Row = Case<Script>;

/// Lines of a spec without `issuer`.
const URL: &str = "discovery: {url: PROVIDER/.well-known/openid-configuration}\n";

#[rustfmt::skip]
const ISSUERS: &[Row] = &[
    Row::new("no `issuer`", |f, _| f.withdraw("issuer"), INVALID, METADATA),
    Row::new("`issuer` is a number", |f, _| f.announce("issuer", 1), INVALID, METADATA),
    Row::new("`issuer` in a list", |f, _| f.announce("issuer", json!([f.issuer])), INVALID, METADATA),
    Row::new("`issuer` is empty", |f, _| f.announce("issuer", ""), MISMATCH, SAME),
    Row::new("another provider's issuer", |f, stranger| f.announce("issuer", &*stranger.issuer), MISMATCH, SAME),
    Row::new("the issuer with a slash more", |f, _| f.announce("issuer", format!("{}/", f.issuer)), MISMATCH, SAME),
    Row::new("the issuer with a space more", |f, _| f.announce("issuer", format!("{} ", f.issuer)), MISMATCH, SAME),
    Row::new("the issuer in capitals", |f, _| f.announce("issuer", f.issuer.to_uppercase()), MISMATCH, SAME),
    Row::new("the issuer with another path", |f, _| f.announce("issuer", format!("{}/tenant", f.issuer)), MISMATCH, SAME),
    Row::new("the issuer with another port", |f, stranger| f.announce("issuer", format!("{}0", stranger.issuer)), MISMATCH, SAME),
    Row::new("a pattern of issuers", |f, _| f.announce("issuer", format!("{}/{{tenantid}}", f.issuer)), INVALID, METADATA),
    Row::new("url: another provider's issuer", |f, stranger| f.announce("issuer", &*stranger.issuer), MISMATCH, SAME).at(URL),
    Row::new("url: an issuer that is no URL", |f, _| f.announce("issuer", MARK), INVALID, METADATA).at(URL),
    Row::new("url: an issuer with a query", |f, _| f.announce("issuer", format!("{}/?m4rk", f.issuer)), INVALID, METADATA).at(URL),
    Row::new("url: an issuer with a fragment", |f, _| f.announce("issuer", format!("{}/#m4rk", f.issuer)), INVALID, METADATA).at(URL),
    Row::new("url: an issuer with a user name", |f, _| f.announce("issuer", f.issuer.replace("//", "//m4rk@")), INVALID, "RFC 3986 7.5").at(URL),
    Row::new("url: a pattern of issuers", |f, _| f.announce("issuer", format!("{}/{{tenantid}}", f.issuer)), INVALID, METADATA).at(URL),
    Row::new("url: right", |_, _| {}, Outcome::Ready, METADATA).at(URL),
];

#[rustfmt::skip]
const MEMBERS: &[Row] = &[
    Row::new("no `authorization_endpoint`", |f, _| f.withdraw("authorization_endpoint"), INVALID, METADATA),
    Row::new("`authorization_endpoint` is a script", |f, _| f.announce("authorization_endpoint", "javascript:alert('m4rk')"), INVALID, METADATA),
    Row::new("`authorization_endpoint` is relative", |f, _| f.announce("authorization_endpoint", "/m4rk"), INVALID, METADATA),
    Row::new("`authorization_endpoint` has a fragment", |f, _| f.announce("authorization_endpoint", format!("{}/#m4rk", f.issuer)), INVALID, "RFC 6749 3.1"),
    Row::new("`authorization_endpoint` has a user name", |f, _| f.announce("authorization_endpoint", "https://m4rk@127.0.0.1/"), INVALID, "RFC 3986 7.5"),
    Row::new("`authorization_endpoint` is a number", |f, _| f.announce("authorization_endpoint", 1), INVALID, METADATA),
    Row::new("no `token_endpoint`", |f, _| f.withdraw("token_endpoint"), INVALID, METADATA),
    Row::new("`token_endpoint` is null", |f, _| f.announce("token_endpoint", Value::Null), INVALID, METADATA),
    Row::new("`token_endpoint` is a file", |f, _| f.announce("token_endpoint", "file:///etc/m4rk"), INVALID, METADATA),
    Row::new("`token_endpoint` has a fragment", |f, _| f.announce("token_endpoint", format!("{}/token#m4rk", f.issuer)), INVALID, "RFC 6749 3.2"),
    Row::new("`token_endpoint` has a user name and a password", |f, _| f.announce("token_endpoint", f.issuer.replace("//", "//m4rk:m4rk@")), INVALID, "RFC 3986 7.5"),
    Row::new("`token_endpoint` in a list", |f, _| f.announce("token_endpoint", json!([f.issuer])), INVALID, METADATA),
    Row::new("`token_endpoint` without a host", |f, _| f.announce("token_endpoint", "https://"), INVALID, METADATA),
    Row::new("`token_endpoint` at a port that there is not", |f, _| f.announce("token_endpoint", "https://127.0.0.1:99999/m4rk"), INVALID, "RFC 3986 3.2.3"),
    Row::new("no `jwks_uri`", |f, _| f.withdraw("jwks_uri"), INVALID, METADATA),
    Row::new("`jwks_uri` is a file", |f, _| f.announce("jwks_uri", "file:///etc/m4rk"), INVALID, METADATA),
    Row::new("`jwks_uri` is the keys themselves", |f, _| f.announce("jwks_uri", "data:application/json,{\"keys\":[\"m4rk\"]}"), INVALID, METADATA),
    Row::new("`jwks_uri` is an FTP URL", |f, _| f.announce("jwks_uri", "ftp://127.0.0.1/m4rk"), INVALID, METADATA),
    Row::new("`jwks_uri` has a user name", |f, _| f.announce("jwks_uri", f.issuer.replace("//", "//m4rk@")), INVALID, "RFC 3986 7.5"),
    Row::new("`userinfo_endpoint` is a number", |f, _| f.announce("userinfo_endpoint", 1), INVALID, METADATA),
    Row::new("`userinfo_endpoint` is a file", |f, _| f.announce("userinfo_endpoint", "file:///etc/m4rk"), INVALID, METADATA),
    Row::new("`end_session_endpoint` is a script", |f, _| f.announce("end_session_endpoint", "javascript:alert('m4rk')"), INVALID, METADATA),
    Row::new("`pushed_authorization_request_endpoint` is a file", |f, _| f.announce("pushed_authorization_request_endpoint", "file:///etc/m4rk"), INVALID, "RFC 9126 5"),
    Row::new("`response_types_supported` is text", |f, _| f.announce("response_types_supported", "code m4rk"), INVALID, METADATA),
    Row::new("`response_types_supported` without `code`", |f, _| f.announce("response_types_supported", json!(["id_token"])), INCOMPATIBLE, METADATA),
    Row::new("the signing algorithms are text", |f, _| f.announce(ALGORITHMS, "ES256 m4rk"), INVALID, METADATA),
    Row::new("no signing algorithm but `none`", |f, _| f.announce(ALGORITHMS, json!(["none"])), INCOMPATIBLE, "RFC 8725 3.2"),
    Row::new("no signing algorithm but `HS256`, which is not allowed", |f, _| f.announce(ALGORITHMS, json!(["HS256"])), INCOMPATIBLE, "RFC 8725 3.1"),
    Row::new("no signing algorithm that anybody knows", |f, _| f.announce(ALGORITHMS, json!([1, {}, "es256"])), INCOMPATIBLE, METADATA),
    Row::new("`authorization_response_iss_parameter_supported` is text", |f, _| f.announce("authorization_response_iss_parameter_supported", "m4rk"), INVALID, "RFC 9207 3"),
    Row::new("`require_pushed_authorization_requests` is a number", |f, _| f.announce("require_pushed_authorization_requests", 1), INVALID, "RFC 9126 5"),
    Row::new("members that nobody knows", |f, _| f.announce(MARK, json!({ MARK: [MARK] })), Outcome::Ready, "Discovery 4.2"),
    Row::new("null for what the provider does not have", |f, _| (f.announce("userinfo_endpoint", Value::Null), f.announce("end_session_endpoint", Value::Null)).1, Outcome::Ready, "*ours*"),
    Row::new("`authorization_endpoint` at another host, with a query", |f, _| f.announce("authorization_endpoint", "https://accounts.example/authorize?tenant=7"), Outcome::Ready, "RFC 6749 3.1"),
    Row::new("`none` and unknown algorithms beside a good one", |f, _| f.announce(ALGORITHMS, json!(["none", "ES257", "ES256"])), Outcome::Ready, METADATA),
    Row::new("no `response_types_supported`", |f, _| f.withdraw("response_types_supported"), Outcome::Ready, "*ours*"),
    Row::new("signed metadata beside the plain, not looked at", |f, _| f.announce("signed_metadata", "m4rk.m4rk.m4rk"), Outcome::Ready, "RFC 8414 2.1"),
];

#[rustfmt::skip]
const STATUSES: &[Row] = &[
    Row::new("status 201 with the document", |f, _| status(f, 201), HTTP, ANSWER),
    Row::new("status 204", |f, _| f.answer(DISCOVERY, Reply::status(204, "")), HTTP, ANSWER),
    Row::new("status 206 with the document", |f, _| status(f, 206), HTTP, ANSWER),
    Row::new("status 304", |f, _| f.answer(DISCOVERY, Reply::status(304, "")), HTTP, ANSWER),
    Row::new("status 401 with the document", |f, _| status(f, 401), HTTP, ANSWER),
    Row::new("status 404 with a page", |f, _| f.answer(DISCOVERY, Reply::status(404, MARK)), HTTP, ANSWER),
    Row::new("status 500 with the document", |f, _| status(f, 500), HTTP, ANSWER),
    Row::new("a redirect to another's document", |f, stranger| f.answer(DISCOVERY, Reply::redirect(&format!("{}{DISCOVERY}", stranger.issuer))), HTTP, "RFC 9110 15.4; *ours*"),
    Row::new("a redirect to itself", |f, _| f.answer(DISCOVERY, Reply::redirect("/m4rk")), HTTP, "RFC 9110 15.4; *ours*"),
    Row::new("a redirect to the inside", |f, _| f.answer(DISCOVERY, Reply::redirect("http://169.254.169.254/m4rk")), HTTP, "RFC 9110 15.4; *ours*"),
];

const INVALID: Outcome = Outcome::HeldBack("InvalidDocument");
const MISMATCH: Outcome = Outcome::HeldBack("IssuerMismatch");
const INCOMPATIBLE: Outcome = Outcome::HeldBack("Incompatible");
const HTTP: Outcome = Outcome::HeldBack("HTTPStatus");

const ALGORITHMS: &str = "id_token_signing_alg_values_supported";
const METADATA: &str = "Discovery 3";
const ANSWER: &str = "Discovery 4.2";
const SAME: &str = "Discovery 4.3";

/// The right document, with another status.
fn status(fake: &Fake, status: u16) {
    fake.answer(DISCOVERY, Reply::status(status, &fake.metadata().to_string()));
}

/// The reason that says what the message of a login would say.
pub fn reason(why: &str) -> Outcome {
    if why == NOT_HTTP { Outcome::HeldBack("ConnectFailed") } else { INVALID }
}

on_both_sources!(metadata_that_is_not_to_be_believed_lets_nobody_begin);

async fn metadata_that_is_not_to_be_believed_lets_nobody_begin(on: On) {
    let cases = [ISSUERS, MEMBERS, STATUSES].concat();
    let mut rows = see(on, &cases, |fake, stranger, script| script(fake, stranger)).await;
    let wrong = WRONG.iter().map(|&(sent, reply, why, says)| Case::new(sent, reply, reason(why), says));
    let odd = ODD.iter().map(|&(sent, reply, _, says)| Case::new(sent, reply, Outcome::Ready, says));
    let bodies: Vec<_> = wrong.chain(odd).collect();
    rows.extend(see(on, &bodies, |fake, _, reply| fake.answer(DISCOVERY, reply(&fake.metadata()))).await);
    must_say(on, &FAMILY, &rows);
}
