//! The `state` that comes back from a sign-out at a provider. It is sealed and holds all that there is to know, so that
//! nothing has to be remembered of it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::seal::Sealer;
use crate::domain::organization::Organization;

/// Signing out at a provider may take so long.
const VALID: SignedDuration = SignedDuration::from_hours(1);

#[derive(Serialize, Deserialize)]
struct State {
    provider_uid: String,
    expires_at: i64,
}

/// A state for a sign-out at a provider. None when the random source fails.
pub fn seal(sealer: &Sealer, organization: &Organization, provider_uid: &str, now: Timestamp) -> Option<String> {
    let expires_at = now.checked_add(VALID).ok()?.as_second();
    let state = State { provider_uid: provider_uid.to_owned(), expires_at };
    sealer.seal(&purpose(organization), &postcard::to_allocvec(&state).ok()?)
}

/// Whether a state was made here, for this provider, and within the last hour.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    sealer: &Sealer,
    organization: &Organization,
    provider_uid: &str,
    state: &str,
    now: Timestamp,
) -> Result<(), &'static str> {
    let opened = sealer.open(&purpose(organization), state);
    let state: Option<State> = opened.and_then(|plain| postcard::from_bytes(&plain).ok());
    match state {
        None => Err("it was not made here"),
        Some(state) if state.provider_uid != provider_uid => Err("it was made for another provider"),
        Some(state) if state.expires_at <= now.as_second() => Err("it has expired"),
        Some(_) => Ok(()),
    }
}

fn purpose(organization: &Organization) -> String {
    format!("logout state\n{}", organization.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::testing::{at, organization, organization_key},
        server::current::session_purpose,
        store::testing::Files,
    };

    async fn sealer() -> Sealer {
        let files = Files::new();
        let store = files.open().await.expect("a store");
        Sealer::load(&*store, at(0)).await.expect("keys")
    }

    #[tokio::test]
    async fn a_state_counts_for_an_hour_for_its_provider_and_organization_alone() {
        let (sealer, acme) = (sealer().await, organization());
        let globex = Organization { key: organization_key("globex"), ..organization() };
        let state = seal(&sealer, &acme, "p1", at(0)).expect("a state");
        let check = |of: &Organization, uid, state: &str, now| check(&sealer, of, uid, state, at(now));
        assert_eq!(check(&acme, "p1", &state, 0), Ok(()));
        assert_eq!(check(&acme, "p1", &state, 3_599_000), Ok(()), "and again");
        assert_eq!(check(&acme, "p1", &state, 3_600_000), Err("it has expired"));
        assert_eq!(check(&acme, "p2", &state, 0), Err("it was made for another provider"));
        assert_eq!(check(&globex, "p1", &state, 0), Err("it was not made here"));
        for odd in ["", "x", &state[1..], &format!("{state}A"), &"A".repeat(100_000)] {
            assert_eq!(check(&acme, "p1", odd, 0), Err("it was not made here"));
        }
    }

    #[tokio::test]
    async fn what_was_sealed_for_something_else_is_no_state() {
        let (sealer, acme) = (sealer().await, organization());
        let session = sealer.seal(&session_purpose(&acme), &[7; 32]).expect("randomness");
        assert_eq!(check(&sealer, &acme, "p1", &session, at(0)), Err("it was not made here"));
    }
}
