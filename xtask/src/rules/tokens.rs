//! Rules about single tokens: what is unfinished or unexplained, and what the inner layers must not name.
//!
//! They look at tokens, not at text, so that comments and strings may speak of anything.

use std::ops::RangeInclusive;

use proc_macro2::{TokenStream, TokenTree};

use crate::report::Finding;

/// Words that the first segment of a path must not have in the inner layers.
const OUTSIDE: &[&str] = &[
    "aks",
    "arm",
    "azure",
    "clap",
    "http",
    "https",
    "hyper",
    "k8s",
    "kube",
    "kubernetes",
    "reqwest",
    "saphyr",
    "tokio",
    "yaml",
];

/// Macros that stand for code to come, and attributes that keep a test from running.
pub(crate) fn unfinished(path: &str, tokens: &TokenStream) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_group(tokens, &mut |group| {
        for window in group.windows(2) {
            match window {
                [TokenTree::Ident(name), TokenTree::Punct(bang)]
                    if bang.as_char() == '!' && (name == "todo" || name == "unimplemented") =>
                {
                    findings.push(Finding::at(
                        path,
                        name.span().start().line,
                        format!("`{name}!` stands for code that is missing"),
                        "write the code, or answer with a typed error",
                    ));
                }
                [TokenTree::Punct(hash), TokenTree::Group(attribute)]
                    if hash.as_char() == '#' && ignores(&attribute.stream()) =>
                {
                    findings.push(Finding::at(
                        path,
                        attribute.span_open().start().line,
                        "a test is kept from running",
                        "mend the test, or delete it",
                    ));
                }
                _ => {}
            }
        }
    });
    findings
}

/// Whether an attribute is `ignore`, or turns into it.
fn ignores(attribute: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = attribute.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(name), ..] if name == "ignore" => true,
        [TokenTree::Ident(name), TokenTree::Group(inner)] if name == "cfg_attr" => inner
            .stream()
            .into_iter()
            .any(|token| matches!(&token, TokenTree::Ident(name) if name == "ignore")),
        _ => false,
    }
}

/// Attributes that lift a lint without saying why.
pub(crate) fn unexplained(path: &str, tokens: &TokenStream) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_group(tokens, &mut |group| {
        let [TokenTree::Ident(name), TokenTree::Group(lints)] = group else {
            return;
        };
        let explained = lints
            .stream()
            .into_iter()
            .any(|token| matches!(&token, TokenTree::Ident(word) if word == "reason"));
        if (name == "allow" || name == "expect") && !explained {
            findings.push(Finding::at(
                path,
                name.span().start().line,
                format!("`{name}` lifts a lint without a reason"),
                "follow the lint, or write `#[expect(…, reason = \"…\")]`",
            ));
        }
    });
    findings
}

/// Paths, imported or written out, that begin with a crate the inner layers must not know.
pub(crate) fn outside(path: &str, tokens: &TokenStream) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_group(tokens, &mut |group| {
        for (index, token) in group.iter().enumerate() {
            let TokenTree::Ident(name) = token else { continue };
            let word = name.to_string();
            let refused = word.split('_').any(|part| OUTSIDE.contains(&part));
            if refused && begins_path(group, index) {
                findings.push(Finding::at(
                    path,
                    name.span().start().line,
                    format!("`{word}` is named in a layer that must not know it"),
                    "put a port between, and move this to an adapter",
                ));
            }
        }
    });
    findings
}

/// Ways to read a file that wait for pipes and read without end: there is one that does not.
pub(crate) fn unbounded(path: &str, tokens: &TokenStream) -> Vec<Finding> {
    let mut findings = Vec::new();
    each_group(tokens, &mut |group| {
        for index in 0..group.len() {
            if let Some(what) = reads_unbounded(&group[index..]) {
                findings.push(Finding::at(
                    path,
                    group[index].span().start().line,
                    format!("`{what}` reads whatever lies there, without a bound"),
                    "use `kompox_files`",
                ));
            }
        }
    });
    findings
}

