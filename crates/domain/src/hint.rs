//! What a user can do about an error, as data.
//!
//! Whoever meets the error knows which operation or setting helps. How that is written – the words of a command line,
//! its flags, quotes – is known to whoever shows it, and differs between a terminal and a library.

use std::borrow::Cow;
use std::fmt;

use crate::driver::Operation;

/// One thing that a user can do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hint {
    /// What to do: an imperative clause without a full stop, such as `choose another name`.
    ///
    /// The means is shown after it, so it reads as `choose one: <command>`, `give it more time with <arguments>`,
    /// `check <settings>`.
    pub text: Cow<'static, str>,
    /// What to do it with, where that is no part of the text.
    pub means: Option<Means>,
}

/// What a hint is followed with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Means {
    /// A command of this product.
    Command(Command),
    /// Arguments for the command that failed, all of them together.
    Arguments(Cow<'static, [Argument]>),
    /// Settings by their keys, as a driver calls them. Any one of them helps.
    Settings(Cow<'static, [&'static str]>),
    /// A command line of somebody else's program, ready to be copied.
    Foreign(Cow<'static, str>),
}

/// A command of this product.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Command {
    /// Which one.
    pub verb: Verb,
    /// What it is given.
    pub arguments: Cow<'static, [Argument]>,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// It carries out an operation of a driver.
    Operation(Operation),
    /// It looks for faults of the configuration, without the cloud.
    Check,
    /// It writes a first configuration.
    Init,
    /// It shows the main job on an embedded cloud.
    Quickstart,
}

