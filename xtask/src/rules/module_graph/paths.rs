//! What is read from single items: the paths of imports, attributes, and whether only tests see it.

use syn::{Attribute, Item, UseTree};

/// A path of a `use`, and what it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) name: Imported,
    pub(super) line: usize,
}

/// Under which name an import is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Imported {
    As(String),
    All,
}

/// The paths of a `use`, one for each name or glob. `use x as _` has the name `_`.
pub(super) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    collect(tree, &[], &mut found);
    found
}

fn collect(tree: &UseTree, prefix: &[String], found: &mut Vec<Import>) {
    let with = |segment: String| {
        let mut path = prefix.to_vec();
        path.push(segment);
        path
    };
    match tree {
        UseTree::Path(path) => collect(&path.tree, &with(path.ident.to_string()), found),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, prefix, found);
            }
        }
        UseTree::Glob(glob) => found.push(Import {
            path: prefix.to_vec(),
            name: Imported::All,
            line: glob.star_token.spans[0].start().line,
        }),
        UseTree::Name(_) | UseTree::Rename(_) => {
            let (ident, name) = match tree {
                UseTree::Rename(rename) => (&rename.ident, Some(rename.rename.to_string())),
                UseTree::Name(name) => (&name.ident, None),
                _ => return,
            };
            let (segment, line) = (ident.to_string(), ident.span().start().line);
            // `a::{self}` is `a`; `self` alone is the module itself.
            let path = if segment == "self" && !prefix.is_empty() {
                prefix.to_vec()
            } else {
                with(segment)
            };
            let Some(name) = name.or_else(|| path.last().cloned()) else {
                return;
            };
            found.push(Import {
                path,
                name: Imported::As(name),
                line,
            });
        }
    }
}

/// Items without those that only tests see.
pub(super) fn items_of(items: Vec<Item>) -> impl Iterator<Item = Item> {
    items.into_iter().filter(|item| !is_test(attributes(item)))
}

/// Whether one of the attributes is `cfg(test)`, `cfg(all(test, …))` or `test`.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            let Ok(list) = attribute.meta.require_list() else {
                return false;
            };
            let text: String = list.tokens.to_string().split_whitespace().collect();
            return text == "test" || text.starts_with("all(test,");
        }
        path.segments
            .last()
            .is_some_and(|segment| segment.ident == "test")
    })
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
