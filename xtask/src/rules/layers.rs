//! `layers`: our packages depend on each other, and on others, only as allowed.

use cargo_metadata::{DependencyKind, Package};

use crate::process::{capture, cargo};
use crate::report::{Finding, Result};
use crate::rules::edges::{BANS, Ban, LAYERS, Layer};
use crate::rules::tree::{Crate, parse};
use crate::workspace::Workspace;

const TABLE: &str = "xtask/src/rules/edges.rs";

/// A declared dependency of one of our packages on another.
#[derive(Debug)]
struct Edge<'p> {
    from: &'p str,
    to: &'p str,
    kind: DependencyKind,
    features: &'p [String],
}

/// The step.
pub(crate) fn step(workspace: &Workspace) -> Result<Vec<Finding>> {
    let names: Vec<&str> = workspace
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    let mut findings = unknown(&names, LAYERS);
    findings.extend(check_edges(&edges(&workspace.members), LAYERS));
    for ban in BANS.iter().filter(|ban| names.contains(&ban.package)) {
        findings.extend(check_ban(ban, &normal_tree(workspace, ban)?));
    }
    Ok(findings)
}

fn edges(members: &[Package]) -> Vec<Edge<'_>> {
    let mut edges = Vec::new();
    for member in members {
        for dependency in &member.dependencies {
            if members.iter().any(|other| other.name.as_str() == dependency.name) {
                edges.push(Edge {
                    from: &member.name,
                    to: &dependency.name,
                    kind: dependency.kind,
                    features: &dependency.features,
                });
            }
        }
    }
    edges
}

fn normal_tree(workspace: &Workspace, ban: &Ban) -> Result<Vec<Crate>> {
    let mut words = vec![
        "tree",
        "--locked",
        "--quiet",
        "--package",
        ban.package,
        "--edges",
        "normal",
        "--target",
        "all",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    if ban.all_features {
        words.push("--all-features");
    }
    let shown = format!("cargo {}", words.join(" "));
    Ok(parse(&capture(cargo(&workspace.root, &words), &shown)?))
}

/// Members that no row of the table speaks of.
fn unknown(names: &[&str], layers: &[Layer]) -> Vec<Finding> {
    names
        .iter()
        .filter(|name| !layers.iter().any(|layer| layer.package == **name))
        .map(|name| {
            Finding::new(
                *name,
                "the table of layers has no row for this package",
                format!("add one to {TABLE}, saying what it may use"),
            )
        })
        .collect()
}

fn check_edges(edges: &[Edge<'_>], layers: &[Layer]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for edge in edges {
        let place = format!("{} → {}", edge.from, edge.to);
        let Some(layer) = layers.iter().find(|layer| layer.package == edge.from) else {
            continue;
        };
        let for_tests = edge.kind == DependencyKind::Development;
        let allowed = layer.uses.contains(&edge.to) || (for_tests && layer.tests_use.contains(&edge.to));
        if !allowed {
            let kind = match edge.kind {
                DependencyKind::Development => "dev",
                DependencyKind::Build => "build",
                _ => "normal",
            };
            findings.push(Finding::new(
                &place,
                format!("this {kind} dependency is not among the allowed edges"),
                format!(
                    "move the code to where it may stand; {TABLE} says what {} may use",
                    edge.from
                ),
            ));
        }
        if !for_tests && edge.features.iter().any(|feature| feature == "mock") {
            findings.push(Finding::new(
                &place,
                "a normal dependency turns on `mock`",
                "turn it on in [dev-dependencies] only",
            ));
        }
    }
    findings
}

fn check_ban(ban: &Ban, tree: &[Crate]) -> Vec<Finding> {
    let banned = |name: &str| {
        ban.without.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *pattern,
        })
    };
    tree.iter()
        .filter(|dependency| banned(&dependency.name))
        .map(|dependency| {
            Finding::new(
                ban.package,
                format!(
                    "{} is in its normal dependencies, but {}",
                    dependency.name, ban.reason
                ),
                format!(
                    "see who brings it with `cargo tree -p {} -e normal -i {}`, and move that to an adapter",
                    ban.package, dependency.name
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn edge<'p>(from: &'p str, to: &'p str, kind: DependencyKind, features: &'p [String]) -> Edge<'p> {
        Edge {
            from,
            to,
            kind,
            features,
        }
    }

    fn judge(from: &str, to: &str, kind: DependencyKind) -> String {
        problems(&check_edges(&[edge(from, to, kind, &[])], LAYERS))
    }

    #[test]
    fn allowed_edges_pass() {
        assert_eq!(
            judge("kompox-usecase", "kompox-domain", DependencyKind::Normal),
            ""
        );
        assert_eq!(
            judge(
                "kompox-aks",
                "kompox-driver-conformance",
                DependencyKind::Development
            ),
            ""
        );
    }

    #[test]
    fn other_edges_fail_whatever_their_kind() {
        for kind in [
            DependencyKind::Normal,
            DependencyKind::Build,
            DependencyKind::Development,
        ] {
            assert!(judge("kompox-usecase", "kompox-aks", kind).contains("not among the allowed"));
        }
        assert!(judge("kompox-azure-emulator", "kompox-domain", DependencyKind::Normal).contains("normal"));
    }

    #[test]
    fn what_tests_may_use_code_may_not() {
        assert!(judge("kompox-aks", "kompox-azure-emulator", DependencyKind::Normal).contains("normal"));
        assert!(judge("kompox-aks", "kompox-azure-emulator", DependencyKind::Build).contains("build"));
    }

    #[test]
    fn mocks_are_for_tests() {
        let mock = ["mock".to_owned()];
        let found = |kind| {
            problems(&check_edges(
                &[edge("kompox-usecase", "kompox-domain", kind, &mock)],
                LAYERS,
            ))
        };
        assert_eq!(found(DependencyKind::Development), "");
        assert!(found(DependencyKind::Normal).contains("turns on `mock`"));
    }

    #[test]
    fn a_package_without_a_row_fails() {
        assert_eq!(problems(&unknown(&["kompox-arm"], LAYERS)), "");
        assert!(problems(&unknown(&["kompox-gke"], LAYERS)).contains("kompox-gke: the table"));
    }

    #[test]
    fn rows_name_packages_that_have_rows() {
        for layer in LAYERS {
            for used in layer.uses.iter().chain(layer.tests_use) {
                assert!(LAYERS.iter().any(|other| other.package == *used), "{used}");
            }
        }
    }

    #[test]
    fn banned_crates_fail() {
        let tree = |name: &str| {
            vec![Crate {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
            }]
        };
        for good in ["thiserror", "httparse", "tokio-free"] {
            assert_eq!(problems(&check_ban(&BANS[0], &tree(good))), "");
        }
        for bad in [
            "tokio",
            "azure_core",
            "kube-client",
            "hyper-util",
            "clap_builder",
            "saphyr",
        ] {
            assert!(problems(&check_ban(&BANS[0], &tree(bad))).contains(bad), "{bad}");
        }
    }
}
