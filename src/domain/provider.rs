//! What an identity provider is once its manifest has been accepted and its metadata is known.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use super::organization::OrganizationKey;
use crate::api::Reason;

/// A provider as logins and sessions see it.
#[derive(Clone, Debug)]
pub struct Provider {
    pub uid: Arc<str>,
    /// metadata.namespace and metadata.name, for logs.
    pub path: String,
    pub organization: OrganizationKey,
    /// The `{key}` of every URL.
    pub key: Arc<str>,
    pub display_name: String,
    pub claims: Arc<ClaimNames>,
    /// Its sessions are over, whether or not people could sign in otherwise.
    pub suspended: bool,
    pub login: LoginState,
}

/// Whether people can sign in through a provider.
#[derive(Clone, Debug)]
pub enum LoginState {
    /// Suspended: nobody signs in.
    Suspended,
    /// Not accepted, so that no URL leads to it: nobody signs in; its sessions go on.
    Refused(Reason),
    /// Accepted, but not reachable or not usable now: nobody signs in; its sessions go on.
    Unavailable(Reason),
    /// People sign in by this.
    Serving(Arc<Relation>),
}

impl Provider {
    /// How to sign in through this provider, when that is possible now.
    pub fn serving(&self) -> Option<&Arc<Relation>> {
        match &self.login {
            LoginState::Serving(relation) => Some(relation),
            LoginState::Suspended | LoginState::Refused(_) | LoginState::Unavailable(_) => None,
        }
    }

    /// Whether sessions that began with this provider are still good.
    pub fn keeps_sessions(&self) -> bool {
        !self.suspended
    }
}

/// Everything that a login needs to know of a provider: the relation between it and us.
#[derive(Clone, Debug)]
pub struct Relation {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub userinfo_endpoint: Option<Url>,
    pub jwks_uri: Url,
    pub trust_roots: Option<TrustRoots>,
    pub client_id: String,
    pub client_auth: ClientAuth,
    pub redirect_uri: Url,
    /// Without `openid`, which is always sent.
    pub scopes: Vec<String>,
    /// Whether a code challenge (S256) is sent.
    pub pkce: bool,
    /// The algorithms that an ID token may be signed with.
    pub algorithms: Vec<SigningAlgorithm>,
    /// The provider sends `iss` with every authorization response (RFC 9207), so it is demanded.
    pub iss_parameter: bool,
}

/// How we authenticate at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    Basic(SecretString),
    Post(SecretString),
    None,
}

/// The certificates that are trusted for a provider, in PEM, and what tells two bundles apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TrustRoots(Arc<str>);

impl TrustRoots {
    /// The caller has checked that the text holds at least one PEM certificate.
    pub fn from_pem(pem: &str) -> Self {
        Self(pem.into())
    }

    pub fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustRoots({} bytes)", self.0.len())
    }
}

/// An asymmetric JWS algorithm (RFC 7518, section 3.1; RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl SigningAlgorithm {
    pub const ALL: [Self; 9] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];

    /// The `alg` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The algorithm of an `alg` value; None for what is unknown, symmetric, or `none`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// The claim that each field of a user comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimNames {
    pub user_id: String,
    /// None: preferred_username, else the e-mail address, else the user ID.
    pub user_name: Option<String>,
    pub full_name: String,
    pub email: String,
    pub email_verified: String,
    pub groups: String,
}

/// A provider's metadata (OpenID Connect Discovery 1.0, section 3), already checked to be well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub userinfo_endpoint: Option<Url>,
    pub jwks_uri: Url,
    pub end_session_endpoint: Option<Url>,
    pub response_types: Vec<String>,
    /// Empty: silent, which means client_secret_basic.
    pub auth_methods: Vec<String>,
    pub signing_algorithms: Vec<String>,
    /// None: silent.
    pub pkce_methods: Option<Vec<String>>,
    pub iss_parameter_supported: bool,
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
