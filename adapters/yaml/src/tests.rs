//! What is read from a text, and what is refused.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::{Bounds, Budget, Documents, Node, Problem, ProblemKind, Value};

const BOUNDS: Bounds = Bounds {
    depth: 8,
    values: 1_000,
    alias_bytes: 10_000,
};

/// Each document of a text: as one line, or what is wrong with it.
fn read_within(text: &str, bounds: Bounds) -> Vec<Result<String, Vec<Problem>>> {
    let mut budget = Budget::new(bounds);
    Documents::new(text, &mut budget)
        .map(|document| document.content.map(|root| flow(&root)))
        .collect()
}

fn read(text: &str) -> Vec<Result<String, Vec<Problem>>> {
    read_within(text, BOUNDS)
}

fn flow(node: &Node) -> String {
    let mut text = String::new();
    match &node.value {
        Value::Scalar(scalar) if scalar.is_unquoted() => text.push_str(&scalar.text),
        Value::Scalar(scalar) => write!(text, "{:?}", scalar.text).unwrap(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item)).collect();
            write!(text, "[{}]", items.join(", ")).unwrap();
        }
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|entry| format!("{}: {}", entry.key.text, flow(&entry.node)));
            write!(text, "{{{}}}", entries.collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    text
}

/// The kinds and places of everything that is wrong.
fn problems(text: &str) -> Vec<(usize, usize, ProblemKind)> {
    let found = read(text).into_iter().filter_map(Result::err).flatten();
    found
        .map(|problem| (problem.mark.line, problem.mark.column, problem.kind))
        .collect()
}

#[test]
fn order_unknown_fields_and_quotes_are_kept() {
    assert_eq!(
        read("b: 0o7\na: 'yes'\nlist:\n- \"1\"\n- ~\n- {}\n- |\n  x\n"),
        [Ok(
            "{b: 0o7, a: \"yes\", list: [\"1\", ~, {}, \"x\\n\"]}".to_owned()
        )]
    );
}

#[test]
fn documents_are_counted_and_one_that_is_broken_keeps_no_other_from_being_read() {
    let mut budget = Budget::new(BOUNDS);
    let found: Vec<_> = Documents::new("a: 1\n---\nb: [\n---\nc: 3\n", &mut budget)
        .map(|document| (document.number, document.mark.line, document.content.is_ok()))
        .collect();
    assert_eq!(found, [(1, 1, true), (2, 2, false), (3, 4, true)]);
}

#[test]
fn an_alias_stands_for_what_its_anchor_names_and_the_merge_key_keeps_own_keys() {
    assert_eq!(
        read("base: &b {x: 1, y: 2}\nmore: {y: 3, <<: *b}\nsame: *b\n"),
        [Ok(
            "{base: {x: 1, y: 2}, more: {y: 3, x: 1}, same: {x: 1, y: 2}}".to_owned()
        )]
    );
    let of_no_mapping = ProblemKind::MergeOfNoMapping("a number");
    assert_eq!(problems("a: {<<: 1}\n"), [(1, 9, of_no_mapping)]);
    assert_eq!(problems("b: *nothing\n"), [(1, 4, ProblemKind::UnknownAnchor)]);
    assert_eq!(problems("a: &a [*a]\n"), [(1, 8, ProblemKind::EndlessAlias)]);
}

#[test]
fn what_aliases_spell_out_is_bounded_though_nothing_is_copied() {
    let levels = |of: &dyn Fn(usize) -> String| {
        let levels = (1..=60).map(|level| format!("a{level}: &a{level} {{{}}}\n", of(level - 1)));
        format!("a0: &a0 [x, x]\n{}", levels.collect::<String>())
    };
    let deep = problems(&levels(&|before| format!("k: *a{before}")));
    assert_eq!(deep[0].2, ProblemKind::AliasesTooDeep(8));
    let bounds = Bounds { depth: 100, ..BOUNDS };
    let doubling = levels(&|before| format!("k: *a{before}, l: *a{before}"));
    let long = read_within(&doubling, bounds).pop().unwrap().unwrap_err();
    assert_eq!(long[0].kind, ProblemKind::AliasesTooLong(10_000));
}

#[test]
fn values_and_depth_are_bounded() {
    let text = format!("[{}]\n---\na: 1\n", "x, ".repeat(2_000));
    let kinds: Vec<_> = problems(&text).into_iter().map(|(_, _, kind)| kind).collect();
    // Nothing is read after it.
    assert_eq!(kinds, [ProblemKind::TooManyValues(1_000)]);
    for text in ["[".repeat(50), "{a: ".repeat(50)] {
        assert_eq!(problems(&text)[0].2, ProblemKind::TooDeep(8));
    }
}

#[test]
fn keys_are_texts_and_each_is_there_once() {
    let first = crate::Mark { line: 1, column: 1 };
    let repeated = ProblemKind::KeyRepeated {
        key: "a".to_owned(),
        first,
    };
    assert_eq!(problems("a: 1\n'a': 2\n"), [(2, 1, repeated)]);
    assert_eq!(problems("{[a]: 1}\n")[0].2, ProblemKind::KeyNotText);
    assert_eq!(problems(": 1\n")[0].2, ProblemKind::KeyMissing);
}

#[test]
fn a_tag_that_the_tree_cannot_hold_is_refused_and_its_value_is_not_shown() {
    assert_eq!(
        read("[!!str 1, ! 2, 3, !!seq [], !!map {}]"),
        [Ok("[\"1\", \"2\", 3, [], {}]".to_owned())]
    );
    for text in [
        "!secret",
        "!!int 3",
        "!!binary aGk=",
        "!!str {}",
        "!!map []",
        "!!set {a: ~}",
    ] {
        assert_eq!(problems(text)[0].2, ProblemKind::UnknownTag, "{text}");
        assert!(!ProblemKind::UnknownTag.to_string().contains("secret"));
    }
}

#[test]
fn a_tab_is_named() {
    assert_eq!(problems("a:\n\tb: 1\n")[0].2, ProblemKind::Tab);
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics_and_no_message_holds_a_value(text in "[-:{}\\[\\],&*!|>'\"#%@` a\t\n0]{0,60}") {
        for problem in read(&format!("{text}hunter2")).into_iter().filter_map(Result::err).flatten() {
            let shown = problem.kind.to_string();
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
    }
}
