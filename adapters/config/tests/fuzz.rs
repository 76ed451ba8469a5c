//! No input makes the load panic, hang or swell.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test may panic, and speaks to whoever runs it"
)]

mod common;

use std::time::{Duration, Instant};

use common::{Dir, VALID};
use proptest::prelude::*;

/// Generous: a slow machine under load, without optimisation.
const LIMIT: Duration = Duration::from_secs(30);

/// Loads the bytes in both forms and renders every error.
fn survives(bytes: &[u8]) {
    let dir = Dir::new();
    dir.write("kom/app.yml", bytes);
    dir.write("kompoxops.yml", bytes);
    dir.write("kompoxapp.yml", bytes);
    for result in [dir.load_paths(&["kom"]), dir.load()] {
        if let Err(errors) = result {
            assert!(errors.iter().count() > 0);
            for error in errors.iter() {
                assert!(error.line >= 1 && error.column >= 1 && error.document >= 1);
                assert!(error.to_string().len() < 2000);
            }
            let _ = kompox_domain::Error::from(errors);
        }
    }
    let sources = kompox_config::Sources {
        config: Some("kompoxops.yml".into()),
        ..dir.sources()
    };
    let _ = kompox_config::load(&sources, &|_| None);
}

/// A piece of text that means something to YAML or to KOM.
fn token() -> impl Strategy<Value = String> {
    let tokens = [
        "\n",
        "\n  ",
        "\n    ",
        "\n\t",
        "---\n",
        "...\n",
        "- ",
        ": ",
        ":",
        "? ",
        "| ",
        ">-\n",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "!x ",
        "!!str ",
        "<<: ",
        "# ",
        "%YAML 1.2\n",
        "\u{feff}",
        "\u{0}",
        "\u{85}",
        "ä",
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "volumes",
        "size",
        "name",
        "ops.kompox.dev/v1alpha1",
        "ops.kompox.dev/id",
        "/ws/w",
        "App",
        "Cluster",
        "Defaults",
        "komPath",
        "settings",
        "env:",
        "file:",
        "1e999",
        "-9223372036854775809",
        "version: v1\n",
        "provider",
    ];
    prop_oneof![
        4 => proptest::sample::select(tokens.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn arbitrary_yaml_like_text_never_panics(tokens in proptest::collection::vec(token(), 0..60)) {
        survives(tokens.concat().as_bytes());
    }

    #[test]
    fn a_valid_document_with_some_bytes_changed_never_panics(
        edits in proptest::collection::vec((0..VALID.len(), 0_usize..12, token()), 1..6),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, removed, token) in edits {
            let at = at.min(bytes.len());
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, token.into_bytes());
        }
        survives(&bytes);
    }

    #[test]
    fn a_valid_document_cut_anywhere_never_panics(end in 0..VALID.len()) {
        survives(&VALID.as_bytes()[..end]);
    }
}

#[test]
fn large_hostile_files_are_done_with_in_bounded_time() {
    let size = 1 << 20;
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let hostile = [
        ("list items", fill("- a\n")),
        ("flow items", format!("[{}]", fill("a,"))),
        ("keys", (0..200_000).map(|n| format!("k{n}: 1\n")).collect()),
        (
            "unknown fields",
            format!(
                "apiVersion: ops.kompox.dev/v1alpha1\nkind: App\n{}",
                fill("x: 1\n")
            ),
        ),
        ("documents", fill("---\na: 1\n")),
        ("broken documents", fill("---\n[\n")),
        ("brackets", fill("[")),
        ("braces", fill("{")),
        ("dashes", fill("- ")),
        ("questions", fill("? ")),
        ("anchors", fill("- &a a\n")),
        ("aliases", format!("- &a a\n{}", fill("- *a\n"))),
        (
            "aliases of a large text",
            format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000)),
        ),
        (
            "merges",
            format!(
                "a: &a {{{}}}\nb:\n{}",
                (0..1000).map(|n| format!("k{n}: 1, ")).collect::<String>(),
                "  - {<<: *a}\n".repeat(100_000)
            ),
        ),
        ("quotes", fill("\"")),
        ("one quote", format!("\"{}", fill("\\n"))),
        ("tabs", fill("\t")),
        ("comments", fill("# x\n")),
        ("directives", fill("%A\n")),
        ("tags", fill("!a ")),
        ("blanks", fill(" ")),
        ("line breaks", fill("\n")),
        ("block text", format!("a: |\n{}", fill("  x\n\n"))),
        ("colons", fill(": ")),
        ("nul", fill("\0")),
        ("wide", fill("ä")),
    ];
    for (name, text) in hostile {
        let start = Instant::now();
        let dir = Dir::kom(&text);
        let _ = dir.load_paths(&["kom"]);
        let took = start.elapsed();
        println!("{name}: {took:?}");
        assert!(took < LIMIT, "{name} took {took:?}");
    }
}
