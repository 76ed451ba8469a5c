//! This program as a child of itself: the commands of the tour, and the embedded Azure beside them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::ValueEnum as _;
use kompox_domain::{Error, ErrorKind};
use kompox_proxy::{ProxyVariables, Scheme};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::files;
use super::stopped::Stopped;
use crate::args::{Color, GlobalArgs, LogFormat, Progress};
use crate::commands::emulator::TimingArg;
use crate::failure::Failure;
use crate::os;
use crate::stop::Stop;

/// Longer than any start takes, also on a machine that is busy.
const START: Duration = Duration::from_secs(60);
/// How long a child that got the same Ctrl-C may take to say what it left behind.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// More than an embedded Azure that did not start has to say.
const LOG_MAX: u64 = 1 << 20;

/// This program, ready to be run in the quick start's directory.
pub(super) struct Program {
    executable: PathBuf,
    directory: PathBuf,
    flags: Vec<OsString>,
}

impl Program {
    pub(super) fn new(directory: &Path, global: &GlobalArgs) -> Result<Self, Failure> {
        let executable = std::env::current_exe()
            .map_err(|error| Failure::io("cannot find this program", error, "install it anew"))?;
        Ok(Self {
            executable,
            directory: directory.to_owned(),
            flags: inherited(global),
        })
    }

    /// Where this program is, if typing its name would not run it.
    pub(super) fn not_in_path(&self) -> Option<&Path> {
        let name = self.executable.file_name()?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|candidate| candidate.is_file())
            .and_then(|candidate| candidate.canonicalize().ok());
        (found != self.executable.canonicalize().ok()).then_some(&self.executable)
    }

    /// Runs a command that shows its output itself.
    pub(super) async fn show(&self, args: &[String], stop: &Stop) -> Result<Option<i32>, Stopped> {
        let mut command = self.command(args);
        command.args(&self.flags);
        ending_with_us(&mut command);
        let mut child = command.spawn().map_err(cannot_run)?;
        // Held until the child has ended: waiting for it alone would close it.
        let _stdin = child.stdin.take();
        let status = tokio::select! {
            status = child.wait() => status.map_err(cannot_run)?,
            () = stop.requested() => {
                // It got the same Ctrl-C and is about to end; SIGTERM came to this process alone.
                if tokio::time::timeout(LAST_WORDS, child.wait()).await.is_err() {
                    let _ = child.kill().await;
                }
                return Err(Stopped::Interrupted);
            }
        };
        Ok(status.code())
    }

    /// Runs a command for what it prints as JSON.
    pub(super) async fn query(&self, args: &[&str], stop: &Stop) -> Result<Value, Stopped> {
        let mut all: Vec<String> = args.iter().map(ToString::to_string).collect();
        all.extend(["-o", "json", "--quiet"].map(ToOwned::to_owned));
        let mut command = self.command(&all);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        ending_with_us(&mut command);
        let mut child = command.spawn().map_err(cannot_run)?;
        // Held until the child has ended: waiting for its output alone would close it.
        let _stdin = child.stdin.take();
        let output = tokio::select! {
            output = child.wait_with_output() => output.map_err(cannot_run)?,
            () = stop.requested() => return Err(Stopped::Interrupted),
        };
        let what = || format!("`kompoxops {}` failed", args.join(" "));
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::from(said_by(ErrorKind::Failed, what(), &said)).into());
        }
        let value = serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::from(Error::new(ErrorKind::Internal, what()).with_source(error)))?;
        Ok(value)
    }

    fn command(&self, args: &[String]) -> Command {
        let mut command = Command::new(&self.executable);
        command.args(args).current_dir(&self.directory).kill_on_drop(true);
        // They would lead the command to another configuration than that of the directory.
        for name in kompox_config::VARIABLES {
            command.env_remove(name);
        }
        if proxied() {
            command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        }
        command
    }
}

/// Makes a child end when this process does, however that ends: a kill leaves no command at work.
fn ending_with_us(command: &mut Command) {
    command.arg("--ends-with-stdin").stdin(Stdio::piped());
}

/// Whether requests to loopback would go to a proxy, which cannot answer them.
pub(super) fn proxied() -> bool {
    let decided = ProxyVariables::from_env().proxy_for(Scheme::Https, "127.0.0.1");
    !matches!(decided, Ok(None))
}

/// What holds for this command holds for those that it runs.
fn inherited(global: &GlobalArgs) -> Vec<OsString> {
    let mut flags: Vec<OsString> = Vec::new();
    let mut add = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            flags.push(format!("--{name}").into());
            flags.push(value);
        }
    };
    let word = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().into());
    let (color, progress, format) = (global.color, global.progress, global.log_format);
    add(
        "color",
        (color != Color::Auto)
            .then(|| word(color.to_possible_value()))
            .flatten(),
    );
    add(
        "progress",
        (progress != Progress::Auto)
            .then(|| word(progress.to_possible_value()))
            .flatten(),
    );
    add(
        "log-format",
        (format != LogFormat::Human)
            .then(|| word(format.to_possible_value()))
            .flatten(),
    );
    add(
        "log-level",
        global.log_level.and_then(|level| word(level.to_possible_value())),
    );
    // Relative to where this command was started, not to the directory of the quick start.
    let log = global.log_output.as_ref().map(|path| match path.to_str() {
        Some("-" | "none") => path.clone(),
        _ => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
    });
    add("log-output", log.map(PathBuf::into_os_string));
    add(
        "timeout",
        global
            .timeout
            .map(|timeout| format!("{}ms", timeout.as_millis().max(1)).into()),
    );
    if global.quiet {
        flags.push("--quiet".into());
    }
    flags
}

