//! What a repository is expected to have: working links, a change log, licences.

use super::markdown::{anchors, links};
use super::{PAGES, document, readme_and_book, root};

const DOCUMENTS: [&str; 5] = [
    "docs/src/SUMMARY.md",
    "CHANGELOG.md",
    "design/driver-guide.md",
    "design/architecture.md",
    "design/adr/README.md",
];

/// Every document that somebody reads.
fn documents() -> Vec<String> {
    let others = DOCUMENTS.iter().map(|path| (*path).to_owned());
    readme_and_book().into_iter().chain(others).collect()
}

#[test]
fn every_page_of_the_book_stands_in_its_summary_once() {
    let listed = readme_and_book();
    let mut files = vec![root().join(PAGES)];
    let mut pages = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if !path.ends_with("SUMMARY.md") {
            let times = listed.iter().filter(|page| root().join(page) == path).count();
            assert_eq!(times, 1, "{}", path.display());
            pages += 1;
        }
    }
    assert_eq!(pages + 1, listed.len(), "the summary and README.md, and no other");
}

#[test]
fn every_link_leads_to_something() {
    for path in documents() {
        let directory = root().join(&path).parent().unwrap().to_owned();
        for link in links(&document(&path)) {
            let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let file = if target.is_empty() {
                root().join(&path)
            } else {
                directory.join(target)
            };
            assert!(file.exists(), "{path} links to {target}, which is not there");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(file).unwrap();
                assert!(
                    anchors(&text).iter().any(|found| found == anchor),
                    "{path} links to #{anchor}, which is no heading"
                );
            }
        }
    }
}

#[test]
fn the_documents_show_no_path_of_the_machine_they_were_written_on() {
    let here = root().canonicalize().unwrap().display().to_string();
    for path in documents() {
        let text = document(&path);
        for other in [here.as_str(), "/tmp/", "/root/"] {
            assert!(!text.contains(other), "{path} shows {other}");
        }
    }
}

#[test]
fn the_change_log_keeps_to_its_form() {
    let text = document("CHANGELOG.md");
    let kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    let mut releases = Vec::new();
    for line in text.lines() {
        if let Some(release) = line.strip_prefix("## ") {
            releases.push(release);
        } else if let Some(kind) = line.strip_prefix("### ") {
            assert!(kinds.contains(&kind), "{kind}");
        }
    }
    assert_eq!(releases, ["[Unreleased]"]);
}

#[test]
fn both_licences_are_there_in_full() {
    let holder = "The kompoxops authors";
    let (mit, apache) = (document("LICENSE-MIT"), document("LICENSE-APACHE"));
    assert!(mit.contains(holder) && mit.contains("WITHOUT WARRANTY OF ANY KIND"));
    assert!(apache.contains(holder) && apache.contains("END OF TERMS AND CONDITIONS"));
    let manifest = document("Cargo.toml");
    assert!(manifest.contains("license = \"MIT OR Apache-2.0\""));
}

#[test]
fn the_readme_names_the_oldest_rust_that_will_do() {
    let manifest = document("Cargo.toml");
    let (_, version) = manifest.split_once("\nrust-version = \"").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    assert!(document("README.md").contains(&format!("Rust {version} or newer")));
}
