//! Which source file of a package uses which other one, read from the paths in its code.
//!
//! The nodes are files. An edge goes from the file in which a path stands to the file that defines what the
//! path names: re-exports and imports are followed to the definition. `mod child;` is no edge, and neither
//! is the re-export of something that stands below the module which re-exports it. Code under `cfg(test)`
//! is left out.
//!
//! Paths are resolved as far as syntax tells. Two things stay unseen: calls of methods, whose definition only
//! types tell, and names that macros of other packages make up. An item that a macro of the package makes is
//! counted as defined in the file of the module that the path names.

mod graph;
mod paths;
mod reference;
mod references;
mod resolve;
mod scan;
mod tree;

use cargo_metadata::{Package, TargetKind};

use crate::report::Result;
use crate::workspace::{SourceFile, Workspace};

pub(crate) use graph::{Edge, Graph, Use};
pub(crate) use tree::Root;

use reference::{Kind, Reference};
use resolve::{Found, resolve};
use tree::{ModuleId, Tree};

/// The graph of a package: of its library, its programs and its examples.
pub(crate) fn of_package(workspace: &Workspace, package: &Package, sources: &[SourceFile]) -> Result<Graph> {
    let roots: Vec<Root> = package
        .targets
        .iter()
        .filter(|target| {
            !target.kind.iter().any(|kind| {
                matches!(
                    kind,
                    TargetKind::Test | TargetKind::Bench | TargetKind::CustomBuild
                )
            })
        })
        .map(|target| Root {
            path: workspace.relative(target.src_path.as_std_path()),
            library: target
                .kind
                .iter()
                .any(|kind| matches!(kind, TargetKind::Lib | TargetKind::RLib | TargetKind::ProcMacro))
                .then(|| target.name.replace('-', "_")),
        })
        .collect();
    of_sources(sources, &roots)
}

/// The graph of the files that are reached from these roots.
pub(crate) fn of_sources(sources: &[SourceFile], roots: &[Root]) -> Result<Graph> {
    let tree = Tree::read(sources, roots)?;
    let mut graph = Graph::default();
    for (id, module) in tree.modules() {
        graph.add_file(&module.file);
        for reference in references::of(&module.items) {
            for target in targets(&tree, id, &reference) {
                graph.add(
                    &module.file,
                    &tree.module(target).file,
                    Use {
                        name: reference.path.join("::"),
                        line: reference.line,
                    },
                );
            }
        }
    }
    Ok(graph)
}

/// The modules whose files a reference in a module needs.
fn targets(tree: &Tree, from: ModuleId, reference: &Reference) -> Vec<ModuleId> {
    let found = resolve(tree, from, &reference.path);
    if found.is_empty() && reference.kind == Kind::Macro {
        // `macro_rules` without a path: known below its definition, from `#[macro_use]` on.
        return tree.macros(&reference.path);
    }
    found
        .into_iter()
        .filter_map(|found| match found {
            Found::Item(module) => Some(module),
            // Only a glob uses a module as a whole; other paths go on to what they name in it.
            Found::Module(module) => {
                (reference.kind == Kind::Glob && tree.module(module).defines_items()).then_some(module)
            }
        })
        .filter(|target| !(reference.reexport && tree.is_within(*target, from)))
        .collect()
}

#[cfg(test)]
mod tests;
