//! Runs the program as a user would, in an environment of its own.
//!
//! A [`TestEnvironment`] has its own home, temporary and working directory, and a configuration of one app
//! that points to an embedded Azure of its own. [`Output`] shows standard output, standard error and exit code
//! in one text, with everything that differs from run to run replaced by placeholders.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod output;
mod running;
#[cfg(unix)]
mod terminal;

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kompox_azure_emulator::{Connection, Emulator, FaultPlan, FaultRule, Options, Timing};
use tempfile::TempDir;

pub use output::{Output, Redactor};
pub use running::Running;
#[cfg(unix)]
pub use terminal::Terminal;

/// The resource group of the app.
pub const GROUP: &str = "rg-shop";
/// Where the embedded Azure's certificate is, below the working directory.
pub const CA_FILE: &str = ".kompox/ca.pem";

const WORKSPACE: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: Workspace
metadata:
  name: demo
  annotations:
    ops.kompox.dev/id: /ws/demo
";

const CLUSTER: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: Cluster
metadata:
  name: main
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/main
spec:
  settings:
    AZURE_RESOURCE_GROUP_NAME: rg-main
";

const APP: &str = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: App
metadata:
  name: shop
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/main/app/shop
spec:
  deployment:
    zone: \"1\"
  volumes:
    - name: db
      size: 4Gi
    - name: uploads
      size: 8Gi
  settings:
    AZURE_RESOURCE_GROUP_NAME: rg-shop
";

/// A place where the program runs, and an embedded Azure that it talks to.
#[derive(Debug)]
pub struct TestEnvironment {
    program: PathBuf,
    emulator: Option<Emulator>,
    connection: Option<Connection>,
    runtime: tokio::runtime::Runtime,
    /// Last, so that it is removed when nothing uses it any more.
    root: TempDir,
}

/// An Azure that asks to be looked at again at once, about stacks too: the program's own pace would take seconds.
fn hurried() -> Options {
    Options {
        timing: Timing::hurried(),
        ..Options::default()
    }
}

impl TestEnvironment {
    /// With a configuration of one app with the volumes `db` and `uploads`, and an embedded Azure.
    /// `program` is `env!("CARGO_BIN_EXE_kompoxops-under-test")`.
    #[must_use]
    pub fn new(program: &str) -> Self {
        Self::with(program, hurried())
    }

    /// The same with an embedded Azure that is set up so.
    #[must_use]
    pub fn with(program: &str, options: Options) -> Self {
        let mut environment = Self::empty(program);
        let emulator = environment
            .block_on(Emulator::start(options))
            .expect("the emulator starts");
        let connection = emulator.connection().clone();
        environment.write(".kompox/kom/workspace.yml", WORKSPACE);
        environment.write(".kompox/kom/cluster.yml", CLUSTER);
        environment.write(".kompox/kom/app.yml", APP);
        environment.write(".kompox/secrets/client-secret", &connection.client_secret);
        // A copy, because the emulator's own goes with it.
        let ca = std::fs::read_to_string(&connection.ca_file).expect("a certificate");
        environment.write(CA_FILE, &ca);
        let ca_file = environment.path(CA_FILE).display().to_string();
        environment.write(".kompox/kom/provider.yml", &provider(&connection, ca_file));
        environment.connection = Some(connection);
        environment.emulator = Some(emulator);
        environment
    }

    /// With an empty working directory and no Azure.
    #[must_use]
    pub fn empty(program: &str) -> Self {
        let root = tempfile::Builder::new()
            .prefix("kompox-cli-")
            .tempdir()
            .expect("a temporary directory");
        for directory in ["home", "tmp", "work"] {
            std::fs::create_dir(root.path().join(directory)).expect("a directory");
        }
        Self {
            program: program.into(),
            emulator: None,
            connection: None,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            root,
        }
    }

    /// Waits for a future.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The embedded Azure.
    #[must_use]
    pub fn emulator(&self) -> &Emulator {
        self.emulator.as_ref().expect("this environment has an emulator")
    }

