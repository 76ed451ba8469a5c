//! Names: of objects, labels, annotations, finalizers and keys of data.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::values::{is_blank, items};
use crate::kinds::{Kind, Names};
use crate::status::{Answer, Problem, Status};

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const OLD_LABEL: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const DATA_KEY: &str = "[-._a-zA-Z0-9]+";

#[expect(clippy::expect_used, reason = "the patterns stand above")]
fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a pattern")
}

static LABEL_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(LABEL));
static OLD_LABEL_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(OLD_LABEL));
static SUBDOMAIN_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(SUBDOMAIN));
static QUALIFIED_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(QUALIFIED));
static LABEL_VALUE_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(LABEL_VALUE));
static DATA_KEY_PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(DATA_KEY));

/// What is wrong with a name, as Kubernetes says it.
fn wrong(names: Names, name: &str) -> Option<String> {
    let (pattern, most, text) = match names {
        Names::Label => (
            &LABEL_PATTERN,
            63,
            format!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
                 end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
            ),
        ),
        Names::OldLabel => (
            &OLD_LABEL_PATTERN,
            63,
            format!(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                 character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                 validation is '{OLD_LABEL}')"
            ),
        ),
        Names::Subdomain => (
            &SUBDOMAIN_PATTERN,
            253,
            format!(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
                 start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                 '{SUBDOMAIN}')"
            ),
        ),
        Names::Segment => {
            return match name {
                "." | ".." => Some(format!("may not be '{name}'")),
                name if name.contains('/') => Some("may not contain '/'".to_owned()),
                name if name.contains('%') => Some("may not contain '%'".to_owned()),
                _ => None,
            };
        }
    };
    if name.len() > most {
        return Some(format!("must be no more than {most} characters"));
    }
    (!pattern.is_match(name)).then_some(text)
}

/// Refuses a name that an object of this kind cannot have.
pub(crate) fn check_name(kind: &Kind, name: &str) -> Answer<()> {
    match wrong(kind.names, name) {
        None => Ok(()),
        Some(why) => {
            let problem = Problem::value("metadata.name", &name.into(), &why);
            Err(Status::invalid(kind, name, &[problem]))
        }
    }
}

/// Whether it is the name of a container, a port or a volume.
pub(super) fn label(field: &str, value: &Value, found: &mut Vec<Problem>) {
    match value.as_str() {
        None | Some("") => found.push(Problem::required(field)),
        Some(name) => found.extend(wrong(Names::Label, name).map(|why| Problem::value(field, value, &why))),
    }
}

fn qualified(field: &str, name: &str, found: &mut Vec<Problem>) {
    let (prefix, local) = match name.split_once('/') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let prefix_fits = prefix.is_none_or(|prefix| wrong(Names::Subdomain, prefix).is_none());
    if !prefix_fits || local.len() > 63 || !QUALIFIED_PATTERN.is_match(local) {
        let why = format!(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
             '{QUALIFIED}')"
        );
        found.push(Problem::value(field, &name.into(), &why));
    }
}

/// Labels, annotations and finalizers.
pub(super) fn metadata(document: &Value, found: &mut Vec<Problem>) {
    let metadata = &document["metadata"];
    labels("metadata.labels", &metadata["labels"], found);
    let none = Map::new();
    for name in metadata["annotations"].as_object().unwrap_or(&none).keys() {
        qualified("metadata.annotations", &name.to_lowercase(), found);
    }
    for finalizer in items(&metadata["finalizers"]) {
        qualified(
            "metadata.finalizers",
            finalizer.as_str().unwrap_or_default(),
            found,
        );
    }
    for (index, owner) in items(&metadata["ownerReferences"]).iter().enumerate() {
        for name in ["apiVersion", "kind", "name", "uid"] {
            if is_blank(&owner[name]) {
                let field = format!("metadata.ownerReferences[{index}].{name}");
                found.push(Problem::value(&field, &"".into(), "must not be empty"));
            }
        }
    }
}

/// Labels anywhere.
pub(super) fn labels(field: &str, labels: &Value, found: &mut Vec<Problem>) {
    let none = Map::new();
    for (name, value) in labels.as_object().unwrap_or(&none) {
        qualified(field, name, found);
        let text = value.as_str().unwrap_or_default();
        if text.len() > 63 {
            found.push(Problem::value(field, value, "must be no more than 63 bytes"));
        } else if !LABEL_VALUE_PATTERN.is_match(text) {
            let why = format!(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                 start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
                 validation is '{LABEL_VALUE}')"
            );
            found.push(Problem::value(field, value, &why));
        }
    }
}

/// Keys of ConfigMaps and Secrets.
pub(super) fn data_keys(data: &Value, field: &str, found: &mut Vec<Problem>) {
    let none = Map::new();
    for name in data.as_object().unwrap_or(&none).keys() {
        if name.len() > 253 || !DATA_KEY_PATTERN.is_match(name) {
            let why = format!(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                 'KEY_NAME',  or 'key-name', regex used for validation is '{DATA_KEY}')"
            );
            found.push(Problem::value(
                &format!("{field}[{name}]"),
                &name.as_str().into(),
                &why,
            ));
        }
    }
}
