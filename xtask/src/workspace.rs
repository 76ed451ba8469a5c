//! What the rules look at: the workspace's members and their source files.

use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package};

use crate::report::Result;

/// The workspace in which the checks run.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its root.
    pub(crate) root: PathBuf,
    /// Its members, by name.
    pub(crate) members: Vec<Package>,
}

/// A Rust source file of a member.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// The package it belongs to.
    pub(crate) package: String,
    /// Its path from the workspace's root, with `/`.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

impl SourceFile {
    /// Whether all of it is test code, by its place.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.rsplit('/');
        parts
            .next()
            .is_some_and(|name| name == "tests.rs" || name.ends_with("_tests.rs"))
            || parts.any(|directory| directory == "tests")
    }
}

impl Workspace {
    /// Reads the manifests. Touches neither the network nor Cargo.lock.
    pub(crate) fn load() -> Result<Self> {
        let mut command = MetadataCommand::new();
        command.manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
        let metadata = command.no_deps().exec()?;
        let mut members = metadata.packages;
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            members,
        })
    }

    /// The text of a file below the root.
    pub(crate) fn read(&self, path: &str) -> Result<String> {
        std::fs::read_to_string(self.root.join(path)).map_err(|error| format!("{path}: {error}").into())
    }

    /// A path below the root, as messages show it.
    pub(crate) fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    /// Every Rust source file of every member, in a fixed order.
    pub(crate) fn sources(&self) -> Result<Vec<SourceFile>> {
        let mut sources = Vec::new();
        for member in &self.members {
            let directory = directory_of(member)?;
            let mut paths = Vec::new();
            rust_files(directory, &mut paths)?;
            paths.sort();
            for path in paths {
                let text =
                    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                sources.push(SourceFile {
                    package: member.name.to_string(),
                    path: self.relative(&path),
                    text,
                });
            }
        }
        Ok(sources)
    }

    /// A workspace without members, for tests of what surrounds the rules.
    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        Self {
            root: PathBuf::new(),
            members: Vec::new(),
        }
    }
}

/// The directory of a package.
pub(crate) fn directory_of(package: &Package) -> Result<&Path> {
    let manifest = package.manifest_path.as_std_path();
    manifest
        .parent()
        .ok_or_else(|| format!("{}: no directory", manifest.display()).into())
}

/// Rust files below a package's directory, leaving out build output and packages within.
fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') && !path.join("Cargo.toml").exists() {
                rust_files(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_and_sources() {
        let workspace = Workspace::load().unwrap();
        assert!(
            workspace
                .members
                .iter()
                .any(|member| member.name.as_str() == "xtask")
        );
        let sources = workspace.sources().unwrap();
        let own = sources
            .iter()
            .find(|source| source.path == "xtask/src/workspace.rs")
            .unwrap();
        assert_eq!(own.package, "xtask");
        assert!(!sources.iter().any(|source| source.path.contains("/target/")));
    }

    #[test]
    fn tests_are_known_by_their_place() {
        let file = |path: &str| SourceFile {
            package: "x".to_owned(),
            path: path.to_owned(),
            text: String::new(),
        };
        assert!(file("tests/src/lib.rs").is_test());
        assert!(file("crates/x/tests/it.rs").is_test());
        assert!(file("crates/x/src/store/tests.rs").is_test());
        assert!(!file("crates/x/src/attests.rs").is_test());
        assert!(!file("crates/x/src/tests_of.rs").is_test());
    }
}
