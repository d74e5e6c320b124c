//! Which of a client's two secrets its provider accepted last, as logins have shown. Knows secrets by a mark alone.

use std::sync::Arc;

use moka::sync::Cache;
use tokio::sync::broadcast;

use crate::domain::relation::{AcceptedSecret, Rotation};

/// More rotations than this are not remembered at once.
const MAX_ROTATIONS: u64 = 10_000;
/// So many providers may turn before the controllers look; one that is missed is seen when it is next looked at.
const TURNS: usize = 256;

/// What logins have shown of client secrets that rotate. Clones share it.
#[derive(Clone)]
pub struct Rotations {
    seen: Cache<Rotation, AcceptedSecret>,
    /// By provider, the mark of the secrets with which it was met, and its generation then.
    met: Cache<Arc<str>, ([u8; 16], i64)>,
    turned: broadcast::Sender<Rotation>,
}

impl Rotations {
    pub(super) fn new() -> Self {
        Self { seen: Cache::new(MAX_ROTATIONS), met: Cache::new(MAX_ROTATIONS), turned: broadcast::channel(TURNS).0 }
    }

    /// Which secret was accepted at the last login; None when nobody has signed in by these.
    pub fn seen(&self, rotation: &Rotation) -> Option<AcceptedSecret> {
        self.seen.get(rotation)
    }

    /// The generation in which the provider was met, if it was with these secrets: what was known of that generation
    /// before this process began still holds.
    pub fn met_in(&self, rotation: &Rotation, generation: i64) -> Option<i64> {
        let (mark, met_in) = self.met.get_with_by_ref(&rotation.provider, || (rotation.mark, generation));
        (mark == rotation.mark).then_some(met_in)
    }

    /// A login has shown it.
    pub(super) fn note(&self, rotation: &Rotation, accepted: AcceptedSecret) {
        if self.seen.get(rotation) != Some(accepted) {
            self.seen.insert(rotation.clone(), accepted);
            // Nobody listens only while the process is ending.
            let _ = self.turned.send(rotation.clone());
        }
    }

    /// Tells whenever a provider accepts another one than before.
    pub fn turns(&self) -> broadcast::Receiver<Rotation> {
        self.turned.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_once_and_another_pair_of_secrets_is_another_rotation() {
        let rotations = Rotations::new();
        let mut turns = rotations.turns();
        let first = Rotation { provider: "default/azure".into(), mark: [1; 16] };
        let second = Rotation { mark: [2; 16], ..first.clone() };
        assert_eq!((rotations.met_in(&first, 3), rotations.met_in(&second, 4)), (Some(3), None));
        assert_eq!(rotations.met_in(&first, 5), Some(3));
        rotations.note(&first, AcceptedSecret::Previous);
        rotations.note(&first, AcceptedSecret::Previous);
        rotations.note(&first, AcceptedSecret::Current);
        assert_eq!(rotations.seen(&first), Some(AcceptedSecret::Current));
        assert_eq!(rotations.seen(&second), None);
        assert_eq!((turns.try_recv(), turns.try_recv()), (Ok(first.clone()), Ok(first)));
        assert!(turns.try_recv().is_err());
    }
}