/// One argument of a command. A value is as the user would write it, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Argument {
    /// The app, by its id; without a value that an id has to be given.
    AppId(Option<Cow<'static, str>>),
    /// The cluster, by its id; without a value that an id has to be given.
    ClusterId(Option<Cow<'static, str>>),
    /// The volume.
    Volume(Cow<'static, str>),
    /// The disk or snapshot of the volume.
    Name(Cow<'static, str>),
    /// What a disk or snapshot is made from; without a value that it has to be named.
    Source(Option<Cow<'static, str>>),
    /// The first disk of each volume that has none.
    Bootstrap,
    /// The availability zone.
    Zone(Option<Cow<'static, str>>),
    /// The Kubernetes namespace.
    Namespace(Option<Cow<'static, str>>),
    /// Whose credential a kubeconfig holds.
    Credential(Cow<'static, str>),
    /// Which address of the API server is used.
    Address(Option<Cow<'static, str>>),
    /// What is in the way is no reason to stop.
    Force,
    /// This may be deleted although it is not the product's own.
    AllowDelete(Cow<'static, str>),
    /// It only tells what it would do.
    DryRun,
    /// The output is one JSON document.
    Json,
    /// More time.
    Timeout,
    /// Nodes get the image that a change needs to reach them, and are drained for it.
    UpgradeNodeImages,
    /// The kompoxops.yml.
    Config(Option<Cow<'static, str>>),
    /// A file or directory of KOM documents.
    KomPath(Option<Cow<'static, str>>),
    /// The KOM file of an app.
    KomApp(Option<Cow<'static, str>>),
    /// The directory `.kompox`.
    KompoxDir(Option<Cow<'static, str>>),
}

impl Hint {
    /// A hint that is known when the program is compiled, for tables.
    #[must_use]
    pub const fn fixed(text: &'static str, means: Option<Means>) -> Self {
        Self {
            text: Cow::Borrowed(text),
            means,
        }
    }

    /// What needs no more than its text.
    #[must_use]
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            means: None,
        }
    }

    /// What is done with a command of this product.
    #[must_use]
    pub fn command(text: impl Into<Cow<'static, str>>, command: impl Into<Command>) -> Self {
        Self::text(text).by(Means::Command(command.into()))
    }

    /// What is done by giving one more argument to the command that failed.
    #[must_use]
    pub fn argument(text: impl Into<Cow<'static, str>>, argument: Argument) -> Self {
        Self::arguments(text, vec![argument])
    }

    /// What is done by giving several arguments more to the command that failed.
    #[must_use]
    pub fn arguments(text: impl Into<Cow<'static, str>>, arguments: Vec<Argument>) -> Self {
        Self::text(text).by(Means::Arguments(arguments.into()))
    }

    /// What is done with a setting.
    #[must_use]
    pub fn setting(text: impl Into<Cow<'static, str>>, key: &'static str) -> Self {
        Self::text(text).by(Means::Settings(vec![key].into()))
    }

    /// What is done with a program of somebody else, by a command line ready to be copied.
    #[must_use]
    pub fn foreign(text: impl Into<Cow<'static, str>>, line: impl Into<Cow<'static, str>>) -> Self {
        Self::text(text).by(Means::Foreign(line.into()))
    }

    fn by(mut self, means: Means) -> Self {
        self.means = Some(means);
        self
    }
}

impl Means {
    /// An operation without arguments.
    #[must_use]
    pub const fn operation(operation: Operation) -> Self {
        Self::Command(Command::of(Verb::Operation(operation)))
    }

    /// Any of these settings.
    #[must_use]
    pub const fn settings(keys: &'static [&'static str]) -> Self {
        Self::Settings(Cow::Borrowed(keys))
    }

    /// All of these arguments.
    #[must_use]
    pub const fn arguments(arguments: &'static [Argument]) -> Self {
        Self::Arguments(Cow::Borrowed(arguments))
    }

    /// A command line of somebody else's program.
    #[must_use]
    pub const fn foreign(line: &'static str) -> Self {
        Self::Foreign(Cow::Borrowed(line))
    }
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl Command {
    /// The command with no arguments.
    #[must_use]
    pub const fn of(verb: Verb) -> Self {
        Self {
            verb,
            arguments: Cow::Borrowed(&[]),
        }
    }

    /// The command with one argument more.
    #[must_use]
    pub fn with(mut self, argument: Argument) -> Self {
        self.arguments.to_mut().push(argument);
        self
    }
}

impl From<Verb> for Command {
    fn from(verb: Verb) -> Self {
        Self::of(verb)
    }
}

impl From<Operation> for Command {
    fn from(operation: Operation) -> Self {
        Self::of(Verb::Operation(operation))
    }
}

impl Operation {
    /// The operation as a command with one argument, for a [`Hint`].
    #[must_use]
    pub fn with(self, argument: Argument) -> Command {
        Command::from(self).with(argument)
    }
}

/// Hints in one line that names no flag, for logs, libraries and tests of drivers.
#[must_use]
pub fn in_words(hints: &[Hint]) -> String {
    hints
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.means {
            None => Ok(()),
            Some(Means::Command(command)) => {
                write!(f, ": {}", command.verb)?;
                if !command.arguments.is_empty() {
                    write!(f, " ({})", listed(&command.arguments))?;
                }
                Ok(())
            }
            Some(Means::Arguments(arguments)) => write!(f, " with {}", listed(arguments)),
            Some(Means::Settings(keys)) => write!(f, " {}", keys.join(" or ")),
            Some(Means::Foreign(line)) => write!(f, ": {line}"),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(operation) => operation.fmt(f),
            Self::Check => f.write_str("check"),
            Self::Init => f.write_str("init"),
            Self::Quickstart => f.write_str("quickstart"),
        }
    }
}

fn listed(arguments: &[Argument]) -> String {
    arguments
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, value) = match self {
            Self::AppId(id) => ("app", id.as_deref()),
            Self::ClusterId(id) => ("cluster", id.as_deref()),
            Self::Volume(name) => ("volume", Some(&**name)),
            Self::Name(name) => ("name", Some(&**name)),
            Self::Source(source) => ("source", source.as_deref()),
            Self::Bootstrap => ("bootstrap", None),
            Self::Zone(zone) => ("zone", zone.as_deref()),
            Self::Namespace(namespace) => ("namespace", namespace.as_deref()),
            Self::Credential(whose) => ("credential", Some(&**whose)),
            Self::Address(which) => ("address", which.as_deref()),
            Self::Force => ("force", None),
            Self::AllowDelete(id) => ("allow delete", Some(&**id)),
            Self::DryRun => ("dry run", None),
            Self::Json => ("JSON", None),
            Self::Timeout => ("timeout", None),
            Self::UpgradeNodeImages => ("upgrade of node images", None),
            Self::Config(path) => ("ops file", path.as_deref()),
            Self::KomPath(path) => ("KOM path", path.as_deref()),
            Self::KomApp(path) => ("KOM app file", path.as_deref()),
            Self::KompoxDir(path) => ("kompox directory", path.as_deref()),
        };
        match value {
            Some(value) => write!(f, "{what} {value}"),
            None => f.write_str(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_told_in_words_without_a_flag() {
        let hints = [
            Hint::command(
                "choose one",
                Operation::DiskAssign.with(Argument::Volume("db".into())),
            ),
            Hint::command("wait for it", Operation::ClusterWait),
            Hint::argument("give it more time", Argument::Timeout),
            Hint::fixed("set", Some(Means::settings(&["A", "B"]))),
            Hint::foreign("start it", "az aks start"),
        ];
        assert_eq!(
            in_words(&hints),
            "choose one: disk assign (volume db); wait for it: cluster wait; give it more time with timeout; \
             set A or B; start it: az aks start"
        );
    }
}