/// What reads a file without a bound, where the tokens begin with that.
fn reads_unbounded(tokens: &[TokenTree]) -> Option<&'static str> {
    let ident =
        |at: usize, word: &str| matches!(tokens.get(at), Some(TokenTree::Ident(found)) if found == word);
    let punct = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == mark);
    let leads_on = punct(1, ':') && punct(2, ':');
    let imports_read = || match tokens.get(3) {
        Some(TokenTree::Group(group)) => group
            .stream()
            .into_iter()
            .any(|token| matches!(&token, TokenTree::Ident(found) if found == "read")),
        _ => false,
    };
    if ident(0, "read_to_string") {
        Some("read_to_string")
    } else if ident(0, "fs") && leads_on && (ident(3, "read") || imports_read()) {
        Some("fs::read")
    } else if ident(0, "File") && leads_on && ident(3, "open") {
        Some("File::open")
    } else if ident(0, "tokio") && leads_on && ident(3, "fs") {
        Some("tokio::fs")
    } else if punct(0, '.')
        && ident(1, "read")
        && matches!(tokens.get(2), Some(TokenTree::Group(group)) if group.stream().to_string() == "true")
    {
        Some(".read(true)")
    } else {
        None
    }
}

/// Whether the identifier is the first segment of a path, or all that is imported.
fn begins_path(group: &[TokenTree], index: usize) -> bool {
    let punct = |at: Option<usize>, expected: char| {
        matches!(at.and_then(|at| group.get(at)),
            Some(TokenTree::Punct(found)) if found.as_char() == expected)
    };
    let ident = |at: Option<usize>, expected: &[&str]| {
        matches!(at.and_then(|at| group.get(at)),
            Some(TokenTree::Ident(found)) if expected.iter().any(|word| found == word))
    };
    let before = index.checked_sub(1);
    let leads_on = punct(Some(index + 1), ':') && punct(Some(index + 2), ':');
    let follows = punct(before, ':') && punct(index.checked_sub(2), ':');
    // `::name` is a first segment too, unless a name stands before.
    let after_name = follows
        && matches!(
            index.checked_sub(3).and_then(|at| group.get(at)),
            Some(TokenTree::Ident(_))
        )
        && !ident(index.checked_sub(3), &["use"]);
    let imported = ident(before, &["use", "crate"]) && !follows;
    (leads_on && !after_name) || imported
}

/// Calls a function with the tokens of every group, the outermost first.
fn each_group(tokens: &TokenStream, look: &mut impl FnMut(&[TokenTree])) {
    let group: Vec<TokenTree> = tokens.clone().into_iter().collect();
    look(&group);
    for token in &group {
        if let TokenTree::Group(inner) = token {
            each_group(&inner.stream(), look);
        }
    }
}

/// The lines that only tests see: items under `#[cfg(test)]`, from the attribute to the end.
pub(crate) fn test_lines(tokens: &TokenStream) -> usize {
    test_items(tokens).iter().map(|item| item.lines).sum()
}

/// The modules that only tests see, and that stand in files of their own.
pub(crate) fn test_modules(tokens: &TokenStream) -> Vec<String> {
    let items = test_items(tokens);
    items.into_iter().filter_map(|item| item.module).collect()
}

/// A file's tokens without the items that only tests see.
pub(crate) fn without_tests(tokens: &TokenStream) -> TokenStream {
    let tests = test_items(tokens);
    tokens
        .clone()
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !tests.iter().any(|item| item.tokens.contains(index)))
        .map(|(_, token)| token)
        .collect()
}

struct TestItem {
    tokens: RangeInclusive<usize>,
    lines: usize,
    module: Option<String>,
}

fn test_items(tokens: &TokenStream) -> Vec<TestItem> {
    let group: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut items = Vec::new();
    let mut index = 0;
    while index + 1 < group.len() {
        let (TokenTree::Punct(hash), TokenTree::Group(attribute)) = (&group[index], &group[index + 1]) else {
            index += 1;
            continue;
        };
        if hash.as_char() != '#' || !is_cfg_test(&attribute.stream()) {
            index += 1;
            continue;
        }
        // An attribute of the item is a bracket; its body is a brace, or it ends with a semicolon.
        let end = (index + 2..group.len())
            .find(|at| match &group[*at] {
                TokenTree::Group(body) => body.delimiter() == proc_macro2::Delimiter::Brace,
                TokenTree::Punct(mark) => mark.as_char() == ';',
                _ => false,
            })
            .unwrap_or(group.len() - 1);
        let module = match &group[..=end] {
            [
                ..,
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Punct(_),
            ] if word == "mod" => Some(name.to_string()),
            _ => None,
        };
        items.push(TestItem {
            tokens: index..=end,
            lines: group[end].span().end().line + 1 - hash.span().start().line,
            module,
        });
        index = end + 1;
    }
    items
}

