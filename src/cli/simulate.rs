//! `latchkey simulate`: what would become of somebody with these claims, step by step. Asks nobody and writes nothing.

mod claims;
mod report;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use uuid::Uuid;

use self::report::Report;
use super::{
    check::Output,
    manifests::{self, Manifests},
};
use crate::{
    api::{ConditionType, Fact, Status, deterministic_uid},
    controller::dry_run::{self, DryRun, Judged},
    domain::{
        Claims,
        login::Fresh,
        mapper::Mapper,
        provider::{LoginState, Provider},
        simulation::{Simulation, simulate},
        user::{SessionId, UserId},
    },
    source::Object,
};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    manifests: manifests::Source,

    /// metadata.name of the IdentityProvider that the person comes from
    #[arg(long, value_name = "NAME")]
    provider: String,

    /// The namespace of the IdentityProvider
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,

    /// What the provider says of the person: a JSON or YAML object of claims; - is standard input
    #[arg(long, value_name = "FILE")]
    claims: PathBuf,

    /// text is for people, json for programs
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

const EXAMPLES: &str = "\
Prints which field comes from which claim, which rules hold, which mapper is for the person or why it is not, what gives
the language and the time zone, and at last the user as /session would show it. The claims count as verified, and the
person as somebody who signs in for the first time: whether the user name or the address belongs to somebody else, only
the database knows.

The exit status is 0 when the person would get in, 1 when not, and 2 when nothing could be simulated.

Examples:
  Write down what the provider says of Bob, and see what becomes of him:
    echo '{\"sub\": \"1\", \"email\": \"bob@example.com\", \"groups\": [\"US Users\"]}' > bob.json
    latchkey simulate --provider azure --claims bob.json manifests/";

/// Simulates a login and prints its steps; the exit status is 1 if the person would not get in.
///
/// # Errors
/// Nothing could be simulated.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.claims == Path::new("-") && arguments.manifests.are_standard_input() {
        bail!("--claims - and the manifests -: standard input can be only one of the two; name a file for the other");
    }
    let claims = claims::read(&arguments.claims)?;
    let manifests = arguments.manifests.read()?;
    for finding in manifests.tree.findings() {
        eprintln!("latchkey: {finding}");
    }
    let run = dry_run::decide(&manifests.stores, &manifests.settings, None, Timestamp::now());
    let uid = deterministic_uid("IdentityProvider", &arguments.namespace, &arguments.provider);
    let provider = run.table.provider_by_uid(&uid).with_context(|| no_such_provider(arguments, &manifests))?;
    let report = Report { notes: notes(&run, provider, &manifests), simulation: simulation(&run, provider, claims) };
    let text = match arguments.output {
        Output::Text => report.text()?,
        Output::Json => report.json()?,
    };
    write!(std::io::stdout().lock(), "{text}")?;
    Ok(if report.simulation.outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn no_such_provider(arguments: &Arguments, manifests: &Manifests) -> String {
    let names = manifests.tree.objects().filter_map(|object| match object {
        Object::IdentityProvider(_) => Some(format!("{}/{}", object.namespace(), object.name())),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    let Arguments { namespace, provider, .. } = arguments;
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!(
        "--provider {provider}: the manifests have no valid IdentityProvider {namespace}/{provider}; name the metadata.name of one that they have, with its --namespace: {there}"
    )
}

/// What becomes of the person, unless nobody can sign in through the provider at all.
fn simulation(run: &DryRun, provider: &Provider, claims: Claims) -> Simulation {
    let refused = |why: String| Simulation { steps: Vec::new(), known_before: false, outcome: Err(why) };
    let unaccepted = || {
        let judged = judged(run, "IdentityProvider", &provider.path)?;
        judged.conditions.fact(ConditionType::Accepted).filter(|fact| !fact.is_true())
    };
    if let Some(fact) = unaccepted() {
        return refused(format!("the provider is not accepted: {}", fact.message));
    }
    if matches!(provider.login, LoginState::Suspended) {
        return refused("spec.suspend is true: nobody signs in through the provider".to_owned());
    }
    let organization = run.table.organization_by_key(&provider.organization);
    let (Some(organization), Some(people)) = (organization, provider.people.as_deref()) else {
        return refused("the provider has no accepted Organization: latchkey check says why".to_owned());
    };
    // Neither is written anywhere, nor shown.
    let fresh = Fresh { user_id: UserId(Uuid::nil()), session_id: SessionId([0; 32]), now: Timestamp::now() };
    simulate(&run.table, provider, organization, people, claims, fresh)
}

/// What is not as it seems: manifests that cannot be read, mappers that are not served, and what the manifests do not
/// tell.
fn notes(run: &DryRun, provider: &Provider, manifests: &Manifests) -> Vec<String> {
    let unserved = run.table.mappers_of(&provider.uid).iter().filter(|mapper| mapper.served.is_none());
    let mut notes: Vec<_> = unserved.filter_map(|mapper| unserved_because(run, mapper)).collect();
    notes.extend(manifests.tree.findings().iter().map(|finding| format!("left out: {finding}")));
    notes.sort();
    if provider.issuer.is_empty() {
        notes.push("only discovery tells the issuer of this provider: provider.issuer is empty here".to_owned());
    }
    notes
}

fn unserved_because(run: &DryRun, mapper: &Mapper) -> Option<String> {
    let judged = judged(run, "IdpMapper", &mapper.path)?;
    let (_, Fact { message, .. }) = judged.conditions.facts().find(|(_, fact)| fact.status != Status::True)?;
    Some(format!("the IdpMapper {} is not served: {message}", mapper.path))
}

fn judged<'a>(run: &'a DryRun, kind: &str, path: &str) -> Option<&'a Judged> {
    run.judged.iter().find(|judged| judged.kind == kind && format!("{}/{}", judged.namespace, judged.name) == path)
}
