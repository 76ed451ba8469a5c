//! From YAML text to trees: within bounds, and with every error of every document.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use crate::error::{Fault, Faults, KEPT, Mark, Place, quoted};
use crate::limits::{ALIAS_BYTES, Budget, VALUES, YAML_DEPTH};
use crate::tree::{Entry, Node, Value};

/// A document that is well-formed.
pub(crate) struct Document {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    pub(crate) root: Rc<Node>,
}

/// Reads all documents of a text. What is wrong goes to `faults`; a document with a fault is left out.
pub(crate) fn documents(text: &str, shown: &Path, budget: &mut Budget, faults: &mut Faults) -> Vec<Document> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: YAML_DEPTH,
        block_nesting_limit: YAML_DEPTH,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    let mut number = 0;
    let mut builder = None;
    loop {
        let step = match parser.next_event() {
            None => return documents,
            Some(Ok((Event::DocumentStart(..), _))) => {
                number += 1;
                builder = Some(Builder::default());
                continue;
            }
            Some(Ok((Event::DocumentEnd, _))) => {
                let Builder { root, broken, .. } = builder.take().unwrap_or_default();
                let sound = broken.is_empty();
                for (mark, fault) in broken {
                    push(faults, shown, number, mark, fault);
                }
                if let Some(root) = root.filter(|_| sound) {
                    documents.push(Document { number, root });
                }
                continue;
            }
            Some(Ok((event, span))) => match builder.as_mut() {
                Some(builder) => builder.add(event, span, budget),
                None => Ok(()),
            },
            Some(Err(error)) => Err(Stop::Document(mark(*error.marker()), wording(&error, text))),
        };
        let Err(stop) = step else { continue };
        if builder.is_none() {
            // It failed before the document began.
            number += 1;
        }
        for (mark, fault) in builder.take().unwrap_or_default().broken {
            push(faults, shown, number, mark, fault);
        }
        let (Stop::Document(mark, fault) | Stop::File(mark, fault)) = &stop;
        push(faults, shown, number, *mark, fault.clone());
        if matches!(stop, Stop::File(..)) || faults.is_full() {
            return documents;
        }
        // The documents after a broken one are read all the same, for their errors.
        if !matches!(parser.proceed_next_document(), Ok(true)) {
            return documents;
        }
    }
}

fn push(faults: &mut Faults, shown: &Path, document: usize, mark: Mark, fault: Fault) {
    let place = Place {
        file: shown.to_owned(),
        document,
        mark,
    };
    faults.push(Some(&place), fault);
}

/// Why a document is given up.
enum Stop {
    /// The next one may be well.
    Document(Mark, Fault),
    /// A bound is reached.
    File(Mark, Fault),
}

