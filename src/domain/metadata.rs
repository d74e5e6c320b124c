//! What a provider says about itself, and what is known of it while it cannot be asked.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::api::Reason;

/// A provider's metadata (OpenID Connect Discovery 1.0, section 3; RFC 8414; RFC 9126, section 5), already checked to be
/// well-formed. Lists that are None are not announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: Option<Url>,
    pub token_endpoint: Option<Url>,
    pub userinfo_endpoint: Option<Url>,
    pub jwks_uri: Option<Url>,
    pub pushed_authorization_endpoint: Option<Url>,
    pub end_session_endpoint: Option<Url>,
    /// Authorization requests that are not pushed are refused.
    pub pushed_authorization_required: bool,
    pub response_types: Option<Vec<String>>,
    pub response_modes: Option<Vec<String>>,
    pub auth_methods: Option<Vec<String>>,
    pub auth_signing_algorithms: Option<Vec<String>>,
    pub signing_algorithms: Option<Vec<String>>,
    pub pkce_methods: Option<Vec<String>>,
    pub iss_parameter_supported: bool,
    pub backchannel_logout_supported: bool,
}

/// A provider that fails is asked again after as long as it has been failing, but not before and not after these.
const RETRY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// What is known of something remote: the last good answer, and what fails since.
#[derive(Debug)]
pub struct Fetched<T> {
    /// The last good answer, and when it came.
    pub good: Option<(Arc<T>, Timestamp)>,
    /// Why the newest attempt failed; None after a success, and before the first attempt.
    pub failure: Option<FetchFailure>,
    /// When the newest attempt ended.
    pub attempted_at: Option<Timestamp>,
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        Self { good: self.good.clone(), failure: self.failure.clone(), attempted_at: self.attempted_at }
    }
}

impl<T> Fetched<T> {
    /// The same about a part of the value.
    pub fn map<U>(&self, part: impl FnOnce(&T) -> U) -> Fetched<U> {
        Fetched {
            good: self.good.as_ref().map(|(value, at)| (Arc::new(part(value)), *at)),
            failure: self.failure.clone(),
            attempted_at: self.attempted_at,
        }
    }

    /// The time from which on it is to be fetched again: after a success the interval; while it fails, after as
    /// long as it has been failing, within `RETRY`. None: at once.
    pub fn due_at(&self, interval: Duration) -> Option<Timestamp> {
        let attempted_at = self.attempted_at?;
        let wait = match &self.failure {
            Some(failure) => {
                let failing = Duration::try_from(attempted_at.duration_since(failure.since)).unwrap_or_default();
                failing.clamp(*RETRY.start(), *RETRY.end())
            }
            None => interval,
        };
        attempted_at.checked_add(wait).ok()
    }

    /// Whether it is to be fetched again now; also when the clock was set back to before it was fetched.
    pub fn is_due(&self, interval: Duration, now: Timestamp) -> bool {
        let of_the_future = self.attempted_at.is_some_and(|at| at.duration_since(now) > CLOCK_STEP);
        of_the_future || self.due_at(interval).is_none_or(|due| due <= now)
    }
}

/// Times that differ by less may have been read one after the other.
const CLOCK_STEP: SignedDuration = SignedDuration::from_mins(1);

impl<T> Default for Fetched<T> {
    fn default() -> Self {
        Self { good: None, failure: None, attempted_at: None }
    }
}

/// Why something remote could not be fetched, as a condition says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchFailure {
    pub reason: Reason,
    /// Names the URL's host and what went wrong. Never what the provider sent.
    pub message: String,
    /// When it began to fail.
    pub since: Timestamp,
}

/// Metadata and keys are fetched again so often where the manifest is silent.
pub const DEFAULT_DISCOVERY_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// The last good metadata serves so long while the provider fails where the manifest is silent.
pub const DEFAULT_STALE_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// The picture of a provider is fetched again so often.
pub const ICON_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fetched_is_due_after_its_interval_and_when_the_clock_was_set_back() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).expect("a time");
        let interval = Duration::from_secs(900);
        let fetched = Fetched { good: Some((Arc::new(()), at(0))), failure: None, attempted_at: Some(at(0)) };
        assert!(!fetched.is_due(interval, at(899)));
        assert!(fetched.is_due(interval, at(900)));
        assert!(!fetched.is_due(interval, at(-1)), "read a moment before");
        assert!(fetched.is_due(interval, at(-36_000)), "ten hours back");
        assert!(Fetched::<()>::default().is_due(interval, at(0)));
    }
}
