//! ID tokens of providers of the tests' own, as they should be or changed in one thing.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::support::fake::{Fake, sign};

pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The claims of an ID token of somebody at `fake`, issued to the client `audience` just now. No two have one `jti`.
pub fn claims(fake: &Fake, audience: &str, person: &str) -> Value {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let (now, number) = (now(), NEXT.fetch_add(1, Ordering::Relaxed));
    json!({
        "iss": fake.issuer, "aud": audience, "sub": person, "iat": now, "exp": now + 300, "jti": format!("jti-{number}"),
        "preferred_username": person, "name": person.to_uppercase(), "email": format!("{person}@example.com"),
        "email_verified": true, "groups": ["engineering"],
    })
}

/// The same with these members besides, or instead; null takes one away.
pub fn changed(mut claims: Value, changes: &Value) -> Value {
    let members = claims.as_object_mut().expect("claims");
    members.extend(changes.as_object().expect("changes").clone());
    members.retain(|_, value| !value.is_null());
    claims
}

/// An ID token with these changes, signed as it should be.
pub fn id_token(fake: &Fake, audience: &str, person: &str, changes: &Value) -> String {
    sign(&changed(claims(fake, audience, person), changes))
}
