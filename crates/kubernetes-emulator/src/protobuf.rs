//! Objects in protobuf, as far as typed clients send them: `kubectl create namespace` does, and takes JSON for an answer.
//!
//! The envelope is four bytes, then a message with `apiVersion`, `kind` and the object. Fields go by number; the tables
//! are those of the API's own definitions. A field that is in none is refused.

use serde_json::{Map, Value, json};

/// What an envelope begins with.
const MAGIC: &[u8] = b"k8s\0";
/// How deep messages lie in one another at most.
const MAX_DEPTH: usize = 4;

/// What a field holds.
enum Field {
    Text(&'static str),
    Texts(&'static str),
    /// Names and values, both text.
    Labels(&'static str),
    Message(&'static str, &'static [(u64, Field)]),
    /// The server says it, or it says nothing: it may come and is left out.
    Ignored,
}

const METADATA: &[(u64, Field)] = &[
    (1, Field::Text("name")),
    (2, Field::Text("generateName")),
    (3, Field::Text("namespace")),
    (4, Field::Ignored),
    (5, Field::Ignored),
    (6, Field::Ignored),
    (7, Field::Ignored),
    (8, Field::Ignored),
    (11, Field::Labels("labels")),
    (12, Field::Labels("annotations")),
    (14, Field::Texts("finalizers")),
];

const NAMESPACE: &[(u64, Field)] = &[
    (1, Field::Message("metadata", METADATA)),
    (2, Field::Message("spec", &[(1, Field::Texts("finalizers"))])),
    (3, Field::Ignored),
];

/// The object in an envelope; `None` if it cannot be read, or is of a kind that has no table.
pub(crate) fn object(body: &[u8]) -> Option<Value> {
    let mut envelope = Reader(body.strip_prefix(MAGIC)?);
    let (mut version, mut kind, mut raw) = (None, None, None);
    while let Some((number, content)) = envelope.field()? {
        match (number, content) {
            (1, Content::Bytes(meta)) => {
                let mut meta = Reader(meta);
                while let Some((number, content)) = meta.field()? {
                    match (number, content) {
                        (1, Content::Bytes(text)) => version = Some(std::str::from_utf8(text).ok()?),
                        (2, Content::Bytes(text)) => kind = Some(std::str::from_utf8(text).ok()?),
                        _ => return None,
                    }
                }
            }
            (2, Content::Bytes(object)) => raw = Some(object),
            // How the object is coded: plainly, or it could not be read.
            (3 | 4, Content::Bytes(_)) => {}
            _ => return None,
        }
    }
    if (version, kind) != (Some("v1"), Some("Namespace")) {
        return None;
    }
    let mut object = message(raw?, NAMESPACE, 0)?;
    object.insert("apiVersion".to_owned(), json!("v1"));
    object.insert("kind".to_owned(), json!("Namespace"));
    Some(Value::Object(object))
}

fn message(bytes: &[u8], fields: &[(u64, Field)], depth: usize) -> Option<Map<String, Value>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut document = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, content)) = reader.field()? {
        let (_, field) = fields.iter().find(|(known, _)| *known == number)?;
        let bytes = match (field, content) {
            (Field::Ignored, _) => continue,
            (_, Content::Bytes(bytes)) => bytes,
            (_, Content::Number) => return None,
        };
        match field {
            Field::Ignored => {}
            Field::Text(name) => {
                // Empty is absent.
                if !bytes.is_empty() {
                    document.insert((*name).to_owned(), std::str::from_utf8(bytes).ok()?.into());
                }
            }
            Field::Texts(name) => {
                let text = std::str::from_utf8(bytes).ok()?;
                document
                    .entry(*name)
                    .or_insert_with(|| json!([]))
                    .as_array_mut()?
                    .push(text.into());
            }
            Field::Labels(name) => {
                const ENTRY: &[(u64, Field)] = &[(1, Field::Text("key")), (2, Field::Text("value"))];
                let entry = message(bytes, ENTRY, depth + 1)?;
                let text = |part: &str| entry.get(part).and_then(Value::as_str).unwrap_or_default();
                document
                    .entry(*name)
                    .or_insert_with(|| json!({}))
                    .as_object_mut()?
                    .insert(text("key").to_owned(), text("value").into());
            }
            Field::Message(name, fields) => {
                let inner = message(bytes, fields, depth + 1)?;
                document.insert((*name).to_owned(), Value::Object(inner));
            }
        }
    }
    Some(document)
}

/// What stands behind a field's number.
enum Content<'a> {
    /// Numbers say nothing that is read here.
    Number,
    Bytes(&'a [u8]),
}

/// The wire format.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next field; outer `None` if the bytes are malformed, inner at their end.
    #[expect(clippy::option_option, reason = "an end is no error")]
    fn field(&mut self) -> Option<Option<(u64, Content<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.number()?;
        let content = match tag & 7 {
            0 => {
                self.number()?;
                Content::Number
            }
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Content::Bytes(bytes)
            }
            _ => return None,
        };
        Some(Some((tag >> 3, content)))
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        bytes.extend_from_slice(content);
        bytes
    }

    fn envelope(kind: &str, object: &[u8]) -> Vec<u8> {
        let meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &meta), field(2, object), field(3, b"")].concat()
    }

    #[test]
    fn a_namespace_is_read_with_labels_and_without_what_is_empty() {
        let label = [field(1, b"a"), field(2, b"b")].concat();
        let metadata = [
            field(1, b"app"),
            field(2, b""),
            vec![7 << 3, 0],
            field(8, b""),
            field(11, &label),
        ]
        .concat();
        let namespace = [field(1, &metadata), field(2, b""), field(3, b"")].concat();
        assert_eq!(
            object(&envelope("Namespace", &namespace)).unwrap(),
            json!({ "apiVersion": "v1", "kind": "Namespace", "spec": {},
                "metadata": { "name": "app", "labels": { "a": "b" } } })
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_whatever_it_is() {
        let namespace = field(1, &field(1, b"app"));
        let good = envelope("Namespace", &namespace);
        assert!(object(&good).is_some());
        assert!(object(&envelope("Pod", &namespace)).is_none());
        // A field that no table has.
        assert!(object(&envelope("Namespace", &field(1, &field(13, b"x")))).is_none());
        for cut in 0..good.len() - 2 {
            assert!(object(&good[..cut]).is_none(), "{cut}");
        }
        assert!(object(b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").is_none());
    }
}
