//! `latchkey users` beside a running server.

mod by_hand;
mod known;
mod refused;
mod shown;

use serde_json::{Value, json};

use crate::support::{
    claimed::login,
    ended::Ended,
    fake::Fake,
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    source::{On, Source},
    visitor::Visitor,
};

/// Three roles and two groups, of which a mapper gives `viewer` and `everyone` to everybody of the provider `demo`.
const ORGANIZATION: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: Organization
metadata: {name: default}
spec:
  roles:
    - {name: admin, administrator: true}
    - {name: auditor}
    - {name: viewer}
  groups:
    - {name: builders}
    - {name: everyone}
";

const MAPPER: &str = "\
apiVersion: latchkey.dev/v1alpha1
kind: IdpMapper
metadata: {name: everybody}
spec:
  identityProviderRefs: [{name: demo}]
  grant: {roles: [viewer], groups: [everyone]}
  attributes: [{target: title, from: {value: Engineer}}]
";

/// A provider, and Latchkey, which has it as `demo`, ready. `more` are lines of its spec.
async fn started(on: On, more: &str) -> (Fake, Latchkey) {
    let fake = Fake::start().await;
    let demo = manifests::provider("demo", &fake.issuer, more);
    let secret = manifests::usual_secret();
    let files =
        [("organization.yaml", ORGANIZATION), ("mapper.yaml", MAPPER), ("demo.yaml", &demo), ("secret.yaml", &secret)];
    let latchkey = Latchkey::start_from(Source::new(on).await, MANY_VISITORS, &files).await;
    latchkey.wait_until_ready("demo").await;
    latchkey.wait_for_condition("idpmapper", "everybody", ["Ready", "True", "Succeeded"]).await;
    (fake, latchkey)
}

/// Somebody of this name signs in through `demo`.
async fn signs_in(latchkey: &Latchkey, fake: &Fake, name: &str) -> Visitor {
    let visitor = Visitor::new();
    let email = format!("{name}@example.com");
    let claims = json!({"sub": name, "preferred_username": name, "name": name.to_uppercase(), "email": email});
    let answer = login(&visitor, latchkey, "demo", fake, claims).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    visitor
}

/// `latchkey users` with these arguments, which must end so.
async fn users(latchkey: &Latchkey, arguments: &[&str], status: i32) -> Ended {
    let ended = latchkey.run_beside(&[&["users"], arguments].concat()).await;
    assert_eq!(ended.status, status, "{arguments:?}: {}{}", ended.out, ended.err);
    ended
}

/// As `users`, done, as JSON.
async fn told(latchkey: &Latchkey, arguments: &[&str]) -> Value {
    users(latchkey, &[arguments, &["--output", "json"]].concat(), 0).await.json()
}

/// As `users`, refused, for a reason that says all of this.
async fn refused(latchkey: &Latchkey, arguments: &[&str], said: &[&str]) {
    let ended = users(latchkey, arguments, 1).await;
    for said in said {
        assert!(ended.err.contains(said), "{arguments:?}: {said}: {}", ended.err);
    }
    assert_eq!(ended.out, "", "{arguments:?}");
}
