//! The driver guide shows code that is compiled and run, and the cases that there are.
//!
//! `<!-- from: FILE: TEXT -->` stands before a block that holds the item of that file whose first line contains the
//! text, with the comments and attributes above it.

use std::collections::BTreeMap;

use kompox_domain::{ErrorKind, Operation};
use kompox_driver_conformance::all_cases;

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

/// Every case, with the operations that it is about.
fn cases() -> Vec<String> {
    let mut lines = vec![
        String::new(),
        "| Case | Operations it is about |".to_owned(),
        "|---|---|".to_owned(),
    ];
    let cases: BTreeMap<&str, &[Operation]> = all_cases().collect();
    for (case, operations) in cases {
        let operations: Vec<String> = operations
            .iter()
            .map(|operation| format!("`{operation}`"))
            .collect();
        let operations = if operations.is_empty() {
            "–".to_owned()
        } else {
            operations.join(", ")
        };
        lines.push(format!("| {} | {operations} |", case.replace('_', " ")));
    }
    lines.push(String::new());
    lines
}

/// The traits of the port, each with its file.
const PORTS: [(&str, &str); 7] = [
    ("provider", "ProviderDriver"),
    ("factory", "DriverFactory"),
    ("volume", "VolumeDriver"),
    ("mount", "MountDriver"),
    ("cluster", "ClusterDriver"),
    ("ingress", "IngressDriver"),
    ("dns", "DnsDriver"),
];

#[test]
fn the_guide_names_every_port_and_all_its_methods() {
    let guide = document(GUIDE);
    let mut methods = 0;
    for (file, port) in PORTS {
        assert!(
            guide.contains(&format!("`{port}`")),
            "{GUIDE} does not name `{port}`"
        );
        let source = document(&format!("crates/domain/src/driver/{file}.rs"));
        let (_, declared) = source.split_once(&format!("pub trait {port}")).unwrap();
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
    assert!(methods > 30, "only {methods} methods were found");
}

#[test]
fn the_guide_says_when_to_use_which_kind_of_error() {
    let guide = document(GUIDE);
    let rows = table(section(&guide, "## Errors"));
    let shown: Vec<String> = column(&rows).into_iter().map(ToOwned::to_owned).collect();
    let kinds: Vec<String> = ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(shown, kinds);
}
