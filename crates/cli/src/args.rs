//! The flags that commands share: those on every command, the output, and the target.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum, ValueHint};

use crate::duration;
use crate::shell;

/// The heading over the flags that choose the target.
const TARGET: &str = "Target (default: the one app in the configuration)";

/// The same where the target is a cluster.
const CLUSTER_TARGET: &str = "Target (default: the one cluster in the configuration)";

/// Flags on every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Flags on every command")]
pub struct GlobalArgs {
    /// Change to this directory before anything else
    #[arg(short = 'C', long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub chdir: Option<PathBuf>,
    /// Directory that holds .kompox [env: KOMPOX_ROOT] [default: the nearest parent with .kompox]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub kompox_root: Option<PathBuf>,
    /// The .kompox directory itself [env: KOMPOX_DIR] [default: .kompox in the root]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub kompox_dir: Option<PathBuf>,
    /// Read KOM documents from this file or directory; may be repeated [env: KOMPOX_KOM_PATH]
    #[arg(long, global = true, value_name = "PATH", action = ArgAction::Append, value_hint = ValueHint::AnyPath)]
    pub kom_path: Vec<PathBuf>,
    /// Read the app from this file [env: KOMPOX_KOM_APP] [default: kompoxapp.yml where it exists]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kom_app: Option<PathBuf>,
    /// Read a kompoxops.yml in place of KOM documents
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// How much to log [default: info with --log-output, else off]
    #[arg(long, global = true, value_name = "LEVEL", value_enum)]
    pub log_level: Option<LogLevel>,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// Where the log goes: a file, `-` for standard error, or `none` [default: - with --log-level, else none]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub log_output: Option<PathBuf>,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Say nothing but data and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How to show the progress of long work, on standard error
    #[arg(long, global = true, value_name = "HOW", value_enum, default_value_t = Progress::Auto)]
    pub progress: Progress,
    /// Give up after this time, such as 90s, 5m or 1h30m [default: depends on the command]
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration::parse)]
    pub timeout: Option<Duration>,
    /// Answer every question with yes
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// End when standard input is closed: when whoever started this process has gone, in whatever way
    #[arg(long, global = true, hide = true)]
    pub ends_with_stdin: bool,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// A table on a terminal, JSON otherwise
    #[default]
    Auto,
    /// Columns for humans
    Table,
    /// JSON
    Json,
    /// YAML
    Yaml,
    /// One name per line
    Name,
}

/// `-o`, on commands that print data.
#[derive(Debug, Clone, Copy, Args)]
pub struct OutputArgs {
    /// How to print the data; with json and yaml, an error is one JSON object on standard error
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Auto)]
    pub output: OutputFormat,
}

/// Which app a command is about.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArgs {
    /// The app by its id: /ws/WS/prv/PRV/cls/CLS/app/APP
    #[arg(short = 'A', long, help_heading = TARGET, value_name = "ID")]
    pub app_id: Option<String>,
    /// The app by its name
    #[arg(long, help_heading = TARGET, value_name = "NAME")]
    pub app_name: Option<String>,
    /// Only apps of the cluster with this id: /ws/WS/prv/PRV/cls/CLS
    #[arg(long, help_heading = TARGET, value_name = "ID")]
    pub cluster_id: Option<String>,
    /// Only apps of the cluster with this name
    #[arg(long, help_heading = TARGET, value_name = "NAME")]
    pub cluster_name: Option<String>,
}

/// Which cluster a command is about.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterTargetArgs {
    /// The cluster by its id: /ws/WS/prv/PRV/cls/CLS
    #[arg(long, help_heading = CLUSTER_TARGET, value_name = "ID")]
    pub cluster_id: Option<String>,
    /// The cluster by its name
    #[arg(long, help_heading = CLUSTER_TARGET, value_name = "NAME")]
    pub cluster_name: Option<String>,
    /// The cluster of the app with this id: /ws/WS/prv/PRV/cls/CLS/app/APP
    #[arg(short = 'A', long, help_heading = CLUSTER_TARGET, value_name = "ID")]
    pub app_id: Option<String>,
    /// The cluster of the app with this name
    #[arg(long, help_heading = CLUSTER_TARGET, value_name = "NAME")]
    pub app_name: Option<String>,
}

impl ClusterTargetArgs {
    /// The flags as they were given, each after a space, to be put after another command.
    pub(crate) fn flags(&self) -> String {
        let given = [
            ("--cluster-id", &self.cluster_id),
            ("--cluster-name", &self.cluster_name),
            ("--app-id", &self.app_id),
            ("--app-name", &self.app_name),
        ];
        given
            .into_iter()
            .filter_map(|(flag, value)| Some(format!(" {flag} {}", shell::word(value.as_deref()?))))
            .collect()
    }
}

/// How much to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// What failed
    Error,
    /// What may be wrong
    Warn,
    /// What is done
    Info,
    /// Why it is done
    Debug,
    /// Everything
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For humans
    Human,
    /// One JSON object per line
    Json,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A spinner on a terminal, plain lines otherwise
    Auto,
    /// A line whenever something changes
    Plain,
    /// One JSON object per event
    Json,
    /// Not at all; warnings are still shown
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_target_can_be_pasted_into_a_shell() {
        let target = ClusterTargetArgs {
            cluster_id: Some("/ws/(nil)/prv/p/cls/c".to_owned()),
            app_name: Some("it's".to_owned()),
            ..ClusterTargetArgs::default()
        };
        assert_eq!(
            target.flags(),
            r" --cluster-id '/ws/(nil)/prv/p/cls/c' --app-name 'it'\''s'"
        );
        assert_eq!(ClusterTargetArgs::default().flags(), "");
    }
}
