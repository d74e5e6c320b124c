//! A Latchkey with hostile providers, and what has to hold after each of their answers.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    attempt::{ACCESS_TOKEN, Attempt, Bring, CODE, USERINFO},
    case::{Case, Outcome, some},
    page::Row,
};
use crate::support::{
    fake::{Fake, KEYS, Reply, TOKEN},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    provider::{CLIENT_ID, CLIENT_SECRET},
    recorded::Recorded,
    refusal::{must_be_plain, must_repeat_nothing, nothing_is_repeated},
    signer,
    source::{On, Source},
    visitor::{Answer, Visitor},
};

/// A provider of a family, and its manifest.
pub struct Setup {
    pub name: &'static str,
    /// Lines of the spec beside the issuer; without `client`, the usual one.
    pub spec: &'static str,
    /// What the metadata says besides the usual, or null for what it is silent about: JSON, in which PROVIDER stands
    /// for the address of the provider.
    pub announced: &'static [(&'static str, &'static str)],
    /// Whether anybody can get in through it.
    pub works: bool,
}

pub const USUAL: Setup = Setup { name: "usual", spec: "", announced: &[], works: true };

/// A provider that is known to the Latchkey of a family.
pub struct Provider {
    pub name: String,
    /// Whether anybody can get in through it.
    pub works: bool,
    pub fake: Fake,
}

/// A Latchkey, the providers of a family, and somebody who has nothing to do with them.
pub struct World {
    pub on: On,
    pub latchkey: Latchkey,
    pub providers: Vec<Provider>,
    /// Nobody may ask anything here.
    pub stranger: Fake,
}

impl World {
    /// Without providers.
    pub async fn empty(on: On) -> Self {
        let files = [("organization.yaml", manifests::ORGANIZATION), ("secret.yaml", &manifests::usual_secret())];
        let latchkey = Latchkey::start_from(Source::new(on).await, MANY_VISITORS, &files).await;
        Self { on, latchkey, providers: Vec::new(), stranger: Fake::start().await }
    }

    /// With these providers, which are ready.
    pub async fn start(on: On, setups: &[Setup]) -> Self {
        let mut world = Self::empty(on).await;
        for setup in setups {
            let fake = with_three_keys().await;
            announce(&fake, setup);
            world.add(setup.name, setup.spec, setup.works, fake).await;
        }
        for Setup { name, .. } in setups {
            world.latchkey.wait_until_ready(name).await;
        }
        world
    }

    /// Writes the manifest of a provider, with these lines of the spec, in which PROVIDER stands for its address.
    pub async fn add(&mut self, name: &str, spec: &str, works: bool, fake: Fake) {
        let manifest = manifest(name, spec, &fake.issuer);
        self.latchkey.write(&format!("{name}.yaml"), &manifest).await;
        self.providers.push(Provider { name: name.to_owned(), works, fake });
    }

    /// The provider of this name, or the first.
    pub fn provider(&self, name: &str) -> &Provider {
        let found = self.providers.iter().find(|provider| name.is_empty() || provider.name == name);
        found.unwrap_or_else(|| panic!("no provider {name}"))
    }

