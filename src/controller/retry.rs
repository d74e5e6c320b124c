//! When to try again what failed: each object by itself, later and later, and never all at one moment.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The objects that fail now.
#[derive(Debug)]
pub struct Retries<K>(Mutex<HashMap<K, Retry>>);

#[derive(Debug)]
struct Retry {
    backoff: ExponentialBackoff,
    due: Instant,
}

impl<K: Eq + Hash> Retries<K> {
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// How long to wait after a failure. A failure before the last wait was over, since something else brought the
    /// object here, does not make the next one longer.
    pub fn wait(&self, object: K, now: Instant) -> Duration {
        let mut retries = self.lock();
        let retry = retries.entry(object).or_insert_with(|| Retry { backoff: backoff(), due: now });
        if retry.due <= now {
            retry.due = now + retry.backoff.next().unwrap_or(LONGEST);
        }
        retry.due - now
    }

    /// The object succeeded, or is gone.
    pub fn forget(&self, object: &K) {
        self.lock().remove(object);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Retry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn backoff() -> ExponentialBackoff {
    let builder = ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(LONGEST);
    builder.with_factor(2.0).with_jitter().without_max_times().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew_after_a_success() {
        let retries = Retries::new();
        let (mut now, mut longest) = (Instant::now(), Duration::ZERO);
        for _ in 0..20 {
            let wait = retries.wait("azure", now);
            assert!(wait >= FIRST && wait <= 2 * LONGEST, "{wait:?}");
            longest = longest.max(wait);
            now += wait;
        }
        assert!(longest >= LONGEST, "{longest:?}");
        assert!(retries.wait("okta", now) <= 2 * FIRST, "others do not wait with it");
        retries.forget(&"azure");
        assert!(retries.wait("azure", now) <= 2 * FIRST);
    }

    #[test]
    fn a_failure_that_something_else_brought_about_makes_no_wait_longer() {
        let (retries, now) = (Retries::new(), Instant::now());
        let due = now + retries.wait("azure", now);
        for millis in (0..500).step_by(50) {
            let between = now + Duration::from_millis(millis);
            assert_eq!(between + retries.wait("azure", between), due);
        }
    }
}
