//! Error texts that repeat their source. Whoever prints an error prints the chain of its causes too: a text
//! with its source in it says everything twice.

use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Fields, ItemStruct, LitStr, Meta, Variant};

use crate::report::{Finding, Result};

/// Looks at every `#[error("…")]` of a file.
pub(crate) fn check(path: &str, text: &str) -> Result<Vec<Finding>> {
    let file = syn::parse_file(text).map_err(|error| format!("{path}: {error}"))?;
    let mut visitor = Texts {
        path,
        findings: Vec::new(),
    };
    visitor.visit_file(&file);
    Ok(visitor.findings)
}

struct Texts<'p> {
    path: &'p str,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Texts<'_> {
    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.look(&variant.ident.to_string(), &variant.attrs, &variant.fields);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.look(&item.ident.to_string(), &item.attrs, &item.fields);
    }
}

impl Texts<'_> {
    fn look(&mut self, name: &str, attributes: &[Attribute], fields: &Fields) {
        let Some(source) = source_of(fields) else { return };
        for attribute in attributes {
            let Meta::List(list) = &attribute.meta else {
                continue;
            };
            if !list.path.is_ident("error") {
                continue;
            }
            let mut tokens = list.tokens.clone().into_iter();
            let Some(Ok(text)) = tokens.next().map(|first| syn::parse2::<LitStr>(first.into())) else {
                continue;
            };
            let arguments: String = tokens.map(|token| token.to_string()).collect();
            if shows(&text.value(), &source) || passes(&arguments, &source) {
                self.findings.push(Finding::at(
                    self.path,
                    attribute.span().start().line,
                    format!("the text of {name} repeats its source `{source}`"),
                    "say only what failed; the chain of causes says why",
                ));
            }
        }
    }
}

/// The field that is the error's source, as thiserror sees it: marked, or named `source`.
fn source_of(fields: &Fields) -> Option<String> {
    fields.iter().enumerate().find_map(|(index, field)| {
        let marked = field
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("source") || attribute.path().is_ident("from"));
        let name = field.ident.as_ref().map(ToString::to_string);
        (marked || name.as_deref() == Some("source")).then(|| name.unwrap_or_else(|| index.to_string()))
    })
}

/// Whether a format string has the field in braces.
fn shows(text: &str, field: &str) -> bool {
    let plain = text.replace("{{", "").replace("}}", "");
    plain.split('{').skip(1).any(|rest| {
        let inside = rest.split('}').next().unwrap_or_default();
        inside.split(':').next().unwrap_or_default().trim() == field
    })
}

/// Whether the format's arguments have the whole field, not something of it.
fn passes(arguments: &str, field: &str) -> bool {
    let text: String = arguments.split_whitespace().collect();
    text.split(',')
        .any(|argument| argument.rsplit('=').next().unwrap_or_default() == format!(".{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;

    fn judge(text: &str) -> String {
        problems(&check("x.rs", text).unwrap())
    }

    #[test]
    fn texts_without_their_source_pass() {
        assert_eq!(
            judge(
                r#"enum E {
                    #[error("cannot read {path}")] Read { path: String, #[source] cause: io::Error },
                    #[error("bad: {0}")] Bad(String),
                    #[error(transparent)] Io(#[from] io::Error),
                    #[error("line {}", .source.line())] Line { source: Parse },
                    #[error("{{source}}")] Braces { source: Parse },
                }"#
            ),
            ""
        );
    }

    #[test]
    fn texts_with_their_source_fail() {
        for bad in [
            r#"enum E { #[error("io: {0}")] Io(#[from] io::Error) }"#,
            r#"enum E { #[error("io: {0:?}")] Io(#[source] io::Error) }"#,
            r#"enum E { #[error("at {line}: {source}")] Io { line: u8, source: io::Error } }"#,
            r#"#[error("no: {cause}")] struct S { #[source] cause: io::Error }"#,
            r#"#[error("no: {}", .0)] struct S(#[source] io::Error);"#,
            r#"mod m { enum E { #[error("no {x}", x = .source)] X { source: io::Error } } }"#,
        ] {
            assert!(judge(bad).contains("repeats its source"), "{bad}");
        }
    }
}