    /// Sees every case through; `script` makes what the browser brings. Answers with what was seen.
    pub async fn see<S: Copy>(&self, cases: &[Case<S>], script: impl AsyncFn(&Attempt<'_>, S) -> Bring) -> Vec<Row> {
        let (mut rows, mut wrong) = (Vec::new(), Vec::new());
        for case in some(self.on, cases) {
            let attempt = Attempt::begin(self, case.provider).await;
            let bring = script(&attempt, case.script).await;
            let answer = attempt.bring(bring).await;
            let seen = self.outcome(&case, &attempt.visitor, &answer).await;
            let asked = case.outcome.asks();
            self.must_keep_to_itself(case.sent, |name| asked && name == attempt.name);
            attempt.behave();
            if seen != case.outcome.shown() {
                wrong.push(format!("{}: {seen} instead of {}", case.sent, case.outcome.shown()));
            }
            rows.push(Row { sent: case.sent, seen, says: case.says });
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        self.must_get_in().await;
        rows
    }

    /// What an answer of Latchkey says, as the page shows it.
    pub async fn outcome<S>(&self, case: &Case<S>, visitor: &Visitor, answer: &Answer) -> String {
        if answer.signs_in() {
            assert_eq!(answer.status, 303, "{}", case.sent);
            return match (case.outcome, self.session(visitor).await) {
                (_, None) => format!("{}: a cookie without a session", case.sent),
                (Outcome::SignedInAs { is, why, .. }, Some(session)) if !is(&session) || !self.told_last(why) => {
                    format!("signed in as {session}: {}", self.latchkey.log().lines().last().unwrap_or_default())
                }
                (Outcome::SignedInAs { .. }, Some(_)) => case.outcome.shown(),
                (_, Some(_)) => Outcome::SignedIn.shown(),
            };
        }
        let line = must_be_plain(case.sent, &self.latchkey, answer);
        assert_eq!(self.session(visitor).await, None, "{}", case.sent);
        match case.outcome {
            Outcome::Refused { status, code, detail } if is(&line, code) && line.contains(detail) => {
                Outcome::Refused { status: answer.status, code, detail }.shown() + &differs(answer.status, status)
            }
            _ => format!("{} {line}", answer.status),
        }
    }

    /// Whether the log has just said this; the newest line is about the session.
    fn told_last(&self, why: &str) -> bool {
        self.latchkey.log().lines().rev().take(3).any(|line| line.contains(why))
    }

    async fn session(&self, visitor: &Visitor) -> Option<Value> {
        // Who has sent too much is cut off, and may learn it only by the next request.
        visitor.try_get(&self.latchkey.at("session")).await;
        visitor.session(&self.latchkey).await
    }

    /// Nothing that came in is repeated, and what is secret is only where it belongs; `asked`: at the providers that
    /// may have been asked for tokens since the last time.
    pub fn must_keep_to_itself(&self, case: &str, asked: impl Fn(&str) -> bool) {
        must_repeat_nothing(case, &self.latchkey.log());
        assert!(self.stranger.every_request().is_empty(), "{case}: {:?}", self.stranger.every_request());
        for Provider { name, fake, .. } in &self.providers {
            for request in fake.every_request() {
                assert!(belongs(&request, asked(name)), "{case}: {name} got {request:?}");
            }
            fake.forget_requests();
        }
    }

    /// What was wrong before leaves nothing behind: right answers get their person in.
    pub async fn must_get_in(&self) {
        for Provider { name, .. } in self.providers.iter().filter(|provider| provider.works) {
            let attempt = Attempt::begin(self, name).await;
            let answer = attempt.bring(attempt.right()).await;
            assert!(answer.signs_in(), "{name}: {} {} {}", answer.status, answer.body, self.latchkey.log());
            self.must_keep_to_itself(name, |other| other == name);
        }
        for Provider { name, .. } in &self.providers {
            nothing_is_repeated(&self.latchkey, name).await;
        }
    }
}

fn is(line: &str, code: &str) -> bool {
    line.contains(&format!("code=\"{code}\""))
}

fn differs(seen: u16, expected: u16) -> String {
    if seen == expected { String::new() } else { format!(" instead of {expected}") }
}

/// Whether a request of Latchkey's, or of a browser's, holds no more than it should. `asked`: at the provider where the
/// login began.
fn belongs(request: &Recorded, asked: bool) -> bool {
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let text = format!("{request:?}");
    let holds = |secret: &str| text.contains(secret);
    let at_token_endpoint = asked && request.path == TOKEN && request.query.is_empty();
    let at_userinfo = asked && request.path == USERINFO && request.query.is_empty();
    let of_the_token_request = holds(CODE) || holds("code_verifier") || holds(CLIENT_SECRET) || holds(&pair);
    (at_token_endpoint || !of_the_token_request) && (at_userinfo || !holds(ACCESS_TOKEN))
}

/// A provider with a key of each kind.
async fn with_three_keys() -> Fake {
    let fake = Fake::start().await;
    fake.announce("id_token_signing_alg_values_supported", json!(["ES256", "RS256", "PS256", "EdDSA"]));
    fake.answer(KEYS, Reply::json(&json!({ "keys": [signer::P256.jwk(), signer::RSA.jwk(), signer::ED25519.jwk()] })));
    fake
}

fn announce(fake: &Fake, setup: &Setup) {
    for (member, value) in setup.announced {
        match serde_json::from_str(&value.replace("PROVIDER", &fake.issuer)).expect("JSON") {
            Value::Null => fake.withdraw(member),
            value => fake.announce(member, value),
        }
    }
}

fn manifest(name: &str, spec: &str, issuer: &str) -> String {
    let client = format!("client: {{id: {CLIENT_ID}, secretRef: {{name: demo-client, key: client-secret}}}}\n");
    let client = if spec.contains("client:") { "" } else { &client };
    let place = if spec.contains("discovery:") { "" } else { "issuer: PROVIDER\n" };
    let spec: String = format!("{place}{client}{spec}").lines().map(|line| format!("  {line}\n")).collect();
    let spec = spec.replace("PROVIDER", issuer);
    format!(
        "apiVersion: latchkey.dev/v1alpha1\nkind: IdentityProvider\nmetadata: {{name: {name}}}\nspec:\n  displayName: Provider {name}\n{spec}"
    )
}
