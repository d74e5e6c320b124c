//! Logins at fake providers, which say of a person what a test wants.

use serde_json::Value;

use super::{
    fake::{Fake, sign},
    latchkey::{Latchkey, MANY_VISITORS},
    manifests,
    visitor::{Answer, Visitor},
};

/// Latchkey with these providers, which are ready: name, where it is, and more lines of its spec.
pub async fn latchkey_with(providers: &[(&str, &Fake, &str)]) -> Latchkey {
    let files = [("organization.yaml", manifests::ORGANIZATION), ("secret.yaml", &manifests::usual_secret())];
    let latchkey = Latchkey::start_with(MANY_VISITORS, &files).await;
    for (name, fake, more) in providers {
        latchkey.write(&format!("{name}.yaml"), &manifests::provider(name, &fake.issuer, more)).await;
        latchkey.wait_until_ready(name).await;
    }
    latchkey
}

/// A login with these claims over the usual ones; null takes one away.
pub async fn login(visitor: &Visitor, latchkey: &Latchkey, key: &str, fake: &Fake, claims: Value) -> Answer {
    let callback = prepared(visitor, latchkey, key, fake, claims).await;
    visitor.get(&callback).await
}

/// As `login`, but for its last step: the answer of the provider, which the visitor has still to bring.
pub async fn prepared(visitor: &Visitor, latchkey: &Latchkey, key: &str, fake: &Fake, claims: Value) -> String {
    let begun = visitor.begin(latchkey, key).await;
    let mut all = fake.claims(&begun.nonce);
    for (name, value) in claims.as_object().expect("claims") {
        all[name] = value.clone();
    }
    all.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
    fake.give_out(&sign(&all));
    begun.callback
}

/// As `login`, by somebody without cookies, and it must succeed; the session.
pub async fn signed_in(latchkey: &Latchkey, key: &str, fake: &Fake, claims: Value) -> Value {
    let visitor = Visitor::new();
    let answer = login(&visitor, latchkey, key, fake, claims).await;
    assert!(answer.signs_in(), "{} {}", answer.status, answer.body);
    visitor.session(latchkey).await.expect("a session")
}
