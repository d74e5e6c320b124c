//! The references of the command line and of the settings, from the definitions of the arguments.

use clap::{Arg, Command, CommandFactory};
use latchkey::cli::Arguments;

use crate::markdown::cell;

/// Every command, with its arguments; those of `serve` are in the settings.
pub fn render() -> String {
    let mut latchkey = Arguments::command();
    latchkey.build();
    latchkey
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
        .map(command)
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn command(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("## latchkey {}\n\n{about}.\n\n", command.get_name());
    let mut usage = command.clone();
    text += &format!("```text\n{}\n```\n\n", usage.render_usage().to_string().trim_start_matches("Usage: "));
    if command.get_name() == "serve" {
        return text + "Its options are the [settings](settings.md).";
    }
    text += "| argument | meaning |\n| --- | --- |\n";
    for arg in arguments(command) {
        text += &format!("| {} | {} |\n", name(arg), meaning(arg));
    }
    let after = command.get_after_help().map(|help| format!("\n```text\n{help}\n```")).unwrap_or_default();
    (text + &after).trim_end().to_owned()
}

/// Every setting of `serve`, as a flag and as a variable.
pub fn render_settings() -> String {
    let latchkey = Arguments::command();
    let serve = latchkey.find_subcommand("serve").expect("serve");
    let mut text = "| flag | variable | meaning |\n| --- | --- | --- |\n".to_owned();
    for arg in arguments(serve) {
        let variable = arg.get_env().map(|variable| variable.to_string_lossy()).expect("a variable");
        text += &format!("| {} | `{variable}` | {} |\n", name(arg), meaning(arg));
    }
    text
}

fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str()))
}

fn name(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_value_names().unwrap_or_default().iter().map(|name| name.to_string()).collect();
    let value = values.join(" ");
    let values = arg.get_num_args().unwrap_or_default();
    let optional = values.min_values() == 0;
    match (arg.get_long(), arg.get_short()) {
        (None, _) => format!("`{value}`"),
        (Some(long), None) if values.max_values() == 0 => format!("`--{long}`"),
        (Some(long), Some(short)) if values.max_values() == 0 => format!("`-{short}`, `--{long}`"),
        (Some(long), _) if optional => format!("`--{long}[=true\\|false]`"),
        (Some(long), None) => format!("`--{long} {value}`"),
        (Some(long), Some(short)) => format!("`-{short}`, `--{long} {value}`"),
    }
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(|help| cell(&help.to_string())).unwrap_or_default();
    let choices: Vec<_> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if choices.len() > 2 || arg.get_id() == "log_format" {
        text += &format!(". One of {}", choices.join(", "));
    }
    text
}
