//! Circles of files: no two files of a package may use each other, directly or over others.
//!
//! In a circle nothing can be read, tested or moved alone. The list of [`known`](super::known_circles) circles
//! may only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::output::Output;
use crate::report::{Finding, Result};
use crate::rules::known_circles::KNOWN;
use crate::rules::module_graph::{self, Edge, Graph, Use};
use crate::workspace::Workspace;

/// So many edges, and so many uses of each, are shown where a circle is refused.
const SHOWN: usize = 8;

/// What the rule finds in all packages.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let sources = workspace.sources()?;
    let mut findings = Vec::new();
    let mut known: BTreeMap<&str, BTreeSet<&str>> = KNOWN
        .iter()
        .map(|(package, files)| (*package, files.iter().copied().collect()))
        .collect();
    for member in &workspace.members {
        let graph = module_graph::of_package(workspace, member, &sources)?;
        let files = known.remove(member.name.as_str()).unwrap_or_default();
        findings.extend(check_package(&member.name, &graph, &files));
    }
    for package in known.keys() {
        findings.push(Finding::new(
            *package,
            "the list of known circles names a package that does not exist",
            "take it out of xtask/src/rules/known_circles.rs",
        ));
    }
    Ok(findings)
}

fn check_package(package: &str, graph: &Graph, known: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let circles = graph.circles();
    for circle in &circles {
        let new: Vec<&str> = circle.difference(known).copied().collect();
        let Some(first) = new.first() else { continue };
        findings.push(Finding::new(
            *first,
            format!(
                "files of {package} use each other in a circle{}: {}\n    these edges close it:\n{}",
                if new.len() == circle.len() {
                    String::new()
                } else {
                    format!(", with others of the list of known circles ({})", circle.len() - new.len())
                },
                new.join(", "),
                shown(&graph.feedback(circle), SHOWN).trim_end(),
            ),
            format!(
                "move what one of these names stands for to where both may use it; `cargo xtask circles {package}` \
                 shows every edge"
            ),
        ));
    }
    for file in known {
        if !circles.iter().any(|circle| circle.contains(file)) {
            findings.push(Finding::new(
                *file,
                "the list of known circles names it, but it is in none",
                "take it out of xtask/src/rules/known_circles.rs",
            ));
        }
    }
    findings
}

/// `cargo xtask circles`: the circles of a package, or of all, with the edges in them.
pub(crate) fn list(workspace: &Workspace, package: Option<&str>, output: &mut Output) -> Result<bool> {
    let sources = workspace.sources()?;
    if let Some(name) = package
        && !workspace
            .members
            .iter()
            .any(|member| member.name.as_str() == name)
    {
        return Err(format!("there is no package `{name}` in this workspace").into());
    }
    let mut none = true;
    for member in &workspace.members {
        if package.is_none_or(|name| member.name.as_str() == name) {
            let graph = module_graph::of_package(workspace, member, &sources)?;
            none &= graph.circles().is_empty();
            output.data(&described(&member.name, &graph));
        }
    }
    Ok(none)
}

/// The circles of a package: first the edges to cut, then all others.
fn described(package: &str, graph: &Graph) -> String {
    let circles = graph.circles();
    if circles.is_empty() {
        return format!("{package}: no circle\n");
    }
    let mut text = String::new();
    for circle in circles {
        let closing = graph.feedback(&circle);
        let within = graph.within(&circle);
        let others: Vec<Edge<'_>> = within
            .into_iter()
            .filter(|edge| !closing.contains(edge))
            .collect();
        let files: Vec<&str> = circle.iter().copied().collect();
        let _ = write!(
            text,
            "{package}: a circle of {} files\n  {}\nedges that close it: {}\n{}other edges in it: {}\n{}",
            files.len(),
            files.join("\n  "),
            closing.len(),
            shown(&closing, usize::MAX),
            others.len(),
            shown(&others, usize::MAX),
        );
    }
    text
}

/// Edges with the names that are used, each once: first those with few uses.
fn shown(edges: &[Edge<'_>], most: usize) -> String {
    let mut edges: Vec<&Edge<'_>> = edges.iter().collect();
    edges.sort_by_key(|edge| edge.uses.len());
    let mut text = String::new();
    for edge in edges.iter().take(most) {
        let _ = writeln!(text, "  {} → {}", edge.from, edge.to);
        let names = names(edge.uses);
        for used in names.iter().take(most) {
            let _ = writeln!(text, "    line {}: {}", used.line, used.name);
        }
        if names.len() > most {
            let _ = writeln!(text, "    and {} names more", names.len() - most);
        }
    }
    if edges.len() > most {
        let _ = writeln!(text, "  and {} edges more", edges.len() - most);
    }
    text
}

/// The uses without those of a name that one before has brought.
fn names(uses: &[Use]) -> Vec<&Use> {
    let mut names: Vec<&Use> = Vec::new();
    for used in uses {
        let first = used.name.split("::").next();
        if !names
            .iter()
            .any(|before| before.name == used.name || before.name.rsplit("::").next() == first)
        {
            names.push(used);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn graph() -> Graph {
        let mut graph = Graph::default();
        for (from, to, name) in [
            ("a.rs", "b.rs", "crate::b::X"),
            ("a.rs", "b.rs", "X::new"),
            ("b.rs", "a.rs", "crate::a::Y"),
            ("c.rs", "a.rs", "crate::a::Y"),
        ] {
            let name = name.to_owned();
            graph.add(from, to, Use { name, line: 7 });
        }
        graph
    }

    fn judge(known: &[&str]) -> String {
        problems(&check_package("x", &graph(), &known.iter().copied().collect()))
    }

    #[test]
    fn a_circle_that_is_not_known_fails_and_shows_what_closes_it() {
        let found = judge(&[]);
        assert!(
            found.starts_with("a.rs: files of x use each other in a circle: a.rs, b.rs\n"),
            "{found}"
        );
        assert!(found.ends_with("b.rs → a.rs\n    line 7: crate::a::Y"), "{found}");
    }

    #[test]
    fn a_known_circle_passes_until_another_file_joins() {
        assert_eq!(judge(&["a.rs", "b.rs"]), "");
        let found = judge(&["a.rs"]);
        assert!(
            found.starts_with("b.rs: files of x use each other in a circle, with others of the list of known circles (1): b.rs\n"),
            "{found}"
        );
    }

    #[test]
    fn the_list_only_shrinks() {
        let found = judge(&["a.rs", "b.rs", "c.rs", "gone.rs"]);
        assert_eq!(
            found,
            "c.rs: the list of known circles names it, but it is in none\n\
             gone.rs: the list of known circles names it, but it is in none"
        );
    }

    #[test]
    fn what_closes_a_circle_stands_first() {
        let text = described("x", &graph());
        assert_eq!(
            text,
            "x: a circle of 2 files\n  a.rs\n  b.rs\n\
             edges that close it: 1\n  b.rs → a.rs\n    line 7: crate::a::Y\n\
             other edges in it: 1\n  a.rs → b.rs\n    line 7: crate::b::X\n"
        );
        assert_eq!(described("x", &Graph::default()), "x: no circle\n");
    }
}
