//! `modules`: sources have a head, a bearable length, and nothing unfinished, and are in no circle.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;

use crate::report::{Finding, Result};
use crate::rules::{circles, error_texts, tokens};
use crate::workspace::{SourceFile, Workspace};

/// More lines than this, tests apart, are more than one subject.
const LONGEST: usize = 600;

/// A word for what is left to do. Not in one piece, as this file is looked at too.
const LEFT_TO_DO: &str = concat!("FIX", "ME");

/// The packages that know nothing of clouds, transports and formats.
const INNER: &[&str] = &["kompox-domain", "kompox-usecase"];

/// The packages that read files as they like: the one that reads for all, and the tools of this workspace.
const READERS: &[&str] = &["kompox-files", "kompox-tests", "xtask", "bench-peer"];

/// The files that do, and why.
const READING: &[(&str, &str)] = &[
    (
        "crates/emulator-core/src/platform.rs",
        "the emulators use no package of the product, and its state is in a directory that only it writes",
    ),
    (
        "crates/cli/src/os.rs",
        "opens directories, to make the new names in them durable",
    ),
    (
        "crates/driver-conformance/examples/toy_driver/files.rs",
        "an example, whose cloud is a directory of its own",
    ),
];

/// The step.
pub(crate) fn step(workspace: &Workspace) -> Result<Vec<Finding>> {
    let sources = workspace.sources()?;
    let tests = declared_tests(&sources)?;
    let mut findings = Vec::new();
    for source in &sources {
        let only_tests = source.is_test() || tests.iter().any(|module| within(&source.path, module));
        findings.extend(check_source(source, only_tests)?);
    }
    findings.extend(circles::check(workspace)?);
    Ok(findings)
}

fn check_source(source: &SourceFile, only_tests: bool) -> Result<Vec<Finding>> {
    let SourceFile { path, text, .. } = source;
    if text.starts_with("// @generated") {
        return Ok(Vec::new());
    }
    let tokens = parse(path, text)?;
    let mut findings = check_head(path, text);
    if !only_tests {
        findings.extend(check_length(path, text, &tokens));
    }
    findings.extend(check_left_to_do(path, text));
    findings.extend(tokens::unfinished(path, &tokens));
    findings.extend(tokens::unexplained(path, &tokens));
    findings.extend(error_texts::check(path, text)?);
    let reads = READERS.contains(&source.package.as_str()) || READING.iter().any(|(file, _)| file == path);
    if !reads && !only_tests {
        findings.extend(tokens::unbounded(path, &tokens::without_tests(&tokens)));
    }
    if INNER.contains(&source.package.as_str()) && !only_tests {
        findings.extend(tokens::outside(path, &tokens::without_tests(&tokens)));
    }
    Ok(findings)
}

fn parse(path: &str, text: &str) -> Result<TokenStream> {
    text.parse().map_err(|error| format!("{path}: {error}").into())
}

fn check_head(path: &str, text: &str) -> Vec<Finding> {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    if path.ends_with("build.rs")
        || first
            .strip_prefix("//!")
            .is_some_and(|head| !head.trim().is_empty())
    {
        return Vec::new();
    }
    vec![Finding::at(
        path,
        1,
        "the file has no head",
        "begin it with `//!` and what the module is for",
    )]
}

fn check_length(path: &str, text: &str, tokens: &TokenStream) -> Vec<Finding> {
    let lines = text.lines().count().saturating_sub(tokens::test_lines(tokens));
    if lines <= LONGEST {
        return Vec::new();
    }
    vec![Finding::new(
        path,
        format!("{lines} lines without tests; at most {LONGEST}"),
        "split it by subject",
    )]
}

fn check_left_to_do(path: &str, text: &str) -> Vec<Finding> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(LEFT_TO_DO))
        .map(|(index, _)| {
            Finding::at(
                path,
                index + 1,
                format!("`{LEFT_TO_DO}` marks something to mend"),
                "mend it, or say in plain words what is so and why",
            )
        })
        .collect()
}

/// Modules that are declared under `#[cfg(test)]` and stand in files of their own: paths without `.rs`.
fn declared_tests(sources: &[SourceFile]) -> Result<BTreeSet<String>> {
    let mut modules = BTreeSet::new();
    for source in sources {
        for name in tokens::test_modules(&parse(&source.path, &source.text)?) {
            modules.insert(format!("{}/{name}", children_of(&source.path)));
        }
    }
    Ok(modules)
}

