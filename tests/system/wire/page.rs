//! The page of requests as Markdown.

use std::fmt::Write;

use super::{
    cases::Case,
    login::{PROVIDER, Seen},
    request::{Endpoint, Row, Sent},
};

const BEGINNING: &str = "\
<!-- Generated from what is sent; `UPDATE_EXPECTED=1 cargo test --test system wire` writes it anew. -->

# Requests

What Latchkey sends to a provider, for each way of asking, and the paragraph of the specification that asks for it. For
whoever has to compare it with a provider's documentation or its log.

Nothing here is drawn up by hand: a test signs somebody in, and out, by each of these manifests at a provider that writes down
what it gets, and this page is what it got. `https://idp.example` is the provider, and `https://login.example.com`
Latchkey. Words in capitals stand for what differs each time or is secret; `KEY` is the provider's key. Parameters stand
in the order in which they are sent. Before anybody signs in, Latchkey fetches
`GET https://idp.example/.well-known/openid-configuration` (Discovery 4.1) and `GET https://idp.example/keys`
(Core 10.1), unless something else is said.

| here | specification |
| --- | --- |
| Core | [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html) |
| Discovery | [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html) |
| Multiple Response Types | [OAuth 2.0 Multiple Response Type Encoding Practices](https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html) |
| RP-Initiated Logout | [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html) |
| Form Post | [OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html) |
| RFC 6749, 6750 | [OAuth 2.0](https://www.rfc-editor.org/rfc/rfc6749), [bearer tokens](https://www.rfc-editor.org/rfc/rfc6750) |
| RFC 7515, 7519 | [JWS](https://www.rfc-editor.org/rfc/rfc7515), [JWT](https://www.rfc-editor.org/rfc/rfc7519) |
| RFC 7521, 7523 | [assertions](https://www.rfc-editor.org/rfc/rfc7521), [JWT assertions](https://www.rfc-editor.org/rfc/rfc7523) |
| RFC 7636 | [PKCE](https://www.rfc-editor.org/rfc/rfc7636) |
| RFC 9101, 9126 | [request objects](https://www.rfc-editor.org/rfc/rfc9101), [pushed authorization requests](https://www.rfc-editor.org/rfc/rfc9126) |
| RFC 9700 | [OAuth 2.0 security](https://www.rfc-editor.org/rfc/rfc9700) |

";

/// What is fetched unless something else is said.
const FETCHED: [&str; 2] = ["/.well-known/openid-configuration", "/keys"];

/// The whole page.
pub fn render(sections: &[(&Case, Seen)]) -> String {
    let mut page = BEGINNING.to_owned();
    for (case, _) in sections {
        writeln!(page, "- [{}](#{})", case.title, case.name()).expect("written");
    }
    for (index, (case, seen)) in sections.iter().enumerate() {
        section(&mut page, case, seen, &sections[..index]);
    }
    page
}

fn section(page: &mut String, case: &Case, seen: &Seen, before: &[(&Case, Seen)]) {
    let manifest = case.manifest(PROVIDER);
    write!(page, "\n## {}\n\n{}\n\n```yaml\n{manifest}```\n", case.title, case.about).expect("written");
    for (member, value) in case.announced {
        match *value {
            "null" => write!(page, "\nThe provider's metadata is silent about `{member}`.\n"),
            value => {
                write!(page, "\nThe provider's metadata: `{member}` is `{}`.\n", value.replace("PROVIDER", PROVIDER))
            }
        }
        .expect("written");
    }
    if seen.fetched != FETCHED {
        let fetched: Vec<_> = seen.fetched.iter().map(|path| format!("`GET {PROVIDER}{path}`")).collect();
        write!(page, "\nFetched: {} alone.\n", fetched.join(", ")).expect("written");
    }
    let first_token = seen.requests.iter().position(|request| request.endpoint == Endpoint::Token);
    for (index, request) in seen.requests.iter().enumerate() {
        let refused = case.refused_first && Some(index) == first_token;
        let refused = if refused { ", which refuses the client" } else { "" };
        write!(page, "\n**{}.** {} `{}`{refused}", index + 1, who(request.endpoint), request.line).expect("written");
        match before.iter().find(|(_, seen)| seen.requests.contains(request)) {
            Some((case, _)) => writeln!(page, ", as under [{}](#{}).", case.title, case.name()).expect("written"),
            None => tables(page, request),
        }
    }
}

fn who(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Authorization => "The browser is sent to",
        Endpoint::PushedAuthorization => "Latchkey pushes the request to",
        Endpoint::Token => "Latchkey exchanges the code at",
        Endpoint::Userinfo => "Latchkey asks for more claims at",
        Endpoint::EndSession => "Signing out, the browser is sent to",
        Endpoint::EndSessionByLatchkey => "Signing the person out, Latchkey itself requests",
    }
}

fn tables(page: &mut String, request: &Sent) {
    page.push_str(":\n\n");
    table(page, "parameter", &request.rows);
    if !request.assertion.is_empty() {
        page.push_str("\nThe assertion:\n\n");
        table(page, "member", &request.assertion);
    }
}

fn table(page: &mut String, first: &str, rows: &[Row]) {
    write!(page, "| {first} | value | why | where it is asked for |\n| --- | --- | --- | --- |\n").expect("written");
    for Row { name, value, why, sections } in rows {
        writeln!(page, "| {name} | `{value}` | {why} | {sections} |").expect("written");
    }
}
