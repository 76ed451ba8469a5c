//! From text to a tree, within bounds.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use kompox_domain::{Error, ErrorKind, Result};

use super::tree::{Map, Node, Scalar, Style};

/// The largest file, in bytes. One with a thousand clusters is smaller.
pub(crate) const MAX_BYTES: usize = 8 << 20;
/// How deep lists and mappings are nested.
pub(super) const MAX_DEPTH: usize = 64;
/// How many values there are, aliases spelled out.
pub(super) const MAX_VALUES: usize = 500_000;
/// How much text there is, aliases spelled out.
pub(super) const MAX_TEXT: usize = 32 << 20;

/// Reads the one document of a text. None where it holds nothing but comments.
pub(crate) fn document(bytes: &[u8]) -> Result<Option<Node>> {
    if bytes.len() > MAX_BYTES {
        return Err(invalid(format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = line.iter().filter(|byte| **byte == b'\n').count() + 1;
        invalid(format!("line {line} is not UTF-8"))
    })?;
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder::default();
    let mut documents = 0;
    for step in Parser::new_from_str_with_options(text, options) {
        let (event, span) = step.map_err(|error| {
            // What the scanner says may quote a credential only by its kind, which holds no text of the file.
            at(
                *error.marker(),
                &format!("this is not valid YAML: {}", error.kind()),
            )
        })?;
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                return Err(at(
                    span.start,
                    "a second document begins here, and kubectl reads only one",
                ));
            }
        }
        builder.add(event, span.start)?;
    }
    Ok(builder.root.filter(|root| !root.is_null()))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

fn at(marker: Marker, message: &str) -> Error {
    invalid(format!("line {}: {message}", marker.line().max(1)))
}

/// A list or mapping that is not yet closed.
enum Frame {
    List(usize, Vec<Node>),
    Map(usize, OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: Vec<(Scalar, Node)>,
    keys: HashSet<String>,
    /// The key whose value comes next.
    key: Option<Scalar>,
    /// The values of `<<`.
    merged: Vec<Node>,
}

/// What a value with an anchor costs each time that it is spelled out.
struct Anchored {
    node: Node,
    values: usize,
    bytes: usize,
    height: usize,
}

#[derive(Default)]
struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    values: usize,
    bytes: usize,
}

