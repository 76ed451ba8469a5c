//! The picture of the layers: the modules of each package, each above all that it uses.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::report::Result;
use crate::rules::edges::{LAYERS, Layer};
use crate::rules::module_graph::{self, Graph};
use crate::workspace::{Workspace, directory_of};

/// So many characters a line of the picture has at most.
const WIDTH: usize = 100;

/// The picture, as a block of text in Markdown: the packages, and in each its modules, from top to bottom.
pub(crate) fn picture(workspace: &Workspace) -> Result<String> {
    let sources = workspace.sources()?;
    let mut picture = "```text\n".to_owned();
    for Layer { package, .. } in LAYERS.iter().rev() {
        let Some(member) = workspace
            .members
            .iter()
            .find(|member| member.name.as_str() == *package)
        else {
            continue;
        };
        let directory = workspace.relative(directory_of(member)?);
        let files = module_graph::of_package(workspace, member, &sources)?;
        let modules = files.renamed(|path| module_of(&directory, path).map(str::to_owned));
        picture.push_str(&of_package(package, &modules));
    }
    picture.push_str("```\n");
    Ok(picture)
}

/// The module right below a package's `src` to which a file belongs; none for what stands elsewhere.
fn module_of<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    let below = path.strip_prefix(directory)?.strip_prefix("/src/")?;
    let first = below.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

/// The lines of a package: its name, then its layers, the topmost first. Modules that use each other stand
/// together, with `↔` between them.
fn of_package(package: &str, modules: &Graph) -> String {
    let mut text = format!("{package}\n");
    for (number, layer) in modules.layers().iter().enumerate().rev() {
        let words: Vec<String> = layer
            .iter()
            .filter(|names| !only_declares(names, modules))
            .flat_map(words)
            .collect();
        if words.is_empty() {
            continue;
        }
        let mut line = format!("{:>4} ", number + 1);
        for word in words {
            if line.chars().count() + word.chars().count() > WIDTH {
                let _ = writeln!(text, "{}", line.trim_end());
                line = " ".repeat(5);
            }
            line.push_str(&word);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The names of modules that use each other; mostly it is one.
fn words(names: &BTreeSet<&str>) -> Vec<String> {
    let mut words: Vec<String> = names.iter().map(|name| format!("↔ {name} ")).collect();
    if let Some(first) = words.first_mut() {
        *first = first.replacen('↔', " ", 1);
    }
    words
}

/// Whether it is a root of the package that nobody uses and that uses nothing.
fn only_declares(names: &BTreeSet<&str>, modules: &Graph) -> bool {
    let touches = |name| modules.edges().any(|edge| edge.from == name || edge.to == name);
    names.iter().all(|name| *name == "lib" && !touches(*name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::module_graph::Use;

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to) in edges {
            let name = "x".to_owned();
            graph.add(from, to, Use { name, line: 1 });
        }
        graph
    }

    #[test]
    fn what_uses_stands_above_what_is_used() {
        let graph = graph(&[
            ("lib", "view"),
            ("view", "args"),
            ("args", "view"),
            ("lib", "os"),
            ("log", "view"),
        ]);
        assert_eq!(
            of_package("kompoxops", &graph),
            "kompoxops\n   2   lib   log\n   1   args ↔ view   os\n"
        );
    }

    #[test]
    fn long_layers_are_broken() {
        let names: Vec<String> = (10..40).map(|number| format!("module{number}")).collect();
        let edges: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "base")).collect();
        let picture = of_package("x", &graph(&edges));
        assert!(
            picture.lines().all(|line| line.chars().count() <= WIDTH),
            "{picture}"
        );
        assert_eq!(picture.lines().count(), 6, "{picture}");
        let circle: Vec<(&str, &str)> = edges
            .iter()
            .flat_map(|(name, base)| [(*name, *base), (*base, *name)])
            .collect();
        let circle = of_package("x", &graph(&circle));
        assert!(
            circle.lines().all(|line| line.chars().count() <= WIDTH),
            "{circle}"
        );
        assert!(circle.starts_with("x\n   1   base ↔ module10 ↔"), "{circle}");
        assert!(picture.ends_with("\n   1   base\n"), "{picture}");
    }

    #[test]
    fn a_root_that_only_declares_is_not_shown() {
        let mut declaring = graph(&[("a", "b")]);
        declaring.add_file("lib");
        assert_eq!(of_package("x", &declaring), "x\n   2   a\n   1   b\n");
        let used = graph(&[("a", "lib")]);
        assert_eq!(of_package("x", &used), "x\n   2   a\n   1   lib\n");
    }

    #[test]
    fn files_belong_to_the_module_below_src() {
        let module = |path| module_of("crates/cli", path);
        assert_eq!(module("crates/cli/src/lib.rs"), Some("lib"));
        assert_eq!(module("crates/cli/src/ui/mod.rs"), Some("ui"));
        assert_eq!(module("crates/cli/src/ui/table.rs"), Some("ui"));
        assert_eq!(module("crates/cli/examples/x.rs"), None);
        assert_eq!(module("crates/cli2/src/x.rs"), None);
    }
}
