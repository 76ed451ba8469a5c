//! The graph of sources that are made up: every form of an edge, and what is none.

use super::*;

fn graph_of(roots: &[(&str, Option<&str>)], files: &[(&str, &str)]) -> Graph {
    let sources: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile {
            package: "x".to_owned(),
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    let roots: Vec<Root> = roots
        .iter()
        .map(|(path, library)| Root {
            path: (*path).to_owned(),
            library: library.map(str::to_owned),
        })
        .collect();
    of_sources(&sources, &roots).unwrap()
}

/// The edges of a library whose modules `a` and `b` have this text; `b` defines much that can be named.
fn edges(a: &str) -> String {
    edges_of(&[
        (
            "src/lib.rs",
            "mod a; mod b; mod c; pub use b::Shown; pub mod face { pub use crate::b::deep::*; }",
        ),
        ("src/a.rs", a),
        (
            "src/b.rs",
            "pub mod deep; pub struct X; pub struct Shown; pub enum E { V } pub trait T {} pub const N: u8 = 1; \
             pub fn f() {} macro_rules! make { () => { fn g() { crate::c::h() } } } pub(crate) use make; generated!();",
        ),
        ("src/b/deep.rs", "pub struct D; pub fn d() {}"),
        ("src/c.rs", "pub fn h() {} pub use std::fmt;"),
    ])
}

fn edges_of(files: &[(&str, &str)]) -> String {
    let graph = graph_of(&[("src/lib.rs", Some("x"))], files);
    let lines: Vec<String> = graph
        .edges()
        .filter(|edge| edge.from == "src/a.rs")
        .map(|edge| edge.to.trim_start_matches("src/").to_owned())
        .collect();
    lines.join(" ")
}

#[test]
fn every_form_of_an_import_is_an_edge() {
    for import in [
        "use crate::b::X;",
        "use super::b::X;",
        "use self::super::b::X;",
        "use crate::b::X as Y;",
        "use crate::b::X as _;",
        "use crate::{b::{X, deep::{self as _}}};",
        "use crate::b::*;",
        "use crate::{b::*};",
        "use crate::b::E::V;",
        "use crate::b::E::*;",
        "use crate::b; fn g() { b::f() }",
        "use crate::b::{self}; fn g() { b::f() }",
        "use crate as me; fn g() { me::b::f() }",
        "fn g() { use crate::b::X; }",
        "fn g() { use crate::b; b::f() }",
        "mod inner { use super::super::b::X; }",
        "mod inner { mod inner { use crate::b::X; } }",
        "#[cfg(feature = \"y\")] use crate::b::X;",
        "#[cfg(not(test))] use crate::b::X;",
        "#[cfg(any(test, feature = \"y\"))] use crate::b::X;",
        "pub use crate::b::X;",
    ] {
        assert_eq!(edges(import), "b.rs", "{import}");
    }
}

#[test]
fn every_place_of_a_path_is_an_edge() {
    for code in [
        "fn g(x: crate::b::X) {}",
        "fn g() -> Vec<Option<crate::b::X>> {}",
        "fn g<Y: crate::b::T>() {}",
        "fn g<Y>() where Y: Iterator<Item = super::b::X> {}",
        "fn g(x: &dyn crate::b::T) {}",
        "fn g(x: impl crate::b::T) {}",
        "struct S { x: [crate::b::X; 2] }",
        "struct S { x: [u8; crate::b::N as usize] }",
        "type Y = fn(crate::b::X);",
        "impl crate::b::X {}",
        "impl crate::b::T for u8 {}",
        "impl From<u8> for crate::b::X {}",
        "trait S: crate::b::T {}",
        "trait S { fn g(&self) { crate::b::f() } }",
        "fn g() { crate::b::f(); }",
        "fn g() { let x = crate::b::f; }",
        "fn g() { h(super::b::N) }",
        "fn g() { crate::b::X {} }",
        "fn g() { <crate::b::X as Y>::h() }",
        "fn g() { <u8 as crate::b::T>::h() }",
        "fn g() { x.collect::<crate::b::X>() }",
        "fn g() { match x { crate::b::E::V => {} } }",
        "fn g() { if let crate::b::E::V = x {} }",
        "fn g() { async { move || crate::b::N } }",
        "const Y: u8 = crate::b::N;",
        "static Y: u8 = 1 + crate::b::N;",
        "enum Y { V = crate::b::N }",
    ] {
        assert_eq!(edges(code), "b.rs", "{code}");
    }
}

#[test]
fn paths_in_macros_and_attributes_are_edges() {
    for code in [
        "fn g() { format!(\"{}\", crate::b::N) }",
        "fn g() { vec![x.y(super::b::N); 2] }",
        "fn g() { matches!(x, crate::b::E::V if y) }",
        "fn g() { json!({ \"x\": [crate::b::f()] }) }",
        "fn g() { m!(x => ..crate::b::N) }",
        "m! { use crate::{c as _, b::{X as Y}}; }",
        "m! { use crate::b::*; }",
        "m! { x as crate::b::X }",
        "use crate::b::*; fn g() { m!(f()) }",
        "macro_rules! m { ($x:expr) => { $crate::b::f($x) } }",
        "crate::b::make!();",
        "fn g() { crate::b::make! {} }",
        "#[derive(Clone, crate::b::X)] struct S;",
        "struct S { #[serde(with = \"crate::b::deepest\")] x: u8 }",
        "#[other(crate::b::N)] fn g() {}",
    ] {
        let found = edges(code);
        assert!(found.split(' ').any(|file| file == "b.rs"), "{code}: {found}");
    }
    let files = [
        ("src/lib.rs", "#[macro_use] mod b; mod a;"),
        ("src/b.rs", "macro_rules! make { () => {} }"),
        ("src/a.rs", "fn g() { make!() }"),
    ];
    assert_eq!(edges_of(&files), "b.rs");
}

#[test]
fn names_lead_to_the_file_that_defines_them() {
    for (code, files) in [
        // Through the root's re-export, an import of another module, a glob of a glob, a module's other name.
        ("use crate::Shown;", "b.rs"),
        ("fn g() { crate::Shown::new() }", "b.rs"),
        ("use crate::face::D;", "b/deep.rs"),
        ("use crate::face; fn g() { face::d() }", "b/deep.rs"),
        ("use crate::face as other; fn g() { other::d() }", "b/deep.rs"),
        ("use crate::b::deep::{self, D};", "b/deep.rs"),
        // A glob names what is used through it, and the file that it brings all of.
        ("use crate::face::*; fn g() { d() }", "b/deep.rs"),
        ("use crate::face::*; fn g(x: D) {}", "b/deep.rs"),
        ("use crate::b::*; fn g(x: deep::D) {}", "b.rs b/deep.rs"),
        // What a macro makes is in the module that the path names.
        ("use crate::b::Generated;", "b.rs"),
        ("use crate::b::{Generated, deep::D};", "b.rs b/deep.rs"),
    ] {
        assert_eq!(edges(code), files, "{code}");
    }
    // A function with the name of its module.
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/b/mod.rs", "mod child; pub use child::child;"),
        ("src/b/child.rs", "pub fn child() {}"),
        ("src/a.rs", "fn g() { crate::b::child() }"),
    ];
    assert_eq!(edges_of(&files), "b/child.rs");
}

