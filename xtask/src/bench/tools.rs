//! What is measured, and what measures: three programs, all built with the workspace's release profile.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::process::{capture, cargo};
use crate::report::Result;
use crate::workspace::Workspace;

/// The name of the variable in which the program finds its secret.
pub(crate) const SECRET: &str = "KOMPOX_BENCH_SECRET";

/// The programs.
#[derive(Debug)]
pub(crate) struct Tools {
    /// What is measured.
    pub(crate) program: PathBuf,
    /// The server, the bare client, and what starts the others: `bench-peer`.
    pub(crate) peer: PathBuf,
    /// A program that does nothing.
    pub(crate) empty: PathBuf,
    /// Where the empty program was built, and where programs run that need no other directory.
    pub(crate) directory: TempDir,
}

/// What one run of a program took.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Run {
    /// Milliseconds from its start to its end.
    pub(crate) wall: f64,
    /// The largest part of memory that it had, in bytes.
    pub(crate) memory: f64,
    /// When it ended, in milliseconds since 1970.
    pub(crate) ended: f64,
}

impl Tools {
    /// Builds what is not built yet; program and peer only if none is given.
    pub(crate) fn build(workspace: &Workspace, program: Option<&Path>, peer: Option<&Path>) -> Result<Self> {
        let root = &workspace.root;
        let directory = tempfile::Builder::new().prefix("kompox-bench-").tempdir()?;
        // Copies, because somebody may build again meanwhile.
        let copied = |built: &Path| -> Result<PathBuf> {
            let copy = directory.path().join(built.file_name().unwrap_or_default());
            std::fs::copy(built, &copy)
                .map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
            Ok(copy)
        };
        let given = |file: Option<&Path>, which: &[&str]| match file {
            Some(file) => copied(file),
            None => copied(&build(root, which)?),
        };
        let program = given(program, &["-p", "kompoxops", "--bin", "kompoxops"])?;
        let peer = given(peer, &["-p", "bench-peer"])?;
        let empty = empty_program(workspace, directory.path())?;
        Ok(Self {
            program,
            peer,
            empty,
            directory,
        })
    }

    /// Runs a program and measures it. It sees no variable of ours but its secret: no proxy, no configuration.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str], secret: &str) -> Result<Run> {
        self.run_until(program, arguments, secret, 0)
    }

    /// The same for a program that must end with this exit code.
    pub(crate) fn run_until(
        &self,
        program: &Path,
        arguments: &[&str],
        secret: &str,
        code: u8,
    ) -> Result<Run> {
        let mut command = self.peer();
        command
            .arg("run")
            .arg(code.to_string())
            .arg(program)
            .args(arguments)
            .env(SECRET, secret);
        let words = format!("{} {}", program.display(), arguments.join(" "));
        Ok(serde_json::from_str(&capture(command, &words)?)?)
    }

    /// The peer with an environment that is empty, as far as a program can live with that.
    pub(crate) fn peer(&self) -> Command {
        let mut command = Command::new(&self.peer);
        command.env_clear().current_dir(self.directory.path());
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command.stdin(Stdio::null());
        command
    }
}

/// Builds a part of the workspace, and gives the path of the program.
fn build(root: &Path, which: &[&str]) -> Result<PathBuf> {
    let mut words = vec![
        "build",
        "--locked",
        "--release",
        "--message-format=json-render-diagnostics",
    ];
    words.extend(which);
    let mut command = cargo(root, &words);
    let shown = format!("cargo {}", words.join(" "));
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}`: {}; its own messages stand above", output.status).into());
    }
    let printed = String::from_utf8(output.stdout)?;
    let last = printed.lines().filter_map(executable).next_back();
    last.ok_or_else(|| format!("`{shown}` built no program").into())
}

/// The path in one of cargo's messages.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message["executable"].as_str().map(PathBuf::from)
}

/// Builds a program of one line with the profile that the workspace's programs are built with.
fn empty_program(workspace: &Workspace, directory: &Path) -> Result<PathBuf> {
    let root = directory.join("empty");
    std::fs::create_dir_all(root.join("src"))?;
    std::fs::write(root.join("src/main.rs"), "fn main() {}\n")?;
    let manifest = empty_manifest(&workspace.read("Cargo.toml")?)?;
    std::fs::write(root.join("Cargo.toml"), manifest)?;
    let mut command = cargo(&root, &["build", "--quiet", "--release", "--offline"]);
    command.env("CARGO_TARGET_DIR", root.join("target"));
    capture(command, "cargo build --release of an empty program")?;
    let name = format!("empty{}", std::env::consts::EXE_SUFFIX);
    Ok(root.join("target/release").join(name))
}

fn empty_manifest(workspace: &str) -> Result<String> {
    const TABLE: &str = "[profile.release]\n";
    let (_, rest) = workspace
        .split_once(TABLE)
        .ok_or("Cargo.toml has no [profile.release]")?;
    let profile = rest.split("\n[").next().unwrap_or(rest).trim_end();
    Ok(format!(
        "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n\n{TABLE}{profile}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_program_has_the_same_profile() {
        let text = empty_manifest(
            "[profile.dev]\ndebug = false\n\n[profile.release]\nlto = \"thin\"\nstrip = true\n\n[profile.x]\na = 1\n",
        )
        .unwrap();
        assert!(
            text.ends_with("[profile.release]\nlto = \"thin\"\nstrip = true\n"),
            "{text}"
        );
        assert!(empty_manifest("[workspace]\n").is_err());
    }

    #[test]
    fn the_program_is_found_in_cargos_messages() {
        assert_eq!(
            executable(r#"{"executable":"/x/y"}"#),
            Some(PathBuf::from("/x/y"))
        );
        assert_eq!(executable(r#"{"executable":null}"#), None);
        assert_eq!(executable("Compiling"), None);
    }
}