    /// What the configuration says about the embedded Azure, also when that is gone.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("this environment has an emulator")
    }

    /// Ends the embedded Azure: its port refuses connections from now on.
    pub fn stop_emulator(&mut self) {
        drop(self.emulator.take());
    }

    /// Makes one thing go wrong.
    pub fn fault(&self, rule: FaultRule) {
        self.emulator()
            .set_faults(FaultPlan::new([rule]))
            .expect("a valid rule");
    }

    /// The id of a disk or snapshot (`kind`) of a volume, by its resource name.
    #[must_use]
    pub fn resource_id(&self, kind: &str, resource: &str) -> String {
        let subscription = &self.connection().subscription_id;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{GROUP}/providers/Microsoft.Compute/{kind}/{resource}"
        )
    }

    /// The directory that commands run in.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// The home directory of whoever runs commands.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// A path below the working directory.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.work().join(path)
    }

    /// Writes a file below the working directory, and makes the directories it needs.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory");
        }
        std::fs::write(&path, text).expect("a file");
    }

    /// Reads a file below the working directory.
    #[must_use]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path(path);
        match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    /// Replaces text in a file below the working directory. The text must be there.
    pub fn edit(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let before = self.read(&path);
        assert!(before.contains(from), "{from:?} is not in {before}");
        self.write(path, &before.replace(from, to));
    }

    /// Runs a command line, split at white space, and waits for its end.
    pub fn run(&self, line: &str) -> Output {
        self.command(line).run()
    }

    /// A command line, split at white space, to add to before it is run.
    #[must_use]
    pub fn command(&self, line: &str) -> Invocation<'_> {
        let mut command = Command::new(&self.program);
        command.env_clear();
        // Without these Windows loads no libraries and opens no sockets, and `cargo llvm-cov` gathers nothing.
        for name in ["SystemRoot", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let root = self.root.path();
        command
            .env("HOME", root.join("home"))
            .env("USERPROFILE", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("TEMP", root.join("tmp"))
            .env("TMP", root.join("tmp"))
            .env("PATH", "")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1")
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command.args(line.split_whitespace());
        Invocation {
            command,
            environment: self,
        }
    }

    /// Replaces what differs from run to run.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        let subscription = self.connection.as_ref().map(|c| c.subscription_id.clone());
        Redactor::new(&self.program, self.root.path(), subscription)
    }
}

/// One run of the program that is yet to begin.
#[derive(Debug)]
pub struct Invocation<'a> {
    command: Command,
    environment: &'a TestEnvironment,
}

impl Invocation<'_> {
    /// Adds one argument as it is.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Removes a variable of the environment.
    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs it in another directory below the working directory.
    #[must_use]
    pub fn in_directory(mut self, directory: &str) -> Self {
        self.command.current_dir(self.environment.path(directory));
        self
    }

    /// Has another program run it: its command line is added to that of the other one.
    #[must_use]
    pub fn run_by(mut self, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.env_clear().args(arguments);
        command
            .arg(self.command.get_program())
            .args(self.command.get_args());
        let variables = self.command.get_envs();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(self.command.get_current_dir().unwrap_or(Path::new(".")));
        command.stdin(Stdio::null());
        self.command = command;
        self
    }

    /// Gives it another standard output, in place of one that is read.
    #[must_use]
    pub fn spawn_with_stdout(mut self, stdout: Stdio) -> Running {
        self.command.stdout(stdout).stderr(Stdio::piped());
        Running::spawn(self.command, self.environment.redactor())
    }

    /// Begins it.
    #[must_use]
    pub fn spawn(self) -> Running {
        self.spawn_with_stdout(Stdio::piped())
    }

    /// Begins it with a standard input that stays open until [`Running::close_stdin`].
    #[must_use]
    pub fn spawn_with_stdin(mut self) -> Running {
        self.command.stdin(Stdio::piped());
        self.spawn()
    }

    /// Begins it on a terminal.
    #[cfg(unix)]
    #[must_use]
    pub fn spawn_on_terminal(self) -> Terminal {
        Terminal::spawn(self.command, None, self.environment.redactor())
    }

    /// Begins it on a terminal, with a standard error that goes elsewhere.
    #[cfg(unix)]
    #[must_use]
    pub fn spawn_on_terminal_with_stderr(self, stderr: Stdio) -> Terminal {
        Terminal::spawn(self.command, Some(stderr), self.environment.redactor())
    }

    /// Runs it and waits for its end.
    pub fn run(self) -> Output {
        self.spawn().wait()
    }
}

fn provider(connection: &Connection, ca_file: String) -> String {
    let mut text = "\
apiVersion: ops.kompox.dev/v1alpha1
kind: Provider
metadata:
  name: azure
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure
spec:
  driver: aks
  settings:
"
    .to_owned();
    let mut settings = connection.settings();
    settings.insert(
        "AZURE_CLIENT_SECRET".to_owned(),
        "file:../secrets/client-secret".to_owned(),
    );
    settings.insert("AZURE_CA_FILE".to_owned(), ca_file);
    for (key, value) in settings {
        // JSON is YAML, and quotes what a path may hold.
        let value = serde_json::Value::String(value);
        text.extend(["    ", &key, ": ", &value.to_string(), "\n"]);
    }
    text
}
