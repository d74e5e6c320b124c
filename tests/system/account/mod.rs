//! The account page: what people see of themselves, and the sessions that they end there.

mod ended;
mod seen;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::{
    claimed::login,
    fake::Fake,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::{Answer, Visitor},
};

/// Latchkey with the provider `demo`, with more lines of its spec, and the usual mappers.
async fn latchkey(fake: &Fake, more: &str) -> Latchkey {
    let files = [
        ("organization.yaml", manifests::ORGANIZATION),
        ("mappers.yaml", manifests::MAPPERS),
        ("demo.yaml", &manifests::provider("demo", &fake.issuer, more)),
        ("secret.yaml", &manifests::usual_secret()),
    ];
    let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("demo").await;
    for mapper in ["engineers", "everyone"] {
        latchkey.wait_for_condition("idpmapper", mapper, ["Ready", "True", "Succeeded"]).await;
    }
    latchkey
}

/// One mapper more, which notes the attribute `office` of everybody.
async fn note_office(latchkey: &Latchkey, from: &str) {
    let mapper = format!(
        "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {{name: office}}
spec:
  identityProviderRefs: [{{name: demo}}]
  attributes: [{{target: office, from: {{{from}}}}}]
"
    );
    latchkey.write("office.yaml", &mapper).await;
    latchkey.wait_for_condition("idpmapper", "office", ["Ready", "True", "Succeeded"]).await;
}

/// A person of a provider, of whom little is said.
fn person(sub: &str) -> Value {
    let address = format!("{sub}@example.com");
    json!({"sub": sub, "preferred_username": sub, "email": address, "name": null, "email_verified": null, "groups": null})
}

/// A browser in which this person has just signed in.
async fn browser_of(latchkey: &Latchkey, key: &str, fake: &Fake, claims: Value) -> Visitor {
    let visitor = Visitor::new();
    let answer = login(&visitor, latchkey, key, fake, claims).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    visitor
}

/// The page, which must be there.
async fn page(latchkey: &Latchkey, visitor: &Visitor) -> String {
    let answer = visitor.get(&latchkey.at("account")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// The text of the page in one line, without markup.
fn text(page: &str) -> String {
    let markup = Regex::new("<[^>]*>").expect("a pattern");
    let (_, body) = page.split_once("<main>").expect("a body");
    markup.replace_all(body, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The handles of the sessions on the page, and which of them is marked as the one that shows it.
fn handles(page: &str) -> (Vec<String>, usize) {
    let row = Regex::new(r#"(?s)<li>(.*?)name="end" value="([0-9a-f]{64})""#).expect("a pattern");
    let rows: Vec<_> =
        row.captures_iter(page).map(|row| (row[1].contains("This session"), row[2].to_owned())).collect();
    let marked: Vec<_> = rows.iter().enumerate().filter(|(_, (is_this, _))| *is_this).map(|(index, _)| index).collect();
    let [this] = marked[..] else { panic!("one of them is this session: {page}") };
    (rows.into_iter().map(|(_, handle)| handle).collect(), this)
}

/// What the form is answered with.
async fn end(latchkey: &Latchkey, visitor: &Visitor, which: &str) -> Answer {
    visitor.post(&latchkey.at("account"), &[("end", which)]).await
}