impl Builder {
    fn add(&mut self, event: Event<'_>, marker: Marker) -> Result<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.count(marker, 1, text.len())?;
                let style = style_of(marker, style, tag.as_deref())?;
                let text = text.into_owned();
                self.place(marker, anchor, Node::Scalar(Scalar { text, style }))
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(marker, tag.as_deref(), "seq")?;
                self.open(marker, Frame::List(anchor, Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(marker, tag.as_deref(), "map")?;
                self.open(marker, Frame::Map(anchor, OpenMap::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Frame::List(anchor, items)) => self.place(marker, anchor, Node::List(items)),
                Some(Frame::Map(anchor, open)) => {
                    let map = open.close(marker)?;
                    self.place(marker, anchor, Node::Map(map))
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(anchored) = self.anchors.get(&anchor) else {
                    return Err(at(
                        marker,
                        "this alias stands inside of what it names, which would have no end",
                    ));
                };
                let (values, bytes) = (anchored.values, anchored.bytes);
                if self.stack.len() + anchored.height > MAX_DEPTH {
                    return Err(at(marker, "aliases are nested too deep"));
                }
                // Counted before it is copied.
                let next = (self.values + values, self.bytes + bytes);
                if next.0 > MAX_VALUES || next.1 > MAX_TEXT {
                    return Err(at(marker, "aliases repeat too much"));
                }
                (self.values, self.bytes) = next;
                let node = anchored.node.clone();
                self.place(marker, 0, node)
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, marker: Marker, values: usize, bytes: usize) -> Result<()> {
        self.values += values;
        self.bytes += bytes;
        if self.values > MAX_VALUES || self.bytes > MAX_TEXT {
            return Err(at(marker, "there is too much in this file"));
        }
        Ok(())
    }

    fn open(&mut self, marker: Marker, frame: Frame) -> Result<()> {
        self.count(marker, 1, 0)?;
        if let Some(Frame::Map(_, OpenMap { key: None, .. })) = self.stack.last() {
            return Err(at(marker, "a key must be a plain text, not a list or mapping"));
        }
        self.stack.push(frame);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, marker: Marker, anchor: usize, node: Node) -> Result<()> {
        if anchor != 0 {
            let (values, bytes, height) = cost(&node);
            self.count(marker, values, bytes)?;
            let node = node.clone();
            self.anchors.insert(
                anchor,
                Anchored {
                    node,
                    values,
                    bytes,
                    height,
                },
            );
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List(_, items)) => items.push(node),
            Some(Frame::Map(_, open)) => open.add(marker, node)?,
        }
        Ok(())
    }
}

impl OpenMap {
    fn add(&mut self, marker: Marker, node: Node) -> Result<()> {
        let Some(key) = self.key.take() else {
            let Node::Scalar(key) = node else {
                return Err(at(marker, "a key must be a plain text, not a list or mapping"));
            };
            if key.is_null() {
                return Err(at(marker, "a key is missing before the colon"));
            }
            if !is_merge(&key) && !self.keys.insert(key.text.clone()) {
                return Err(at(marker, "the same key is there twice in one mapping"));
            }
            self.key = Some(key);
            return Ok(());
        };
        if is_merge(&key) {
            self.merged.push(node);
        } else {
            self.entries.push((key, node));
        }
        Ok(())
    }

    /// Adds what `<<` brings in: keys that the mapping has itself stay as they are.
    fn close(mut self, marker: Marker) -> Result<Map> {
        for merged in std::mem::take(&mut self.merged) {
            let maps = match merged {
                Node::Map(map) => vec![map],
                Node::List(nodes) => nodes
                    .into_iter()
                    .map(|node| {
                        if let Node::Map(map) = node {
                            Some(map)
                        } else {
                            None
                        }
                    })
                    .collect::<Option<Vec<Map>>>()
                    .unwrap_or_default(),
                Node::Scalar(_) => Vec::new(),
            };
            if maps.is_empty() {
                return Err(at(marker, "\"<<\" takes a mapping or a list of mappings"));
            }
            for (key, node) in maps.into_iter().flat_map(|map| map.0) {
                if self.keys.insert(key.text.clone()) {
                    self.entries.push((key, node));
                }
            }
        }
        Ok(Map(self.entries))
    }
}

fn is_merge(key: &Scalar) -> bool {
    key.style == Style::Plain && key.text == "<<"
}

/// How many values and bytes of text there are in a node, and how many levels of lists and mappings.
fn cost(node: &Node) -> (usize, usize, usize) {
    let sum = |costs: &mut dyn Iterator<Item = (usize, usize, usize)>| {
        costs.fold((1, 0, 0), |sum, cost| {
            (sum.0 + cost.0, sum.1 + cost.1, usize::max(sum.2, cost.2))
        })
    };
    match node {
        Node::Scalar(scalar) => (1, scalar.text.len(), 0),
        Node::List(nodes) => {
            let (values, bytes, height) = sum(&mut nodes.iter().map(cost));
            (values, bytes, height + 1)
        }
        Node::Map(Map(entries)) => {
            let (values, bytes, height) = sum(&mut entries.iter().map(|(key, node)| {
                let (values, bytes, height) = cost(node);
                (values + 1, bytes + key.text.len(), height)
            }));
            (values, bytes, height + 1)
        }
    }
}

fn style_of(marker: Marker, style: ScalarStyle, tag: Option<&Tag>) -> Result<Style> {
    let quoted = if style == ScalarStyle::SingleQuoted {
        Style::Single
    } else {
        Style::Double
    };
    match tag {
        None if style == ScalarStyle::Plain => Ok(Style::Plain),
        None => Ok(quoted),
        // The tag «!» alone says: a string.
        Some(tag) if tag.core_suffix() == Some("str") || tag.original() == "!" => Ok(quoted),
        Some(_) => Err(unknown_tag(marker)),
    }
}

fn check_tag(marker: Marker, tag: Option<&Tag>, expected: &str) -> Result<()> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(expected) && tag.original() != "!" => Err(unknown_tag(marker)),
        _ => Ok(()),
    }
}

fn unknown_tag(marker: Marker) -> Error {
    // A value that begins with «!» is read as a tag, and it may be a credential: it is not shown.
    at(
        marker,
        "this tag is not understood, so what it means could get lost",
    )
}
