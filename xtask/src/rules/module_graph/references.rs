//! The paths that stand in the code of a module.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, Expr, ExprCall, ExprPath, Field, FieldValue, ImplItem, Item, ItemMacro, ItemUse, Lit,
    Local, Macro, Meta, PatIdent, Path, StmtMacro, TraitItem, Variant, Visibility,
};

use crate::rules::module_graph::paths::{Imported, attributes, imports, is_test};
use crate::rules::module_graph::reference::{Kind, Reference, begins_upper};
use crate::rules::module_graph::scan::scan;

/// The references in the items of a module.
pub(super) fn of(items: &[Item]) -> Vec<Reference> {
    let mut references = References(Vec::new());
    for item in items {
        references.visit_item(item);
    }
    references.0
}

struct References(Vec<Reference>);

impl References {
    fn add(&mut self, path: Vec<String>, line: usize, kind: Kind) {
        self.0.push(Reference {
            path,
            line,
            kind,
            reexport: false,
        });
    }

    fn add_path(&mut self, path: &Path, kind: Kind) {
        if let (Some(first), None) = (path.segments.first(), path.leading_colon) {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.add(segments.collect(), first.ident.span().start().line, kind);
        }
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        self.0.extend(scan(tokens));
    }

    /// A path in the text of an attribute, as serde takes them: `with = "crate::a::b"`.
    fn add_text(&mut self, text: &str, line: usize) {
        if text.contains("::")
            && let Ok(path) = syn::parse_str::<Path>(text)
        {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.add(segments.collect(), line, Kind::Name);
        }
    }

    fn add_texts(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.add_texts(group.stream()),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let Lit::Str(text) = Lit::new(literal) {
                        self.add_text(&text.value(), line);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

/// Visits a part of the code unless only tests see it.
macro_rules! unless_test {
    ($($visit:ident($node:ty) of $attributes:expr;)*) => {
        $(fn $visit(&mut self, node: &'ast $node) {
            let attributes: fn(&'ast $node) -> &'ast [Attribute] = $attributes;
            if !is_test(attributes(node)) {
                visit::$visit(self, node);
            }
        })*
    };
}

impl<'ast> Visit<'ast> for References {
    unless_test! {
        visit_item(Item) of attributes;
        visit_impl_item(ImplItem) of |item| match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        visit_trait_item(TraitItem) of |item| match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            _ => &[],
        };
        visit_local(Local) of |local| &local.attrs;
        visit_arm(Arm) of |arm| &arm.attrs;
        visit_field(Field) of |field| &field.attrs;
        visit_field_value(FieldValue) of |field| &field.attrs;
        visit_variant(Variant) of |variant| &variant.attrs;
        visit_stmt_macro(StmtMacro) of |statement| &statement.attrs;
        visit_expr(Expr) of |expression| match expression {
            Expr::Assign(expression) => &expression.attrs,
            Expr::Await(expression) => &expression.attrs,
            Expr::Block(expression) => &expression.attrs,
            Expr::Call(expression) => &expression.attrs,
            Expr::ForLoop(expression) => &expression.attrs,
            Expr::If(expression) => &expression.attrs,
            Expr::Macro(expression) => &expression.attrs,
            Expr::Match(expression) => &expression.attrs,
            Expr::MethodCall(expression) => &expression.attrs,
            Expr::Return(expression) => &expression.attrs,
            Expr::Try(expression) => &expression.attrs,
            _ => &[],
        };
    }

    fn visit_path(&mut self, path: &'ast Path) {
        self.add_path(path, Kind::Name);
        visit::visit_path(self, path);
    }

    /// A name alone is rather a variable: only a call, or a name of a type or a constant, is a reference.
    fn visit_expr_path(&mut self, node: &'ast ExprPath) {
        match node.path.get_ident() {
            Some(name) if node.qself.is_none() && !begins_upper(&name.to_string()) => {}
            _ => visit::visit_expr_path(self, node),
        }
    }

    fn visit_expr_call(&mut self, node: &'ast ExprCall) {
        if let Expr::Path(function) = node.func.as_ref()
            && function.path.get_ident().is_some()
        {
            self.add_path(&function.path, Kind::Name);
        }
        visit::visit_expr_call(self, node);
    }

    /// A constant or a struct without fields looks like a new variable.
    fn visit_pat_ident(&mut self, node: &'ast PatIdent) {
        let name = node.ident.to_string();
        if begins_upper(&name) {
            self.add(vec![name], node.ident.span().start().line, Kind::Name);
        }
        visit::visit_pat_ident(self, node);
    }

    fn visit_item_use(&mut self, node: &'ast ItemUse) {
        if node.leading_colon.is_some() {
            return;
        }
        for import in imports(&node.tree) {
            self.0.push(Reference {
                path: import.path,
                line: import.line,
                kind: match import.name {
                    Imported::All => Kind::Glob,
                    Imported::As(_) => Kind::Name,
                },
                reexport: !matches!(node.vis, Visibility::Inherited),
            });
        }
    }

    fn visit_item_macro(&mut self, node: &'ast ItemMacro) {
        if node.ident.is_none() {
            self.visit_macro(&node.mac);
        } else {
            self.add_tokens(node.mac.tokens.clone());
        }
    }

    fn visit_macro(&mut self, node: &'ast Macro) {
        self.add_path(&node.path, Kind::Macro);
        self.add_tokens(node.tokens.clone());
    }

    fn visit_attribute(&mut self, node: &'ast Attribute) {
        let path = node.path();
        if ["doc", "cfg", "cfg_attr"].iter().any(|name| path.is_ident(name)) {
            return;
        }
        self.add_path(path, Kind::Name);
        match &node.meta {
            Meta::Path(_) => {}
            Meta::List(list) => {
                self.add_tokens(list.tokens.clone());
                self.add_texts(list.tokens.clone());
            }
            Meta::NameValue(pair) => self.visit_expr(&pair.value),
        }
    }

    /// Who may see an item is no use of the module that is named.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