/// The directory in which the modules stand that a file declares.
fn children_of(path: &str) -> &str {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem.rsplit_once('/') {
        Some((directory, "mod" | "lib" | "main")) => directory,
        _ => stem,
    }
}

/// Whether a file is the module of that path, or within it.
fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn source(package: &str, path: &str, text: &str) -> SourceFile {
        SourceFile {
            package: package.to_owned(),
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn judge(package: &str, path: &str, text: &str) -> String {
        let source = source(package, path, text);
        problems(&check_source(&source, source.is_test()).unwrap())
    }

    #[test]
    fn a_head_is_needed() {
        assert_eq!(judge("x", "x/src/a.rs", "//! A.\nfn f() {}\n"), "");
        assert_eq!(judge("x", "x/build.rs", "fn main() {}\n"), "");
        assert_eq!(judge("x", "x/src/a.rs", "// @generated\nfn f() {}\n"), "");
        assert!(judge("x", "x/src/a.rs", "fn f() {}\n").contains("no head"));
        assert!(judge("x", "x/src/a.rs", "//!\nfn f() {}\n").contains("no head"));
    }

    #[test]
    fn long_files_fail_without_their_tests() {
        let code = "fn f() {}\n".repeat(LONGEST - 1);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(500));
        assert_eq!(judge("x", "x/src/a.rs", &format!("//! A.\n{code}{tests}")), "");
        let long = format!("//! A.\nfn g() {{}}\n{code}{tests}");
        assert!(judge("x", "x/src/a.rs", &long).contains("601 lines"));
        assert_eq!(judge("x", "x/tests/a.rs", &long), "");
    }

    #[test]
    fn what_is_left_to_do_fails() {
        let found = judge("x", "x/src/a.rs", &format!("//! A.\n// {LEFT_TO_DO}: later\n"));
        assert!(found.contains("x/src/a.rs:2"), "{found}");
        assert!(judge("x", "x/src/a.rs", "//! A.\nfn f() { todo!() }\n").contains("todo"));
    }

    #[test]
    fn errors_that_stutter_fail() {
        let bad = "//! A.\n#[error(\"no: {0}\")]\nstruct E(#[source] io::Error);\n";
        assert!(judge("x", "x/src/a.rs", bad).contains("repeats its source"));
    }

    #[test]
    fn only_inner_layers_are_kept_from_the_outside() {
        let text = "//! A.\nuse tokio::spawn;\n";
        assert_eq!(judge("kompox-arm", "adapters/arm/src/a.rs", text), "");
        assert!(judge("kompox-domain", "crates/domain/src/a.rs", text).contains("must not know"));
        assert_eq!(judge("kompox-domain", "crates/domain/tests/a.rs", text), "");
        let in_tests = format!("//! A.\n#[cfg(test)]\nmod tests {{ {} }}\n", "use tokio::spawn;");
        assert_eq!(judge("kompox-domain", "crates/domain/src/a.rs", &in_tests), "");
    }

    #[test]
    fn files_are_read_by_one_package() {
        let text = "//! A.\nfn f() { fs::read(p); }\n";
        for (package, path) in [
            ("kompox-arm", "adapters/arm/src/a.rs"),
            ("kompoxops", "crates/cli/src/a.rs"),
        ] {
            assert!(judge(package, path, text).contains("without a bound"), "{path}");
        }
        for (package, path) in [
            ("kompox-files", "adapters/files/src/a.rs"),
            ("kompoxops", "crates/cli/src/os.rs"),
            ("kompox-arm", "adapters/arm/tests/a.rs"),
        ] {
            assert_eq!(judge(package, path, text), "", "{path}");
        }
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_tests() {
        let sources = [
            source("x", "x/src/lib.rs", "#[cfg(test)] mod fixtures;"),
            source("x", "x/src/store.rs", "#[cfg(test)] mod cases;"),
        ];
        let tests = declared_tests(&sources).unwrap();
        let is_test = |path: &str| tests.iter().any(|module| within(path, module));
        assert!(is_test("x/src/fixtures.rs"));
        assert!(is_test("x/src/fixtures/one.rs"));
        assert!(is_test("x/src/store/cases.rs"));
        assert!(!is_test("x/src/fixtures_of.rs"));
        assert!(!is_test("x/src/cases.rs"));
    }
}
