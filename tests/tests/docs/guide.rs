//! The driver guide shows code that is compiled and run, and the cases that there are.
//!
//! `<!-- from: FILE: TEXT -->` stands before a block that holds the item of that file whose first line contains the
//! text, with the comments and attributes above it.

use kompox_domain::{Capabilities, ErrorKind, Operation};
use kompox_driver_conformance::declared_cases;

use super::markdown::{column, section, table};
use super::{document, settle};

const GUIDE: &str = "design/driver-guide.md";
const CASES: &str = "<!-- generated: cases -->";
const END_OF_CASES: &str = "<!-- end of cases -->";

#[test]
fn what_the_guide_shows_is_what_there_is() {
    let guide = document(GUIDE);
    let mut written = Vec::new();
    let mut lines = guide.lines();
    let mut items = 0;
    while let Some(line) = lines.next() {
        written.push(line.to_owned());
        if let Some(place) = line.strip_prefix("<!-- from: ") {
            let (file, text) = place.trim_end_matches(" -->").split_once(": ").unwrap();
            assert_eq!(lines.next(), Some("```rust"), "{line}");
            lines.by_ref().find(|line| *line == "```").unwrap();
            written.push("```rust".to_owned());
            written.extend(item(file, text));
            written.push("```".to_owned());
            items += 1;
        } else if line == CASES {
            lines.by_ref().find(|line| *line == END_OF_CASES).unwrap();
            written.extend(cases());
            written.push(END_OF_CASES.to_owned());
        } else {
            assert_ne!(
                line, "```rust",
                "code in the guide must come from a file that is compiled"
            );
        }
    }
    assert!(items > 5, "only {items} items are shown");
    settle(GUIDE, &(written.join("\n") + "\n"));
}

/// The lines of an item, without the indentation that all of them have.
fn item(file: &str, text: &str) -> Vec<String> {
    let source = document(file);
    let lines: Vec<&str> = source.lines().collect();
    let first = lines.iter().position(|line| line.contains(text));
    let first = first.unwrap_or_else(|| panic!("{text:?} is not in {file}"));
    let indent = lines[first].len() - lines[first].trim_start().len();
    let above = lines[..first].iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[")
    });
    let start = first - above.count();
    let closing = format!("{}}}", " ".repeat(indent));
    let length = lines[first..].iter().position(|line| line.starts_with(&closing));
    let end = first + length.unwrap_or_else(|| panic!("{text:?} in {file} has no end"));
    let shown = &lines[start..=end];
    shown
        .iter()
        .map(|line| line.get(indent..).unwrap_or_default().to_owned())
        .collect()
}

/// Every case, with the operations that a driver must declare for it.
fn cases() -> Vec<String> {
    let capabilities = |without: Option<Operation>| Capabilities {
        operations: Operation::ALL
            .iter()
            .copied()
            .filter(|operation| Some(*operation) != without)
            .collect(),
        volume_options: vec![],
    };
    let mut lines = vec![
        String::new(),
        "| Case | Operations it needs |".to_owned(),
        "|---|---|".to_owned(),
    ];
    for case in declared_cases(&capabilities(None)) {
        let needs = Operation::ALL
            .iter()
            .filter(|operation| !declared_cases(&capabilities(Some(**operation))).contains(case));
        let needs: Vec<String> = needs.map(|operation| format!("`{operation}`")).collect();
        let needs = if needs.is_empty() {
            "–".to_owned()
        } else {
            needs.join(", ")
        };
        lines.push(format!("| {} | {needs} |", case.replace('_', " ")));
    }
    lines.push(String::new());
    lines
}

#[test]
fn the_guide_names_every_method_of_both_ports() {
    let guide = document(GUIDE);
    let port = document("crates/domain/src/driver.rs");
    let mut methods = 0;
    for of in ["pub trait ProviderDriver", "pub trait DriverFactory"] {
        let (_, declared) = port.split_once(of).unwrap();
        let (declared, _) = declared.split_once("\n}\n").unwrap();
        for line in declared.lines().map(str::trim_start) {
            let signature = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            let Some((name, _)) = signature.and_then(|signature| signature.split_once('(')) else {
                continue;
            };
            assert!(
                guide.contains(&format!("`{name}`")),
                "{GUIDE} does not name `{name}`"
            );
            methods += 1;
        }
    }
    assert!(methods > 20, "only {methods} methods were found");
}

#[test]
fn the_guide_says_when_to_use_which_kind_of_error() {
    let guide = document(GUIDE);
    let rows = table(section(&guide, "## Errors"));
    let shown: Vec<String> = column(&rows).into_iter().map(ToOwned::to_owned).collect();
    let kinds: Vec<String> = ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(shown, kinds);
}
