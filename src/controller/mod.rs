//! Observe, decide, apply: keeps the login table and every object's status in step with the manifests.
//! Knows neither which source feeds it nor the HTTP server.

mod context;
pub mod dry_run;
mod expression;
mod fetch;
mod follow_up;
#[cfg(test)]
mod golden;
mod leader;
pub mod mapper;
pub mod organization;
pub mod provider;
mod publish;
mod references;
mod rest;
mod retry;
mod run;
mod settings;
mod status;
mod triggers;

pub use context::Context;
pub use fetch::{FetchQueue, Fetches};
pub use follow_up::FollowUps;
pub use leader::{Beginnings, Candidate, Leadership};
pub use publish::{FollowUp, Publisher};
pub use rest::Rests;
pub use run::run;
pub use settings::Settings;
pub use status::{StatusError, StatusSink};
