//! `latchkey users`: who is known, what they have and on whose word, and what administrators change by hand. Works on
//! the database beside the server that serves from it; prints no session ID and no secret.

mod create;
mod described;
mod grants;
mod list;
mod origin;
mod registry;
mod sessions;
mod show;

use std::{io::Write, process::ExitCode};

use jiff::Timestamp;

use self::{described::Described, registry::Registry};
use super::{
    check::Output,
    installation::{Installation, Installed},
    serve,
};
use crate::store;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,

    /// The id of the organization; NAMESPACE/NAME of its manifest will do, too [default: the only one, or
    /// the only one with providers]
    #[arg(long, value_name = "ID", global = true)]
    organization: Option<String>,

    /// text is for people, json for programs
    #[arg(long, short, value_enum, default_value_t, global = true)]
    output: Output,

    #[command(flatten, next_help_heading = "Settings, as for latchkey serve")]
    installation: Installation,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the users of an organization
    #[command(after_help = list::EXAMPLES)]
    List,
    /// Show a user with the origin of everything: which provider, which mapper, or by hand
    #[command(after_help = show::EXAMPLES)]
    Show(registry::Who),
    /// Make somebody known before they sign in
    #[command(after_help = create::EXAMPLES)]
    Create(create::Arguments),
    /// Give roles, groups or administration by hand
    #[command(after_help = grants::GRANT_EXAMPLES)]
    Grant(grants::Arguments),
    /// Take roles, groups or administration by hand
    #[command(after_help = grants::REVOKE_EXAMPLES)]
    Revoke(grants::Arguments),
    /// List the sessions of a user
    #[command(after_help = sessions::EXAMPLES)]
    Sessions(registry::Who),
    /// Sign a user out, everywhere or in one session
    #[command(after_help = sessions::END_EXAMPLES)]
    EndSessions(sessions::Ending),
}

const EXAMPLES: &str = "\
USER is the id, the user name or the e-mail address of a user. The settings are those of the
server, and its environment has them in a pod; what is written counts there within a second,
without a restart.

The exit status is 0 when it is done, 1 when a rule refuses it or nobody is found, and 2 when it
could not run.

Examples:
  In the cluster:
    kubectl exec deploy/latchkey -- latchkey users list
  Beside latchkey serve --manifests manifests, in the same directory:
    latchkey users show ann@example.com --manifests manifests";

/// A rule, or what is known, stands against what was asked for. One line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\nlatchkey: "))]
struct Refused(Vec<String>);

impl Refused {
    fn because(why: impl ToString) -> Self {
        Self(vec![why.to_string()])
    }

    /// Nothing, if there is nothing against it.
    fn unless_none<T: ToString>(refusals: Vec<T>) -> Result<(), Self> {
        let lines: Vec<_> = refusals.iter().map(ToString::to_string).collect();
        if lines.is_empty() { Ok(()) } else { Err(Self(lines)) }
    }
}

/// Does what was asked for; the exit status is 1 if it was refused.
///
/// # Errors
/// It could not be done.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(answer(arguments)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let refused = error.downcast::<Refused>()?;
            eprintln!("latchkey: {refused}");
            Ok(ExitCode::from(1))
        }
    }
}

async fn answer(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { verb, organization, output, installation } = arguments;
    let installed = serve::installed(installation)?;
    let Installed { database_url, encryption_key_file, .. } = &installed;
    let store = store::open_beside(database_url, encryption_key_file.as_deref()).await?;
    let described = Described::read(&installed).await;
    let registry = Registry { store, described, manifests: installed.manifests, organization, output };
    match verb {
        Verb::List => list::run(&registry).await,
        Verb::Show(who) => show::run(&registry, &who).await,
        Verb::Create(new) => create::run(&registry, &new).await,
        Verb::Grant(asked) => grants::grant(&registry, &asked).await,
        Verb::Revoke(asked) => grants::revoke(&registry, &asked).await,
        Verb::Sessions(who) => sessions::run(&registry, &who).await,
        Verb::EndSessions(ending) => sessions::end(&registry, &ending).await,
    }
}

/// Prints a text, or a JSON document, that ends here.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// A moment as people read it.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
