//! design/architecture.md: the parts that are made from the code, and what the rest refers to.

use cargo_metadata::Package;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::report::{Finding, Result};
use crate::rules::edges::{LAYERS, Layer};
use crate::rules::module_layers;
use crate::workspace::{SourceFile, Workspace, directory_of};

/// The document.
pub(crate) const PATH: &str = "design/architecture.md";

/// The document with its generated parts as the code says.
pub(crate) fn renew(workspace: &Workspace) -> Result<String> {
    let document = workspace.read(PATH)?;
    let names: Vec<&str> = workspace
        .members
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    let document = replace(&document, "layers", &layers_table(LAYERS, &names))?;
    let document = replace(
        &document,
        "layers of modules",
        &module_layers::picture(workspace)?,
    )?;
    replace(&document, "code map", &code_map(workspace)?)
}

/// Replaces what stands between the markers of a part.
fn replace(document: &str, part: &str, body: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- generated: {part} -->"),
        format!("<!-- end of {part} -->"),
    );
    let missing = || format!("{PATH}: the markers `{begin}` and `{end}` are not both there");
    let (head, rest) = document.split_once(&begin).ok_or_else(missing)?;
    let (_, tail) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{head}{begin}\n{body}{end}{tail}"))
}

/// The table of layers, without rows and packages that are not in the workspace yet.
fn layers_table(layers: &[Layer], members: &[&str]) -> String {
    let list = |packages: &[&str]| {
        let there: Vec<String> = packages
            .iter()
            .filter(|package| members.contains(package))
            .map(|package| format!("`{package}`"))
            .collect();
        if there.is_empty() {
            "none of ours".to_owned()
        } else {
            there.join(", ")
        }
    };
    let mut table =
        String::from("| Package | Its code may use | Its tests may use besides |\n|---|---|---|\n");
    for layer in layers.iter().filter(|layer| members.contains(&layer.package)) {
        let tests = if layer.tests_use.is_empty() {
            "–".to_owned()
        } else {
            list(layer.tests_use)
        };
        let row = format!("| `{}` | {} | {tests} |\n", layer.package, list(layer.uses));
        table.push_str(&row);
    }
    table
}

/// The packages with their directories, in the order of these.
pub(crate) fn heads(workspace: &Workspace) -> Result<Vec<(String, &Package)>> {
    let mut packages: Vec<(String, &Package)> = Vec::new();
    for member in &workspace.members {
        packages.push((workspace.relative(directory_of(member)?), member));
    }
    packages.sort_by(|left, right| left.0.cmp(&right.0));
    Ok(packages)
}

/// A line for every package, from its description, and one for every module of its root, from its head.
fn code_map(workspace: &Workspace) -> Result<String> {
    let sources = workspace.sources()?;
    let mut map = String::new();
    for (directory, package) in heads(workspace)? {
        let about = package.description.as_deref().unwrap_or_default();
        let line = format!("- `{directory}` (`{}`): {about}\n", package.name);
        map.push_str(&line);
        for (module, about) in modules(&directory, &sources)? {
            let line = format!("  - `{module}`: {about}\n");
            map.push_str(&line);
        }
    }
    Ok(map)
}

/// The modules right below a package's `src`, each with the first sentence of its head.
fn modules(directory: &str, sources: &[SourceFile]) -> Result<Vec<(String, String)>> {
    let base = format!("{directory}/src/");
    let mut modules = Vec::new();
    for source in sources {
        let Some(rest) = source.path.strip_prefix(&base) else {
            continue;
        };
        let Some(name) = rest.strip_suffix("/mod.rs").or_else(|| rest.strip_suffix(".rs")) else {
            continue;
        };
        if name.contains('/') || matches!(name, "lib" | "main" | "tests") {
            continue;
        }
        modules.push((name.to_owned(), first_sentence(&source.path, &source.text)?));
    }
    modules.sort();
    Ok(modules)
}

