//! The tree of a package's modules, with the names that each of them declares.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, ItemUse, Lit, Meta};

use crate::report::Result;
use crate::rules::module_graph::paths::{Imported, attributes, imports, is_test, items_of};
use crate::workspace::SourceFile;

/// Where the tree of a target begins.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// The file.
    pub(crate) path: String,
    /// The name by which the other targets of the package use it, if it is the library.
    pub(crate) library: Option<String>,
}

/// A module, as an index into the tree.
pub(super) type ModuleId = usize;

/// What a name in a module stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binding {
    Module(ModuleId),
    Item,
    Import(Vec<String>),
}

/// A module, which has a file of its own or stands in that of its parent.
pub(super) struct Module {
    pub(super) file: String,
    pub(super) parent: Option<ModuleId>,
    pub(super) root: ModuleId,
    pub(super) names: BTreeMap<String, Vec<Binding>>,
    pub(super) globs: Vec<Vec<String>>,
    /// Its items, without those that only tests see and without modules.
    pub(super) items: Vec<Item>,
}

impl Module {
    /// Whether it defines anything itself, beside modules and imports.
    pub(super) fn defines_items(&self) -> bool {
        self.names
            .values()
            .flatten()
            .any(|binding| *binding == Binding::Item)
            || self.items.iter().any(|item| matches!(item, Item::Macro(_)))
    }
}

/// The modules of all targets of a package.
#[derive(Default)]
pub(super) struct Tree {
    modules: Vec<Module>,
    /// The root of the library, and its name.
    library: Option<(String, ModuleId)>,
    macros: BTreeMap<String, BTreeSet<ModuleId>>,
}

/// Where the files of a module's children are looked for.
#[derive(Debug, Clone)]
struct Place {
    /// The file that is being read.
    file: String,
    /// The directory of the module's children.
    children: String,
}

impl Tree {
    /// Reads the modules from the roots on.
    pub(super) fn read(sources: &[SourceFile], roots: &[Root]) -> Result<Self> {
        let mut reader = Reader {
            sources: sources
                .iter()
                .map(|source| (source.path.as_str(), source.text.as_str()))
                .collect(),
            tree: Self::default(),
        };
        for root in roots {
            let place = Place {
                file: root.path.clone(),
                children: directory(&root.path).to_owned(),
            };
            let id = reader.file(&place, None)?;
            if let (Some(name), Some(id)) = (&root.library, id) {
                reader.tree.library = Some((name.clone(), id));
            }
        }
        Ok(reader.tree)
    }

    pub(super) fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate()
    }

    pub(super) fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id]
    }

    /// The root of the library, by the name of its crate.
    pub(super) fn library(&self, name: &str) -> Option<ModuleId> {
        let (library, id) = self.library.as_ref()?;
        (library == name).then_some(*id)
    }

    /// The modules that define a macro by `macro_rules`, if the path is only its name.
    pub(super) fn macros(&self, path: &[String]) -> Vec<ModuleId> {
        match path {
            [name] => self.macros.get(name).into_iter().flatten().copied().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a module is another one or stands below it.
    pub(super) fn is_within(&self, module: ModuleId, ancestor: ModuleId) -> bool {
        let mut at = Some(module);
        while let Some(id) = at {
            if id == ancestor {
                return true;
            }
            at = self.module(id).parent;
        }
        false
    }
}

struct Reader<'s> {
    sources: BTreeMap<&'s str, &'s str>,
    tree: Tree,
}

impl Reader<'_> {
    /// Reads a file as a module; none if all of it is for tests.
    fn file(&mut self, place: &Place, parent: Option<ModuleId>) -> Result<Option<ModuleId>> {
        let path = &place.file;
        let text = self
            .sources
            .get(path.as_str())
            .ok_or_else(|| format!("{path}: the module has no such file"))?;
        let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
        if is_test(&file.attrs) {
            return Ok(None);
        }
        self.module(place, parent, file.items).map(Some)
    }

    fn module(&mut self, place: &Place, parent: Option<ModuleId>, items: Vec<Item>) -> Result<ModuleId> {
        let id = self.tree.modules.len();
        self.tree.modules.push(Module {
            file: place.file.clone(),
            parent,
            root: parent.map_or(id, |parent| self.tree.module(parent).root),
            names: BTreeMap::new(),
            globs: Vec::new(),
            items: Vec::new(),
        });
        for item in items_of(items) {
            match item {
                Item::Mod(child) => self.child(place, id, child)?,
                item => {
                    self.declare(id, &item);
                    self.tree.modules[id].items.push(item);
                }
            }
        }
        self.bind_local_imports(id);
        Ok(id)
    }

    fn child(&mut self, place: &Place, parent: ModuleId, item: ItemMod) -> Result<()> {
        let name = item.ident.to_string();
        let children = join(&place.children, &name);
        let id = if let Some((_, items)) = item.content {
            let file = place.file.clone();
            Some(self.module(&Place { file, children }, Some(parent), items)?)
        } else if let Some(path) = path_attribute(&item.attrs) {
            let file = join(directory(&place.file), &path);
            let children = directory(&file).to_owned();
            self.file(&Place { file, children }, Some(parent))?
        } else {
            let beside = format!("{children}.rs");
            let file = if self.sources.contains_key(beside.as_str()) {
                beside
            } else {
                format!("{children}/mod.rs")
            };
            self.file(&Place { file, children }, Some(parent))?
        };
        if let Some(id) = id {
            self.bind(parent, name, Binding::Module(id));
        }
        Ok(())
    }

    fn bind(&mut self, module: ModuleId, name: String, binding: Binding) {
        let names = &mut self.tree.modules[module].names;
        names.entry(name).or_default().push(binding);
    }

    fn declare(&mut self, module: ModuleId, item: &Item) {
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::TraitAlias(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Macro(item) => {
                let Some(name) = &item.ident else { return };
                let macros = &mut self.tree.macros;
                macros.entry(name.to_string()).or_default().insert(module);
                name
            }
            Item::Use(item) => {
                for import in imports(&item.tree) {
                    match import.name {
                        Imported::All => self.tree.modules[module].globs.push(import.path),
                        Imported::As(name) => self.bind(module, name, Binding::Import(import.path)),
                    }
                }
                return;
            }
            _ => return,
        };
        self.bind(module, name.to_string(), Binding::Item);
    }

    /// Imports within functions: known in the whole module here, unless it has the name already.
    fn bind_local_imports(&mut self, module: ModuleId) {
        let mut local = LocalImports(Vec::new());
        for item in &self.tree.modules[module].items {
            if !matches!(item, Item::Use(_)) {
                local.visit_item(item);
            }
        }
        for (name, path) in local.0 {
            if !self.tree.modules[module].names.contains_key(&name) {
                self.bind(module, name, Binding::Import(path));
            }
        }
    }
}

/// The imports in the bodies of functions.
struct LocalImports(Vec<(String, Vec<String>)>);

impl<'ast> Visit<'ast> for LocalImports {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for import in imports(&item.tree) {
            if let Imported::As(name) = import.name {
                self.0.push((name, import.path));
            }
        }
    }
}

/// The value of `#[path = "…"]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn join(directory: &str, name: &str) -> String {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
