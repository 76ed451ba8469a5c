//! The paths in tokens whose grammar only a macro knows.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::rules::module_graph::reference::{Kind, Reference, begins_upper};

/// The paths in tokens, however deep. A name alone counts where it is called, or is that of a type or a
/// constant: else it is rather a variable or a field.
pub(super) fn scan(tokens: TokenStream) -> Vec<Reference> {
    let mut found = Vec::new();
    scan_group(tokens, &mut found);
    found
}

fn scan_group(tokens: TokenStream, found: &mut Vec<Reference>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(_) if begins_path(&tokens[..at]) => {
                at = scan_path(&tokens, at, &[], found);
                continue;
            }
            TokenTree::Group(group) => scan_group(group.stream(), found),
            _ => {}
        }
        at += 1;
    }
}

/// Reads the path that begins at an identifier, and answers where it ends.
fn scan_path(tokens: &[TokenTree], begin: usize, prefix: &[String], found: &mut Vec<Reference>) -> usize {
    let line = tokens[begin].span().start().line;
    let mut path = prefix.to_vec();
    let mut at = begin;
    let mut leads_on = false;
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        leads_on = is_punct(tokens, at + 1, ':') && is_punct(tokens, at + 2, ':');
        at += if leads_on { 3 } else { 1 };
        if !leads_on {
            break;
        }
    }
    let mut kind = Kind::Name;
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if leads_on && group.delimiter() == Delimiter::Brace => {
            scan_imports(group.stream(), &path, found);
            return at + 1;
        }
        Some(TokenTree::Punct(star)) if leads_on && star.as_char() == '*' => kind = Kind::Glob,
        Some(TokenTree::Punct(bang)) if bang.as_char() == '!' && !is_punct(tokens, at + 1, '=') => {
            kind = Kind::Macro;
        }
        _ => {}
    }
    let called = matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
        && !matches!(begin.checked_sub(1).map(|before| &tokens[before]), Some(TokenTree::Ident(word)) if word == "fn");
    let [first, rest @ ..] = path.as_slice() else {
        return at;
    };
    if !rest.is_empty() || called || kind == Kind::Macro || begins_upper(first) {
        found.push(Reference {
            path,
            line,
            kind,
            reexport: false,
        });
    }
    at
}

/// What stands in the braces of an import.
fn scan_imports(tokens: TokenStream, prefix: &[String], found: &mut Vec<Reference>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            // The name after it is a new one.
            TokenTree::Ident(word) if word == "as" => at += 1,
            TokenTree::Ident(_) => {
                at = scan_path(&tokens, at, prefix, found);
                continue;
            }
            TokenTree::Punct(star) if star.as_char() == '*' => found.push(Reference {
                path: prefix.to_vec(),
                line: star.span().start().line,
                kind: Kind::Glob,
                reexport: false,
            }),
            _ => {}
        }
        at += 1;
    }
}

/// Whether an identifier after these tokens begins a path: it is no field, method or lifetime, and does not
/// go on with a path.
fn begins_path(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Punct(first), TokenTree::Punct(second)] if second.as_char() == '.' => {
            first.as_char() == '.'
        }
        [.., TokenTree::Punct(first), TokenTree::Punct(second)] if second.as_char() == ':' => {
            first.as_char() != ':'
        }
        [.., TokenTree::Punct(mark)] => !matches!(mark.as_char(), '.' | '\''),
        _ => true,
    }
}

fn is_punct(tokens: &[TokenTree], at: usize, expected: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == expected)
}
