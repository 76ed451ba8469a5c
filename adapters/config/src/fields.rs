//! Reading a mapping field by field: known fields only, of the right type, with every error.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use kompox_domain::suggest;

use kompox_yaml::{Entry, Mark, Node, Value};

use crate::error::{Fault, Faults, Place, advice, quoted};

/// A field of the original that is accepted and has no effect here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    /// The file it stands in, as errors show it.
    pub file: PathBuf,
    /// The field with the kind it belongs to, for example `App spec.compose`.
    pub field: String,
}

/// Where a document is read, and where its errors go.
pub(crate) struct Reader<'a> {
    /// The file as errors show it.
    pub(crate) shown: &'a Path,
    /// The directory to which paths in the file are relative.
    pub(crate) base: &'a Path,
    /// The document's number in the file.
    pub(crate) document: usize,
    /// What the document describes, for what is ignored in it.
    pub(crate) subject: &'static str,
    pub(crate) faults: &'a mut Faults,
    pub(crate) ignored: &'a mut BTreeSet<Ignored>,
}

impl Reader<'_> {
    pub(crate) fn place(&self, mark: Mark) -> Place {
        Place {
            file: self.shown.to_owned(),
            document: self.document,
            mark,
        }
    }

    pub(crate) fn fault(&mut self, mark: Mark, fault: Fault) {
        let place = self.place(mark);
        self.faults.push(Some(&place), fault);
    }

    pub(crate) fn ignore(&mut self, field: &str) {
        let field = format!("{} {field}", self.subject).trim_start().to_owned();
        self.ignored.insert(Ignored {
            file: self.shown.to_owned(),
            field,
        });
    }

    /// Reads a text as a name, id or size; what it is not, becomes a fault.
    pub(crate) fn parse<T>(&mut self, text: &str, mark: Mark) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(mark, Fault::new(error.to_string()));
                None
            }
        }
    }

    fn wrong_type(&mut self, name: &str, expected: &str, node: &Node) {
        let fault = Fault::new(format!("{name} must be {expected}, not {}", node.kind()));
        self.fault(node.mark, fault);
    }
}

/// Which fields a mapping may have.
pub(crate) struct Known {
    /// Those that mean something.
    pub(crate) used: &'static [&'static str],
    /// Those of the original that mean nothing here.
    pub(crate) ignored: &'static [&'static str],
}

/// A mapping whose field names have been checked.
pub(crate) struct Fields<'n> {
    mark: Mark,
    entries: &'n [Entry],
    path: String,
    /// Known fields that an unknown one was taken for: they are not told to be missing as well.
    misspelt: Vec<&'n str>,
    /// Whether it is no mapping at all, which is told already.
    broken: bool,
}

impl<'n> Fields<'n> {
    /// The fields of a mapping; an absent or empty one has none. `path` says where it stands, for errors.
    pub(crate) fn new(
        node: Option<&'n Node>,
        mark: Mark,
        path: &str,
        known: &Known,
        reader: &mut Reader<'_>,
    ) -> Self {
        let mut fields = Self {
            mark,
            entries: &[],
            path: path.to_owned(),
            misspelt: Vec::new(),
            broken: false,
        };
        let Some(node) = node.filter(|node| !node.is_null()) else {
            return fields;
        };
        fields.mark = node.mark;
        let Some(map) = node.as_map() else {
            reader.wrong_type(path, "a mapping", node);
            fields.broken = true;
            return fields;
        };
        fields.entries = map.entries();
        for entry in map.iter() {
            let key = entry.key.text.as_str();
            if known.ignored.contains(&key) {
                reader.ignore(&fields.name(key));
            } else if !known.used.contains(&key) && !reader.faults.is_full() {
                let all: Vec<&str> = known.used.iter().chain(known.ignored).copied().collect();
                let hint = advice("fields here", key, &all, known.used);
                fields.misspelt.extend(suggest::nearest(key, all));
                reader.fault(
                    entry.mark,
                    Fault::new(format!("unknown field {}", quoted(key))).hint(hint),
                );
            }
        }
        fields
    }