/// Whether output goes to a terminal, so that commands print tables by themselves.
pub(super) fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// The embedded Azure, while the tour lasts.
pub(super) struct EmbeddedAzure {
    child: Child,
    /// What a provider needs to use it.
    pub(super) connection: BTreeMap<String, String>,
}

impl EmbeddedAzure {
    /// Starts it with its state in the directory, and waits until it is ready.
    pub(super) async fn start(program: &Program, timing: TimingArg, stop: &Stop) -> Result<Self, Stopped> {
        let args = [
            "emulator",
            "run",
            "--state",
            ".azure",
            "--until-stdin-closes",
            "-o",
            "json",
            "--timing",
            timing.as_str(),
        ];
        let mut command = program.command(&args.map(ToOwned::to_owned));
        let log = program.directory.join(".kompox/logs/emulator.log");
        files::remove_log(&log)?;
        let stderr = os::append_private(&log).map_err(cannot_run)?;
        // Its standard input ends with this process, however that ends.
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr);
        os::own_group(&mut command);
        let mut child = command.spawn().map_err(cannot_run)?;
        let line = async {
            let mut line = String::new();
            if let Some(stdout) = child.stdout.take() {
                let _ = BufReader::new(stdout).read_line(&mut line).await;
            }
            line
        };
        let line = tokio::select! {
            line = tokio::time::timeout(START, line) => line.unwrap_or_default(),
            () = stop.requested() => return Err(Stopped::Interrupted),
        };
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let settings = ready.get("settings").and_then(Value::as_object);
        let Some(settings) = settings else {
            let said = kompox_files::read(&log, LOG_MAX).unwrap_or_default();
            return Err(Failure::from(not_started(&String::from_utf8_lossy(&said))).into());
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let connection = settings
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect();
        Ok(Self { child, connection })
    }

    /// Ends it and waits until its state is closed.
    pub(super) async fn stop(mut self) {
        drop(self.child.stdin.take());
        if tokio::time::timeout(LAST_WORDS, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn cannot_run(error: std::io::Error) -> Failure {
    Failure::io(
        "cannot run a command of this program",
        error,
        "free memory, processes or room on the disk",
    )
}

/// Why the embedded Azure did not start. What it may advise is about its own flags, which a quick start has not: state
/// and port belong to the quick start's directory, so where either is in use, another directory is the way out.
fn not_started(stderr: &str) -> Error {
    let error = said_by(
        ErrorKind::Failed,
        "the embedded Azure did not start".to_owned(),
        stderr,
    );
    let said = last_object(stderr);
    let kind = said.pointer("/error/kind").and_then(Value::as_str);
    if kind == Some(ErrorKind::Conflict.as_str()) {
        return error.with_hint("stop what uses it, or name a new directory: kompoxops quickstart DIR");
    }
    error
}

/// The JSON object that a child ended with; null where there is none.
fn last_object(stderr: &str) -> Value {
    let mut lines = stderr.lines().rev();
    lines
        .find_map(|line| serde_json::from_str(line).ok())
        .unwrap_or_default()
}

/// The error of a child, from the JSON object it ended with where there is one.
fn said_by(kind: ErrorKind, what: String, stderr: &str) -> Error {
    let object = last_object(stderr);
    let error = object.get("error");
    let text = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
    let causes = error
        .and_then(|error| error.get("causes"))
        .and_then(Value::as_array);
    let causes = causes.into_iter().flatten().filter_map(Value::as_str);
    let said: Vec<&str> = text("message").into_iter().chain(causes).collect();
    let said = if said.is_empty() {
        stderr.trim().to_owned()
    } else {
        said.join(": ")
    };
    let error = Error::new(kind, what).with_source(std::io::Error::other(said));
    match text("hint") {
        Some(hint) => error.with_hint(hint.to_owned()),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_child_is_told_as_its_own() {
        let stderr = "warning: x\n{\"error\":{\"kind\":\"conflict\",\"message\":\"cannot run\",\"causes\":[\"in use\"],\"hint\":\"stop it\"}}\n";
        let error = said_by(ErrorKind::Failed, "it did not start".to_owned(), stderr);
        let report = crate::failure::Report::of(&error);
        assert_eq!(report.causes, ["cannot run: in use"]);
        assert_eq!(report.hint.as_deref(), Some("stop it"));
    }

    #[test]
    fn where_something_is_in_use_another_directory_is_recommended_and_no_flag_that_a_quick_start_lacks() {
        let hint = |kind: &str, hint: &str| {
            let stderr =
                format!("{{\"error\":{{\"kind\":\"{kind}\",\"message\":\"x\",\"hint\":\"{hint}\"}}}}\n");
            kompox_domain::hint::in_words(not_started(&stderr).hints())
        };
        // Whatever its words are.
        for words in ["choose another port with --port", "use another one"] {
            let told = hint("conflict", words);
            assert!(
                !told.contains(words) && told.contains("kompoxops quickstart DIR"),
                "{told}"
            );
        }
        assert_eq!(hint("failed", "make room for --port"), "make room for --port");
    }
}
