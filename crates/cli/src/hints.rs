//! How hints are written: the one place that knows the words and flags of the command line; and what a user can do
//! about an error that brings no advice of its own.

use kompox_domain::ErrorKind;
use kompox_domain::hint::{Argument, Command, Hint, Means, Verb};

use crate::{operations, shell};

/// What this program is called on a command line.
const PROGRAM: &str = "kompoxops";

/// All hints in one line; none where there are none.
#[must_use]
pub(crate) fn written(hints: &[Hint]) -> Option<String> {
    let each: Vec<String> = hints.iter().map(one).collect();
    (!each.is_empty()).then(|| each.join("; "))
}

fn one(hint: &Hint) -> String {
    let text = &hint.text;
    match &hint.means {
        None => text.to_string(),
        Some(Means::Command(command)) => format!("{text}: {}", line(command)),
        Some(Means::Arguments(arguments)) => format!("{text} with {}", flags(arguments)),
        Some(Means::Settings(keys)) => format!("{text} {}", keys.join(" or ")),
        Some(Means::Foreign(line)) => format!("{text}: {line}"),
    }
}

/// A command as it is typed.
fn line(command: &Command) -> String {
    let verb = match command.verb {
        Verb::Operation(operation) => operations::words(operation),
        Verb::Check => "check",
        Verb::Init => "init",
        Verb::Quickstart => "quickstart",
    };
    let line = format!("{PROGRAM} {verb} {}", flags(&command.arguments));
    line.trim_end().to_owned()
}

fn flags(arguments: &[Argument]) -> String {
    arguments.iter().map(flag).collect::<Vec<_>>().join(" ")
}

fn flag(argument: &Argument) -> String {
    let (flag, value) = match argument {
        Argument::AppId(id) => ("--app-id", id.as_deref()),
        Argument::ClusterId(id) => ("--cluster-id", id.as_deref()),
        Argument::Volume(name) => ("-V", Some(&**name)),
        Argument::Name(name) => ("-N", Some(&**name)),
        Argument::Source(source) => ("--source", source.as_deref()),
        Argument::Bootstrap => ("--bootstrap", None),
        Argument::Zone(zone) => ("--zone", zone.as_deref()),
        Argument::Namespace(namespace) => ("--namespace", namespace.as_deref()),
        Argument::Credential(whose) => ("--cred", Some(&**whose)),
        Argument::Address(which) => ("--address", which.as_deref()),
        Argument::Force => ("--force", None),
        Argument::AllowDelete(id) => ("--allow-delete", Some(&**id)),
        Argument::DryRun => ("--dry-run", None),
        Argument::Json => ("-o", Some("json")),
        Argument::Timeout => ("--timeout", None),
        Argument::UpgradeNodeImages => ("--upgrade-node-images", None),
        Argument::Config(path) => ("--config", path.as_deref()),
        Argument::KomPath(path) => ("--kom-path", path.as_deref()),
        Argument::KomApp(path) => ("--kom-app", path.as_deref()),
        Argument::KompoxDir(path) => ("--kompox-dir", path.as_deref()),
    };
    match value {
        Some(value) if is_placeholder(value) => format!("{flag} {value}"),
        Some(value) => format!("{flag} {}", shell::word(value)),
        None => flag.to_owned(),
    }
}

/// Whether the user has to write a value there: `<disk>`, `disk:<name>`.
fn is_placeholder(value: &str) -> bool {
    value.ends_with('>') && value.contains('<')
}