#[test]
fn what_is_no_edge() {
    for code in [
        "",
        "use crate::b;",
        "use crate::b::{self, deep};",
        "use std::fmt; fn g(x: fmt::Result) {}",
        "use crate::c::fmt;",
        "use ::b::X; fn g() { ::b::f() }",
        "use other::b::X;",
        "pub(in crate::b) fn g() {}",
        "struct X; fn g(x: X, y: self::X) {}",
        "/// See [`crate::b::X`].\nfn g() { \"crate::b::X\"; } // crate::b::X",
        "#[doc = \"crate::b::X\"] fn g() {}",
        "fn g() { x.b; y.f(); m!(x.b::<u8>(), 'b) }",
        "use crate::face::*; fn g(d: u8) { h(d); m!(d, x.d()) }",
        "#[cfg(test)] use crate::b::X;",
        "#[cfg(all(test, unix))] use crate::b::X;",
        "#[cfg(test)] mod tests { use crate::b::X; }",
        "#[test] fn g() { crate::b::f() }",
        "#[tokio::test] async fn g() { crate::b::f() }",
        "#[cfg(test)] impl crate::b::X {}",
        "impl S { #[cfg(test)] fn g() { crate::b::f() } }",
        "trait S { #[cfg(test)] fn g() { crate::b::f() } }",
        "struct S { #[cfg(test)] x: crate::b::X }",
        "enum S { #[cfg(test)] V(crate::b::X) }",
        "fn g() { #[cfg(test)] let x = crate::b::f(); }",
        "fn g() { match x { #[cfg(test)] crate::b::E::V => {} } }",
        "fn g() { #[cfg(test)] { crate::b::f() } }",
        "fn g() { #[cfg(test)] crate::b::f(); }",
        "#![cfg(test)] use crate::b::X;",
    ] {
        assert_eq!(edges(code), "", "{code}");
    }
}