    /// Where the mapping begins, for what is missing in it.
    pub(crate) const fn mark(&self) -> Mark {
        self.mark
    }

    /// The full name of a field.
    pub(crate) fn name(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// A field's value, unless it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &*entry.node)
    }

    /// A field's key and value, unless it is absent or null.
    pub(crate) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries
            .iter()
            .find(|entry| entry.key.text == key && !entry.node.is_null())
    }

    /// The fields of a mapping in this one.
    pub(crate) fn fields(&self, key: &str, known: &Known, reader: &mut Reader<'_>) -> Self {
        Self::new(self.get(key), self.mark, &self.name(key), known, reader)
    }

    /// A text. A number is taken as it is written.
    pub(crate) fn text(&self, key: &str, reader: &mut Reader<'_>) -> Option<(&'n str, Mark)> {
        let node = self.get(key)?;
        match &node.value {
            Value::Scalar(scalar) if scalar.as_bool().is_none() => Some((&scalar.text, node.mark)),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
                reader.wrong_type(&self.name(key), "a string", node);
                None
            }
        }
    }

    /// Tells that a field is missing, unless something that was told explains it.
    pub(crate) fn missing(&self, key: &str, reader: &mut Reader<'_>) {
        if !self.broken && !self.misspelt.contains(&key) {
            reader.fault(self.mark, Fault::new(format!("{} is missing", self.name(key))));
        }
    }

    /// A text that must be there and must not be empty.
    pub(crate) fn required(&self, key: &str, reader: &mut Reader<'_>) -> Option<(&'n str, Mark)> {
        if self.get(key).is_none() {
            self.missing(key, reader);
            return None;
        }
        let (text, mark) = self.text(key, reader)?;
        if text.is_empty() {
            reader.fault(mark, Fault::new(format!("{} is empty", self.name(key))));
            return None;
        }
        Some((text, mark))
    }

    /// A text that is something when it is not empty.
    pub(crate) fn optional(&self, key: &str, reader: &mut Reader<'_>) -> Option<String> {
        let (text, _) = self.text(key, reader)?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Yes or no; no when absent.
    pub(crate) fn bool(&self, key: &str, reader: &mut Reader<'_>) -> bool {
        let Some(node) = self.get(key) else { return false };
        if let Value::Scalar(scalar) = &node.value
            && let Some(yes) = scalar.as_bool()
        {
            return yes;
        }
        reader.wrong_type(&self.name(key), "true or false", node);
        false
    }

    /// A number of things, at least one.
    pub(crate) fn count(&self, key: &str, reader: &mut Reader<'_>) -> Option<u32> {
        let node = self.get(key)?;
        let number = match &node.value {
            Value::Scalar(scalar) => scalar.as_integer(),
            Value::List(_) | Value::Map(_) => None,
        };
        let count = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number > 0);
        if count.is_none() {
            reader.wrong_type(&self.name(key), "a whole number of at least 1", node);
        }
        count
    }

    /// The items of a list; none when absent.
    pub(crate) fn list(&self, key: &str, reader: &mut Reader<'_>) -> &'n [Arc<Node>] {
        let Some(node) = self.get(key) else { return &[] };
        match &node.value {
            Value::List(items) => items,
            Value::Scalar(_) | Value::Map(_) => {
                reader.wrong_type(&self.name(key), "a list", node);
                &[]
            }
        }
    }

    /// The entries of a mapping with free keys; none when absent.
    pub(crate) fn map(&self, key: &str, reader: &mut Reader<'_>) -> &'n [Entry] {
        let Some(node) = self.get(key) else { return &[] };
        match &node.value {
            Value::Map(map) => map.entries(),
            Value::Scalar(_) | Value::List(_) => {
                reader.wrong_type(&self.name(key), "a mapping", node);
                &[]
            }
        }
    }
}
