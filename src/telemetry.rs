//! The log, and what is counted. Nothing secret is ever given to it.

use std::io::IsTerminal;

use serde::Deserialize;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

use crate::domain::trace::Trace;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Writes the log to standard error from now on; `RUST_LOG` filters it.
pub fn init(format: LogFormat) {
    let wanted = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,kube_runtime=warn"));
    let filter = wanted.and(filter_fn(|metadata| !shows_answers(metadata.target())));
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => registry().with(layer.with_filter(filter)).init(),
        LogFormat::Json => registry().with(layer.json().with_filter(filter)).init(),
    }
}

/// Counts what went wrong between somebody's claims and what they get.
pub fn count(trace: &Trace, provider: &str) {
    for problem in trace.problems().iter().filter_map(|step| step.problem) {
        let labels = [("provider", provider.to_owned()), ("problem", problem.code().to_owned())];
        metrics::counter!("latchkey_mapping_problems_total", &labels).increment(1);
    }
}

/// Whether a target logs what the API server answered, and with it Secrets. Its errors are logged where they are
/// handled, without.
fn shows_answers(target: &str) -> bool {
    target.strip_prefix("kube_client::client").is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
