//! design/code-map.md: every source file with what its head says of it. It is the place to search first.

use crate::report::Result;
use crate::rules::architecture::{first_sentence, heads};
use crate::workspace::Workspace;

/// The document.
pub(crate) const PATH: &str = "design/code-map.md";

const HEAD: &str = "\
# Code map

<!-- Written by `cargo xtask generate`. -->

Every source file that is no test, with the first sentence of its head. What decides a rule stands in
[Where it is decided](architecture.md#where-it-is-decided).
";

/// The document as the code says: a section for each package, a line for each file.
pub(crate) fn document(workspace: &Workspace) -> Result<String> {
    let sources = workspace.sources()?;
    let mut map = HEAD.to_owned();
    for (directory, package) in heads(workspace)? {
        let about = package.description.as_deref().unwrap_or_default();
        let head = format!("\n## {}\n\n`{directory}`: {about}.\n\n", package.name);
        map.push_str(&head);
        let base = format!("{directory}/src/");
        let mut files: Vec<(&str, String)> = Vec::new();
        for source in &sources {
            if let Some(file) = source.path.strip_prefix(&base).filter(|file| !is_test(file)) {
                files.push((file, first_sentence(&source.path, &source.text)?));
            }
        }
        files.sort_unstable();
        for (file, about) in files {
            let line = format!("- `{file}`: {about}\n");
            map.push_str(&line);
        }
    }
    Ok(map)
}

/// Whether a file below `src` holds tests only.
fn is_test(file: &str) -> bool {
    file.split(['/', '.']).any(|part| part == "tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_left_out() {
        assert!(
            ["tests.rs", "a/tests.rs", "a/tests/b.rs"]
                .into_iter()
                .all(is_test)
        );
        assert!(!["lib.rs", "latest.rs", "attests/a.rs"].into_iter().any(is_test));
    }
}
