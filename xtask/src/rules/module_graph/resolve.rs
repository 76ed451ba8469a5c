//! What a path in a module names: a module or an item of the package, found through imports and re-exports.

use crate::rules::module_graph::tree::{Binding, ModuleId, Tree};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// The path names a module.
    Module(ModuleId),
    /// The path names an item that this module defines, or something of that item.
    Item(ModuleId),
}

/// What a path that stands in a module names; nothing if it leads to another package, or to no name of the
/// module at all. A name can stand for several things: a module, a function and a macro, or one for each `cfg`.
pub(super) fn resolve(tree: &Tree, from: ModuleId, path: &[String]) -> Vec<Found> {
    let mut found = Search {
        tree,
        open: Vec::new(),
    }
    .path(from, path);
    found.sort_unstable();
    found.dedup();
    found
}

struct Search<'t> {
    tree: &'t Tree,
    /// The names that are being looked for: imports can go around in a circle.
    open: Vec<(ModuleId, String)>,
}

impl Search<'_> {
    fn path(&mut self, from: ModuleId, path: &[String]) -> Vec<Found> {
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let mut found = match first.as_str() {
            "crate" => vec![Found::Module(self.tree.module(from).root)],
            "self" => vec![Found::Module(from)],
            "super" => self.parent(from),
            name => match self.name(from, name) {
                Some(found) => found,
                None => self.tree.library(name).map(Found::Module).into_iter().collect(),
            },
        };
        for segment in rest {
            found = self.step(&found, segment);
        }
        found
    }

    fn parent(&self, module: ModuleId) -> Vec<Found> {
        let parent = self.tree.module(module).parent;
        parent.map(Found::Module).into_iter().collect()
    }

    /// What a segment names in what the segments before it name.
    fn step(&mut self, found: &[Found], segment: &str) -> Vec<Found> {
        let modules: Vec<ModuleId> = found
            .iter()
            .filter_map(|found| match found {
                Found::Module(module) => Some(*module),
                Found::Item(_) => None,
            })
            .collect();
        if modules.is_empty() {
            // A variant, an associated item: it belongs to the item.
            return found.to_vec();
        }
        let mut next = Vec::new();
        for module in modules {
            match segment {
                "self" => next.push(Found::Module(module)),
                "super" => next.extend(self.parent(module)),
                name => match self.name(module, name) {
                    Some(found) => next.extend(found),
                    // Nothing declares it: a macro makes it there.
                    None => next.push(Found::Item(module)),
                },
            }
        }
        next
    }

    /// What a name stands for in a module: none if the module does not have it, nothing if it is of another
    /// package.
    fn name(&mut self, module: ModuleId, name: &str) -> Option<Vec<Found>> {
        let key = (module, name.to_owned());
        if self.open.contains(&key) {
            return Some(self.modules_of(module, name));
        }
        self.open.push(key);
        let tree = self.tree;
        let mut declared: Option<Vec<Found>> = None;
        for binding in tree.module(module).names.get(name).into_iter().flatten() {
            let found = match binding {
                Binding::Module(child) => vec![Found::Module(*child)],
                Binding::Item => vec![Found::Item(module)],
                Binding::Import(path) => self.path(module, path),
            };
            declared.get_or_insert_default().extend(found);
        }
        if declared.is_none() {
            declared = self.through_globs(module, name);
        }
        self.open.pop();
        declared
    }

    /// The modules of that name that are declared in a module: `use child::child` looks for its own name.
    fn modules_of(&self, module: ModuleId, name: &str) -> Vec<Found> {
        let bindings = self.tree.module(module).names.get(name).into_iter().flatten();
        bindings
            .filter_map(|binding| match binding {
                Binding::Module(child) => Some(Found::Module(*child)),
                Binding::Item | Binding::Import(_) => None,
            })
            .collect()
    }

    fn through_globs(&mut self, module: ModuleId, name: &str) -> Option<Vec<Found>> {
        let tree = self.tree;
        for glob in &tree.module(module).globs {
            for found in self.path(module, glob) {
                if let Found::Module(target) = found
                    && let Some(found) = self.name(target, name)
                    && !found.is_empty()
                {
                    return Some(found);
                }
            }
        }
        None
    }
}
