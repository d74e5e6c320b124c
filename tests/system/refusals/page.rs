//! The page of refusals: `docs/reference/refusals.md`, a section for each family of cases.

use std::{
    fmt::Write,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use crate::support::source::On;

/// One case, as it ended.
pub struct Row {
    pub sent: &'static str,
    pub seen: String,
    pub says: &'static str,
}

/// Cases that are answers to the same question.
pub struct Family {
    pub title: &'static str,
    pub about: &'static str,
}

const BEGINNING: &str = "\
<!-- Generated from what is seen; `UPDATE_EXPECTED=1 cargo test --test system refusals` writes it anew. -->

# Refusals

What Latchkey does with wrong answers: those of a provider that is broken or hostile, and of a browser that brings what
nobody sent. For whoever has to judge it, or looks for the cause of a refusal.

Nothing here is drawn up by hand: for each row, tests let a provider of their own, or a browser, give the answer over
HTTP, and this page is what came of it. What has to come of it was written down before. Each answer is a right one but
for what the row says, and with each family of answers stand, at the end, right ones that look odd and get in.

In the tables of logins, the second column says what the person sees and what the log says: the HTTP status of the page,
the code under which the log has the reference that the page shows, and the part of its message that tells the cause. In
those of documents it is the reason of `Ready` ([conditions](../explanation/conditions.md)); until it changes, nobody can
begin a login there. The third names the paragraph, by the short names below; *ours* is a limit that no specification
sets.

After each of the answers, the tests make sure of this, too:

- nobody has a session;
- neither page nor log nor status repeats anything that the provider or the browser sent, and nothing panicked;
- code, code verifier, client secret and access token went nowhere but to the endpoint of this provider that they are for,
  and nowhere at all before the answer of the browser was found right;
- nothing was fetched on a token's word, and no redirect was followed;
- a right answer of the same provider then gets its person in.

| here | specification |
| --- | --- |
| Core | [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html) |
| Discovery | [OpenID Connect Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html) |
| Back-Channel | [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html) |
| Form Post | [OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html) |
| RFC 6749, 6750 | [OAuth 2.0](https://www.rfc-editor.org/rfc/rfc6749), [bearer tokens](https://www.rfc-editor.org/rfc/rfc6750) |
| RFC 6839 | [media types of JSON's kin](https://www.rfc-editor.org/rfc/rfc6839) |
| RFC 7515, 7516, 7517 | [JWS](https://www.rfc-editor.org/rfc/rfc7515), [JWE](https://www.rfc-editor.org/rfc/rfc7516), [JWK](https://www.rfc-editor.org/rfc/rfc7517) |
| RFC 7518, 8037, 9864 | [JWA](https://www.rfc-editor.org/rfc/rfc7518), [Ed25519](https://www.rfc-editor.org/rfc/rfc8037), [its name](https://www.rfc-editor.org/rfc/rfc9864) |
| RFC 7519, 8725 | [JWT](https://www.rfc-editor.org/rfc/rfc7519), [JWT best practices](https://www.rfc-editor.org/rfc/rfc8725) |
| RFC 7797 | [unencoded payloads](https://www.rfc-editor.org/rfc/rfc7797) |
| RFC 8259, 3986 | [JSON](https://www.rfc-editor.org/rfc/rfc8259), [URI](https://www.rfc-editor.org/rfc/rfc3986) |
| RFC 8017, 8032 | [RSA](https://www.rfc-editor.org/rfc/rfc8017), [EdDSA](https://www.rfc-editor.org/rfc/rfc8032) |
| RFC 8414, 9126 | [metadata of authorization servers](https://www.rfc-editor.org/rfc/rfc8414), [pushed requests](https://www.rfc-editor.org/rfc/rfc9126) |
| RFC 9068 | [JWT access tokens](https://www.rfc-editor.org/rfc/rfc9068) |
| RFC 9110, 9112 | [HTTP](https://www.rfc-editor.org/rfc/rfc9110), [HTTP/1.1](https://www.rfc-editor.org/rfc/rfc9112) |
| RFC 9207 | [`iss` of the authorization response](https://www.rfc-editor.org/rfc/rfc9207) |
| RFC 9700 | [OAuth 2.0 security](https://www.rfc-editor.org/rfc/rfc9700) |
";

/// Tests of the families run side by side.
static PAGE: Mutex<()> = Mutex::new(());

/// The section of a family has to say what was seen; with UPDATE_EXPECTED it is written anew. With a cluster only some
/// cases are seen, and nothing is compared.
#[track_caller]
pub fn must_say(on: On, family: &Family, rows: &[Row]) {
    if matches!(on, On::Cluster) {
        return;
    }
    let section = section(family, rows);
    let expected = page(Some((family.title, &section)));
    let expected = section_of(&expected, family.title).unwrap_or_default();
    let differs = section.lines().zip(expected.lines()).find(|(seen, expected)| seen != expected);
    assert!(section == expected, "docs/reference/refusals.md is not what was seen: {differs:?}; {HOW}");
}

const HOW: &str = "run UPDATE_EXPECTED=1 cargo test --test system refusals";

/// The page as it is; with UPDATE_EXPECTED as it should be, with this section of this title.
fn page(new: Option<(&str, &str)>) -> String {
    let _alone = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference/refusals.md");
    let mut page = fs::read_to_string(&path).unwrap_or_default();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let of = |title: &str| match new {
            Some((new, section)) if new == title => section.to_owned(),
            _ => section_of(&page, title).unwrap_or_default(),
        };
        page = BEGINNING.to_owned() + &super::FAMILIES.iter().map(|family| of(family.title)).collect::<String>();
        fs::write(path, &page).expect("written");
    }
    page
}

fn section(family: &Family, rows: &[Row]) -> String {
    let mut section = format!("\n## {}\n\n{}\n\n", family.title, family.about);
    section.push_str("| what is sent | what happens | where it says so |\n| --- | --- | --- |\n");
    let (right, wrong): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.seen.starts_with("**"));
    for Row { sent, seen, says } in wrong.into_iter().chain(right) {
        writeln!(section, "| {sent} | {seen} | {says} |").expect("written");
    }
    section
}

/// From a heading up to the next.
fn section_of(page: &str, title: &str) -> Option<String> {
    let begin = page.find(&format!("\n## {title}\n"))?;
    let end = page[begin + 1..].find("\n## ").map_or(page.len(), |end| begin + 1 + end);
    Some(page[begin..end].to_owned())
}

#[test]
fn the_page_of_refusals_has_nothing_but_what_is_seen() {
    let page = page(None);
    let sections: String = super::FAMILIES.iter().filter_map(|family| section_of(&page, family.title)).collect();
    assert_eq!(page, BEGINNING.to_owned() + &sections, "{HOW}");
}
