//! From the parser's events to the tree of one document.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Marker, ScalarStyle, Span, Tag};

use crate::bounds::Budget;
use crate::problem::{Mark, Problem, ProblemKind};
use crate::scalar::{Scalar, Style};
use crate::tree::{Entry, Map, Node, Value};

/// How many problems of one document are kept with which it can still be read on.
const KEPT: usize = 100;
/// What a value or a key costs beyond its text, in bytes: roughly what it takes in memory.
const NODE_BYTES: usize = 64;

/// What a value takes, with everything in it, aliases spelled out.
#[derive(Clone, Copy, Default)]
struct Cost {
    bytes: usize,
    /// How many levels of lists and mappings there are in it, itself included.
    height: usize,
}

/// A list or mapping that is not yet closed.
struct Frame {
    mark: Mark,
    anchor: usize,
    /// What is in it so far takes that.
    inner: Cost,
    content: Content,
}

enum Content {
    List(Vec<Arc<Node>>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    keys: HashMap<String, Mark>,
    /// The key whose value comes next.
    key: Option<Key>,
    /// The values of `<<`.
    merged: Vec<Arc<Node>>,
}

enum Key {
    New(Scalar, Mark),
    /// Already there; the value is dropped.
    Repeated,
    /// `<<`.
    Merge,
}

/// Builds one document.
#[derive(Default)]
pub(crate) struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Arc<Node>, Cost)>,
    pub(crate) root: Option<Arc<Node>>,
    /// What is wrong although the document could be read on.
    pub(crate) problems: Vec<Problem>,
}

