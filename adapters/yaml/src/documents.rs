//! The documents of a text, one after the other.

use std::iter::FusedIterator;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScanError, StrInput};

use crate::bounds::Budget;
use crate::builder::{Builder, mark};
use crate::problem::{Mark, Problem, ProblemKind};
use crate::tree::Node;

/// One document of a text.
pub struct Document {
    /// Its number in the text, from 1.
    pub number: usize,
    /// Where it begins.
    pub mark: Mark,
    /// What it holds, or everything that is wrong with it: at least one problem.
    pub content: Result<Arc<Node>, Vec<Problem>>,
}

/// Reads a text document by document. The documents after a broken one are read all the same, for their problems,
/// unless a bound of all of them together is reached: that problem comes last.
pub struct Documents<'t, 'b> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    budget: &'b mut Budget,
    number: usize,
    ended: bool,
}

impl<'t, 'b> Documents<'t, 'b> {
    /// The documents of a text. What they hold is taken from the budget as they are read.
    pub fn new(text: &'t str, budget: &'b mut Budget) -> Self {
        let depth = budget.bounds().depth;
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: depth,
            block_nesting_limit: depth,
        };
        Self {
            text,
            parser: Parser::new_from_str_with_options(text, options),
            budget,
            number: 0,
            ended: false,
        }
    }

    /// What the scanner's error means to somebody who wrote the text. It holds no text of it, which may be secret.
    fn wording(&self, error: &ScanError) -> ProblemKind {
        let indented_with_tab = |line: usize| {
            line.checked_sub(1)
                .and_then(|index| self.text.lines().nth(index))
                .is_some_and(|line| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t'))
        };
        let tab = matches!(
            error.kind(),
            ErrorKind::TabInIndentation
                | ErrorKind::TabInBlockIndentation
                | ErrorKind::TabNotAllowed
                | ErrorKind::TabAtBlockScalarStart
                | ErrorKind::TabInPlainScalar
        );
        if tab || indented_with_tab(error.marker().line()) {
            return ProblemKind::Tab;
        }
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => ProblemKind::TooDeep(self.budget.bounds().depth),
            ErrorKind::UnknownAnchor => ProblemKind::UnknownAnchor,
            kind => ProblemKind::NotYaml(kind.to_string()),
        }
    }
}

impl Iterator for Documents<'_, '_> {
    type Item = Document;

    fn next(&mut self) -> Option<Document> {
        if self.ended {
            return None;
        }
        let mut open: Option<(Mark, Builder)> = None;
        loop {
            let step = match self.parser.next_event() {
                None => {
                    self.ended = true;
                    return None;
                }
                Some(Ok((Event::DocumentStart(..), span))) => {
                    self.number += 1;
                    open = Some((mark(span.start), Builder::default()));
                    continue;
                }
                Some(Ok((Event::DocumentEnd, _))) => {
                    let Some((mark, builder)) = open.take() else {
                        continue;
                    };
                    let content = match builder.root {
                        Some(root) if builder.problems.is_empty() => Ok(root),
                        // A document without a value has none in its events either.
                        None if builder.problems.is_empty() => continue,
                        _ => Err(builder.problems),
                    };
                    return Some(Document {
                        number: self.number,
                        mark,
                        content,
                    });
                }
                Some(Ok((event, span))) => match open.as_mut() {
                    Some((_, builder)) => builder.add(event, span, self.budget),
                    None => Ok(()),
                },
                Some(Err(error)) => Err(Problem {
                    mark: mark(*error.marker()),
                    kind: self.wording(&error),
                }),
            };
            let Err(problem) = step else { continue };
            // It may have failed before the document began.
            let (mark, builder) = open.take().unwrap_or_else(|| {
                self.number += 1;
                (problem.mark, Builder::default())
            });
            self.ended =
                problem.kind.ends_the_text() || !matches!(self.parser.proceed_next_document(), Ok(true));
            let mut problems = builder.problems;
            problems.push(problem);
            return Some(Document {
                number: self.number,
                mark,
                content: Err(problems),
            });
        }
    }
}

impl FusedIterator for Documents<'_, '_> {}
