//! `latchkey check`: everything that can be said about manifests before they are served. Writes nothing, needs no
//! database and opens no port.

mod finding;
mod report;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use ipnet::IpNet;
use jiff::Timestamp;
use tokio::{runtime, time::sleep};

use self::{
    finding::findings,
    report::{Report, Summary},
};
use super::manifests::{self, Manifests};
use crate::{
    controller::dry_run,
    oidc::{EgressPolicy, Outbound, Remote},
};

/// Whoever waits longer is told what for.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    manifests: manifests::Source,

    /// Ask no provider: only what stands in the manifests is looked at
    #[arg(long)]
    offline: bool,

    /// Loopback, link-local or metadata addresses that may be dialled nevertheless (repeatable)
    #[arg(long, env = "LATCHKEY_EGRESS_ALLOW", value_name = "CIDR", value_delimiter = ',')]
    egress_allow: Vec<IpNet>,

    /// text is for people, json for programs
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

const EXAMPLES: &str = "\
What is looked at: YAML, schema and rules; objects that are there twice; references to providers, organizations, roles
and groups; what two objects cannot both have; expressions; the tests of mappers; and, unless --offline, each
provider's live metadata and keys. A Secret that is not among the manifests is a note, not a finding.

The exit status is 0 when nothing was found, 1 when something was, and 2 when nothing could be looked at.

Examples:
  Before a commit:
    latchkey check manifests/
  In a pipeline without a way to the providers:
    latchkey check --offline --output json manifests/
  What Helm or Kustomize makes:
    helm template my-sign-in | latchkey check -";

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

/// Checks the manifests and prints what was found; the exit status is 1 if there is something.
///
/// # Errors
/// Nothing could be looked at.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let manifests = arguments.manifests.read()?;
    let remote = (!arguments.offline).then(|| remote(arguments)).transpose()?;
    if let Some(remote) = &remote {
        runtime::Builder::new_current_thread().enable_all().build()?.block_on(ask(&manifests, remote));
    }
    let run = dry_run::decide(&manifests.stores, &manifests.settings, remote.as_ref(), Timestamp::now());
    let findings = findings(&manifests, &run);
    let summary = Summary::of(&manifests.tree, &run, &findings, remote.is_some());
    let report = Report { findings, summary };
    let text = match arguments.output {
        Output::Text => report.text(),
        Output::Json => report.json()?,
    };
    write!(std::io::stdout().lock(), "{text}")?;
    Ok(if report.summary.findings == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn remote(arguments: &Arguments) -> anyhow::Result<Remote> {
    let allow_http = arguments.manifests.allows_http();
    Ok(Remote::new(Outbound::new(EgressPolicy { allow: arguments.egress_allow.clone(), allow_http })?))
}

/// Asks every provider, and tells who waits for it at a terminal.
async fn ask(manifests: &Manifests, remote: &Remote) {
    let asked = dry_run::ask(&manifests.stores, &manifests.settings, remote);
    let told = async {
        sleep(PATIENCE).await;
        if std::io::stderr().is_terminal() {
            eprintln!("latchkey: the providers are being asked; --offline leaves that out");
        }
        std::future::pending().await
    };
    tokio::select! {
        () = asked => {}
        () = told => {}
    }
}
