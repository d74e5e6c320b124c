//! Parses the arguments and calls what they name.

use std::{io, process::ExitCode};

use clap::Parser;
use latchkey::{
    cli::{Arguments, Command},
    run, telemetry,
};

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve(arguments) => serve(*arguments),
        command => latchkey::cli::run(command),
    };
    match outcome {
        Ok(status) => status,
        // As of `latchkey users list | head`: whoever reads has had enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn serve(arguments: latchkey::cli::serve::Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.complete()?;
    telemetry::init(config.log_format);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run::serve(config))?;
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
