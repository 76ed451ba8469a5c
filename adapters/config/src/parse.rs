//! From YAML text to documents, with every error of every document.

use std::path::Path;
use std::sync::Arc;

use kompox_yaml::{Budget, Documents, Node, Problem, ProblemKind};

use crate::error::{Fault, Faults, Place, quoted};

/// A document that is well-formed.
pub(crate) struct Document {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    pub(crate) root: Arc<Node>,
}

/// Reads all documents of a text. What is wrong goes to `faults`; a document with a fault is left out.
pub(crate) fn documents(text: &str, shown: &Path, budget: &mut Budget, faults: &mut Faults) -> Vec<Document> {
    let mut documents = Vec::new();
    for document in Documents::new(text, budget) {
        let number = document.number;
        match document.content {
            Ok(root) => documents.push(Document { number, root }),
            Err(problems) => {
                for Problem { mark, kind } in problems {
                    let place = Place {
                        file: shown.to_owned(),
                        document: number,
                        mark,
                    };
                    faults.push(Some(&place), fault(&kind));
                }
                if faults.is_full() {
                    break;
                }
            }
        }
    }
    documents
}

/// What a problem means to somebody who wrote a configuration.
fn fault(problem: &ProblemKind) -> Fault {
    match problem {
        ProblemKind::TooManyValues(values) => {
            Fault::new(format!("the configuration holds more than {values} values"))
        }
        ProblemKind::KeyRepeated { key, first } => Fault::new(format!(
            "key {} is there twice, first in line {}",
            quoted(key),
            first.line
        )),
        ProblemKind::Tab => Fault::new(problem.to_string()).hint("YAML is indented with spaces only"),
        // A value that begins with «!» is read as a tag.
        ProblemKind::UnknownTag => {
            Fault::new(problem.to_string()).hint("put a value that begins with ! in quotes")
        }
        _ => Fault::new(problem.to_string()),
    }
}