/// Whether an attribute is `cfg(test)` or `cfg(all(test, …))`.
fn is_cfg_test(attribute: &TokenStream) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn tokens(text: &str) -> TokenStream {
        text.parse().unwrap()
    }

    #[test]
    fn finished_code_passes() {
        let good =
            "/// todo!() comes never\nfn f() { g(\"todo!() #[ignore]\"); ignore(); } // unimplemented!()";
        assert_eq!(problems(&unfinished("x.rs", &tokens(good))), "");
    }

    #[test]
    fn unfinished_code_fails() {
        for (bad, word) in [
            ("fn f() {\n todo!() }", "x.rs:2: `todo!`"),
            (
                "macro_rules! m { () => { unimplemented!(\"x\") } }",
                "`unimplemented!`",
            ),
            (
                "#[test]\n#[ignore = \"slow\"] fn f() {}",
                "x.rs:2: a test is kept",
            ),
            (
                "mod m { #[cfg_attr(windows, ignore)] fn f() {} }",
                "a test is kept",
            ),
        ] {
            let found = problems(&unfinished("x.rs", &tokens(bad)));
            assert!(found.contains(word), "{bad}: {found}");
        }
    }

    #[test]
    fn lifted_lints_have_a_reason() {
        let good = "#![allow(x, reason = \"y\")] #[expect(a, b, reason = \"c\")] fn f() { g.expect(\"x\"); }";
        assert_eq!(problems(&unexplained("x.rs", &tokens(good))), "");
        for bad in ["#![allow(x)]", "mod m {\n#[expect(a, b)] fn f() {} }"] {
            assert!(
                problems(&unexplained("x.rs", &tokens(bad))).contains("without a reason"),
                "{bad}"
            );
        }
    }

    #[test]
    fn inner_layers_may_speak_of_the_outside() {
        let good = "/// Not tokio::spawn.\nuse crate::http::Thing; use std::x as y; fn f(arm: u8) { g(\"azure_core::x\"); \
                    let kube = arm; crate::yaml::g(kube); kubeconfig::h(); }";
        assert_eq!(problems(&outside("x.rs", &tokens(good))), "");
    }

    #[test]
    fn inner_layers_may_not_name_the_outside() {
        for bad in [
            "use azure_core::http::Url;",
            "use ::tokio::sync::Mutex;",
            "use reqwest;",
            "extern crate hyper;",
            "use {std::fmt, kube::Api};",
            "fn f() { serde_saphyr::from_str(\"\"); }",
            "type T = Option<http::Uri>;",
            "pub use kompox_arm::Client;",
        ] {
            let found = problems(&outside("x.rs", &tokens(bad)));
            assert!(found.contains("must not know"), "{bad}");
            assert!(!found.contains('\n'), "{bad}: {found}");
        }
    }

    #[test]
    fn files_are_read_within_a_bound() {
        let good = "use std::fs::{self, File}; fn f() { fs::read_dir(d); fs::read_link(l); read(p); fs::write(p, b\"\"); \
                    File::create_new(p); OpenOptions::new().append(true).open(p); x.read(buffer); fs::metadata(p); \
                    kompox_files::read(p, 1); }";
        assert_eq!(problems(&unbounded("x.rs", &tokens(good))), "");
        for bad in [
            "fn f() { std::fs::read(p); }",
            "fn f() { fs::read_to_string(p); }",
            "use std::fs::read;",
            "use std::fs::{read, write};",
            "fn f() { let g = || File::open(p); }",
            "use tokio::fs;",
            "fn f() { OpenOptions::new().write(true).read(true).open(p); }",
            "fn f() { file.read_to_string(&mut text); }",
        ] {
            let found = problems(&unbounded("x.rs", &tokens(bad)));
            assert!(
                found.contains("without a bound") && !found.contains('\n'),
                "{bad}: {found}"
            );
        }
    }

    #[test]
    fn counts_test_lines() {
        let text = "fn a() {}\n\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n";
        assert_eq!(test_lines(&tokens(text)), 5);
        assert_eq!(test_lines(&tokens("#[cfg(not(test))]\nfn a() {\n}\n")), 0);
        assert_eq!(
            test_lines(&tokens("#[cfg(feature = \"mock\")]\nfn a() {\n}\n")),
            0
        );
    }

    #[test]
    fn drops_what_only_tests_see() {
        let text = "use a::b;\n#[cfg(test)]\n#[path = \"x\"]\nmod tests { use tokio::c; }\nfn d() {}";
        assert_eq!(
            without_tests(&tokens(text)).to_string(),
            tokens("use a::b; fn d() {}").to_string()
        );
    }

    #[test]
    fn finds_test_modules() {
        let text = "#[cfg(test)] mod fixtures; mod code; #[cfg(test)] mod tests { }";
        assert_eq!(test_modules(&tokens(text)), ["fixtures"]);
    }
}