fn mark(marker: Marker) -> Mark {
    Mark {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

/// What the scanner's error means to somebody who wrote the file.
fn wording(error: &ScanError, text: &str) -> Fault {
    let line = error.marker().line();
    let indented_with_tab = |line: usize| {
        line.checked_sub(1)
            .and_then(|index| text.lines().nth(index))
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
    if tab || indented_with_tab(line) {
        return Fault::new("a tab is used as indentation").hint("YAML is indented with spaces only");
    }
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => Fault::new(format!(
            "lists and mappings are nested more than {YAML_DEPTH} deep"
        )),
        ErrorKind::UnknownAnchor => Fault::new("this alias names an anchor that is not in the document"),
        kind => Fault::new(format!("this is not valid YAML: {kind}")),
    }
}

/// A list or mapping that is not yet closed.
enum Frame {
    List {
        mark: Mark,
        anchor: usize,
        items: Vec<Rc<Node>>,
    },
    Map {
        mark: Mark,
        anchor: usize,
        entries: Vec<Entry>,
        keys: HashMap<Rc<str>, Mark>,
        /// The key whose value comes next.
        key: Option<Key>,
        /// The values of `<<`.
        merged: Vec<Rc<Node>>,
    },
}

struct Key {
    text: Rc<str>,
    mark: Mark,
    kind: KeyKind,
}

enum KeyKind {
    New,
    /// Already there; the value is dropped.
    Repeated,
    /// `<<`.
    Merge,
}

/// Builds one document.
#[derive(Default)]
struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
    root: Option<Rc<Node>>,
    broken: Vec<(Mark, Fault)>,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, span: Span, budget: &mut Budget) -> Result<(), Stop> {
        let at = mark(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = self.is_plain(at, style, tag.as_deref());
                let node = Node::scalar(at, text.into_owned(), plain);
                self.close(anchor, node, budget)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(at, tag.as_deref());
                self.open(Frame::List {
                    mark: at,
                    anchor,
                    items: Vec::new(),
                })
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(at, tag.as_deref());
                self.open(Frame::Map {
                    mark: at,
                    anchor,
                    entries: Vec::new(),
                    keys: HashMap::new(),
                    key: None,
                    merged: Vec::new(),
                })
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Frame::List { mark, anchor, items }) => {
                    self.close(anchor, Node::list(mark, items), budget)
                }
                Some(Frame::Map {
                    mark,
                    anchor,
                    mut entries,
                    mut keys,
                    merged,
                    ..
                }) => {
                    for node in merged {
                        self.merge(&node, &mut entries, &mut keys);
                    }
                    self.close(anchor, Node::map(mark, entries), budget)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(at, anchor, budget),
            _ => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame) -> Result<(), Stop> {
        if let Some(Frame::Map { key: None, .. }) = self.stack.last() {
            let (Frame::List { mark, .. } | Frame::Map { mark, .. }) = frame;
            let fault = Fault::new("a key must be a plain text, not a list or mapping");
            return Err(Stop::Document(mark, fault));
        }
        self.stack.push(frame);
        Ok(())
    }

    /// An alias stands for the very node of its anchor: nothing is copied, but what it adds is counted.
    fn alias(&mut self, at: Mark, anchor: usize, budget: &mut Budget) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            let fault = Fault::new("this alias stands inside of what it names, which would have no end");
            return Err(Stop::Document(at, fault));
        };
        if self.stack.len() + node.height > YAML_DEPTH {
            let fault = Fault::new(format!("aliases are nested more than {YAML_DEPTH} deep"));
            return Err(Stop::Document(at, fault));
        }
        if !budget.take_alias(node.bytes) {
            let fault = Fault::new(format!(
                "aliases repeat more than {} MiB of text",
                ALIAS_BYTES >> 20
            ));
            return Err(Stop::File(at, fault));
        }
        self.place(at, node, budget)
    }

    fn close(&mut self, anchor: usize, node: Node, budget: &mut Budget) -> Result<(), Stop> {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node.mark, node, budget)
    }

    /// Puts a finished value where it belongs; `at` is where it was written, which an alias's node does not know.
    fn place(&mut self, at: Mark, node: Rc<Node>, budget: &mut Budget) -> Result<(), Stop> {
        if !budget.take_value() {
            let fault = Fault::new(format!("the configuration holds more than {VALUES} values"));
            return Err(Stop::File(at, fault));
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map {
                entries,
                keys,
                key,
                merged,
                ..
            }) => match key.take() {
                None => {
                    let (new, broken) = Self::key(at, &node, keys)?;
                    *key = Some(new);
                    if let Some((at, fault)) = broken {
                        self.report(at, fault);
                    }
                }
                Some(Key {
                    kind: KeyKind::Merge, ..
                }) => merged.push(node),
                Some(Key {
                    kind: KeyKind::Repeated,
                    ..
                }) => {}
                Some(Key {
                    text,
                    mark,
                    kind: KeyKind::New,
                }) => entries.push(Entry {
                    key: text,
                    mark,
                    node,
                }),
            },
        }
        Ok(())
    }

    fn key(
        at: Mark,
        node: &Node,
        keys: &mut HashMap<Rc<str>, Mark>,
    ) -> Result<(Key, Option<(Mark, Fault)>), Stop> {
        let Value::Scalar(scalar) = &node.value else {
            let fault = Fault::new("a key must be a plain text, not a list or mapping");
            return Err(Stop::Document(at, fault));
        };
        if scalar.is_null() {
            return Err(Stop::Document(
                at,
                Fault::new("a key is missing before the colon"),
            ));
        }
        let text: Rc<str> = scalar.text.as_str().into();
        let mut broken = None;
        let kind = if scalar.plain && scalar.text == "<<" {
            KeyKind::Merge
        } else if let Some(first) = keys.get(&text) {
            let message = format!(
                "key {} is there twice, first in line {}",
                quoted(&text),
                first.line
            );
            broken = Some((at, Fault::new(message)));
            KeyKind::Repeated
        } else {
            keys.insert(Rc::clone(&text), at);
            KeyKind::New
        };
        Ok((Key { text, mark: at, kind }, broken))
    }

    /// Adds what `<<` brings in: keys that the mapping has itself stay as they are.
    fn merge(&mut self, node: &Node, entries: &mut Vec<Entry>, keys: &mut HashMap<Rc<str>, Mark>) {
        match &node.value {
            Value::Map(found) => {
                for entry in found {
                    if !keys.contains_key(&entry.key) {
                        keys.insert(Rc::clone(&entry.key), entry.mark);
                        entries.push(entry.clone());
                    }
                }
            }
            Value::List(nodes) if nodes.iter().all(|node| matches!(node.value, Value::Map(_))) => {
                for node in nodes {
                    self.merge(node, entries, keys);
                }
            }
            Value::List(_) | Value::Scalar(_) => {
                let message = format!(
                    "\"<<\" takes a mapping or a list of mappings, not {}",
                    node.kind()
                );
                self.report(node.mark, Fault::new(message));
            }
        }
    }

    /// Keeps a fault with which the document can still be read on. A document full of them is as bad as one with some.
    fn report(&mut self, at: Mark, fault: Fault) {
        if self.broken.len() < KEPT {
            self.broken.push((at, fault));
        }
    }

    fn is_plain(&mut self, at: Mark, style: ScalarStyle, tag: Option<&Tag>) -> bool {
        match tag.map(Tag::core_suffix) {
            Some(Some("str")) => false,
            Some(Some(_)) => true,
            _ => {
                self.check_tag(at, tag);
                // The tag «!» alone says: a string.
                tag.is_none() && style == ScalarStyle::Plain
            }
        }
    }

    fn check_tag(&mut self, at: Mark, tag: Option<&Tag>) {
        if let Some(tag) = tag
            && tag.core_suffix().is_none()
            && tag.original() != "!"
        {
            // A value that begins with «!» is read as a tag, and it may be a secret: it is not shown.
            let fault =
                Fault::new("this tag is not understood").hint("put a value that begins with ! in quotes");
            self.report(at, fault);
        }
    }
}
