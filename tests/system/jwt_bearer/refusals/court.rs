//! A Latchkey with many providers and applications, before which cases are brought.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Case,
    table::{Row, rows},
};
use crate::jwt_bearer::{
    answers::{given, refused},
    ask::{Ask, FLAGS, ask},
    id_token::id_token,
    world::{SECRET, applications, at_provider, bearer, both, secret_of, with_three_keys},
};
use crate::support::{
    fake::{DISCOVERY, Fake, Reply},
    latchkey::Latchkey,
    manifests,
    refusal::must_repeat_nothing,
    visitor::Answer,
    wait_for,
};

/// Providers and applications:
///
/// - `desktop`, public, has all of them but `unlisted`; `tablet`, public, and `backend`, which has a secret, `main`;
/// - `lost` has a secret that is not there;
/// - `down` answers nothing yet;
/// - `foreign` belongs to the organization `acme`, where `desktop` may bring its tokens.
pub struct Court {
    pub latchkey: Latchkey,
    pub fakes: BTreeMap<&'static str, Fake>,
    rows: BTreeMap<&'static str, Row>,
    /// What `invalid_grant` says, whatever is wrong.
    said: BTreeSet<String>,
    wrong: Vec<String>,
}

/// Name, and lines of the spec.
const WITHOUT_CLIENT: &[(&str, &str)] = &[
    ("main", ""),
    ("unlisted", ""),
    ("suspended", ""),
    ("down", ""),
    (
        "rules",
        "  claimValidationRules: [{expression: 'claims.department == \"sales\"', message: Only sales may use this.}]\n",
    ),
    ("mapped", "  users: {access: MappedOnly}\n"),
    ("readonly", "  users: {provisioning: ReadOnly}\n"),
    ("domains", "  trust: {assignedEmailDomains: [domains.example]}\n"),
];
const WITH_CLIENT: &[(&str, &str)] = &[("hmac", "  tokens: {allowedAlgorithms: [ES256, HS256]}\n")];

const ACME: &str = "\
---
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: acme}
spec:
  displayName: Acme
";

impl Court {
    pub async fn start() -> Self {
        let mut fakes = BTreeMap::new();
        let mut files = vec![
            ("secret.yaml".to_owned(), manifests::usual_secret()),
            ("backend.yaml".to_owned(), secret_of("backend")),
            ("organization.yaml".to_owned(), organizations()),
        ];
        let mapper =
            manifests::MAPPERS.split("---").next().expect("a mapper").replace("{name: demo}", "{name: mapped}");
        files.push(("mapper.yaml".to_owned(), mapper));
        for (name, more) in WITHOUT_CLIENT {
            let fake = with_three_keys().await;
            if *name == "down" {
                fake.answer(DISCOVERY, Reply::status(500, ""));
            }
            files.push((format!("{name}.yaml"), bearer(name, &fake.issuer, more)));
            fakes.insert(*name, fake);
        }
        for (name, more) in WITH_CLIENT {
            let fake = with_three_keys().await;
            files.push((format!("{name}.yaml"), both(name, &fake.issuer, more)));
            fakes.insert(*name, fake);
        }
        let (foreign, without) = (with_three_keys().await, with_three_keys().await);
        files
            .push(("foreign.yaml".to_owned(), bearer("foreign", &foreign.issuer, "  organizationRef: {name: acme}\n")));
        files.push(("without.yaml".to_owned(), manifests::provider("without", &without.issuer, "")));
        fakes.extend([("foreign", foreign), ("without", without)]);
        let files: Vec<_> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        let latchkey = Latchkey::start_with(FLAGS, &files).await;
        for name in fakes.keys().filter(|name| **name != "down") {
            latchkey.wait_until_ready(name).await;
        }
        latchkey.wait_for_condition("idpmapper", "engineers", ["Ready", "True", "Succeeded"]).await;
        let court = Self { latchkey, fakes, rows: rows(), said: BTreeSet::new(), wrong: Vec::new() };
        for (name, at) in [("main", "default"), ("foreign", "acme")] {
            wait_for("the applications get access tokens", async || {
                let answer = court.desktop_by(name, "first", json!({})).at(at).send(&court.latchkey).await;
                (answer.status == 200).then_some(())
            })
            .await;
        }
        court
    }

