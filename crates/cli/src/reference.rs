//! The reference of the command line, written from its definition.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// Flags that many commands have, told once: those of the output and of the target.
const COMMON: [&str; 5] = ["output", "app_id", "app_name", "cluster_id", "cluster_name"];

/// Every command with its flags, as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut root = crate::command();
    root.build();
    let mut text = String::from("# Command line\n\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}\n", plain(root.get_about()));
    let _ = writeln!(
        text,
        "Written from the definition in `crates/cli`, not by hand.\n"
    );
    after_help(&root, &mut text);
    let _ = writeln!(text, "## Flags on every command\n");
    let shared: Vec<&Arg> = visible(&root).filter(|arg| arg.is_global_set()).collect();
    text.push_str(&flags(&shared));
    if let Some(example) = root
        .find_subcommand("disk")
        .and_then(|disk| disk.find_subcommand("list"))
    {
        let _ = writeln!(
            text,
            "## Flags on commands that print data, or that have a target\n"
        );
        let common: Vec<&Arg> = visible(example).filter(|arg| is_common(arg)).collect();
        text.push_str(&flags(&common));
    }
    for sub in root.get_subcommands() {
        section(sub, "kompoxops", &mut text);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn section(command: &Command, parent: &str, text: &mut String) {
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let name = format!("{parent} {}", command.get_name());
    let _ = writeln!(text, "## `{name}`\n\n{}\n", plain(command.get_about()));
    let mut subcommands = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
        .peekable();
    if subcommands.peek().is_none() {
        let usage = command.clone().render_usage().to_string();
        let _ = writeln!(text, "```text\n{}\n```\n", usage.trim_start_matches("Usage: "));
    }
    let (common, own): (Vec<&Arg>, Vec<&Arg>) = visible(command)
        .filter(|arg| !arg.is_global_set())
        .partition(|arg| is_common(arg));
    text.push_str(&flags(&own));
    if !common.is_empty() {
        let names: Vec<String> = common.iter().map(|arg| spelling(arg)).collect();
        let _ = writeln!(text, "As on other commands: {}\n", names.join("; "));
    }
    after_help(command, text);
    for sub in subcommands {
        section(sub, &name, text);
    }
}

fn is_common(argument: &Arg) -> bool {
    COMMON.contains(&argument.get_id().as_str())
}

fn visible(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
}

fn flags(arguments: &[&Arg]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let mut text = String::from("| Flag | What it does |\n|---|---|\n");
    for argument in arguments {
        let _ = writeln!(
            text,
            "| {} | {} |",
            cell(&spelling(argument)),
            cell(&help(argument))
        );
    }
    text.push('\n');
    text
}

fn spelling(argument: &Arg) -> String {
    let values: Vec<String> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    let value = if argument.get_action().takes_values() {
        values.join(" ")
    } else {
        String::new()
    };
    let mut names = Vec::new();
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    names.extend(
        argument
            .get_visible_aliases()
            .unwrap_or_default()
            .iter()
            .map(|alias| format!("--{alias}")),
    );
    if names.is_empty() {
        return format!("`{value}`");
    }
    let last = names.len() - 1;
    let spelled = names.iter().enumerate().map(|(index, name)| {
        if index == last && !value.is_empty() {
            format!("`{name} {value}`")
        } else {
            format!("`{name}`")
        }
    });
    spelled.collect::<Vec<_>>().join(", ")
}

fn help(argument: &Arg) -> String {
    let mut text = plain(argument.get_help());
    if !argument.get_action().takes_values() {
        return text;
    }
    let values = argument.get_possible_values();
    let shown: Vec<String> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(possible)
        .collect();
    if !shown.is_empty() {
        let _ = write!(text, ": {}", shown.join(", "));
    }
    if let [default] = argument.get_default_values()
        && !argument.is_hide_default_value_set()
    {
        let _ = write!(text, " [default: {}]", default.to_string_lossy());
    }
    text
}

/// A value with what it means, unless the value says that itself.
fn possible(value: &clap::builder::PossibleValue) -> String {
    let name = value.get_name();
    match plain(value.get_help()) {
        help if help.is_empty() || help.eq_ignore_ascii_case(name) => format!("`{name}`"),
        help => format!("`{name}` ({help})"),
    }
}

fn after_help(command: &Command, text: &mut String) {
    let after = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if !after.is_empty() {
        let _ = writeln!(text, "```text\n{after}\n```\n");
    }
}

fn plain(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

/// `|` would end a cell, and `<` begin a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_place() {
        let text = markdown();
        for heading in [
            "kompoxops disk create",
            "kompoxops snapshot restore",
            "kompoxops admin provider get",
        ] {
            assert!(text.contains(&format!("## `{heading}`")), "{heading}\n{text}");
        }
        assert!(text.contains("| `-N`, `--name`, `--disk-name DISK` |"), "{text}");
        assert_eq!(text.matches("--kompox-root").count(), 1, "{text}");
        assert_eq!(text.matches("--app-id ID` |").count(), 1, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
