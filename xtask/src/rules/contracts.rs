//! `contracts`: every method of a port says how it behaves and which errors it gives.
//!
//! A port is a public trait of the domain. A method without its contract leaves it to each driver to decide
//! what happens the second time; a default body would let a driver forget a method.

use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Expr, ExprLit, ItemTrait, Lit, Meta, TraitItem, Visibility};

use crate::report::{Finding, Result};
use crate::workspace::Workspace;

const HEADINGS: [&str; 2] = ["# Behavior", "# Errors"];

/// The step.
pub(crate) fn step(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut ports = 0;
    for source in workspace.sources()? {
        if source.package == "kompox-domain" && !source.is_test() {
            let checked = check_file(&source.path, &source.text)?;
            ports += checked.ports;
            findings.extend(checked.findings);
        }
    }
    if ports == 0 {
        findings.push(Finding::new(
            "kompox-domain",
            "no port was found: this check looks at the wrong place",
            "mend xtask/src/rules/contracts.rs",
        ));
    }
    Ok(findings)
}

/// What was found in a file.
#[derive(Debug)]
struct Checked<'p> {
    path: &'p str,
    ports: usize,
    findings: Vec<Finding>,
}

fn check_file<'p>(path: &'p str, text: &str) -> Result<Checked<'p>> {
    let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
    let mut checked = Checked {
        path,
        ports: 0,
        findings: Vec::new(),
    };
    checked.visit_file(&file);
    Ok(checked)
}

impl<'ast> Visit<'ast> for Checked<'_> {
    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if !matches!(item.vis, Visibility::Public(_)) {
            return;
        }
        self.ports += 1;
        for method in &item.items {
            let TraitItem::Fn(method) = method else { continue };
            let name = format!("{}::{}", item.ident, method.sig.ident);
            let line = method.sig.span().start().line;
            let doc = doc_lines(&method.attrs);
            for heading in HEADINGS {
                if !says_something(&doc, heading) {
                    self.findings.push(Finding::at(
                        self.path,
                        line,
                        format!("{name} has no `{heading}`"),
                        format!("document it under the heading `{heading}`, with text below"),
                    ));
                }
            }
            if method.default.is_some() {
                self.findings.push(Finding::at(
                    self.path,
                    line,
                    format!("{name} has a default body"),
                    "make it a required method, or a free function beside the port",
                ));
            }
        }
    }
}

/// The lines of a doc comment.
fn doc_lines(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) = &pair.value
        {
            lines.extend(text.value().lines().map(|line| line.trim().to_owned()));
        }
    }
    lines
}

/// Whether text follows the heading, before the next one.
fn says_something(doc: &[String], heading: &str) -> bool {
    let Some(at) = doc.iter().position(|line| line == heading) else {
        return false;
    };
    doc[at + 1..]
        .iter()
        .find(|line| !line.is_empty())
        .is_some_and(|line| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn judge(text: &str) -> String {
        problems(&check_file("x.rs", text).unwrap().findings)
    }

    #[test]
    fn a_whole_contract_passes() {
        let good = "
            /// A port.
            #[async_trait]
            pub trait Port {
                /// Does.
                ///
                /// # Behavior
                /// Twice is once.
                ///
                /// # Errors
                /// None.
                async fn act(&self);
            }
            trait Private { fn free(&self) {} }
        ";
        assert_eq!(judge(good), "");
        assert_eq!(check_file("x.rs", good).unwrap().ports, 1);
    }

    #[test]
    fn a_missing_or_empty_heading_fails() {
        let found = judge("pub trait Port {\n/// # Behavior\n/// Yes.\nfn act(&self); }");
        assert_eq!(found, "x.rs:4: Port::act has no `# Errors`");
        let found = judge("pub trait Port { /// # Behavior\n///\n/// # Errors\n/// None.\nfn act(&self); }");
        assert!(found.contains("no `# Behavior`"), "{found}");
        assert!(judge("mod inner { pub trait Port { fn act(&self); } }").contains("Port::act"));
    }

    #[test]
    fn a_default_body_fails() {
        let found =
            judge("pub trait Port {\n/// # Behavior\n/// Yes.\n/// # Errors\n/// None.\nfn act(&self) {} }");
        assert!(found.contains("default body"), "{found}");
    }
}
