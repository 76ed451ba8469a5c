//! Licences of what we depend on: an expression passes if the allowed ones satisfy it.

use crate::report::{Finding, Result};
use crate::rules::used::Used;

/// Licences that may be combined with ours without more than naming them.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The certificates of the certificate authorities: data.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages whose licence is not satisfied by the allowed ones.
pub(crate) fn check(packages: &[Used]) -> Vec<Finding> {
    packages
        .iter()
        .filter_map(|package| {
            let problem = match package.license.as_deref() {
                None => "it names no licence".to_owned(),
                Some(expression) => match satisfied(expression) {
                    Ok(true) => return None,
                    Ok(false) => format!("its licence is not allowed: {expression}"),
                    Err(error) => format!("its licence cannot be read: {expression}: {error}"),
                },
            };
            Some(Finding::new(
                format!("{} {}", package.name, package.version),
                problem,
                "choose another crate; or, if the licence is as free, add it in xtask/src/rules/licences.rs",
            ))
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied by allowed licences alone.
fn satisfied(expression: &str) -> Result<bool> {
    // Old manifests write `MIT/Apache-2.0`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    let answer = reader.any()?;
    match reader.words {
        [] => Ok(answer),
        [word, ..] => Err(format!("unexpected `{word}`").into()),
    }
}

/// Reads an expression: `OR` binds weaker than `AND`, which binds weaker than `WITH`.
struct Reader<'w> {
    words: &'w [&'w str],
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        if let [first, rest @ ..] = self.words
            && *first == word
        {
            self.words = rest;
            return true;
        }
        false
    }

    fn any(&mut self) -> Result<bool> {
        let mut answer = self.all()?;
        while self.take("OR") {
            answer |= self.all()?;
        }
        Ok(answer)
    }

    fn all(&mut self) -> Result<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let answer = self.any()?;
            return if self.take(")") {
                Ok(answer)
            } else {
                Err("`)` is missing".into())
            };
        }
        let [name, rest @ ..] = self.words else {
            return Err("it ends too early".into());
        };
        if matches!(*name, "AND" | "OR" | "WITH" | ")") {
            return Err(format!("unexpected `{name}`").into());
        }
        self.words = rest;
        if self.take("WITH") {
            let [exception, rest @ ..] = self.words else {
                return Err("it ends too early".into());
            };
            self.words = rest;
            return Ok(ALLOWED.contains(&format!("{name} WITH {exception}").as_str()));
        }
        Ok(ALLOWED.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::problems;
    use crate::rules::used::tests::used;

    #[test]
    fn allowed_licences_pass() {
        for expression in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0-only",
            "GPL-3.0-only OR MIT AND ISC",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0",
            "ISC AND (Apache-2.0 OR GPL-2.0-only) AND BSD-3-Clause",
        ] {
            assert!(satisfied(expression).unwrap(), "{expression}");
        }
    }

    #[test]
    fn other_licences_fail() {
        for expression in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR ISC) AND (GPL-3.0-only OR AGPL-3.0-only)",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ] {
            assert!(!satisfied(expression).unwrap(), "{expression}");
        }
        for expression in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT"] {
            assert!(satisfied(expression).is_err(), "{expression}");
        }
    }

    #[test]
    fn packages_are_named() {
        assert_eq!(problems(&check(&[used(None, Some("MIT"))])), "");
        assert!(problems(&check(&[used(None, None)])).contains("x 1.0.0: it names no licence"));
        assert!(problems(&check(&[used(None, Some("AGPL-3.0-only"))])).contains("not allowed"));
    }
}
