//! What cargo makes of the manifests: the tree of dependencies as it is built, and Cargo.lock.
//!
//! The tree comes from `cargo tree`, because Cargo.lock and `cargo metadata` also hold what no combination
//! of features builds.

use std::collections::BTreeMap;

use cargo_metadata::{Metadata, MetadataCommand};

use crate::process::{capture, cargo};
use crate::report::{Finding, Result};
use crate::rules::features::features;
use crate::rules::licences;
use crate::rules::used::Used;
use crate::workspace::Workspace;

/// A package in the tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// Packages that must not be there: a second TLS stack, or a second crypto provider.
const REFUSED: &[&str] = &[
    "ring",
    "openssl",
    "openssl-sys",
    "boring",
    "boring-sys",
    "native-tls",
    "tokio-native-tls",
    "hyper-tls",
];

/// Packages of which there may be one version.
const SINGLE: &[&str] = &["rustls", "reqwest", "hyper", "aws-lc-rs", "tokio-rustls"];

/// Looks at the whole tree: all targets, all kinds, all features but those that need OpenSSL.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = committed(workspace)?;
    let metadata = match locked(workspace) {
        Ok(metadata) => metadata,
        Err(error) => {
            findings.push(Finding::new(
                "Cargo.lock",
                format!("cargo cannot use it as it is: {error}"),
                "run `cargo metadata --format-version 1 > /dev/null` and commit Cargo.lock",
            ));
            return Ok(findings);
        }
    };
    let features = features(&workspace.members).join(",");
    let words = [
        "tree",
        "--locked",
        "--quiet",
        "--workspace",
        "--features",
        &features,
        "--edges",
        "normal,build,dev",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let tree = parse(&capture(
        cargo(&workspace.root, &words),
        "cargo tree --workspace",
    )?);
    findings.extend(check_stacks(&tree));

    let ours = workspace
        .members
        .iter()
        .find_map(|member| member.rust_version.as_ref())
        .ok_or("no member has a rust-version")?;
    let used = others(metadata, &tree, workspace);
    findings.extend(check_rust_versions(&used, (ours.major, ours.minor)));
    findings.extend(licences::check(&used));
    Ok(findings)
}

/// The crates that `cargo tree --prefix none --format {p}` prints, each once.
pub(crate) fn parse(printed: &str) -> Vec<Crate> {
    let mut tree: Vec<Crate> = printed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?.to_owned();
            let version = words.next()?.strip_prefix('v')?.to_owned();
            Some(Crate { name, version })
        })
        .collect();
    tree.sort();
    tree.dedup();
    tree
}

/// Whether Cargo.lock is under version control. Without a repository (an unpacked archive) nobody can say.
fn committed(workspace: &Workspace) -> Result<Vec<Finding>> {
    if !workspace.root.join(".git").exists() {
        return Ok(Vec::new());
    }
    let status = std::process::Command::new("git")
        .current_dir(&workspace.root)
        .args(["ls-files", "--error-unmatch", "Cargo.lock"])
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?
        .status;
    if status.success() {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::new(
        "Cargo.lock",
        "it is not under version control",
        "run `git add Cargo.lock`",
    )])
}

fn locked(workspace: &Workspace) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.current_dir(&workspace.root);
    Ok(command.other_options(vec!["--locked".to_owned()]).exec()?)
}

/// The packages of the tree that are not ours.
fn others(metadata: Metadata, tree: &[Crate], workspace: &Workspace) -> Vec<Used> {
    metadata
        .packages
        .into_iter()
        .filter(|package| !workspace.members.iter().any(|member| member.id == package.id))
        .map(|package| Used {
            name: package.name.to_string(),
            version: package.version.to_string(),
            license: package.license,
            rust_version: package.rust_version,
        })
        .filter(|used| {
            tree.iter()
                .any(|found| found.name == used.name && found.version == used.version)
        })
        .collect()
}

fn check_stacks(tree: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Crate { name, version } in tree {
        versions.entry(name).or_default().push(version);
        if REFUSED.contains(&name.as_str()) {
            findings.push(Finding::new(
                format!("{name} {version}"),
                "a second TLS stack or crypto provider is in the tree",
                remedy(name),
            ));
        }
        if name == "hyper" && version.starts_with("0.") {
            findings.push(Finding::new(
                format!("{name} {version}"),
                "the old HTTP stack is in the tree",
                remedy(&format!("{name}@{version}")),
            ));
        }
    }
    for name in SINGLE {
        if let Some(found) = versions.get(name)
            && found.len() > 1
        {
            findings.push(Finding::new(
                *name,
                format!(
                    "there are {} versions in the tree: {}",
                    found.len(),
                    found.join(", ")
                ),
                remedy(&format!("{name}@{}", found[0])),
            ));
        }
    }
    findings
}

fn remedy(specification: &str) -> String {
    format!(
        "see who brings it with `cargo tree --workspace --target all -i {specification}`, then turn that \
         feature off in [workspace.dependencies] or choose another crate"
    )
}

fn check_rust_versions(packages: &[Used], ours: (u64, u64)) -> Vec<Finding> {
    packages
        .iter()
        .filter_map(|package| {
            let theirs = package.rust_version.as_ref()?;
            ((theirs.major, theirs.minor) > ours).then(|| {
                Finding::new(
                    format!("{} {}", package.name, package.version),
                    format!("it needs Rust {theirs}; ours says {}.{}", ours.0, ours.1),
                    "choose an older version with `cargo update --precise`, or raise rust-version in Cargo.toml",
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;
    use crate::rules::used::tests::used;

    #[test]
    fn reads_what_cargo_tree_prints() {
        let printed = "kompoxops v0.1.0 (/work/crates/cli)\nhyper v1.4.0\nsyn v2.0.1 (proc-macro)\nhyper v1.4.0 (*)\n\n";
        let tree: Vec<String> = parse(printed)
            .iter()
            .map(|found| format!("{} {}", found.name, found.version))
            .collect();
        assert_eq!(tree, ["hyper 1.4.0", "kompoxops 0.1.0", "syn 2.0.1"]);
    }

    #[test]
    fn one_stack_passes() {
        let tree = parse("rustls v0.23.1\nhyper v1.4.0\nreqwest v0.13.0\nsyn v1.0.0\nsyn v2.0.0\n");
        assert_eq!(problems(&check_stacks(&tree)), "");
    }

    #[test]
    fn a_second_stack_fails() {
        for (bad, word) in [
            ("rustls v0.21.0\nrustls v0.23.1", "2 versions"),
            ("reqwest v0.12.0\nreqwest v0.13.0", "2 versions"),
            ("ring v0.17.0", "crypto provider"),
            ("openssl-sys v0.9.0", "second TLS"),
            ("native-tls v0.2.0", "second TLS"),
            ("hyper v0.14.30", "old HTTP stack"),
        ] {
            let found = problems(&check_stacks(&parse(bad)));
            assert!(found.contains(word), "{bad}: {found}");
        }
    }

    #[test]
    fn a_newer_rust_version_fails() {
        let found = |version| problems(&check_rust_versions(&[used(version, None)], (1, 90)));
        assert_eq!(found(None), "");
        assert_eq!(found(Some("1.90.1")), "");
        assert_eq!(found(Some("1.71.0")), "");
        assert!(found(Some("1.91.0")).contains("needs Rust 1.91"));
    }
}
