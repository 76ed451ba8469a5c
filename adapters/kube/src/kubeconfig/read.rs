//! From text to a tree, within bounds.

use std::sync::Arc;

use kompox_domain::{Error, ErrorKind, Result};
use kompox_yaml::{Bounds, Budget, Documents, Mark, Node, Problem, ProblemKind};

/// The largest file, in bytes. One with a thousand clusters is smaller.
pub(crate) const MAX_BYTES: usize = 8 << 20;
/// What a file may hold. It is written with its aliases spelled out.
pub(super) const BOUNDS: Bounds = Bounds {
    depth: 64,
    values: 500_000,
    alias_bytes: 32 << 20,
};

/// Reads the one document of a text. None where it holds nothing but comments.
pub(crate) fn document(bytes: &[u8]) -> Result<Option<Arc<Node>>> {
    if bytes.len() > MAX_BYTES {
        return Err(invalid(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = line.iter().filter(|byte| **byte == b'\n').count() + 1;
        invalid(format!("line {line} is not UTF-8"))
    })?;
    let mut budget = Budget::new(BOUNDS);
    let mut documents = Documents::new(text, &mut budget);
    let Some(document) = documents.next() else {
        return Ok(None);
    };
    let root = document.content.map_err(|problems| problem(problems.first()))?;
    if let Some(second) = documents.next() {
        return Err(at(
            second.mark,
            "a second document begins here, and kubectl reads only one",
        ));
    }
    Ok(Some(root).filter(|root| !root.is_null()))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn at(mark: Mark, message: &str) -> Error {
    invalid(format!("line {}: {message}", mark.line))
}

/// What is wrong, without a word of what is in the file: a key may be a credential in the wrong place.
fn problem(problem: Option<&Problem>) -> Error {
    let Some(Problem { mark, kind }) = problem else {
        return invalid("it cannot be read");
    };
    let message = match kind {
        ProblemKind::KeyRepeated { .. } => "the same key is there twice in one mapping".to_owned(),
        ProblemKind::UnknownTag => "this tag is not understood, so what it means could get lost".to_owned(),
        kind => kind.to_string(),
    };
    at(*mark, &message)
}
