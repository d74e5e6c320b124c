//! What mappers and a provider's manifest make of people's claims, seen from outside: sessions, forward auth, pages,
//! statuses, metrics and the log.

mod access;
mod bad_input;
mod changes;
mod documents;
mod generations;
mod outcomes;
mod too_large;
mod trace;

use serde_json::{Value, json};

use crate::support::{
    AT_ONCE,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    provider::{CLIENT_SECRET, Provider},
    source::{On, Source},
    visitor::Visitor,
    wait_within,
};

const IDPM: &str = "idpmapper";
const READY: [&str; 3] = ["Ready", "True", "Succeeded"];

/// Roles, groups with types, and defaults.
const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  displayName: Example Inc.
  roles:
    - {name: admin, administrator: true}
    - {name: viewer}
    - {name: eng-lead}
  groups:
    - {name: builders, type: employees}
    - {name: cooks, type: employees}
    - {name: us-users, type: countries}
  defaults: {language: fr, timeZone: Europe/Paris, culture: fr-FR}
";

/// The certified provider with people of a test's own, and a Latchkey that has it as `demo`.
struct Stage {
    latchkey: Latchkey,
    provider: Provider,
}

/// What a test begins with.
struct Setup<'a> {
    people: Value,
    /// Lines of the provider's spec, indented by two spaces.
    provider: &'a str,
    mappers: &'a str,
    log_filter: Option<&'static str>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        let people =
            json!([person("alice", json!({"groups": ["engineering"]})), person("bob", json!({"groups": ["sales"]}))]);
        Self { people, provider: "", mappers: "", log_filter: None }
    }
}

impl Stage {
    async fn start(on: On, setup: Setup<'_>) -> Self {
        let provider = Provider::start_with(json!({"people": setup.people})).await;
        let demo = manifests::provider("demo", &provider.issuer, setup.provider);
        let files = [
            ("organization.yaml", ORGANIZATION),
            ("mappers.yaml", setup.mappers),
            ("provider.yaml", &demo),
            ("secret.yaml", &manifests::usual_secret()),
        ];
        let source = Source::new(on).await;
        let environment: Vec<_> = setup.log_filter.iter().map(|filter| ("RUST_LOG", *filter)).collect();
        let latchkey = Latchkey::start_in(&environment, source, MANY_VISITORS, &files).await;
        provider.register(CLIENT_SECRET, &[&latchkey.at("callback/demo")]).await;
        latchkey.wait_until_ready("demo").await;
        Self { latchkey, provider }
    }

    /// Somebody who has signed in.
    async fn signed_in(&self, name: &str) -> Visitor {
        let visitor = Visitor::new();
        visitor.sign_in(&self.latchkey, "demo", name).await;
        visitor
    }

    /// The session of somebody who signs in.
    async fn session_of(&self, name: &str) -> Value {
        self.session(&self.signed_in(name).await).await
    }

    async fn session(&self, visitor: &Visitor) -> Value {
        visitor.session(&self.latchkey).await.expect("somebody is signed in")
    }

    /// Waits until a session says exactly this of these members.
    async fn wait_for(&self, visitor: &Visitor, wanted: Value) {
        let mut seen = Value::Null;
        let last = &mut seen;
        let what = format!("the session says {wanted}");
        wait_within(AT_ONCE, &what, async move || {
            let session = self.session(visitor).await;
            *last = picked(&session, &wanted);
            (*last == wanted).then_some(())
        })
        .await;
    }

    /// What forward auth says of somebody now.
    async fn auth(&self, visitor: &Visitor) -> u16 {
        visitor.get(&self.latchkey.at("auth")).await.status
    }

    async fn wait_for_mapper(&self, name: &str, wanted: [&str; 3]) -> String {
        self.latchkey.wait_for_condition(IDPM, name, wanted).await
    }
}

/// The members of `all` that `like` has.
fn picked(all: &Value, like: &Value) -> Value {
    let members = like.as_object().expect("an object").keys();
    members.map(|name| (name.clone(), all[name].clone())).collect()
}

/// Somebody at the certified provider, with these claims besides.
fn person(name: &str, claims: Value) -> Value {
    let mut all =
        json!({"sub": format!("sub-of-{name}"), "preferred_username": name, "password": format!("{name}-password")});
    all.as_object_mut().expect("a person").extend(claims.as_object().expect("claims").clone());
    all
}

/// A mapper of `demo`; `spec`: what is in its spec besides, in one line.
fn mapper(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: latchkey.dev/v1alpha1\nkind: IdpMapper\nmetadata: {{name: {name}}}\n\
         spec: {{identityProviderRefs: [{{name: demo}}], {spec}}}\n"
    )
}

/// How often it was counted that a claim, an expression or a rule of `demo` could not be used, for this reason.
async fn problems(latchkey: &Latchkey, problem: &str) -> u64 {
    let (status, text) = latchkey.management("metrics").await;
    assert_eq!(status, 200);
    let counts = |line: &&str| {
        line.starts_with("latchkey_mapping_problems_total{") && line.contains(&format!("problem=\"{problem}\""))
    };
    let value = |line: &str| line.rsplit(' ').next()?.parse::<u64>().ok();
    text.lines().filter(counts).filter_map(value).sum()
}