    pub fn fake(&self, name: &str) -> &Fake {
        &self.fakes[name]
    }

    pub fn main(&self) -> &Fake {
        self.fake("main")
    }

    /// `desktop` brings an ID token of `main`, issued to it, with these changes.
    pub fn desktop(&self, person: &str, changes: Value) -> Ask {
        self.desktop_by("main", person, changes)
    }

    pub fn desktop_by(&self, provider: &str, person: &str, changes: Value) -> Ask {
        ask("desktop", &id_token(self.fake(provider), &at_provider("desktop"), person, &changes))
    }

    /// What `backend` may bring.
    pub fn for_backend(&self) -> String {
        id_token(self.main(), &at_provider("backend"), "somebody", &json!({}))
    }

    /// A whole case.
    pub async fn judge(&mut self, name: &'static str, case: Case) {
        for before in case.before {
            let answer = before.send(&self.latchkey).await;
            self.must_be_given(name, "before", &answer);
        }
        self.refuses(name, case.wrong).await;
        self.gives(name, case.right).await;
    }

    /// The wrong half of a case.
    pub async fn refuses(&mut self, name: &'static str, wrong: Ask) {
        match wrong.try_send(&self.latchkey).await {
            Ok(answer) => self.must_be_refused(name, &answer),
            Err(error) => self.wrong.push(format!("{name}: no answer can be read: {error:?}")),
        }
    }

    /// The right half of a case.
    pub async fn gives(&mut self, name: &'static str, right: Ask) {
        let answer = right.send(&self.latchkey).await;
        self.must_be_given(name, "done right", &answer);
    }

    fn must_be_given(&mut self, name: &str, what: &str, answer: &Answer) {
        if let Err(why) = given(answer) {
            let line = refused(&self.latchkey, answer).map(|refused| refused.line).unwrap_or_default();
            self.wrong.push(format!("{name}: {what}, {why}: {} {} {line}", answer.status, answer.body));
        }
    }

    pub fn must_be_refused(&mut self, name: &'static str, answer: &Answer) {
        let row = &self.rows[name];
        match refused(&self.latchkey, answer) {
            Err(why) => {
                self.wrong.push(format!("{name}: {why}: {} {} {:?}", answer.status, answer.body, answer.headers));
            }
            Ok(seen) => {
                if (seen.status, &*seen.error, &*seen.code) != (row.status, row.error, row.code) {
                    let shown = format!("{} {} {}", seen.status, seen.error, seen.code);
                    self.wrong.push(format!("{name}: {shown} instead of {row:?}: {}", seen.line));
                }
                if seen.error == "invalid_grant" && seen.code != "claim_rule" {
                    self.said.insert(seen.description);
                }
            }
        }
        if answer.body.contains("m4rk") || answer.body.contains(SECRET) {
            self.wrong.push(format!("{name}: what came in is repeated: {}", answer.body));
        }
    }

    /// All that was not as it must be.
    pub fn close(self) {
        assert!(self.wrong.is_empty(), "{}:\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert!(self.said.len() <= 1, "invalid_grant tells what is wrong: {:#?}", self.said);
        must_repeat_nothing("the log", &self.latchkey.log());
        assert!(!self.latchkey.log().contains("s3cret"), "a secret is in the log");
    }
}

fn organizations() -> String {
    let of_desktop: Vec<_> = WITHOUT_CLIENT.iter().chain(WITH_CLIENT).map(|(name, _)| *name).collect();
    let of_desktop: Vec<_> = of_desktop.into_iter().filter(|name| *name != "unlisted").collect();
    let of_desktop = [&*of_desktop, &["foreign", "without"]].concat();
    let all =
        [("desktop", &*of_desktop), ("tablet", &["main", "unlisted"]), ("-backend", &["main"]), ("-lost", &["main"])];
    let shared = applications(&all).replace(
        &format!("name: main, audiences: [{}]", at_provider("tablet")),
        &format!("name: main, audiences: [{}, shared-there]", at_provider("tablet")),
    );
    let shared = shared.replacen(
        &format!("name: main, audiences: [{}]", at_provider("desktop")),
        &format!("name: main, audiences: [{}, shared-there]", at_provider("desktop")),
        1,
    );
    format!("{}{shared}{ACME}{}", manifests::ORGANIZATION, applications(&[("desktop", &["foreign"])]))
}
