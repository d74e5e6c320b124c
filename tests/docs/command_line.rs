//! The references of the command line and of the settings, from the definitions of the arguments.

use clap::{Arg, Command, CommandFactory};
use latchkey::cli::Arguments;

use crate::markdown::cell;

/// Every command, with its arguments; those that are settings of `serve` are in the settings.
pub fn render() -> String {
    let mut latchkey = Arguments::command();
    latchkey.build();
    let serve = latchkey.find_subcommand("serve").expect("serve");
    let settings: Vec<_> = arguments(serve).filter(|arg| arg.is_global_set()).collect();
    commands(&latchkey).map(|one| command(one, "##", &settings)).collect::<Vec<_>>().join("\n\n")
}

fn commands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| command.get_name() != "help")
}

/// A command and, a level deeper, those below it.
fn command(command: &Command, level: &str, settings: &[&Arg]) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut usage = command.clone();
    let usage = usage.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().expect("a name");
    let mut text = format!("{level} {name}\n\n{about}.\n\n```text\n{usage}\n```\n\n");
    if command.get_name() == "serve" {
        return text + "Its options are the [settings](settings.md).";
    }
    let below: Vec<_> = commands(command).map(|below| self::command(below, &format!("{level}#"), settings)).collect();
    // What a command above has, too, is told there.
    let is_told = |arg: &&Arg| !arg.is_global_set() || !below.is_empty();
    let (shared, own): (Vec<_>, Vec<_>) = arguments(command)
        .filter(is_told)
        .partition(|arg| settings.iter().any(|one| one.get_id() == arg.get_id() && arg.is_global_set()));
    if !own.is_empty() {
        text += "| argument | meaning |\n| --- | --- |\n";
    }
    for arg in own {
        text += &format!("| {} | {} |\n", self::name(arg), meaning(arg));
    }
    if !shared.is_empty() {
        let names: Vec<_> = shared.iter().map(|arg| format!("`--{}`", arg.get_long().expect("a flag"))).collect();
        text += &format!("\nBeside these, it has of the [settings](settings.md): {}.\n", names.join(", "));
    }
    let after = command.get_after_help().map(|help| format!("\n```text\n{help}\n```")).unwrap_or_default();
    let whole = (text + &after).trim_end().to_owned();
    [vec![whole], below].concat().join("\n\n")
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
