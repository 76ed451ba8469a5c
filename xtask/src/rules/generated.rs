//! `generated`: documents that are made from the code are as the code says; `cargo xtask generate` writes
//! them.

use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::Message;

use crate::output::Output;
use crate::process::{capture, cargo};
use crate::report::{Finding, Result};
use crate::rules::{architecture, code_map};
use crate::workspace::Workspace;

/// The reference of the command line.
const REFERENCE: &str = "design/cli-reference.md";

/// A document, and how to make what should stand in it.
struct Document {
    path: &'static str,
    make: fn(&Workspace) -> Result<String>,
}

/// Each stands alone: one that cannot be made does not keep the others from being compared or written.
const DOCUMENTS: [Document; 3] = [
    Document {
        path: architecture::PATH,
        make: architecture::renew,
    },
    Document {
        path: code_map::PATH,
        make: code_map::document,
    },
    Document {
        path: REFERENCE,
        make: reference,
    },
];

/// The step. `steps` are the names of all steps, which a document may refer to.
pub(crate) fn step(workspace: &Workspace, steps: &[&str]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for document in &DOCUMENTS {
        match (document.make)(workspace) {
            Ok(expected) => {
                let found = workspace.read(document.path).unwrap_or_default();
                findings.extend(compare(document.path, &found, &expected));
            }
            Err(error) => findings.push(Finding::new(
                document.path,
                format!("it cannot be made: {error}"),
                "mend the cause, then run `cargo xtask generate`",
            )),
        }
    }
    let architecture = workspace.read(architecture::PATH)?;
    findings.extend(architecture::check_references(workspace, &architecture, steps)?);
    Ok(findings)
}

/// Writes every document that is not as it should be. Whether all could be made.
pub(crate) fn write(workspace: &Workspace, output: &mut Output) -> Result<bool> {
    let mut all = true;
    for document in &DOCUMENTS {
        let path = document.path;
        match (document.make)(workspace) {
            Ok(expected) if workspace.read(path).is_ok_and(|found| found == expected) => {
                output.note(&format!("{path}: as it was"));
            }
            Ok(expected) => {
                std::fs::write(workspace.root.join(path), expected)
                    .map_err(|error| format!("{path}: {error}"))?;
                output.note(&format!("{path}: written"));
            }
            Err(error) => {
                output.note(&format!("{path}: it cannot be made: {error}"));
                all = false;
            }
        }
    }
    Ok(all)
}

/// The reference as the program describes itself. It comes from an example of this package, so that all other
/// checks can be built and run while the program cannot. All packages are chosen, so that cargo builds their
/// dependencies with the features that the tests build them with, and so only once.
fn reference(workspace: &Workspace) -> Result<String> {
    let name = "cli-reference";
    let words = [
        "build",
        "--locked",
        "--workspace",
        "--example",
        name,
        "--message-format=json-render-diagnostics",
    ];
    let shown = format!("cargo {}", words.join(" "));
    let built = capture(cargo(&workspace.root, &words), &shown)?;
    let program = executable(&built, name).ok_or_else(|| format!("{shown} made no program {name}"))?;
    capture(Command::new(&program), &program.display().to_string())
}

/// Where cargo's messages say that an example is.
fn executable(messages: &str, example: &str) -> Option<PathBuf> {
    let artifact = |message| match message {
        Message::CompilerArtifact(artifact) if artifact.target.name == example => artifact.executable,
        _ => None,
    };
    let mut messages = Message::parse_stream(messages.as_bytes()).filter_map(std::result::Result::ok);
    messages.find_map(artifact).map(Into::into)
}

fn compare(path: &str, found: &str, expected: &str) -> Vec<Finding> {
    // A checkout on Windows may have other line ends.
    let found = found.replace("\r\n", "\n");
    if found == expected {
        return Vec::new();
    }
    let same = found
        .lines()
        .zip(expected.lines())
        .take_while(|(left, right)| left == right)
        .count();
    let line = expected.lines().nth(same).unwrap_or("the end of the file");
    vec![Finding::at(
        path,
        same + 1,
        format!("it is not what the code says, which is here: {line}"),
        "run `cargo xtask generate` and commit what it writes",
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    #[test]
    fn equal_documents_pass() {
        assert_eq!(problems(&compare("x.md", "a\nb\n", "a\nb\n")), "");
        assert_eq!(problems(&compare("x.md", "a\r\nb\r\n", "a\nb\n")), "");
    }

    #[test]
    fn the_first_difference_is_named() {
        assert!(
            problems(&compare("x.md", "a\nc\n", "a\nb\n"))
                .contains("x.md:2: it is not what the code says, which is here: b")
        );
        assert!(problems(&compare("x.md", "a\nb\nc\n", "a\nb\n")).contains("x.md:3"));
        assert!(problems(&compare("x.md", "", "a\n")).contains("x.md:1"));
    }
}