/// The first sentence of a file's head, without the brackets of links.
pub(crate) fn first_sentence(path: &str, text: &str) -> Result<String> {
    let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
    let lines: Vec<String> = file.attrs.iter().filter_map(doc_line).collect();
    let paragraph: Vec<&str> = lines
        .iter()
        .map(|line| line.trim())
        .take_while(|line| !line.is_empty())
        .collect();
    let text = paragraph.join(" ").replace("[`", "`").replace("`]", "`");
    let sentence = text.split_once(". ").map_or(text.as_str(), |(first, _)| first);
    Ok(sentence.trim_end_matches(['.', ':']).to_owned())
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text), ..
    }) = &pair.value
    else {
        return None;
    };
    pair.path.is_ident("doc").then(|| text.value())
}

/// What the document refers to must exist: steps and tests that enforce invariants, and paths.
pub(crate) fn check_references(
    workspace: &Workspace,
    document: &str,
    steps: &[&str],
) -> Result<Vec<Finding>> {
    let sources = workspace.sources()?;
    let mut findings = check_invariants(document, steps, &sources);
    findings.extend(check_paths(document, |path| workspace.root.join(path).exists()));
    findings.extend(check_items(document, &sources));
    Ok(findings)
}

/// Every paragraph that begins with `Invariant:` ends with `Enforced by: ` and names, each in backticks: a
/// step, as `xtask NAME`, or a test, as `FILE::NAME`.
fn check_invariants(document: &str, steps: &[&str], sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut line = 1;
    for paragraph in document.split("\n\n") {
        let at = line;
        line += paragraph.matches('\n').count() + 2;
        let paragraph = paragraph.trim_start_matches('\n');
        if !paragraph.starts_with("Invariant:") {
            continue;
        }
        let named = paragraph
            .split_once("Enforced by: ")
            .map(|(_, enforcers)| quoted(enforcers))
            .unwrap_or_default();
        if named.is_empty() {
            findings.push(Finding::at(
                PATH,
                at,
                "the invariant does not say what enforces it",
                "end it with `Enforced by: ` and the step or test; without one it is a wish",
            ));
        }
        for name in named {
            let exists = match (name.strip_prefix("xtask "), name.split_once("::")) {
                (Some(step), _) => steps.contains(&step),
                (None, Some((path, test))) => sources
                    .iter()
                    .any(|source| source.path == path && source.text.contains(&format!("fn {test}("))),
                (None, None) => false,
            };
            if !exists {
                findings.push(Finding::at(
                    PATH,
                    at,
                    format!("the invariant is enforced by `{name}`, which does not exist"),
                    "name a step as `xtask NAME`, or a test as `FILE::NAME`",
                ));
            }
        }
    }
    findings
}

/// Every quoted path must exist. Generated parts speak in the words of the code, and are compared with it.
fn check_paths(document: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut generated = false;
    for (index, line) in document.lines().enumerate() {
        generated = (generated || line.starts_with("<!-- generated: ")) && !line.starts_with("<!-- end of ");
        if generated {
            continue;
        }
        for word in quoted(line) {
            let is_path = word.contains('/')
                && !word.starts_with('/')
                && !word.contains([' ', '<', '*', '{', '$'])
                && !word.contains("::");
            if is_path && !exists(word) {
                findings.push(Finding::at(
                    PATH,
                    index + 1,
                    format!("there is no `{word}`"),
                    "say where it stands now",
                ));
            }
        }
    }
    findings
}

/// Every quoted `FILE::NAME` must be an item of that file.
fn check_items(document: &str, sources: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in document.lines().enumerate() {
        for word in quoted(line) {
            let Some((path, name)) = word.split_once(".rs::") else {
                continue;
            };
            let path = format!("{path}.rs");
            let exists = sources
                .iter()
                .any(|source| source.path == path && has_item(&source.text, name));
            if !exists {
                findings.push(Finding::at(
                    PATH,
                    index + 1,
                    format!("there is no `{word}`"),
                    "name a function, type, trait or constant as `FILE::NAME`",
                ));
            }
        }
    }
    findings
}

