//! How much a file may hold: exactly so much is read, and one more of it is refused.

use super::read::{BOUNDS, MAX_BYTES};
use super::*;

/// Demands that a file is read, and that one with one more of something is refused.
fn at_the_bound(file: impl Fn(usize) -> String, why: &str) {
    let read = Kubeconfig::parse(file(0).as_bytes());
    assert!(read.is_ok(), "{why}: {:?}", read.err());
    let refused = refusal(file(1).as_bytes());
    assert!(refused.contains(why), "{refused}");
}

/// A comma after each.
fn items(item: &str, count: usize) -> String {
    format!("{item}, ").repeat(count)
}

#[test]
fn a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
    let comment = |more: usize| {
        let mut text = "kind: Config\n# ".to_owned();
        text.push_str(&"-".repeat(MAX_BYTES + more - text.len()));
        text
    };
    at_the_bound(comment, "larger than 8 MiB");
}

#[test]
fn as_many_values_as_there_may_be_are_read_and_one_more_is_refused() {
    // The file, three words, and the list count too.
    let listed = |more| format!("{{kind: Config, x: [{}]}}", items("a", BOUNDS.values - 5 + more));
    at_the_bound(listed, "more than 500000 values");
}

#[test]
fn aliases_count_with_every_value_key_and_text_that_they_spell_out() {
    // Each value and each key is 64 bytes and its text.
    let row = |text: usize| format!("{{key: {}, keys: [b]}}", "a".repeat(text));
    let row_bytes = |text: usize| 64 + (64 + 3 + 64 + text) + (64 + 4 + 64 + 64 + 1);
    let times = 97;
    let text = BOUNDS.alias_bytes / times - row_bytes(0) - 10;
    let rest = BOUNDS.alias_bytes - times * row_bytes(text);
    let file = |more| {
        let last = "b".repeat(rest - 64 + more);
        let rows = items("*x", times);
        format!(
            "{{kind: Config, x: &x {}, y: &y {last}, z: [{rows}*y]}}",
            row(text)
        )
    };
    at_the_bound(file, "aliases repeat more than 32 MiB of text");
}

#[test]
fn aliases_are_nested_as_deep_as_they_are_spelled_out() {
    // The file is a level itself.
    for (named, levels) in [("[a]", 1), ("[{b: [a], c: d}]", 3)] {
        let nested = |more| {
            let lists = BOUNDS.depth - 1 - levels + more;
            let (open, close) = ("[".repeat(lists), "]".repeat(lists));
            format!("{{kind: Config, x: &x {named}, y: {open}*x{close}}}")
        };
        at_the_bound(nested, "nested more than 64 deep");
    }
}
