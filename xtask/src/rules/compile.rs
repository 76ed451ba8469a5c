//! The steps that leave the judgement to rustfmt, clippy and rustdoc.

use crate::process::{cargo, judge};
use crate::report::{Finding, Result};
use crate::rules::features::features;
use crate::workspace::Workspace;

/// `format`: the sources are as rustfmt writes them.
pub(crate) fn format(workspace: &Workspace) -> Result<Vec<Finding>> {
    // Names of files only: whole differences would bury everything else.
    let words = ["fmt", "--all", "--check", "--", "--files-with-diff"];
    judge(
        cargo(&workspace.root, &words),
        "cargo fmt --all --check",
        "run `cargo fmt --all`",
    )
}

/// `clippy`: no warning, neither with all features (but those that need OpenSSL) nor in the program as
/// users build it, with and without the emulator.
///
/// The program alone has its own runs because cargo unites the features of dependencies over the whole
/// workspace: what only a test asks for would be there for the program as well.
pub(crate) fn clippy(workspace: &Workspace) -> Result<Vec<Finding>> {
    let features = features(&workspace.members).join(",");
    let mut findings = Vec::new();
    for build in [
        &["--workspace", "--all-targets", "--features", &features][..],
        &["-p", "kompoxops"],
        &["-p", "kompoxops", "--no-default-features"],
    ] {
        let mut words = vec!["clippy"];
        words.extend(build);
        words.extend(["--", "-D", "warnings"]);
        let shown = format!("cargo {}", words.join(" "));
        findings.extend(judge(
            cargo(&workspace.root, &words),
            &shown,
            "follow the messages; where a lint is wrong, `#[expect(…, reason = \"…\")]` on the smallest item",
        )?);
    }
    Ok(findings)
}

/// `docs`: rustdoc gives no warning.
pub(crate) fn docs(workspace: &Workspace) -> Result<Vec<Finding>> {
    let features = features(&workspace.members).join(",");
    let words = ["doc", "--workspace", "--no-deps", "--features", &features];
    let mut command = cargo(&workspace.root, &words);
    command.env("RUSTDOCFLAGS", "-D warnings");
    judge(
        command,
        "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
        "follow the messages: most often a link to something private or renamed",
    )
}
