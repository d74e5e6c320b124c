//! A browser that we have given cookies to, and the keys that they are sealed with: made anew in every process.

use std::{sync::LazyLock, time::Duration};

use axum::http::HeaderMap;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{
    domain::organization::{Organization, OrganizationKey, SessionLimits, TokenPolicy},
    server::{attempt::Attempt, current::session_purpose, seal::Sealer},
    store,
};

/// The session that the browser has with Acme.
pub const SESSION: [u8; 32] = [7; 32];
/// The `state` of its login attempt there, and of one that is over.
pub const STATE: [u8; 16] = [1; 16];
pub const STATE_OF_OLD: [u8; 16] = [2; 16];
pub const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub static BROWSER: LazyLock<Browser> = LazyLock::new(Browser::new);

/// The values of its cookies, and what opens them.
pub struct Browser {
    pub acme: Organization,
    pub sealer: Sealer,
    pub session: String,
    /// Of another organization.
    pub session_elsewhere: String,
    pub attempt: String,
    pub attempt_of_old: String,
    pub attempt_elsewhere: String,
}

impl Browser {
    fn new() -> Self {
        let (acme, globex, sealer) = (organization("acme"), organization("globex"), sealer());
        let session = |of: &Organization| sealer.seal(&session_purpose(of), &SESSION).expect("randomness");
        let attempt = |of: &Organization, state, expires_at| {
            let cookie = attempt(state, expires_at).cookie(of, &sealer, false).expect("a short one");
            let pair = cookie.to_str().expect("ASCII").split(';').next().expect("a pair");
            pair.split_once('=').expect("a pair").1.to_owned()
        };
        Self {
            session: session(&acme),
            session_elsewhere: session(&globex),
            attempt: attempt(&acme, STATE, Attempt::expiry(NOW)),
            attempt_of_old: attempt(&acme, STATE_OF_OLD, NOW),
            attempt_elsewhere: attempt(&globex, STATE, Attempt::expiry(NOW)),
            acme,
            sealer,
        }
    }

    /// Whether these headers bring a cookie of this name and value.
    pub fn brings(headers: &HeaderMap, name: &str, value: &str) -> bool {
        crate::server::cookies::all(headers).any(|pair| pair == (name, value))
    }
}

fn organization(id: &str) -> Organization {
    Organization {
        key: OrganizationKey::new("default", id),
        id: id.into(),
        display_name: id.to_owned(),
        external_url: "https://sso.example".parse().expect("a URL"),
        roles: Vec::new(),
        defaults: Vec::new(),
        groups: Vec::new(),
        title: None,
        allowed_return_urls: Vec::new(),
        logout_page_url: None,
        require_verified_email: false,
        session: SessionLimits { idle_timeout: Duration::from_secs(1800), lifetime: Duration::from_secs(36_000) },
        tokens: TokenPolicy { audience: None, lifetime: Duration::from_secs(600) },
        applications: Vec::new(),
    }
}

fn attempt(state: [u8; 16], expires_at: Timestamp) -> Attempt {
    Attempt {
        state,
        provider_uid: "p1".to_owned(),
        issuer_mark: Attempt::mark("https://issuer.example.org"),
        nonce: [3; 16],
        verifier: Zeroizing::new([4; 32]),
        return_to: None,
        replaces: Vec::new(),
        expires_at,
    }
}

/// With keys of a store that is gone again.
fn sealer() -> Sealer {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("latchkey.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = store::open(&url, None).await.expect("a store");
        Sealer::load(&*store, NOW).await.expect("keys")
    })
}
