//! The documents say what the program does: their examples are run, their tables are compared with the code.
//!
//! `UPDATE_README=1` writes what the commands in README and book print, and what is generated in the other documents,
//! in place of comparing it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod book_commands;
mod book_tables;
mod guide;
mod markdown;
mod repository;

use std::path::{Path, PathBuf};

/// The directory of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A document, by its path in the workspace.
fn document(path: &str) -> String {
    let path = root().join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => text.replace("\r\n", "\n"),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Where the pages of the book lie.
const PAGES: &str = "docs/src";

/// README.md and then the pages of the book, in the order of its summary: the order in which somebody reads them.
fn readme_and_book() -> Vec<String> {
    let pages = markdown::links(&document(&format!("{PAGES}/SUMMARY.md")));
    let pages = pages.into_iter().map(|page| format!("{PAGES}/{page}"));
    std::iter::once("README.md".to_owned()).chain(pages).collect()
}

/// Whether documents are written in place of being compared.
fn updating() -> bool {
    std::env::var_os("UPDATE_README").is_some_and(|value| !value.is_empty())
}

/// Compares a document with what it must be, or writes it.
fn settle(path: &str, expected: &str) {
    if updating() {
        std::fs::write(root().join(path), expected).unwrap();
    } else {
        let hint = "UPDATE_README=1 cargo test -p kompox-tests --test docs writes it anew";
        assert!(document(path) == expected, "{path} is not up to date; {hint}");
    }
}
