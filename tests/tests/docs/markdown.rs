//! Blocks, tables, links and sections of a document.

use std::ops::Range;

use regex::Regex;

/// A fenced block.
pub(crate) struct Block {
    /// What stands behind the fence.
    pub(crate) language: String,
    /// Which lines of the document it holds, without the fences.
    pub(crate) lines: Range<usize>,
    pub(crate) text: String,
}

/// The fenced blocks of a document.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (index, line) in lines.iter().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), None) => open = Some((index + 1, language)),
            (Some(_), Some((start, language))) => {
                blocks.push(Block {
                    language: language.to_owned(),
                    lines: start..index,
                    text: lines[start..index].join("\n"),
                });
                open = None;
            }
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// What stands under a heading, up to the next one of the same or a higher level.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let line = Regex::new(&format!("(?m)^{}$", regex::escape(heading))).unwrap();
    let start = line.find(text).map(|found| found.end());
    let start = start.unwrap_or_else(|| panic!("there is no {heading:?}"));
    let level = heading.bytes().take_while(|byte| *byte == b'#').count();
    let next = Regex::new(&format!(r"(?m)^#{{1,{level}}} ")).unwrap();
    let rest = &text[start..];
    next.find(rest).map_or(rest, |end| &rest[..end.start()])
}

/// The rows of the first table in a text, without its head. Code spans lose their quotes.
pub(crate) fn table(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim().trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().replace('`', "")).collect()
        })
        .collect()
}

/// The first column of a table.
pub(crate) fn column(rows: &[Vec<String>]) -> Vec<&str> {
    rows.iter().map(|row| row[0].as_str()).collect()
}

/// The targets of the links of a text, those to other hosts apart.
pub(crate) fn links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let targets = link.captures_iter(text).map(|found| found[1].to_owned());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The anchor that a heading has.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let words = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |word: String| {
        word.chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .collect::<String>()
    };
    words.map(|word| kept(word).replace(' ', "-")).collect()
}

#[test]
fn blocks_sections_tables_and_links_are_found() {
    let text = "# T\n\n## A b\n\n| K | V |\n|---|---|\n| `x` | `a`, `b` |\n\n```sh\none\ntwo\n```\n\n## C\n[d](e.md)\n";
    let found = blocks(text);
    assert_eq!(
        (found[0].language.as_str(), found[0].text.as_str()),
        ("sh", "one\ntwo")
    );
    assert_eq!(found[0].lines, 9..11);
    assert_eq!(table(section(text, "## A b")), [["x", "a, b"]]);
    assert!(!section(text, "## A b").contains("## C"));
    assert_eq!(links(text), ["e.md"]);
    assert_eq!(anchors(text), ["t", "a-b", "c"]);
}