/// Where a marker of the parser is.
pub(crate) fn mark(marker: Marker) -> Mark {
    Mark {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

fn stop<T>(mark: Mark, kind: ProblemKind) -> Result<T, Problem> {
    Err(Problem { mark, kind })
}

impl Builder {
    /// Takes the next event. An error ends the document.
    pub(crate) fn add(&mut self, event: Event<'_>, span: Span, budget: &mut Budget) -> Result<(), Problem> {
        let at = mark(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = self.style(at, style, tag.as_deref());
                let text = text.into_owned();
                let cost = Cost {
                    bytes: NODE_BYTES.saturating_add(text.len()),
                    height: 0,
                };
                let value = Value::Scalar(Scalar { text, style });
                self.close(anchor, Node { mark: at, value }, cost, budget)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(at, tag.as_deref(), "seq");
                self.open(at, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(at, tag.as_deref(), "map");
                self.open(at, anchor, Content::Map(OpenMap::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(frame) => {
                    let cost = Cost {
                        bytes: frame.inner.bytes.saturating_add(NODE_BYTES),
                        height: frame.inner.height + 1,
                    };
                    let value = match frame.content {
                        Content::List(items) => Value::List(items),
                        Content::Map(open) => Value::Map(self.closed(open)),
                    };
                    let mark = frame.mark;
                    self.close(frame.anchor, Node { mark, value }, cost, budget)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(at, anchor, budget),
            _ => Ok(()),
        }
    }

    fn open(&mut self, mark: Mark, anchor: usize, content: Content) -> Result<(), Problem> {
        if let Some(Content::Map(OpenMap { key: None, .. })) = self.stack.last().map(|frame| &frame.content) {
            return stop(mark, ProblemKind::KeyNotText);
        }
        self.stack.push(Frame {
            mark,
            anchor,
            inner: Cost::default(),
            content,
        });
        Ok(())
    }

    /// An alias stands for the very node of its anchor: nothing is copied, but what it adds is counted.
    fn alias(&mut self, at: Mark, anchor: usize, budget: &mut Budget) -> Result<(), Problem> {
        let Some((node, cost)) = self.anchors.get(&anchor).cloned() else {
            return stop(at, ProblemKind::EndlessAlias);
        };
        let bounds = budget.bounds();
        if self.stack.len() + cost.height > bounds.depth {
            return stop(at, ProblemKind::AliasesTooDeep(bounds.depth));
        }
        if !budget.take_alias(cost.bytes) {
            return stop(at, ProblemKind::AliasesTooLong(bounds.alias_bytes));
        }
        self.place(at, node, cost, budget)
    }

    fn close(&mut self, anchor: usize, node: Node, cost: Cost, budget: &mut Budget) -> Result<(), Problem> {
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, (Arc::clone(&node), cost));
        }
        self.place(node.mark, node, cost, budget)
    }

    /// Puts a finished value where it belongs; `at` is where it was written, which an alias's node does not know.
    fn place(&mut self, at: Mark, node: Arc<Node>, cost: Cost, budget: &mut Budget) -> Result<(), Problem> {
        if !budget.take_value() {
            return stop(at, ProblemKind::TooManyValues(budget.bounds().values));
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.inner.bytes = frame.inner.bytes.saturating_add(cost.bytes);
        frame.inner.height = frame.inner.height.max(cost.height);
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map(open) => match open.key.take() {
                None => {
                    let (key, problem) = open.key(at, &node)?;
                    open.key = Some(key);
                    if let Some(kind) = problem {
                        self.report(at, kind);
                    }
                }
                Some(Key::New(key, mark)) => open.entries.push(Entry { key, mark, node }),
                Some(Key::Repeated) => {}
                Some(Key::Merge) => open.merged.push(node),
            },
        }
        Ok(())
    }

    /// A mapping with what `<<` brings in: keys that it has itself stay as they are.
    fn closed(&mut self, open: OpenMap) -> Map {
        let OpenMap {
            mut entries,
            mut keys,
            merged,
            ..
        } = open;
        for node in merged {
            self.merge(&node, &mut entries, &mut keys);
        }
        Map::of(entries)
    }

    fn merge(&mut self, node: &Node, entries: &mut Vec<Entry>, keys: &mut HashMap<String, Mark>) {
        match &node.value {
            Value::Map(found) => {
                for entry in found.iter() {
                    if !keys.contains_key(&entry.key.text) {
                        keys.insert(entry.key.text.clone(), entry.mark);
                        entries.push(entry.clone());
                    }
                }
            }
            Value::List(nodes) if nodes.iter().all(|node| node.as_map().is_some()) => {
                for node in nodes {
                    self.merge(node, entries, keys);
                }
            }
            Value::List(_) | Value::Scalar(_) => {
                self.report(node.mark, ProblemKind::MergeOfNoMapping(node.kind()));
            }
        }
    }

    /// Keeps a problem with which the document can be read on. A document full of them is as bad as one with some.
    fn report(&mut self, mark: Mark, kind: ProblemKind) {
        if self.problems.len() < KEPT {
            self.problems.push(Problem { mark, kind });
        }
    }

    fn style(&mut self, at: Mark, style: ScalarStyle, tag: Option<&Tag>) -> Style {
        let written = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            _ => Style::Double,
        };
        let string = match written {
            Style::Plain => Style::Double,
            quoted => quoted,
        };
        let Some(tag) = tag else { return written };
        match tag.core_suffix() {
            Some("str") => string,
            // The tag «!» alone says: a string.
            None if tag.original() == "!" => string,
            _ => {
                self.report(at, ProblemKind::UnknownTag);
                written
            }
        }
    }

    fn check_tag(&mut self, at: Mark, tag: Option<&Tag>, expected: &str) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(expected)
            && tag.original() != "!"
        {
            self.report(at, ProblemKind::UnknownTag);
        }
    }
}

impl OpenMap {
    /// What a value in the place of a key means, and what is wrong with it though it can be read on.
    fn key(&mut self, at: Mark, node: &Node) -> Result<(Key, Option<ProblemKind>), Problem> {
        let Value::Scalar(scalar) = &node.value else {
            return stop(at, ProblemKind::KeyNotText);
        };
        if scalar.is_null() {
            return stop(at, ProblemKind::KeyMissing);
        }
        if scalar.is_unquoted() && scalar.text == "<<" {
            return Ok((Key::Merge, None));
        }
        if let Some(first) = self.keys.get(&scalar.text) {
            let problem = ProblemKind::KeyRepeated {
                key: scalar.text.clone(),
                first: *first,
            };
            return Ok((Key::Repeated, Some(problem)));
        }
        self.keys.insert(scalar.text.clone(), at);
        Ok((Key::New(scalar.clone(), at), None))
    }
}
