//! The command line. Each command says what went wrong and what to do, and exits with 0, 1 (findings) or 2 (could
//! not run).

mod absent;
mod check;
mod columns;
mod crds;
mod get;
mod installation;
mod manifests;
pub mod serve;
mod simulate;
mod users;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Single sign-on that lives in Git.
///
/// Latchkey reads IdentityProvider, IdpMapper and Organization manifests, proves them against the live OpenID
/// providers, writes the redirect URIs to register into their status, and runs the login endpoints.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  Serve the manifests in a directory, for development:
    latchkey serve --manifests ./manifests --status-dir ./status \\
      --external-url http://127.0.0.1:8080 --allow-http --egress-allow 127.0.0.0/8
  Check manifests before they are served:
    latchkey check ./manifests
  See what would become of somebody of whom the provider says this:
    latchkey simulate --provider azure --claims bob.json ./manifests
  See what has become of them, and the redirect URIs to register:
    latchkey get --status-dir ./status -o wide
  Serve the manifests of the cluster that latchkey runs in, or that KUBECONFIG names, and see what has become of them:
    latchkey serve --external-url https://login.example.com
    latchkey get --all-namespaces -o wide
  See who has signed in, and make somebody a viewer by hand, beside the server, in its pod:
    kubectl exec deploy/latchkey -- latchkey users list
    kubectl exec deploy/latchkey -- latchkey users grant ann@example.com --role viewer
  Write the CustomResourceDefinitions:
    latchkey crds crds/";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve logins by the manifests in a cluster or in a directory
    Serve(Box<serve::Arguments>),
    /// Check manifests before they are served: schema, rules, references, mapper tests, live providers
    Check(check::Arguments),
    /// Show step by step what would become of somebody with these claims
    Simulate(simulate::Arguments),
    /// Show the manifests' status, of a cluster or of a status directory, as kubectl would
    Get(get::Arguments),
    /// Show who is known, what they have and by whom; make people known, give and take by hand, end sessions
    Users(Box<users::Arguments>),
    /// Print the CustomResourceDefinitions, or write them into a directory
    Crds(crds::Arguments),
    /// Print a completion script for a shell
    Completion {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

/// Runs a command other than `serve`; the exit status is 1 when it has found something.
///
/// # Errors
/// When it could not run.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(arguments) => return check::run(&arguments),
        Command::Simulate(arguments) => return simulate::run(&arguments),
        Command::Users(arguments) => return users::run(*arguments),
        Command::Get(arguments) => get::run(&arguments)?,
        Command::Crds(arguments) => crds::run(&arguments)?,
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "latchkey", &mut std::io::stdout());
        }
        Command::Serve(_) => anyhow::bail!("serve is not run from here"),
    }
    Ok(ExitCode::SUCCESS)
}