/// Whether a source declares something of that name.
fn has_item(text: &str, name: &str) -> bool {
    ["fn ", "struct ", "enum ", "trait ", "const ", "static ", "type "]
        .into_iter()
        .any(|keyword| {
            let declared = format!("{keyword}{name}");
            text.match_indices(&declared).any(|(at, _)| {
                let next = text
                    .get(at + declared.len()..)
                    .and_then(|rest| rest.chars().next());
                next.is_some_and(|next| !next.is_alphanumeric() && next != '_')
            })
        })
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    #[test]
    fn replaces_between_markers_only() {
        let document = "a\n<!-- generated: layers -->\nold\n<!-- end of layers -->\nb\n";
        let renewed = replace(document, "layers", "new\n").unwrap();
        assert_eq!(
            renewed,
            "a\n<!-- generated: layers -->\nnew\n<!-- end of layers -->\nb\n"
        );
        assert_eq!(replace(&renewed, "layers", "new\n").unwrap(), renewed);
        assert!(replace("a", "layers", "new\n").is_err());
    }

    #[test]
    fn the_table_shows_members_only() {
        let layers = [Layer {
            package: "a",
            uses: &["b", "c"],
            tests_use: &["d"],
        }];
        let table = layers_table(&layers, &["a", "b", "d"]);
        assert!(table.ends_with("| `a` | `b` | `d` |\n"), "{table}");
        assert!(!layers_table(&layers, &["b"]).contains("`a`"));
    }

    #[test]
    fn a_line_of_the_map_is_the_first_sentence() {
        let text = "//! Reads [`Thing`]s of\n//! any kind. Never writes.\n//!\n//! More.\n";
        assert_eq!(
            first_sentence("x.rs", text).unwrap(),
            "Reads `Thing`s of any kind"
        );
        assert_eq!(first_sentence("x.rs", "fn f() {}").unwrap(), "");
    }

    #[test]
    fn invariants_name_what_enforces_them() {
        let sources = [SourceFile {
            package: "x".to_owned(),
            path: "x/src/a.rs".to_owned(),
            text: "fn holds() {}".to_owned(),
        }];
        let judge = |text: &str| problems(&check_invariants(text, &["layers"], &sources));
        assert_eq!(
            judge("x\n\nInvariant: a.\nEnforced by: `xtask layers`, `x/src/a.rs::holds`.\n\ny"),
            ""
        );
        assert!(judge("x\n\nInvariant: a.\n").contains(":3: the invariant does not say"));
        assert!(judge("Invariant: a. Enforced by: `xtask layer`.").contains("`xtask layer`, which"));
        assert!(judge("Invariant: a. Enforced by: `x/src/a.rs::hold`.").contains("which does not exist"));
        assert!(judge("Invariant: a. Enforced by: `care`.").contains("which does not exist"));
    }

    #[test]
    fn items_are_declared_in_the_file_that_is_named() {
        let sources = [SourceFile {
            package: "x".to_owned(),
            path: "x/src/a.rs".to_owned(),
            text: "pub(crate) fn longer(a: u8) {}\nconst TABLE: u8 = 1;\nstruct Plan<T>(T);".to_owned(),
        }];
        let judge = |text: &str| problems(&check_items(text, &sources));
        assert_eq!(
            judge("| x | `x/src/a.rs::longer`, `x/src/a.rs::TABLE`, `x/src/a.rs::Plan` |"),
            ""
        );
        for wrong in ["x/src/a.rs::long", "x/src/b.rs::longer", "x/src/a.rs::plan"] {
            assert!(
                judge(&format!("\n`{wrong}`")).contains(":2: there is no"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn paths_exist() {
        let judge = |text: &str| problems(&check_paths(text, |path| path == "a/b.rs"));
        assert_eq!(judge("`a/b.rs` and `cargo x/y z` and `a::b`"), "");
        assert_eq!(
            judge("<!-- generated: x -->\n`a/c.rs`\n<!-- end of x -->\n`a/b.rs`"),
            ""
        );
        assert!(judge("<!-- generated: x -->\n<!-- end of x -->\n`a/c.rs`").contains(":3: there is no"));
        assert!(judge("\nsee `a/c.rs`").contains(":2: there is no `a/c.rs`"));
    }
}
