//! How much a file may hold: exactly so much is read, and one more of it is refused.

use super::read::{MAX_BYTES, MAX_DEPTH, MAX_TEXT, MAX_VALUES};
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
    let listed = |more| format!("{{kind: Config, x: [{}]}}", items("a", MAX_VALUES - 5 + more));
    at_the_bound(listed, "too much in this file");
}

#[test]
fn aliases_count_with_every_value_and_key_that_they_spell_out() {
    // What an anchor names counts once more, since it is kept.
    const TIMES: usize = 97;
    let rows = format!("{{a: b, c: [{}]}}", items("d", 5_000));
    let row_values = 1 + 2 + 1 + 1 + 5_000;
    let around = 1 + 5 + (TIMES + 2) * row_values;
    let filler = |more| items("e", MAX_VALUES - around + more);
    // An alias is what goes beyond the bound.
    let alias_last = |more| {
        let filler = filler(more);
        format!(
            "{{kind: Config, x: &x {rows}, y: [{filler}{}]}}",
            items("*x", TIMES)
        )
    };
    at_the_bound(alias_last, "aliases repeat too much");
    // A value is it.
    let alias_first = |more| {
        let filler = filler(more);
        format!(
            "{{kind: Config, x: &x {rows}, y: [{}{filler}]}}",
            items("*x", TIMES)
        )
    };
    at_the_bound(alias_first, "too much in this file");
}

#[test]
fn aliases_count_with_all_the_text_that_they_spell_out() {
    const TIMES: usize = 81;
    let words = format!(
        "{{key: {}, keys: [{}, b]}}",
        "a".repeat(200_000),
        "b".repeat(200_000)
    );
    let word_bytes = 3 + 200_000 + 4 + 200_000 + 1;
    let around = "kind".len() + "Config".len() + "x".len() + "y".len() + (TIMES + 2) * word_bytes;
    let filler = |more| "e".repeat(MAX_TEXT - around + more);
    let alias_last = |more| {
        let filler = filler(more);
        format!(
            "{{kind: Config, x: &x {words}, y: [{filler}, {}]}}",
            items("*x", TIMES)
        )
    };
    at_the_bound(alias_last, "aliases repeat too much");
    let alias_first = |more| {
        let filler = filler(more);
        format!(
            "{{kind: Config, x: &x {words}, y: [{}{filler}]}}",
            items("*x", TIMES)
        )
    };
    at_the_bound(alias_first, "too much in this file");
}

#[test]
fn aliases_are_nested_as_deep_as_they_are_spelled_out() {
    // The file is a level itself.
    for (named, levels) in [("[a]", 1), ("[{b: [a], c: d}]", 3)] {
        let nested = |more| {
            let lists = MAX_DEPTH - 1 - levels + more;
            let (open, close) = ("[".repeat(lists), "]".repeat(lists));
            format!("{{kind: Config, x: &x {named}, y: {open}*x{close}}}")
        };
        at_the_bound(nested, "nested too deep");
    }
}