#[test]
fn declaring_and_reexporting_children_is_no_edge() {
    let child = "use super::X; pub struct Y;";
    let only = [
        ("src/lib.rs", "mod a;"),
        (
            "src/a/mod.rs",
            "mod child; pub use child::Y; pub(crate) use self::child::*; pub struct X;",
        ),
        ("src/a/child.rs", child),
    ];
    assert!(graph_of(&[("src/lib.rs", None)], &only).circles().is_empty());
    // The parent uses what it shows of the child: then the two are a circle.
    let used = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod child; pub use child::Y; pub struct X(Y);"),
        ("src/a/child.rs", child),
    ];
    let graph = graph_of(&[("src/lib.rs", None)], &used);
    assert_eq!(graph.circles().len(), 1);
    // What stands elsewhere is no child.
    let elsewhere = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub use crate::b::Y; pub struct X;"),
        ("src/b.rs", "use crate::a::X; pub struct Y;"),
    ];
    assert_eq!(graph_of(&[("src/lib.rs", None)], &elsewhere).circles().len(), 1);
}

#[test]
fn modules_are_found_where_rust_looks_for_them() {
    let files = [
        (
            "src/lib.rs",
            "mod a; mod inline { mod far; } #[path = \"other/name.rs\"] mod b;",
        ),
        ("src/a/mod.rs", "mod child; mod inline { mod deep; }"),
        ("src/a/child.rs", "mod grandchild;"),
        ("src/a/child/grandchild.rs", "use crate::b::beside::X;"),
        ("src/a/inline/deep.rs", "use crate::inline::far::X;"),
        ("src/inline/far.rs", "pub struct X;"),
        ("src/other/name.rs", "pub mod beside;"),
        ("src/other/beside.rs", "pub struct X;"),
        (
            "src/main.rs",
            "#[cfg(test)] mod tests; fn main() { x::b::beside::X }",
        ),
        ("src/tests.rs", "this is not even Rust"),
    ];
    let graph = graph_of(&[("src/lib.rs", Some("x")), ("src/main.rs", None)], &files);
    let edges: Vec<(&str, &str)> = graph.edges().map(|edge| (edge.from, edge.to)).collect();
    assert_eq!(
        edges,
        [
            ("src/a/child/grandchild.rs", "src/other/beside.rs"),
            ("src/a/inline/deep.rs", "src/inline/far.rs"),
            ("src/main.rs", "src/other/beside.rs"),
        ]
    );
    let missing = [SourceFile {
        package: "x".to_owned(),
        path: "src/lib.rs".to_owned(),
        text: "mod gone;".to_owned(),
    }];
    let roots = [Root {
        path: "src/lib.rs".to_owned(),
        library: None,
    }];
    let error = of_sources(&missing, &roots).unwrap_err().to_string();
    assert!(error.contains("src/gone/mod.rs"), "{error}");
}

#[test]
fn imports_that_go_around_end() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "pub use crate::b::*; pub use crate::b::X; fn g(x: X, y: Y) {}",
        ),
        ("src/b.rs", "pub use crate::a::*; pub use crate::a::X;"),
    ];
    assert_eq!(edges_of(&files), "");
}

#[test]
fn a_use_has_its_name_and_line() {
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "\nuse crate::{\n  b::X,\n};\nfn g() { m!(\n  crate::b::f()) }",
        ),
        ("src/b.rs", "pub struct X; pub fn f() {}"),
    ];
    let graph = graph_of(&[("src/lib.rs", None)], &files);
    let uses: Vec<(String, usize)> = graph
        .edges()
        .flat_map(|edge| edge.uses.iter().map(|used| (used.name.clone(), used.line)))
        .collect();
    assert_eq!(
        uses,
        [("crate::b::X".to_owned(), 3), ("crate::b::f".to_owned(), 6)]
    );
}
