//! What the members' manifests must say: the workspace's lints, and the workspace's versions.

use toml::{Table, Value};

use crate::report::{Finding, Result};
use crate::workspace::{Workspace, directory_of};

/// Looks at every member's Cargo.toml.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let path = workspace.relative(&directory_of(member)?.join("Cargo.toml"));
        findings.extend(check_manifest(&path, &workspace.read(&path)?)?);
    }
    Ok(findings)
}

fn check_manifest(path: &str, text: &str) -> Result<Vec<Finding>> {
    let manifest: Table = text.parse().map_err(|error| format!("{path}: {error}"))?;
    let mut findings = Vec::new();
    if !inherits(manifest.get("lints")) {
        findings.push(Finding::new(
            path,
            "it does not take the workspace's lints",
            "add `[lints]` with `workspace = true`",
        ));
    }
    let package = manifest.get("package").and_then(Value::as_table);
    for key in ["edition", "rust-version", "license"] {
        if !inherits(package.and_then(|package| package.get(key))) {
            findings.push(Finding::new(
                path,
                format!("`{key}` is not the workspace's"),
                format!("write `{key}.workspace = true`"),
            ));
        }
    }
    collect(path, "", &manifest, &mut findings);
    Ok(findings)
}

/// Goes through the tables of dependencies, also those of `[target.….…]`.
fn collect(path: &str, prefix: &str, table: &Table, findings: &mut Vec<Finding>) {
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = table.get(section).and_then(Value::as_table) else {
            continue;
        };
        for (name, value) in dependencies {
            if !inherits(Some(value)) {
                findings.push(Finding::new(
                    path,
                    format!("[{prefix}{section}] {name} has a version of its own"),
                    format!(
                        "put it into [workspace.dependencies] of the root, and write \
                         `{name} = {{ workspace = true }}` here"
                    ),
                ));
            }
        }
    }
    if let Some(targets) = table.get("target").and_then(Value::as_table) {
        for (target, inner) in targets {
            if let Some(inner) = inner.as_table() {
                collect(path, &format!("target.{target}."), inner, findings);
            }
        }
    }
}

fn inherits(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    const GOOD: &str = r#"
[package]
name = "x"
edition.workspace = true
rust-version.workspace = true
license.workspace = true

[lints]
workspace = true

[dependencies]
serde = { workspace = true, features = ["rc"] }
tokio.workspace = true
"#;

    fn judge(text: &str) -> String {
        problems(&check_manifest("x/Cargo.toml", text).unwrap())
    }

    #[test]
    fn what_inherits_passes() {
        assert_eq!(judge(GOOD), "");
    }

    #[test]
    fn versions_of_its_own_fail_wherever_they_stand() {
        for bad in [
            "[dev-dependencies]\nx = \"1\"",
            "[build-dependencies]\nx = { version = \"1\" }",
            "[target.'cfg(unix)'.dependencies]\nx = { path = \"../x\" }",
        ] {
            let found = judge(&format!("{GOOD}\n{bad}\n"));
            assert!(found.contains("x has a version of its own"), "{bad}: {found}");
        }
    }

    #[test]
    fn missing_lints_and_edition_fail() {
        let found = judge(&GOOD.replace("[lints]\nworkspace = true", ""));
        assert!(found.contains("lints"), "{found}");
        let found = judge(&GOOD.replace("edition.workspace = true", "edition = \"2021\""));
        assert!(found.contains("`edition`"), "{found}");
    }
}
