//! What the whole-process tests are made of: Latchkey's own binary, real and hostile providers, browsers and people.
//! Everything listens on 127.0.0.1, shares nothing, and ends with the test that started it.

pub mod access;
pub mod access_token;
pub mod browser;
pub mod canaille;
pub mod claimed;
pub mod cluster;
pub mod control_plane;
pub mod cross_site;
pub mod database;
pub mod ended;
pub mod fake;
pub mod helm;
pub mod issuers;
pub mod kstatus;
pub mod kubectl;
pub mod latchkey;
pub mod mail_server;
pub mod manifests;
pub mod native_app;
pub mod nginx;
pub mod portal;
pub mod provider;
pub mod proxy;
pub mod raw;
pub mod recorded;
pub mod refusal;
pub mod signer;
pub mod source;
pub mod tls;
pub mod visitor;
pub mod ways_in;
pub mod world;

use std::time::{Duration, Instant};

/// However busy the machine is, what does not happen within this time does not happen.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// What an edited manifest changes, it changes within this time.
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// Asks again and again, until there is an answer; panics with `what` when there is none within `limit`.
pub async fn wait_within<T>(limit: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// As `wait_within`, with time for a busy machine.
pub async fn wait_for<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    wait_within(DEADLINE, what, ask).await
}