/// Advice for a kind of error; none where only the message itself can tell.
#[must_use]
pub(crate) const fn for_kind(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::InvalidInput => {
            Some("correct what the message names; `kompoxops check` tells what is wrong with a configuration")
        }
        ErrorKind::Unauthenticated => Some(
            "check AZURE_AUTH_METHOD and its credential in the provider's settings: an expired secret, a wrong tenant, \
             or no `az login`",
        ),
        ErrorKind::PermissionDenied => Some(
            "ask for the permission that the message names, at the resource group or subscription it names; a new role \
             assignment may take a few minutes to have effect",
        ),
        ErrorKind::QuotaExceeded => {
            Some("ask Azure for more quota, or delete disks and snapshots that are not needed")
        }
        ErrorKind::Throttled => {
            Some("Azure has had too many requests of this subscription: wait a minute and run it again")
        }
        ErrorKind::Unavailable => Some(
            "check network, proxy (HTTPS_PROXY, NO_PROXY) and, with AZURE_CLOUD: Custom, the endpoints and \
             AZURE_CA_FILE; then run it again",
        ),
        ErrorKind::Timeout => Some("give it longer with --timeout, for example --timeout 10m"),
        ErrorKind::Unsupported => Some("use a driver, or a kind of volume, that supports it"),
        ErrorKind::Internal => Some(
            "this is a fault of kompoxops: run it again with --log-level debug and report what it prints",
        ),
        ErrorKind::Failed => Some(
            "correct what the causes name and run it again; the correlation id finds the request in Azure's activity log",
        ),
        ErrorKind::NotFound => {
            Some("look at what there is, with `kompoxops disk list`, `snapshot list` or `cluster status`")
        }
        ErrorKind::Conflict => {
            Some("look at what there is, with `kompoxops disk list` or `cluster status`, and run it again")
        }
        ErrorKind::Precondition => Some("change the state that the message names and run it again"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use kompox_domain::Operation;

    use super::*;
    use crate::cli::Cli;

    /// Every argument there is, each with a value where it can have one.
    fn arguments() -> Vec<Argument> {
        let value = || Some("x".into());
        vec![
            Argument::AppId(value()),
            Argument::ClusterId(value()),
            Argument::Volume("x".into()),
            Argument::Name("x".into()),
            Argument::Source(value()),
            Argument::Bootstrap,
            Argument::Zone(value()),
            Argument::Namespace(value()),
            Argument::Credential("x".into()),
            Argument::Address(value()),
            Argument::Force,
            Argument::AllowDelete("x".into()),
            Argument::Json,
            Argument::Timeout,
            Argument::UpgradeNodeImages,
            Argument::Config(value()),
            Argument::KomPath(value()),
            Argument::KomApp(value()),
            Argument::KompoxDir(value()),
        ]
    }

    fn every<'a>(command: &'a clap::Command, into: &mut Vec<&'a clap::Arg>) {
        into.extend(command.get_arguments());
        command.get_subcommands().for_each(|below| every(below, into));
    }

    #[test]
    fn every_flag_of_a_hint_is_one_of_the_command_line_and_takes_a_value_where_it_is_given_one() {
        let cli = Cli::command();
        let mut known = Vec::new();
        every(&cli, &mut known);
        for argument in arguments() {
            let text = flag(&argument);
            let (name, value) = match text.split_once(' ') {
                Some((name, value)) => (name, Some(value)),
                None => (text.as_str(), None),
            };
            let found = known.iter().any(|arg| {
                let is = match name.strip_prefix("--") {
                    Some(long) => arg.get_long() == Some(long),
                    None => arg.get_short() == name.chars().nth(1),
                };
                is && (value.is_none() || arg.get_action().takes_values())
            });
            assert!(found, "{text}");
        }
    }

    #[test]
    fn every_operation_of_a_hint_is_a_command() {
        let cli = Cli::command();
        let verbs = Operation::ALL.iter().map(|operation| Verb::Operation(*operation));
        for verb in verbs.chain([Verb::Check, Verb::Init, Verb::Quickstart]) {
            let text = line(&Command::of(verb));
            let words = text.split(' ').skip(1).take_while(|word| !word.starts_with('-'));
            let mut command = &cli;
            for word in words {
                command = command.find_subcommand(word).unwrap_or_else(|| panic!("{text}"));
            }
        }
    }

    #[test]
    fn a_value_is_one_word_of_a_shell_and_a_placeholder_stays_readable() {
        let delete = Operation::DiskDelete
            .with(Argument::Volume("db".into()))
            .with(Argument::Name("<disk>".into()));
        assert_eq!(line(&delete), "kompoxops disk delete -V db -N <disk>");
        let allow = Hint::arguments(
            "let it go along",
            vec![Argument::AllowDelete("/d/a b".into()), Argument::Force],
        );
        let hints = [
            allow,
            Hint::setting("or check", "KEY"),
            Hint::foreign("start it", "az aks start"),
        ];
        assert_eq!(
            written(&hints).unwrap(),
            "let it go along with --allow-delete '/d/a b' --force; or check KEY; start it: az aks start"
        );
        assert_eq!(written(&[]), None);
    }
}
